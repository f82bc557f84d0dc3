"""Cost-complexity pruning: the nested sequence of a tree, and the strength that predicts best."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from prognosis.classifiers.trees import Grown, Trees, in_32_bits

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Strengths that differ by less, against the impurity of the root, are one.
ROUNDING = 1e-10


def closing_strengths(grown: Grown) -> Floats:
    """Strength at which each node becomes a leaf, or is cut away with a node above it, (nodes,); infinite for the root.

    The strength of a subtree is the fall of the impurity (weighted share of the rows) by its splits, per leaf beyond
    the first; the weakest is cut first. Source: Breiman et al. (1984), as ``ccp_alpha`` of scikit-learn.
    """
    child, inner = grown.tree.child, grown.tree.feature >= 0
    cost = grown.weight / grown.weight[0] * grown.impurity
    closed = np.where(inner, np.inf, 0.0)
    strength = 0.0
    while not closed[0] < np.inf:
        below, leaves = _below(child, closed > strength, cost)
        open_nodes = np.flatnonzero(closed > strength)
        gain = (cost[open_nodes] - below[open_nodes]) / (leaves[open_nodes] - 1)
        strength = max(strength, float(gain.min()))
        weakest = open_nodes[gain <= strength + ROUNDING * cost[0]]
        closed[weakest] = strength
        for node in range(len(closed)):
            if inner[node]:
                both = slice(child[node], child[node] + 2)
                closed[both] = np.minimum(closed[both], closed[node])
    return closed


def _below(child: NDArray[np.int32], is_open: NDArray[np.bool_], cost: Floats) -> tuple[Floats, Integers]:
    """Cost and number of the leaves below each node, (nodes,); children come after their parents."""
    below, leaves = cost.copy(), np.ones(len(cost), np.int64)
    for node in np.flatnonzero(is_open)[::-1]:
        both = slice(child[node], child[node] + 2)
        below[node], leaves[node] = below[both].sum(), leaves[both].sum()
    return below, leaves


def pruned(grown: Grown, strength: float) -> Trees:
    """Return the tree without the nodes that close up to a strength."""
    tree, closed = grown.tree, closing_strengths(grown) <= strength
    inner = (tree.feature >= 0) & ~closed
    kept = np.zeros(len(closed), bool)
    kept[0] = True
    for node in np.flatnonzero(inner):
        if kept[node]:
            kept[tree.child[node] : tree.child[node] + 2] = True
    place = np.cumsum(kept) - 1
    inner &= kept
    return Trees(
        roots=np.array([0, int(kept.sum())], np.int64),
        feature=np.where(inner, tree.feature, -1)[kept].astype(np.int32),
        threshold=np.where(inner, tree.threshold, 0.0)[kept],
        child=np.where(inner, place[tree.child], 0)[kept].astype(np.int32),
        leaf=tree.leaf[kept],
    )


def strengths_of(grown: Grown) -> Floats:
    """Strengths that stand for the intervals between those at which nodes close, increasing from 0.

    Geometric means of neighbours, as Breiman et al. choose them; the last closes every node.
    """
    closing = closing_strengths(grown)
    steps = np.unique(np.concatenate([[0.0], closing[grown.tree.feature >= 0]]))
    return np.concatenate([np.sqrt(steps[:-1] * steps[1:]), steps[-1:]])


def shares_by_strength(grown: Grown, z: Floats, strengths: Floats) -> Floats:
    """Share of events that the tree, pruned by each strength, gives each row, (strengths, m)."""
    tree, closed = grown.tree, closing_strengths(grown)
    node, out = np.zeros(len(z), np.int64), np.empty((len(strengths), len(z)))
    rounded = in_32_bits(z)
    for place in range(len(strengths) - 1, -1, -1):
        # a weaker pruning opens nodes: each row walks on from where it stands
        while (on := closed[node] > strengths[place]).any():
            here = node[on]
            node[on] = tree.child[here] + (rounded[on, tree.feature[here]] > tree.threshold[here])
        out[place] = tree.leaf[node]
    return out


def best_strength(strengths: Floats, loss: Iterable[tuple[Floats, Floats]], *, one_error: bool) -> float:
    """Strength of the smallest mean loss, the strongest of equals.

    Parameters
    ----------
    loss : of rows left out, (strengths, m) and their weights (m,), fold by fold. one_error : the strongest whose loss
        is within one standard error of the smallest.
    """
    parts = list(loss)
    rows, weight = np.hstack([part for part, _ in parts]), np.concatenate([own for _, own in parts])
    mean = np.average(rows, axis=1, weights=weight)
    best = int(np.flatnonzero(mean <= mean.min() + 1e-12)[-1])
    if not one_error:
        return float(strengths[best])
    spread = np.average((rows[best] - mean[best]) ** 2, weights=weight)
    error = np.sqrt(spread * (weight**2).sum()) / weight.sum()
    return float(strengths[np.flatnonzero(mean <= mean[best] + error)[-1]])
