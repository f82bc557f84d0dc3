"""Cox sums of rows that count several times, sorted by time: who was drawn, one covariate alone, baseline at horizons.

A row that counts k times is k tied patients: they share in Efron's fractions, as k copies of the row would.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_STEPS = 50
# Predicted gain in log-likelihood that a last step leaves at 1e-10 standard errors from the maximum.
LAST_GAIN = 1e-9
# Within these a product of denominators is not at its end, and one more factor cannot overflow it.
SMALL, LARGE = 1e-150, 1e150
# Below this a step changes nothing that is looked at, and its end need not be evaluated.
NO_GAIN = 1e-18


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def draw(counts, order, run, died):
    """Collect the rows that count, in the order of time, and their event times.

    Parameters
    ----------
    counts : (n,) of each row. order : (n,) rows by time. run, died : (n,) in that order: index of the distinct time,
    and whether it is an event.

    Returns
    -------
    rows, count, leaves, own : (k,) row, how often it counts, index of the last event time up to its own (-1 without
    one), whether it has an event. at, events : (G,) index of each event time among the distinct times, and number of
    events there.
    """
    n = order.size
    rows, count = np.empty(n, np.int64), np.empty(n)
    leaves, own = np.empty(n, np.int32), np.empty(n, np.bool_)
    at, events = np.empty(n, np.int64), np.empty(n, np.int64)
    kept, known, start = 0, 0, 0
    while start < n:
        end, here, first = start, 0, kept
        while end < n and run[end] == run[start]:
            row = order[end]
            times = counts[row]
            # written in any case, and written over where nothing was drawn: no branch to guess
            rows[kept], count[kept], own[kept] = row, times, died[end]
            here += times * died[end]
            kept += times > 0
            end += 1
        if here:
            at[known], events[known] = run[start], here
            known += 1
        leaves[first:kept] = known - 1
        start = end
    return rows[:kept], count[:kept], leaves[:kept], own[:kept], at[:known], events[:known]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def baseline_at(eta, drawn, last, efron):
    """Cumulative hazard at the origin of `eta` (k,) after each of `last` (h,; number of event times), (h,)."""
    _, count, leaves, own, _, events = drawn
    times = events.size
    s0, d0 = np.zeros(times), np.zeros(times)
    for i in range(eta.size):
        g = leaves[i]
        if g >= 0:
            risk = count[i] * np.exp(eta[i])
            s0[g] += risk
            if own[i]:
                d0[g] += risk
    for g in range(times - 2, -1, -1):
        s0[g] += s0[g + 1]
    hazard = np.zeros(times + 1)
    for g in range(times):
        step = 0.0
        for tied in range(events[g]):
            step += 1.0 / (s0[g] - (tied / events[g] if efron else 0.0) * d0[g])
        hazard[g + 1] = hazard[g] + step
    return hazard[last]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _evaluate(x, drawn, beta, efron, risk):
    """Log-likelihood, score and information of one covariate; `risk` is room of its size."""
    _, count, leaves, own, _, events = drawn
    shift, loglik, score, information = -np.inf, 0.0, 0.0, 0.0
    for i in range(x.size):
        shift = max(shift, beta * x[i])
    for i in range(x.size):
        risk[i] = count[i] * np.exp(beta * x[i] - shift) if beta != 0.0 else count[i]
    s0, s1, s2, product = 0.0, 0.0, 0.0, 1.0
    end = x.size
    while end > 0:
        g, d0, d1, d2 = leaves[end - 1], 0.0, 0.0, 0.0
        if g < 0:
            break
        while end > 0 and leaves[end - 1] == g:
            end -= 1
            r, rx = risk[end], risk[end] * x[end]
            rxx = rx * x[end]
            s0, s1, s2 = s0 + r, s1 + rx, s2 + rxx
            if own[end]:
                d0, d1, d2 = d0 + r, d1 + rx, d2 + rxx
                loglik += count[end] * (beta * x[end] - shift)
                score += count[end] * x[end]
        for tied in range(events[g]):
            f = tied / events[g] if efron else 0.0
            q = 1.0 / (s0 - f * d0)
            mean = (s1 - f * d1) * q
            # the logarithm of many at once
            product *= q
            if not SMALL < product < LARGE:
                loglik += np.log(product)
                product = 1.0
            score -= mean
            information += (s2 - f * d2) * q - mean * mean
    return loglik + np.log(product), score, information


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def search_slope(eta, drawn, efron):
    """Find the coefficient of one covariate `eta` (n,) of all rows, in those that were drawn, by Newton's steps from 1.

    Returns
    -------
    slope, log-likelihoods at 0, 1 and the slope, information at 0 and at the slope; a slope that is not a number where
    full steps do not lead to it. spread, farthest : of the covariate, standard deviation and largest distance from its
    mean; a spread of 0 where it is constant.
    """
    x, spread, farthest = _centred(eta, drawn)
    risk = np.empty(x.size)
    null, _, before = _evaluate(x, drawn, 0.0, efron, risk)
    value, score, information = _evaluate(x, drawn, 1.0, efron, risk)
    given, slope, gain = value, 1.0, np.inf
    for _ in range(MOST_STEPS):
        step = score / information
        gain = score * step
        slope += step
        if 0.0 <= gain < NO_GAIN:
            return slope, null, given, value, before, information, spread, farthest
        now, score, information = _evaluate(x, drawn, slope, efron, risk)
        if not now >= value - 1e-9 * max(1.0, abs(value)):
            break
        value = now
        if gain < LAST_GAIN:
            return slope, null, given, value, before, information, spread, farthest
    return np.nan, null, given, value, before, information, spread, farthest


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _centred(eta, drawn):
    """Covariate of the drawn rows about their mean, its standard deviation (0 if constant) and largest size."""
    rows, count = drawn[0], drawn[1]
    x, total, mean, same = np.empty(rows.size), 0.0, 0.0, True
    for i in range(rows.size):
        x[i] = eta[rows[i]]
        same = same and x[i] == x[0]
        total += count[i]
        mean += count[i] * x[i]
    mean /= total
    square, farthest = 0.0, 0.0
    for i in range(rows.size):
        x[i] -= mean
        square += count[i] * x[i] * x[i]
        farthest = max(farthest, abs(x[i]))
    return x, 0.0 if same else np.sqrt(square / total), farthest
