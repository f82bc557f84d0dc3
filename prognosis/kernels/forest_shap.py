"""Exact Shapley values of every leaf of a survival tree, spread over the rises of its curve.

A leaf is reached by a coalition S of variables with a product: the variables of its path that are in S follow the
patient (1 or 0), the others the training rows (the share that goes on at each of their splits; `share` is their
product). The Shapley value of variable i is then ``(o_i - z_i)`` times the integral over t from 0 to 1 of the product
of ``o_j t + z_j (1 - t)`` over the other variables j of the path: a polynomial, which Gauss-Legendre nodes integrate
without error, with positive terms only. Against background rows a leaf counts where each variable of its path lets in
the patient, the row, or both; only those that let in one of them have a value. Every leaf's values are then multiplied
by its rises at the horizons, so that the whole curve costs little more than one point of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST = 62  # variables on one path: bits of a whole number, less its sign


class Nodes(NamedTuple):
    """Nodes of all trees and the entries of their leaves; see `prognosis.forest.trees.Forest`.

    `gap_left` : (nodes,) 1 where a missing value goes left. `player` : (features,) variable of each feature.
    `step`, `rise` : (entries,) see ``Forest.steps``.
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    child: NDArray[np.int32]
    cover: NDArray[np.float64]
    gap_left: NDArray[np.int8]
    start: NDArray[np.int64]
    player: NDArray[np.int64]
    step: NDArray[np.int64]
    rise: NDArray[np.float64]


