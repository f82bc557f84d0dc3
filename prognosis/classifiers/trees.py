"""Trees of classifiers as plain arrays, and the answers that need nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Rows times trees answered at a time.
BLOCK = 2_000_000
WHOLE = {"roots": np.int64, "feature": np.int32, "child": np.int32}


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees one after another.

    Parameters
    ----------
    roots : (trees + 1,) first node of each tree, and the number of nodes. feature : (nodes,) that a node asks, -1 in a
        leaf. threshold : (nodes,) values up to it go left, on standardised columns rounded to floats of 32 bits.
    child : (nodes,) left child, the right one follows; 0 in a leaf. leaf : (nodes,) what a leaf answers.
    """

    roots: Integers
    feature: NDArray[np.int32]
    threshold: Floats
    child: NDArray[np.int32]
    leaf: Floats

    @classmethod
    def of(cls, trees: Sequence[Trees]) -> Trees:
        """Put trees together."""
        nodes = np.concatenate([[0], np.cumsum([len(tree.feature) for tree in trees])]).astype(np.int64)
        inner = [np.where(t.feature >= 0, t.child + first, 0) for t, first in zip(trees, nodes[:-1], strict=True)]
        return cls(
            roots=nodes,
            feature=np.concatenate([tree.feature for tree in trees]),
            threshold=np.concatenate([tree.threshold for tree in trees]),
            child=np.concatenate(inner).astype(np.int32),
            leaf=np.concatenate([tree.leaf for tree in trees]),
        )

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.roots) - 1

    def leaves(self, z: Floats) -> Integers:
        """Return the node of each tree in which each row ends, (trees, m)."""
        rounded = in_32_bits(z)
        node = np.repeat(self.roots[:-1, None], len(z), axis=1)
        tree, row = np.nonzero(self.feature[node] >= 0)
        while len(row):
            here = node[tree, row]
            right = rounded[row, self.feature[here]] > self.threshold[here]
            below = self.child[here] + right
            node[tree, row] = below
            on = self.feature[below] >= 0
            tree, row = tree[on], row[on]
        return node

    def mean(self, z: Floats, weight: Floats | None = None) -> Floats:
        """Mean of the answers of all trees, (m,); `weight` : (trees,)."""
        size, counts = max(1, BLOCK // self.trees), np.ones(self.trees) if weight is None else weight
        answers = [np.empty(0)]
        for first in range(0, len(z), size):
            said = self.leaf[self.leaves(z[first : first + size])]
            total = np.zeros(said.shape[1])
            # tree by tree, as scikit-learn, so that the answer of a row does not depend on those beside it
            for own, answer in zip(counts, said, strict=True):
                total += own * answer
            answers.append(total / counts.sum())
        return np.concatenate(answers)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], columns: int) -> Trees:
        """Rebuild, believing nothing; raises ValueError for arrays that are no trees: a walk must end in a leaf."""
        named = {field.name: arrays[field.name] for field in fields(cls)}
        right = {name: np.asarray(values, WHOLE.get(name, np.float64)) for name, values in named.items()}
        if any(not np.array_equal(right[name], named[name]) for name in WHOLE):
            raise ValueError("nodes are no whole numbers")
        grown = cls(**right)
        if faults := _faults(grown, columns):
            raise ValueError(faults[0])
        return grown


def in_32_bits(z: Floats) -> Floats:
    """Round values as scikit-learn's trees see them; one too large for 32 bits is infinite, and goes right."""
    with np.errstate(over="ignore"):
        return z.astype(np.float32).astype(np.float64)


def _faults(grown: Trees, columns: int) -> list[str]:
    roots, feature, child = grown.roots, grown.feature, grown.child
    nodes, inner = len(feature), feature >= 0
    cut = len(roots) > 1 and roots[0] == 0 and roots[-1] == nodes and bool((np.diff(roots) > 0).all())
    if not cut:
        return ["the roots do not cut the nodes"]
    last = np.repeat(roots[1:] - 1, np.diff(roots))
    within = (child[inner] > np.flatnonzero(inner)) & (child[inner] < last[inner])
    checks = {
        "features are unknown": bool(((feature >= -1) & (feature < columns)).all()),
        "children lie outside their tree": bool(within.all()),
        "nodes do not fit each other": len({nodes, len(child), len(grown.threshold), len(grown.leaf)}) == 1,
    }
    return [words for words, sound in checks.items() if not sound]


@dataclass(frozen=True, eq=False)
class Grown:
    """One tree of scikit-learn, level by level: both children of a node lie side by side.

    `tree` : with the share of events as answer of every node. `weight`, `impurity` : (nodes,) of the training rows.
    `votes` : (nodes,) where the event has the majority; a tie goes against it, as in scikit-learn.
    """

    tree: Trees
    weight: Floats
    impurity: Floats
    votes: NDArray[np.bool_]


def taken_over(grown: Any) -> Grown:
    """Take over a fitted tree of scikit-learn (its ``tree_``) that tells two classes apart."""
    left, right = grown.children_left, grown.children_right
    levels, parents = [np.zeros(1, np.int64)], np.zeros(1, np.int64)
    while len(parents):
        parents = parents[left[parents] >= 0]
        parents = np.column_stack([left[parents], right[parents]]).ravel()
        levels.append(parents)
    order = np.concatenate(levels)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    inner = left[order] >= 0
    value = grown.value[order, 0, :]
    share = value[:, 1] / value.sum(axis=1)
    tree = Trees(
        roots=np.array([0, len(order)], np.int64),
        feature=np.where(inner, grown.feature[order], -1).astype(np.int32),
        threshold=np.where(inner, grown.threshold[order], 0.0),
        child=np.where(inner, place[left[order]], 0).astype(np.int32),
        leaf=share,
    )
    votes = value[:, 1] > value[:, 0]
    return Grown(tree, grown.weighted_n_node_samples[order], grown.impurity[order], votes)
