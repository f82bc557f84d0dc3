"""Cox partial likelihood of rows in time order without delayed entry: the sums of the risk sets are never stored.

Rows are sorted by time within their stratum. ``leaves[i]`` is the last event time (its index g, strata in runs) at
which row i is at risk, -1 where it is at risk at none; ``died[i]`` says that it has its own event there. The sums over
the risk sets are built up backwards in time, so nobody is ever subtracted, and each of them is used up on the way.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Rows a block: the block and its weighted copy stay in the second-level cache, and no copy of the design is made.
BLOCK = 512


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def sum_risks(risk, leaves, died, opens, s0, d0):
    """Write the summed risks of each risk set to `s0` (G,), of its tied events to `d0` (G,; empty: not asked for)."""
    at, total = -1, 0.0
    d0[:] = 0.0
    for i in range(risk.size - 1, -1, -1):
        g = leaves[i]
        if g < 0:
            continue
        if g != at:
            if at >= 0 and opens[at]:
                total = 0.0
            at = g
        total += risk[i]
        s0[g] = total
        if d0.size and died[i]:
            d0[g] += risk[i]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def spread_hazards(risk, leaves, died, times, sums, factors):
    """Return the sum of the log-denominators; write each row's risk times hazard, and the factors of the means.

    Parameters
    ----------
    risk, leaves, died : (n,). times : (opens, events, death_weight), each (G,). sums : (s0, d0) of `sum_risks`; an
    empty d0 where no ties are taken apart. factors : hazard (n,), closing (n,) and folds (G, 2; empty as d0), which
    are overwritten.

    Notes
    -----
    With u the sum of covariates over a risk set and v over its tied events, the second moment of its means is
    ``a (u - b v)(u - b v)' + c v v'``: a is in `closing` at the first row of the set's event time (0 at the others),
    b and c are in `folds`.
    """
    opens, events, death_weight = times
    s0, d0 = sums
    hazard, closing, folds = factors
    at, total, own, logs = -1, 0.0, 0.0, 0.0
    for i in range(risk.size):
        g = leaves[i]
        closing[i] = 0.0
        if g < 0:
            hazard[i] = 0.0
            continue
        if g != at:
            at = g
            mean_weight = death_weight[g] / events[g]
            log, q, own, qq, fqq, ffqq = _tied(s0[g], d0[g] if d0.size else 0.0, events[g])
            total = (0.0 if opens[g] else total) + mean_weight * q
            own *= mean_weight
            logs += mean_weight * log
            closing[i] = mean_weight * qq
            if d0.size:
                folds[g, 0] = fqq / qq
                folds[g, 1] = mean_weight * max(ffqq - fqq * fqq / qq, 0.0)
        hazard[i] = risk[i] * (total - own if died[i] else total)
    return logs


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _tied(s0, d0, m):
    """Sum log(den), q, f q, q^2, f q^2 and f^2 q^2 over m tied events, with q = 1 / den and f = l / m."""
    log, q, fq, qq, fqq, ffqq = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for step in range(m):
        f = step / m
        den = s0 - f * d0
        part = 1.0 / den
        # without ties taken apart (Breslow) every denominator is the same
        f = f if d0 > 0.0 else 0.0
        log += np.log(den)
        q += part
        fq += f * part
        qq += part * part
        fqq += f * part * part
        ffqq += f * f * part * part
    return log, q, fq, qq, fqq, ffqq


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def moments(design, rows, opens, folds):
    """Return the score (p,) and the information (p, p), in one pass from the last row to the first.

    `rows` : (risk, hazard, closing, event weight, leaves, died), each (n,); see `spread_hazards`. The risk of a row
    with ``leaves`` of -1 is 0.
    """
    risk, hazard, closing, event_weight, leaves, died = rows
    n, p = design.shape
    score, out, part = np.zeros(p), np.zeros((p, p)), np.empty((p, p))
    residual = np.empty(BLOCK)
    scaled, sums, scaled_sums = np.empty((BLOCK, p)), np.zeros((BLOCK + 1, p)), np.empty((BLOCK, p))
    tied, tied_means = np.zeros(p), np.empty((2 * BLOCK, p))
    kept = 1.0
    for end in range(n, 0, -BLOCK):
        size, filled = min(BLOCK, end), 0
        for k in range(size):
            i = end - 1 - k
            r, h, factor = risk[i], hazard[i], closing[i]
            residual[size - 1 - k] = event_weight[i] - h
            # loops of one statement: in longer ones the compiler does not see that the arrays are different
            for j in range(p):
                sums[k + 1, j] = kept * sums[k, j] + r * design[i, j]
            for j in range(p):
                scaled[size - 1 - k, j] = h * design[i, j]
            kept = 1.0
            if folds.size and died[i] and folds[leaves[i], 0] > 0.0:
                for j in range(p):
                    tied[j] += r * design[i, j]
            if factor > 0.0:
                g = leaves[i]
                kept = 0.0 if opens[g] else 1.0
                if folds.size and folds[g, 0] > 0.0:
                    _close_tied(tied_means[filled : filled + 2], factor, sums[k + 1], tied, folds[g])
                    factor = 0.0
                    filled += 2
            for j in range(p):
                scaled_sums[k, j] = factor * sums[k + 1, j]
        block = design[end - size : end]
        score += np.dot(residual[:size], block)
        np.dot(block.T, scaled[:size], part)
        out += part
        np.dot(sums[1 : size + 1].T, scaled_sums[:size], part)
        out -= part
        if filled:
            np.dot(tied_means[:filled].T, tied_means[:filled], part)
            out -= part
        sums[0] = sums[size]
    return score, out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _close_tied(means, factor, sums, tied, folds):
    """Write the two vectors whose outer products are the second moment of a set's means; forget its tied events."""
    main, fold, rest = np.sqrt(factor), folds[0], np.sqrt(folds[1])
    for j in range(sums.size):
        means[0, j] = main * (sums[j] - fold * tied[j])
    for j in range(sums.size):
        means[1, j] = rest * tied[j]
    tied[:] = 0.0