class Paths(NamedTuple):
    """Paths to the leaves of one tree: variables asked (a slot each), and the splits on the way.

    `leaf` (leaves,) node; `slots`, `splits` (leaves + 1,) cut `player`, `share` and `node`, `slot`, `left`.
    """

    leaf: NDArray[np.int64]
    slots: NDArray[np.int64]
    player: NDArray[np.int64]
    share: NDArray[np.float64]
    splits: NDArray[np.int64]
    node: NDArray[np.int64]
    slot: NDArray[np.int64]
    left: NDArray[np.bool_]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def longest_path(nodes):
    """Return the largest number of different variables on the way to a leaf."""
    most = 0
    for tree in range(nodes.roots.size - 1):
        slots = _paths(nodes, tree).slots
        for leaf in range(slots.size - 1):
            most = max(most, slots[leaf + 1] - slots[leaf])
    return most


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_path_dependent(X, nodes, points, weights, out, base):
    """Add the path-dependent values of all trees to `out`, and their mean over the training rows to `base`.

    Parameters
    ----------
    X : (m, features). points, weights : (rules, most nodes) Gauss-Legendre on 0 to 1, row q for q nodes.
    out : (m, variables, h + 1) rises by horizon, the last place for those beyond. base : (h + 1,).
    """
    values, inside = np.empty(MOST), np.empty(MOST, np.bool_)
    for tree in range(nodes.roots.size - 1):
        paths = _paths(nodes, tree)
        masks = _masks(X, nodes, paths)
        for leaf in range(paths.leaf.size):
            low, high = paths.slots[leaf], paths.slots[leaf + 1]
            share = paths.share[low:high]
            _add_rises(nodes, paths.leaf[leaf], share.prod(), base)
            rule = (high - low + 1) // 2
            for i in range(X.shape[0]):
                for s in range(high - low):
                    inside[s] = (masks[i, leaf] >> s) & 1
                _integrate(inside, share, points[rule], weights[rule], rule, values)
                for s in range(high - low):
                    _add_rises(nodes, paths.leaf[leaf], values[s], out[i, paths.player[low + s]])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _integrate(inside, share, points, weights, rule, values):
    """Write the value of each variable of a path; see the module."""
    d = share.size
    values[:d] = 0.0
    for q in range(rule):
        t = points[q]
        product = weights[q]
        for s in range(d):
            product *= share[s] * (1.0 - t) + (t if inside[s] else 0.0)
        for s in range(d):
            values[s] += product / (share[s] * (1.0 - t) + (t if inside[s] else 0.0))
    for s in range(d):
        values[s] *= (1.0 if inside[s] else 0.0) - share[s]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def add_interventional(X, Z, weight, nodes, gain, out, base):
    """Add the values of all trees against background rows to `out`, and their mean over those rows to `base`.

    Parameters
    ----------
    X : (m, features). Z : (b, features). weight : (b,) of the rows, sum 1. gain : (most + 1, most + 1) value of one of
    a variables that let in the patient only, b of them the row only: (a - 1)! b! / (a + b)!. out, base : as
    `add_path_dependent`.
    """
    values = np.empty(MOST)
    for tree in range(nodes.roots.size - 1):
        paths = _paths(nodes, tree)
        own, other = _masks(X, nodes, paths), _masks(Z, nodes, paths)
        for leaf in range(paths.leaf.size):
            low, high = paths.slots[leaf], paths.slots[leaf + 1]
            whole = (np.int64(1) << (high - low)) - 1
            for k in range(Z.shape[0]):
                if other[k, leaf] == whole:
                    _add_rises(nodes, paths.leaf[leaf], weight[k], base)
            for i in range(X.shape[0]):
                if _against(own[i, leaf], other[:, leaf], weight, whole, gain, values[: high - low]):
                    for s in range(high - low):
                        if values[s] != 0.0:
                            _add_rises(nodes, paths.leaf[leaf], values[s], out[i, paths.player[low + s]])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _against(own, other, weight, whole, gain, values):
    """Write the value of each variable of a path for one patient; False where there is none."""
    values[:] = 0.0
    found = False
    for k in range(other.size):
        if own | other[k] != whole or own == other[k]:
            continue
        found = True
        mine, its = own & ~other[k], other[k] & ~own
        a, b = 0, 0
        for s in range(values.size):
            a += (mine >> s) & 1
            b += (its >> s) & 1
        for s in range(values.size):
            if (mine >> s) & 1:
                values[s] += weight[k] * gain[a, b]
            elif (its >> s) & 1:
                values[s] -= weight[k] * gain[b, a]
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_rises(nodes, leaf, value, out):
    for entry in range(nodes.start[leaf], nodes.start[leaf + 1]):
        out[nodes.step[entry]] += value * nodes.rise[entry]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _masks(X, nodes, paths):
    """Return which variables of each path let a row in, as bits by slot, (m, leaves)."""
    out = np.empty((X.shape[0], paths.leaf.size), np.int64)
    for leaf in range(paths.leaf.size):
        whole = (np.int64(1) << (paths.slots[leaf + 1] - paths.slots[leaf])) - 1
        for i in range(X.shape[0]):
            shut = np.int64(0)
            for at in range(paths.splits[leaf], paths.splits[leaf + 1]):
                node = paths.node[at]
                x = X[i, nodes.feature[node]]
                left = nodes.gap_left[node] == 1 if np.isnan(x) else x <= nodes.threshold[node]
                if left != paths.left[at]:
                    shut |= np.int64(1) << paths.slot[at]
            out[i, leaf] = whole & ~shut
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _paths(nodes, tree):
    """Return the paths to the leaves of one tree."""
    first, last = nodes.roots[tree], nodes.roots[tree + 1]
    parent, splits, leaves = np.full(last - first, -1), 0, 0
    depth = np.zeros(last - first, np.int64)
    for node in range(first, last):
        if nodes.feature[node] >= 0:
            for side in range(2):
                below = nodes.child[node] + side - first
                parent[below], depth[below] = node, depth[node - first] + 1
        else:
            leaves += 1
            splits += depth[node - first]
    cuts = np.zeros((2, leaves + 1), np.int64)
    share, left = np.empty(splits), np.empty(splits, np.bool_)
    whole = np.empty((3, splits), np.int64)
    paths = Paths(np.empty(leaves, np.int64), cuts[0], whole[0], share, cuts[1], whole[1], whole[2], left)
    at = 0
    for node in range(first, last):
        if nodes.feature[node] < 0:
            paths.leaf[at] = node
            _climb(nodes, parent, first, at, paths)
            at += 1
    return paths


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _climb(nodes, parent, first, at, paths):
    """Write the path to one leaf, from the leaf up."""
    below, low, split = paths.leaf[at], paths.slots[at], paths.splits[at]
    slots = 0
    while parent[below - first] >= 0:
        node = parent[below - first]
        player, slot = nodes.player[nodes.feature[node]], 0
        while slot < slots and paths.player[low + slot] != player:
            slot += 1
        if slot == slots:
            paths.player[low + slot], paths.share[low + slot] = player, 1.0
            slots += 1
        paths.share[low + slot] *= nodes.cover[below] / nodes.cover[node]
        paths.node[split], paths.slot[split], paths.left[split] = node, slot, below == nodes.child[node]
        below, split = node, split + 1
    paths.slots[at + 1], paths.splits[at + 1] = low + slots, split
