"""Trees of scikit-survival as plain arrays: the oracle of this package's own, and an alternative to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.forest.sampling import Drawn
from prognosis.forest.trees import Tree
from prognosis.kernels.forest_rows import Rule

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def grow_with_scikit_survival(drawn: Drawn, weight: Floats, rule: Rule, seed: int) -> Tree:
    """Grow one tree by scikit-survival on rows of these weights, (n,) in time order.

    Raises
    ------
    FitError
        F20 scikit-survival is not installed, or there are competing events, which it does not know.
    """
    try:
        from sksurv.tree import SurvivalTree
    except ImportError:
        rule_text = "grower='scikit-survival' needs scikit-survival, which is not installed"
        raise FitError(Finding("F20", rule_text, "install scikit-survival, or take grower='ours'")) from None
    if len(rule.cause) > 1:
        rule_text = "scikit-survival's trees know one kind of event"
        raise FitError(Finding("F20", rule_text, "take grower='ours'"))
    y = np.empty(len(drawn.time), dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = drawn.sample.event > 0, drawn.time
    tree = SurvivalTree(
        min_samples_split=2 * rule.leaf, min_samples_leaf=rule.leaf, max_features=rule.draws, random_state=seed
    )
    return tree_of(tree.fit(drawn.X, y, sample_weight=weight), drawn.event_times)


def check_single(X: Floats, names: Sequence[str]) -> None:
    """Refuse values that are one in floats of 32 bits, in which scikit-survival splits.

    Raises
    ------
    FitError
        F25 naming the features.
    """
    merged = [
        name
        for name, column in zip(names, X.T, strict=True)
        if len(np.unique(column.astype(np.float32))) < len(np.unique(column))
    ]
    if merged:
        rule = f"values of {', '.join(merged)} are one in floats of 32 bits, in which scikit-survival splits"
        raise FitError(Finding("F25", rule, "shift or round the values, or take grower='ours'", ", ".join(merged)))


def tree_of(fitted: Any, event_times: Floats) -> Tree:
    """Return a fitted ``sksurv.tree.SurvivalTree`` as plain arrays.

    Parameters
    ----------
    fitted : the tree, not of low memory. event_times : (events,) of the forest; those of the tree are among them.
    """
    plain = fitted.tree_
    order, child = _by_level(plain.children_left, plain.children_right)
    leaf = plain.children_left[order] < 0
    cumulative = np.where(leaf[:, None], plain.value[order][:, :, 0], 0.0)
    hazard = np.diff(cumulative, axis=1, prepend=0.0)
    node, column = np.nonzero(hazard > 0)
    place = np.searchsorted(event_times, fitted.unique_times_)
    return Tree(
        feature=np.where(leaf, -1, plain.feature[order]).astype(np.int32),
        threshold=np.where(leaf, 0.0, plain.threshold[order]),
        child=child,
        start=np.searchsorted(node, np.arange(len(order) + 1)).astype(np.int64),
        time=place[column].astype(np.int32),
        hazard=np.minimum(hazard[node, column], 1.0)[:, None],
        cover=plain.weighted_n_node_samples[order],
    )


def _by_level(left: Integers, right: Integers) -> tuple[Integers, NDArray[np.int32]]:
    """Return old numbers of the nodes level by level, a right child after the left, and the new left children."""
    order, child, at = [0], [], 0
    while at < len(order):
        old = order[at]
        child.append(len(order) if left[old] >= 0 else 0)
        if left[old] >= 0:
            order += [int(left[old]), int(right[old])]
        at += 1
    return np.array(order), np.array(child, np.int32)
