"""Which variables the trees of a forest ask: how often, and how near the root."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class Asking(Protocol):
    """Trees one after another, whatever their leaves hold; see `Forest`."""

    @property
    def roots(self) -> Integers:
        """First node of each tree, and the number of nodes."""

    @property
    def feature(self) -> NDArray[np.int32]:
        """Feature that a node asks, -1 in a leaf."""

    @property
    def child(self) -> NDArray[np.int32]:
        """Left child, the right one follows."""

    @property
    def trees(self) -> int:
        """How many trees there are."""


def depths(forest: Asking) -> Integers:
    """Depth of every node, (nodes,); 0 of a root."""
    depth = np.zeros(len(forest.feature), np.int64)
    level = forest.roots[:-1]
    while len(level):
        inner = level[forest.feature[level] >= 0]
        left = forest.child[inner].astype(np.int64)
        depth[left] = depth[left + 1] = depth[inner] + 1
        level = np.concatenate([left, left + 1])
    return depth


def splits_of(forest: Asking, variables: Sequence[str]) -> pd.DataFrame:
    """Table of variables: term, splits, unused, minimal_depth.

    Parameters
    ----------
    variables : (features,) raw variable of each feature; dummies of one category count together.

    Notes
    -----
    `splits` : in the whole forest. `unused` : share of trees that never ask. `minimal_depth` : mean over trees of the
    least depth at which a tree asks, the depth of the tree where it never does; small for what matters (Ishwaran et
    al. 2010). Neither has a direction or a unit, and features with many values are asked more often than binary ones.
    """
    names = list(dict.fromkeys(variables))
    code = np.array([names.index(name) for name in variables])
    depth, tree = depths(forest), np.repeat(np.arange(forest.trees), np.diff(forest.roots))
    deepest = np.maximum.reduceat(depth, forest.roots[:-1])
    inner = np.flatnonzero(forest.feature >= 0)
    asked = code[forest.feature[inner]]
    least = np.full((forest.trees, len(names)), np.iinfo(np.int64).max)
    np.minimum.at(least, (tree[inner], asked), depth[inner])
    never = least == np.iinfo(np.int64).max
    return pd.DataFrame(
        {
            "term": names,
            "splits": np.bincount(asked, minlength=len(names)),
            "unused": never.mean(axis=0),
            "minimal_depth": np.where(never, deepest[:, None], least).mean(axis=0),
        }
    )
