"""Answers of boosted trees: the margin of every row, and what each feature contributes to it."""

from __future__ import annotations

import numpy as np
from numba import njit

# Rows that go through a tree together.
BLOCK = 64


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def margins(X, roots, nodes, value):
    """Return the sum over trees of the leaf in which each row ends, (m,); X (m, features) in 32 bits, as it was grown.

    Parameters
    ----------
    roots : (trees,) first nodes. value : (nodes,) of the leaves. nodes : (nodes,) each: feature that a node asks, -1 in
        a leaf; threshold, values below it go left; gap_left, whether missing values do; left and right children.
    """
    feature, threshold, gap_left = nodes[:3]
    asks, left, right, depth = _without_end(feature, nodes[3], nodes[4])
    out, at = np.zeros(X.shape[0]), np.empty(BLOCK, np.int32)
    for first in range(0, X.shape[0], BLOCK):
        m = min(BLOCK, X.shape[0] - first)
        for root in roots:
            at[:m] = root
            # a level at a time: no row waits for another, and none is guessed
            for _ in range(depth):
                for i in range(m):
                    # unsigned: an index that cannot be negative is not checked for that
                    node = np.uint64(at[i])
                    known = X[first + i, asks[node]]
                    goes_left = (known < threshold[node]) | (gap_left[node] & np.isnan(known))
                    at[i] = left[node] if goes_left else right[node]
            for i in range(m):
                out[first + i] += value[at[i]]
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _without_end(feature, left, right):
    """Return feature, left and right child of nodes, each leaf its own child, and the splits on the longest way."""
    asks, children, below = np.empty(feature.size, np.uint64), np.empty((2, feature.size), np.int32), 0
    depth = np.zeros(feature.size, np.int64)
    for node in range(feature.size):
        asks[node], children[:, node] = np.uint64(max(feature[node], 0)), node
        if feature[node] >= 0:
            # a child stands behind its parent
            children[0, node], children[1, node] = left[node], right[node]
            depth[left[node]] = depth[right[node]] = depth[node] + 1
            below = max(below, depth[node] + 1)
    return asks, children[0], children[1], below


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def leaf_paths(feature, left, right, cover, depth):
    """Return the way to every leaf.

    Parameters
    ----------
    feature, left, right : as in `margins`. cover : (nodes,) curvature of the training rows of a node.
    depth : of the deepest leaf.

    Returns
    -------
    leaf (leaves,) its node; length (leaves,) nodes asked on the way; node (leaves, depth) which; goes (leaves, depth)
    1 where the way leads left; share (leaves, depth) of the training rows that go the same way.
    """
    leaves = (feature < 0).sum()
    leaf, length = np.empty(leaves, np.int64), np.zeros(leaves, np.int64)
    node_on, goes = np.zeros((leaves, depth), np.int64), np.zeros((leaves, depth), np.int8)
    share = np.ones((leaves, depth))
    parent = np.full(feature.size, -1)
    found = 0
    for node in range(feature.size):
        if feature[node] >= 0:
            parent[left[node]], parent[right[node]] = node, node
    for node in range(feature.size):
        if feature[node] >= 0:
            continue
        leaf[found], child = node, node
        while parent[child] >= 0:
            asked, step = parent[child], length[found]
            node_on[found, step], goes[found, step] = asked, 1 if left[asked] == child else 0
            share[found, step] = cover[child] / (cover[left[asked]] + cover[right[asked]])
            child, length[found] = asked, step + 1
        found += 1
    return leaf, length, node_on, goes, share


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def contributions(X, nodes, value, paths, weights):
    """Return path-dependent Shapley values, (m, features), and the expected margin.

    Each leaf is a product over the features on its way: of 1 or 0 where the feature is known, of the share of training
    rows that go this way where it is not. The Shapley value of such a product is a sum over the elementary symmetric
    polynomials of the other factors.

    Parameters
    ----------
    X, nodes, value : as in `margins`. paths : from `leaf_paths`. weights : (d, d) k! (q - 1 - k)! / q! of
        k others out of q features.
    """
    leaf, length, node_on, goes, share = paths
    feature, threshold, gap_left = nodes[0], nodes[1], nodes[2]
    m, depth = X.shape[0], node_on.shape[1]
    out, base = np.zeros((m, X.shape[1])), 0.0
    own, factors, terms = np.empty(depth, np.int64), np.empty((2, depth)), np.empty(depth)
    for place in range(leaf.size):
        reached = value[leaf[place]]
        for step in range(length[place]):
            reached *= share[place, step]
        base += reached
    for i in range(m):
        for place in range(leaf.size):
            different = 0
            for step in range(length[place]):
                node = node_on[place, step]
                asked = feature[node]
                goes_left = gap_left[node] if np.isnan(X[i, asked]) else X[i, asked] < threshold[node]
                follows = 1.0 if goes_left == (goes[place, step] == 1) else 0.0
                at = 0
                while at < different and own[at] != asked:
                    at += 1
                if at == different:
                    own[at], factors[0, at], factors[1, at] = asked, 1.0, 1.0
                    different += 1
                factors[0, at] *= follows
                factors[1, at] *= share[place, step]
            for j in range(different):
                out[i, own[j]] += value[leaf[place]] * _shapley(factors, different, j, weights, terms)
    return out, base


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shapley(factors, different, j, weights, terms):
    """Shapley value of factor j in a product of `different` ones; factors (2, d) when known and when not."""
    terms[:different] = 0.0
    terms[0], degree = 1.0, 0
    for other in range(different):
        if other == j:
            continue
        degree += 1
        for k in range(degree, 0, -1):
            terms[k] = terms[k] * factors[1, other] + terms[k - 1] * factors[0, other]
        terms[0] *= factors[1, other]
    total = 0.0
    for k in range(different):
        total += weights[different - 1, k] * terms[k]
    return (factors[0, j] - factors[1, j]) * total
