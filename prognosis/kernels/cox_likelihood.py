"""Cox partial likelihood over presorted risk sets: value, score and information, and the sums per event time.

Rows are described by three indices (of a `RiskSets` tuple) into the sorted distinct event times: a row is at risk
at the event times ``first <= g < last`` and has its own event at ``death`` (-1 for none). Strata are consecutive runs
of event times; ``opens[g]`` marks the first of each run. Delayed entry needs nothing else: `first` moves up.

Ties: Efron (1977) with the convention of R's survival for case weights (the mean weight of the tied events), or
Breslow (1974). Cost O(n p + n p^2 / blas) per evaluation, no sort.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _risk_sums(design, risk, sets, score, s1, d1):
    """Sum risk and risk-weighted covariates over each risk set (s0, s1) and over each set of tied events (d0, d1).

    Rows under observation from the first event time of their stratum are summed backwards in time. Nobody is ever
    subtracted: after one patient of very high risk has left, a difference of two large sums has no digits left.
    The weighted covariates of the events are added to `score` (p,). `s1` and `d1` are overwritten; a `d1` of one row
    where there are several event times says that none is tied, when no likelihood asks for it.
    """
    n, p = design.shape
    opens = sets.opens
    times = opens.size
    s0, d0 = np.zeros(times), np.zeros(times)
    s1[:] = 0.0
    d1[:] = 0.0
    tied = d1.shape[0] == times
    for i in range(n):
        a, b, g, r = sets.first[i], sets.last[i], sets.death[i], risk[i]
        if a < b and opens[a]:
            s0[b - 1] += r
            for j in range(p):
                s1[b - 1, j] += r * design[i, j]
        if g >= 0:
            w = sets.weight[i]
            for j in range(p):
                score[j] += w * design[i, j]
            if tied:
                d0[g] += r
                for j in range(p):
                    d1[g, j] += r * design[i, j]
    for g in range(times - 2, -1, -1):
        if not opens[g + 1]:
            s0[g] += s0[g + 1]
            for j in range(p):
                s1[g, j] += s1[g + 1, j]
    if sets.delayed:
        _add_late(s0, s1, design, risk, sets)
    return s0, d0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_late(s0, s1, design, risk, sets):
    """Add the rows that enter after the first event time of their stratum, by a binary tree over the event times."""
    n, p = design.shape
    times = s0.size
    tree = np.zeros((2 * times, p + 1))
    for i in range(n):
        a, b = sets.first[i], sets.last[i]
        if a >= b or sets.opens[a]:
            continue
        low, high = a + times, b + times
        while low < high:
            if low & 1:
                _enter(tree, low, risk[i], design, i)
                low += 1
            if high & 1:
                high -= 1
                _enter(tree, high, risk[i], design, i)
            low >>= 1
            high >>= 1
    for node in range(2, 2 * times):
        for j in range(p + 1):
            tree[node, j] += tree[node >> 1, j]
    for g in range(times):
        s0[g] += tree[times + g, p]
        for j in range(p):
            s1[g, j] += tree[times + g, j]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _enter(tree, node, risk, design, i):
    """Add a row to all event times below a node of the tree."""
    p = design.shape[1]
    tree[node, p] += risk
    for j in range(p):
        tree[node, j] += risk * design[i, j]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def over_risk_time(values, sets):
    """Sum ``values`` (G, k) over the event times at which each row is at risk, (n, k).

    Without differences of cumulated sums, for the reason given in `_risk_sums`.
    """
    times, k = values.shape
    n = sets.first.size
    out = np.zeros((n, k))
    since_opening = values.copy()
    for g in range(1, times):
        if not sets.opens[g]:
            for j in range(k):
                since_opening[g, j] += since_opening[g - 1, j]
    tree = _tree_of(values) if sets.delayed else values
    for i in range(n):
        a, b = sets.first[i], sets.last[i]
        if a < b and sets.opens[a]:
            for j in range(k):
                out[i, j] = since_opening[b - 1, j]
        elif a < b:
            _sum_between(out, i, tree, a + times, b + times)
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _tree_of(values):
    """Binary tree of sums; the leaves are the last rows."""
    times, k = values.shape
    tree = np.zeros((2 * times, k))
    tree[times:] = values
    for node in range(times - 1, 0, -1):
        for j in range(k):
            tree[node, j] = tree[2 * node, j] + tree[2 * node + 1, j]
    return tree


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sum_between(out, i, tree, low, high):
    """Add the leaves low <= leaf < high to a row of `out`."""
    k = tree.shape[1]
    while low < high:
        if low & 1:
            for j in range(k):
                out[i, j] += tree[low, j]
            low += 1
        if high & 1:
            high -= 1
            for j in range(k):
                out[i, j] += tree[high, j]
        low >>= 1
        high >>= 1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _tie_sums(s0, d0, events, death_weight, efron):
    """Per event time: log-denominators and the five sums of 1/denominator that every derivative needs.

    Columns: sum log(den), sum q, sum f q, sum q^2, sum f q^2, sum f^2 q^2 with q = 1 / den, f = l / m, each times
    the mean weight of the tied events.
    """
    times = s0.size
    out = np.zeros((times, 6))
    for g in range(times):
        m = events[g]
        mean_weight = death_weight[g] / m
        for step in range(m):
            f = step / m if efron else 0.0
            den = s0[g] - f * d0[g]
            q = 1.0 / den
            out[g, 0] += np.log(den)
            out[g, 1] += q
            out[g, 2] += f * q
            out[g, 3] += q * q
            out[g, 4] += f * q * q
            out[g, 5] += f * f * q * q
        for c in range(6):
            out[g, c] *= mean_weight
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def workspace(design, sets):
    """Return room for the sums of all risk sets, to be used again by every evaluation of a search."""
    p, times = design.shape[1], sets.opens.size
    tied = times <= 1 or sets.events.max() > 1
    return np.empty((times, p)), np.empty((times if tied else 1, p))


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def evaluate(design, offset, sets, beta, efron):
    """Return log-likelihood, score (p,) and information (p, p) at `beta`.

    Not finite where the risks are too far apart for the arithmetic; a step of the search halves then.
    """
    s1, d1 = workspace(design, sets)
    return evaluate_in(design, offset, sets, beta, efron, s1, d1)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def evaluate_in(design, offset, sets, beta, efron, s1, d1):
    """Evaluate as `evaluate`, in the room of `workspace`."""
    n, p = design.shape
    death, weight = sets.death, sets.weight
    # every search begins at zero, where there is nothing to multiply
    risk = np.dot(design, beta) if beta.any() else np.zeros(n)
    shift = -np.inf
    for i in range(n):
        risk[i] += offset[i]
        shift = max(shift, risk[i])
    loglik = 0.0
    for i in range(n):
        eta = risk[i] - shift
        if death[i] >= 0:
            loglik += weight[i] * eta
        risk[i] = weight[i] * np.exp(eta) if eta != 0.0 else weight[i]
    score = np.zeros(p)
    s0, d0 = _risk_sums(design, risk, sets, score, s1, d1)
    ties = _tie_sums(s0, d0, sets.events, sets.death_weight, efron)
    for g in range(s0.size):
        loglik -= ties[g, 0]
        for j in range(p):
            score[j] -= ties[g, 1] * s1[g, j]
        if sets.events[g] > 1:
            for j in range(p):
                score[j] += ties[g, 2] * d1[g, j]
    hazard = over_risk_time(ties[:, 1:2].copy(), sets)[:, 0]
    for i in range(n):
        if death[i] >= 0:
            hazard[i] -= ties[death[i], 2]
        hazard[i] *= risk[i]
    information = _second_moments(design, hazard) - _mean_moments(s1, d1, ties)
    return loglik, score, information


# Rows a block: the block and its weighted copy stay in the second-level cache, and no copy of the design is made.
BLOCK = 512


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _second_moments(design, weight):
    """Sum ``weight * x x'`` over the rows, (p, p), by products of blocks."""
    n, p = design.shape
    out = np.zeros((p, p))
    part = np.empty((p, p))
    scaled = np.empty((BLOCK, p))
    for start in range(0, n, BLOCK):
        end = min(start + BLOCK, n)
        for i in range(start, end):
            for j in range(p):
                scaled[i - start, j] = weight[i] * design[i, j]
        np.dot(design[start:end].T, scaled[: end - start], part)
        out += part
    return out


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _mean_moments(s1, d1, ties):
    """Sum the outer products of the risk-set means over the tied denominators, (p, p), by products of blocks."""
    times, p = s1.shape
    out = np.zeros((p, p))
    part = np.empty((p, p))
    roots = np.empty((BLOCK, p))
    filled = 0
    for g in range(times):
        fold = ties[g, 4] / ties[g, 3]
        main = np.sqrt(ties[g, 3])
        rest = np.sqrt(max(ties[g, 5] - ties[g, 4] * fold, 0.0))
        for j in range(p):
            roots[filled, j] = main * s1[g, j]
        if fold > 0.0:
            for j in range(p):
                roots[filled, j] -= main * fold * d1[g, j]
        filled += 1
        if rest > 0.0:
            for j in range(p):
                roots[filled, j] = rest * d1[g, j]
            filled += 1
        if filled > BLOCK - 2 or g == times - 1:
            np.dot(roots[:filled].T, roots[:filled], part)
            out += part
            filled = 0
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def event_sums(design, eta, sets, efron):
    """Return (s0, s1, d0, d1, ties) at a linear predictor, in its own scale (no shift)."""
    risk = sets.weight * np.exp(eta)
    p, times = design.shape[1], sets.opens.size
    s1, d1 = np.empty((times, p)), np.empty((times, p))
    s0, d0 = _risk_sums(design, risk, sets, np.zeros(p), s1, d1)
    return s0, s1, d0, d1, _tie_sums(s0, d0, sets.events, sets.death_weight, efron)
