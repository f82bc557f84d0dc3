"""Boosted trees as plain arrays, and the answers that need nothing else: xgboost grows them and is needed no more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError, raise_findings
from prognosis.kernels.boosted_trees import contributions, leaf_paths, margins

Floats = NDArray[np.float64]
WHOLE = ("roots", "feature", "left", "right")
SINGLE = ("threshold", "value")


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Trees one after another.

    Parameters
    ----------
    roots : (trees + 1,) first node of each tree, and the number of nodes. feature : (nodes,) that a node asks, -1 in a
        leaf. threshold : (nodes,) values below it go left, in 32 bits. gap_left : (nodes,) whether missing values do.
    left, right : (nodes,) children, 0 in a leaf.
    value : (nodes,) what a leaf adds to the margin, learning rate included; 0 of a node that is none.
    cover : (nodes,) curvature of the training rows there. gain : (nodes,) by which a split lowers twice the loss.
    """

    roots: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    gap_left: NDArray[np.bool_]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    cover: Floats
    gain: Floats

    @classmethod
    def of(cls, trees: list[Mapping[str, Any]], lacking: NDArray[np.bool_]) -> Ensemble:
        """Read the trees of xgboost's JSON.

        Parameters
        ----------
        lacking : (features,) whether a value was missing in training. Where none was, a newcomer's missing value goes
            to the heavier side; else where the loss of those who lacked it said.
        """
        sizes = [len(tree["left_children"]) for tree in trees]
        roots = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        first = np.repeat(roots[:-1], sizes)

        def joined(key: str, kind: Any) -> NDArray[Any]:
            return np.concatenate([np.asarray(tree[key], kind) for tree in trees])

        left, right = joined("left_children", np.int64), joined("right_children", np.int64)
        inner, condition = left >= 0, joined("split_conditions", np.float32)
        asked, cover = joined("split_indices", np.int64), joined("sum_hessian", float)
        heavier = cover[np.where(inner, left + first, 0)] >= cover[np.where(inner, right + first, 0)]
        return cls(
            roots=roots,
            feature=np.where(inner, asked, -1).astype(np.int32),
            threshold=np.where(inner, condition, np.float32(0)),
            gap_left=inner & np.where(lacking[asked], joined("default_left", np.int64) > 0, heavier),
            left=np.where(inner, left + first, 0).astype(np.int32),
            right=np.where(inner, right + first, 0).astype(np.int32),
            value=np.where(inner, np.float32(0), condition),
            cover=cover,
            gain=np.where(inner, joined("loss_changes", float), 0.0),
        )

    @property
    def trees(self) -> int:
        """How many trees there are."""
        return len(self.roots) - 1

    @property
    def splits(self) -> int:
        """How many nodes ask something."""
        return int((self.feature >= 0).sum())

    def margin(self, X: Floats) -> Floats:
        """Sum of the trees' answers, (m,), for features (m, features)."""
        found: Floats = margins(in_single(X), self.roots[:-1], self._nodes, self.value)
        return found

    @property
    def _nodes(self) -> tuple[NDArray[Any], ...]:
        return self.feature, self.threshold, self.gap_left, self.left, self.right

    def contributions(self, X: Floats) -> tuple[Floats, float]:
        """Path-dependent Shapley values of the margin, (m, features), and the margin expected without any feature.

        Unknown features follow the training rows through the tree. Source: Lundberg et al. (2020), as xgboost's
        ``pred_contribs``; exact.
        """
        values, base = contributions(in_single(X), self._nodes, self.value, *self._paths)
        return values, float(base)

    @cached_property
    def _paths(self) -> tuple[Any, Floats]:
        depth = max(1, self.depth)
        weights = np.zeros((depth, depth))
        for others in range(depth):
            weights[others, : others + 1] = [1 / ((others + 1) * comb(others, k)) for k in range(others + 1)]
        return leaf_paths(self.feature, self.left, self.right, self.cover, depth), weights

    @cached_property
    def depth(self) -> int:
        """Splits on the longest way to a leaf."""
        depth = np.zeros(len(self.feature), np.int64)
        # a child stands behind its parent
        for node in np.flatnonzero(self.feature >= 0):
            depth[[self.left[node], self.right[node]]] = depth[node] + 1
        return int(depth.max())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]], features: int) -> Ensemble:
        """Rebuild from `arrays`, of which nothing is believed: a wrong index would read foreign memory.

        Raises
        ------
        ModelFileError
            L07 arrays that are no trees.
        """
        kinds: dict[str, Any] = {"roots": np.int64, "gap_left": np.bool_}
        kinds |= dict.fromkeys(WHOLE[1:], np.int32) | dict.fromkeys(SINGLE, np.float32)
        named: dict[str, Any] = {
            f.name: np.ascontiguousarray(arrays[f.name], kinds.get(f.name, np.float64)) for f in fields(cls)
        }
        unlike = [f"field {key} holds no whole numbers" for key in WHOLE if not np.array_equal(named[key], arrays[key])]
        unlike += [f"field {key} is not of 32 bits" for key in SINGLE if arrays[key].dtype != np.float32]
        unlike += [] if arrays["gap_left"].dtype == np.bool_ else ["field gap_left is not true or false"]
        ensemble = cls(**named)
        faults = unlike or _faults(ensemble, features)
        raise_findings((Finding("L07", fault, "get the file again") for fault in faults[:1]), ModelFileError)
        return ensemble


def in_single(X: Floats) -> NDArray[np.float32]:
    """Return features as trees ask them, rounded to 32 bits; what is beyond these is the largest there is."""
    most = float(np.finfo(np.float32).max)
    return np.ascontiguousarray(np.clip(X, -most, most), np.float32)


def _faults(ensemble: Ensemble, features: int) -> list[str]:
    """Say what is no ensemble; the first fault may be the cause of the others."""
    roots, nodes = ensemble.roots, len(ensemble.feature)
    if len(roots) < 2 or roots[0] != 0 or roots[-1] != nodes or (np.diff(roots) <= 0).any():
        return ["the roots of the trees do not cut the nodes"]
    inner = ensemble.feature >= 0
    place, children = np.flatnonzero(inner), np.concatenate([ensemble.left[inner], ensemble.right[inner]])
    tree = np.searchsorted(roots, np.arange(nodes), side="right")
    last = np.tile(roots[tree[inner]], 2)
    checks = {
        "features of the trees are unknown": (ensemble.feature >= -1).all() and (ensemble.feature < features).all(),
        "children lie outside their tree": ((children > np.tile(place, 2)) & (children < last)).all(),
        "children have two parents": len(np.unique(children)) == len(children) == nodes - (len(roots) - 1),
        "cover is not positive": (ensemble.cover > 0).all(),
    }
    return [words for words, right in checks.items() if not right]
