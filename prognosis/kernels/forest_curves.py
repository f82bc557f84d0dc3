"""Leaves of survival trees: their hazards at their own event times, and the answers that follow from them."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def leaf_hazards(place, event, weight, grown, causes):
    """Return the hazards of the leaves of one tree.

    Parameters
    ----------
    place, event, weight : (n,) as in `forest_growth`. grown : feature, rows, low and high of its nodes.
    causes : how many kinds of event there are.

    Returns
    -------
    start (nodes + 1,) cuts the entries by node; time (entries,) index of the event time; hazard (entries, causes)
    weight of the events over weight at risk.
    """
    feature, rows, low, high = grown
    most = (event[rows] > 0).sum() + 1
    start, time = np.zeros(feature.size + 1, np.int64), np.empty(most, np.int32)
    hazard, entries = np.zeros((most, causes)), 0
    for node in range(feature.size):
        if feature[node] < 0:
            own = rows[low[node] : high[node]]
            entries = _close_leaf(place, event, weight, own, time, hazard, entries)
        start[node + 1] = entries
    return start, time[:entries].copy(), hazard[:entries].copy()


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _close_leaf(place, event, weight, own, time, hazard, entries):
    """Write one leaf; return the number of entries so far."""
    at_risk, first = weight[own].sum(), 0
    while first < own.size:
        here, last, leaving, happened = place[own[first]], first, 0.0, False
        hazard[entries] = 0.0
        while last < own.size and place[own[last]] == here:
            row = own[last]
            leaving += weight[row]
            if event[row] > 0:
                hazard[entries, event[row] - 1] += weight[row]
                happened = True
            last += 1
        if happened:
            # the weight at risk is a difference: what leaves last can exceed it by rounding
            for j in range(hazard.shape[1]):
                hazard[entries, j] = min(hazard[entries, j] / at_risk, 1.0)
            time[entries] = here
            entries += 1
        at_risk -= leaving
        first = last
    return entries


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def incidence_rises(start, hazard, cause):
    """Return what each entry adds to the cumulative incidence of a cause: survival before it times its hazard."""
    out = np.empty(hazard.shape[0])
    for node in range(start.size - 1):
        free = 1.0
        for entry in range(start[node], start[node + 1]):
            out[entry] = free * hazard[entry, cause]
            free *= max(1.0 - hazard[entry].sum(), 0.0)
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def find_leaves(X, feature, threshold, child, roots):
    """Return the node of each tree in which each row ends, (trees, m); X (m, features)."""
    out = np.empty((roots.size, X.shape[0]), np.int32)
    for tree in range(roots.size):
        for i in range(X.shape[0]):
            node = roots[tree]
            while feature[node] >= 0:
                node = child[node] + (0 if X[i, feature[node]] <= threshold[node] else 1)
            out[tree, i] = node
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def find_leaves_with_gaps(X, feature, threshold, child, gap_left, roots):
    """Return the same where values are missing (not a number); gap_left (nodes,) 1 where those go left."""
    out = np.empty((roots.size, X.shape[0]), np.int32)
    for tree in range(roots.size):
        for i in range(X.shape[0]):
            node = roots[tree]
            while feature[node] >= 0:
                x = X[i, feature[node]]
                left = gap_left[node] == 1 if np.isnan(x) else x <= threshold[node]
                node = child[node] + (0 if left else 1)
            out[tree, i] = node
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_incidence(leaves, used, start, step, risen, out):
    """Write the mean incidence of the used trees' leaves, (m, h), to `out`.

    Parameters
    ----------
    leaves : (trees, m). used : (trees, m) whether a tree answers for a row; at least one does. start : (nodes + 1,).
    step : (entries,) first horizon that is not before the entry's event time, h beyond the last. risen : (entries,)
    what the entry adds to the cumulative incidence.
    """
    m, h = out.shape
    total, count = np.zeros((m, h + 1)), np.zeros(m)
    for tree in range(leaves.shape[0]):
        for i in range(m):
            if used[tree, i]:
                count[i] += 1.0
                for entry in range(start[leaves[tree, i]], start[leaves[tree, i] + 1]):
                    total[i, step[entry]] += risen[entry]
    for i in range(m):
        so_far = 0.0
        for t in range(h):
            so_far += total[i, t]
            out[i, t] = min(so_far / count[i], 1.0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def mean_score(leaves, used, score):
    """Return the mean score of the used trees' leaves, (m,); leaves and used (trees, m), score (nodes,)."""
    out = np.empty(leaves.shape[1])
    for i in range(out.size):
        total, count = 0.0, 0.0
        for tree in range(leaves.shape[0]):
            if used[tree, i]:
                total += score[leaves[tree, i]]
                count += 1.0
        out[i] = total / count
    return out
