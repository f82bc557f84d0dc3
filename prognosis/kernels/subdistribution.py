"""Sums over the risk sets of the Fine-Gray model that rows with a competing event add after their own time.

Such a row stays at risk with weight ``W(t) / W(own time)``, W the probability to be under observation. The weight
factorises, so that one cumulative sum over the rows in time order serves all event times: O(n p + C G p) for C
censoring groups, G event times and p columns.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def competing_sums(design, risk, sets):
    """Sum weighted risk (G,) and risk-weighted covariates (G, p) of the rows past their competing event."""
    groups, times = sets.at.shape
    p = design.shape[1]
    s0 = np.zeros(times)
    s1 = np.zeros((times, p))
    b0 = np.zeros((groups, times + 1))
    b1 = np.zeros((groups, times + 1, p))
    for k in range(sets.row.size):
        i, c, g = sets.row[k], sets.group[k], sets.start[k]
        share = risk[i] / sets.own[k]
        b0[c, g] += share
        for j in range(p):
            b1[c, g, j] += share * design[i, j]
    for c in range(groups):
        for g in range(times):
            if g > 0:
                b0[c, g] += b0[c, g - 1]
                for j in range(p):
                    b1[c, g, j] += b1[c, g - 1, j]
            s0[g] += sets.at[c, g] * b0[c, g]
            for j in range(p):
                s1[g, j] += sets.at[c, g] * b1[c, g, j]
    return s0, s1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def over_competing_time(values, sets):
    """Sum ``values`` (G, k), weighted, over the event times after each competing event, (rows, k)."""
    groups, times = sets.at.shape
    k = values.shape[1]
    tail = np.zeros((groups, times + 1, k))
    for c in range(groups):
        for g in range(times - 1, -1, -1):
            for j in range(k):
                tail[c, g, j] = tail[c, g + 1, j] + sets.at[c, g] * values[g, j]
    out = np.empty((sets.row.size, k))
    for i in range(sets.row.size):
        for j in range(k):
            out[i, j] = tail[sets.group[i], sets.start[i], j] / sets.own[i]
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def state_covariance(path, basis, cluster, influence, clusters):
    """Variance of a sum over clusters of ``state(t) . basis(t)``, (G,), and its covariance with `influence`, (G, p).

    `path` = (row, time, state): from event time ``time`` on the row adds ``state`` (D,) to what its cluster has;
    entries are sorted by time. `basis` : (G, D). `cluster`, `influence` : (n,) and (n, p). The sum of squares over
    clusters follows each change of one cluster, so that the cost does not depend on the number of event times.
    """
    row, time, change = path
    times, d = basis.shape
    p = influence.shape[1]
    summed = np.zeros((clusters, p))
    for i in range(cluster.size):
        for j in range(p):
            summed[cluster[i], j] += influence[i, j]
    state = np.zeros((clusters, d))
    squares = np.zeros((d, d))
    crossed = np.zeros((d, p))
    variance = np.zeros(times)
    covariance = np.zeros((times, p))
    place = 0
    for g in range(times):
        while place < row.size and time[place] <= g:
            k = cluster[row[place]]
            for a in range(d):
                step = change[place, a]
                for b in range(d):
                    squares[a, b] += step * state[k, b] + state[k, a] * change[place, b] + step * change[place, b]
                for j in range(p):
                    crossed[a, j] += step * summed[k, j]
            for a in range(d):
                state[k, a] += change[place, a]
            place += 1
        for a in range(d):
            for b in range(d):
                variance[g] += basis[g, a] * squares[a, b] * basis[g, b]
            for j in range(p):
                covariance[g, j] += basis[g, a] * crossed[a, j]
    return variance, covariance
