"""Cox partial likelihood over presorted risk sets: value, score, and the sums per event time.

Rows are described by three indices (of a `RiskSets` tuple) into the sorted distinct event times: a row is at risk
at the event times ``first <= g < last`` and has its own event at ``death`` (-1 for none). Strata are consecutive runs
of event times; ``opens[g]`` marks the first of each run. Delayed entry needs nothing else: `first` moves up.

Ties: Efron (1977) with the convention of R's survival for case weights (the mean weight of the tied events), or
Breslow (1974). Cost O(n p) per evaluation, no sort; the information is in `cox_information`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Rows a block, which stays in the second-level cache.
BLOCK = 512
# Linear predictors whose largest is within this need no shift: neither their exponentials nor sums of them overflow.
NEAR = 100.0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _risk_sums(design, risk, sets, s1, d1):
    """Sum risk and risk-weighted covariates over each risk set (s0, s1) and over each set of tied events (d0, d1).

    Rows under observation from the first event time of their stratum are summed backwards in time. Nobody is ever
    subtracted: after one patient of very high risk has left, a difference of two large sums has no digits left.
    `s1` and `d1` are overwritten; a `d1` of one row where there are several event times says that none is tied, when
    no likelihood asks for it.
    """
    s0, d0 = np.zeros(sets.opens.size), np.zeros(sets.opens.size)
    s1[:], d1[:] = 0.0, 0.0
    _add_rows(design, risk, sets, 0, (s0, s1, d0, d1))
    _cumulate(design, risk, sets, (s0, s1, d0, d1))
    return s0, d0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_rows(block, risk, sets, start, sums):
    """Add the rows from `start` on to the sums at the last event time at which each is at risk, and at its own.

    Where ties are summed and nobody enters late, an event counts in `d1` alone: `_cumulate` adds that to `s1`.
    """
    s0, s1, d0, d1 = sums
    size, p = block.shape
    tied = d1.shape[0] == s0.size
    for k in range(size):
        i = start + k
        a, b, g, r = sets.first[i], sets.last[i], sets.death[i], risk[i]
        if g >= 0 and tied:
            d0[g] += r
            for j in range(p):
                d1[g, j] += r * block[k, j]
            if not sets.delayed:
                continue
        if a < b and sets.opens[a]:
            s0[b - 1] += r
            for j in range(p):
                s1[b - 1, j] += r * block[k, j]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cumulate(design, risk, sets, sums):
    """Sum backwards in time, stratum by stratum, and add those who enter late."""
    s0, s1, d0, d1 = sums
    if d1.shape[0] == s0.size and not sets.delayed:
        s0 += d0
        s1 += d1
    for g in range(s0.size - 2, -1, -1):
        if not sets.opens[g + 1]:
            s0[g] += s0[g + 1]
            for j in range(s1.shape[1]):
                s1[g, j] += s1[g + 1, j]
    if sets.delayed:
        _add_late(s0, s1, design, risk, sets)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _risks_and_sums(design, offset, sets, beta, shift, rooms):
    """Write the weighted risks (n,) at `beta`, divided by exp(shift), and their sums; in one pass over the design.

    `rooms` : (risk, s0, s1, d0, d1), overwritten. Returns the events' summed linear predictors and the largest linear
    predictor, both less the shift.
    """
    risk, s0, s1, d0, d1 = rooms
    s0[:], d0[:] = 0.0, 0.0
    s1[:], d1[:] = 0.0, 0.0
    n = design.shape[0]
    # every search begins at zero, where there is nothing to multiply
    moved = beta.any()
    own, largest = 0.0, -np.inf
    for start in range(0, n, BLOCK):
        block = design[start : min(start + BLOCK, n)]
        part = np.dot(block, beta) if moved else np.zeros(block.shape[0])
        for k in range(block.shape[0]):
            i = start + k
            eta = part[k] + offset[i] - shift
            largest = max(largest, eta)
            if sets.death[i] >= 0:
                own += sets.weight[i] * eta
            risk[i] = sets.weight[i] * np.exp(eta) if eta != 0.0 else sets.weight[i]
        _add_rows(block, risk, sets, start, (s0, s1, d0, d1))
    _cumulate(design, risk, sets, (s0, s1, d0, d1))
    return own, largest


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
    """Return what every evaluation of a search uses again: the events' summed covariates, room for risks and sums."""
    (n, p), times = design.shape, sets.opens.size
    tied = times <= 1 or sets.events.max() > 1
    own = np.zeros(p)
    for i in range(n):
        if sets.death[i] >= 0:
            for j in range(p):
                own[j] += sets.weight[i] * design[i, j]
    return own, np.empty(n), np.empty((times, p)), np.empty((times if tied else 1, p))


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def gradient(design, offset, sets, beta, efron, room):
    """Return log-likelihood, score (p,) and sums of the denominators at `beta`; risks and sums are left in the room."""
    own, risk, s1, d1 = room
    score = own.copy()
    s0, d0 = np.empty(sets.opens.size), np.empty(sets.opens.size)
    rooms = (risk, s0, s1, d0, d1)
    loglik, largest = _risks_and_sums(design, offset, sets, beta, 0.0, rooms)
    if not abs(largest) <= NEAR:
        loglik, largest = _risks_and_sums(design, offset, sets, beta, largest, rooms)
    ties = _tie_sums(s0, d0, sets.events, sets.death_weight, efron)
    for g in range(s0.size):
        loglik -= ties[g, 0]
        for j in range(score.size):
            score[j] -= ties[g, 1] * s1[g, j]
        if sets.events[g] > 1:
            for j in range(score.size):
                score[j] += ties[g, 2] * d1[g, j]
    return loglik, score, ties


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def event_sums(design, eta, sets, efron):
    """Return (s0, s1, d0, d1, ties) at a linear predictor, in its own scale (no shift)."""
    risk = sets.weight * np.exp(eta)
    p, times = design.shape[1], sets.opens.size
    s1, d1 = np.empty((times, p)), np.empty((times, p))
    s0, d0 = _risk_sums(design, risk, sets, s1, d1)
    return s0, s1, d0, d1, _tie_sums(s0, d0, sets.events, sets.death_weight, efron)
