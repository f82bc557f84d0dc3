"""Pairs of patients within groups, counted anew for every draw of the patients: many draws, one marker."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add(tree, count, rank, weight):
    count[rank] += weight
    j = rank
    while j < tree.size:
        tree[j] += weight
        j += j & -j


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _below(tree, rank):
    total = 0.0
    j = rank - 1
    while j > 0:
        total += tree[j]
        j -= j & -j
    return total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pairs_of_draw(edges, run, died, rank, weight, tree, count):
    """Weight of concordant pairs, ties half, and of all comparable ones; rows by group and time."""
    concordant, comparable = 0.0, 0.0
    for group in range(edges.size - 1):
        tree[:] = 0.0
        count[:] = 0.0
        total = 0.0
        high = edges[group + 1]
        while high > edges[group]:
            low = high - 1
            while low > edges[group] and run[low - 1] == run[high - 1]:
                low -= 1
            # those censored at the time of an event are still at risk then, those with an event are not compared
            for i in range(low, high):
                if weight[i] > 0 and not died[i]:
                    _add(tree, count, rank[i], weight[i])
                    total += weight[i]
            for i in range(low, high):
                if weight[i] > 0 and died[i]:
                    concordant += weight[i] * (_below(tree, rank[i]) + 0.5 * count[rank[i]])
                    comparable += weight[i] * total
            for i in range(low, high):
                if weight[i] > 0 and died[i]:
                    _add(tree, count, rank[i], weight[i])
                    total += weight[i]
            high = low
    return concordant, comparable


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def drawn_pairs(edges, run, died, rank, weight):
    """Count the pairs within groups for every draw.

    Parameters
    ----------
    edges : (g + 1,) where the groups begin and end; the rows lie by group, then by time.
    run, died : (n,) index of the distinct time, and whether it is an event. rank : (n,) of the marker within the group,
        from 1, equal markers alike. weight : (D, n) how often, or with which weight, a row counts in each draw.

    Returns
    -------
    (D, 2) weight of the concordant pairs, those with equal markers half, and of all comparable pairs.
    """
    out = np.empty((weight.shape[0], 2))
    size = (rank.max() if rank.size else 0) + 1
    tree, count = np.zeros(size), np.zeros(size)
    for draw in range(weight.shape[0]):
        out[draw] = _pairs_of_draw(edges, run, died, rank, weight[draw], tree, count)
    return out
