"""Decision tree for a binary endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from prognosis.classifiers.calibration import Kind
from prognosis.classifiers.classifier import CLASSIFIER_LIMITS, Classifier, whole
from prognosis.classifiers.cross_fitting import divide, fewest, seed_of
from prognosis.classifiers.leaf_shares import LeafShares, LeafSharesEstimate
from prognosis.classifiers.machine import EventWeight, LabelledRows
from prognosis.classifiers.pruning import best_strength, pruned, shares_by_strength, strengths_of
from prognosis.classifiers.trees import Grown, taken_over
from prognosis.limits import Bounds, Limit, Shape

Floats = NDArray[np.float64]
RULES = ("minimum", "one-standard-error")


def _pruning(value: object) -> bool:
    return value in RULES if isinstance(value, str) else Bounds(0.0).allows(value)


class DecisionTree(Classifier):
    """Classification tree (CART): splits by Gini impurity, grown large and pruned back.

    Parameters
    ----------
    min_leaf : fewest rows of a leaf. depth : most splits between root and leaf, None without limit.
    pruning : strength of cost-complexity pruning, or how to choose it by cross-validation inside the fit: the
        ``minimum`` of the Brier score of rows left out, or the strongest within ``one-standard-error`` of it. 0 prunes
        nothing but splits without gain.
    calibration, folds, event_weight, weights, cluster, seed, task : see `Classifier`. Platt's sigmoid is the default,
        on the log odds of the leaf's share of events (which is not taken for more certain than Platt's targets).

    Notes
    -----
    The pruning has as many folds as `folds`, fewer where there are fewer patients with (or without) the event, and is
    chosen anew in every part that the calibration trains in. Categories become dummies against the first level. Splits
    of equal gain are drawn. Sources: Breiman, Friedman, Olshen and Stone (1984); the grower is scikit-learn's
    ``DecisionTreeClassifier``.
    """

    kind: ClassVar[str] = "decision_tree"
    limits: ClassVar[Mapping[str, Limit]] = {
        "min_leaf": whole(1),
        "depth": Shape("None or a whole number of at least 1", lambda x: x is None or whole(1).allows(x)),
        "pruning": Shape(f"a number of at least 0, or one of {', '.join(RULES)}", _pruning),
        **CLASSIFIER_LIMITS,
    }
    estimate_class: ClassVar[Any] = LeafSharesEstimate

    def __init__(
        self,
        min_leaf: int = 10,
        depth: int | None = None,
        pruning: float | Literal["minimum", "one-standard-error"] = "minimum",
        calibration: Kind = "platt",
        folds: int = 5,
        event_weight: EventWeight = 1.0,
        weights: str | None = None,
        cluster: str | None = None,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.min_leaf = min_leaf
        self.depth = depth
        self.pruning = pruning
        self.calibration = calibration
        self.folds = folds
        self.event_weight = event_weight
        self.weights = weights
        self.cluster = cluster
        self.seed = seed
        self.task = task

    def learn_machine(self, rows: LabelledRows, seed: int) -> LeafShares:
        """Grow and prune."""
        grown = self._grow(rows, seed)
        strength = self._strength(rows, grown, seed) if isinstance(self.pruning, str) else float(self.pruning)
        return LeafShares(pruned(grown, strength), rows.targets)

    def _grow(self, rows: LabelledRows, seed: int) -> Grown:
        from sklearn.tree import DecisionTreeClassifier

        tree = DecisionTreeClassifier(min_samples_leaf=self.min_leaf, max_depth=self.depth, random_state=seed)
        tree.fit(rows.design, rows.event, sample_weight=rows.weight)
        return taken_over(tree.tree_)

    def _strength(self, rows: LabelledRows, grown: Grown, seed: int) -> float:
        """Choose the strength by cross-validation; a tree that is its root needs none."""
        if (grown.tree.feature < 0).all():
            return 0.0
        strengths = strengths_of(grown)
        folds = max(2, min(self.folds, fewest(rows)))

        def losses() -> Iterator[tuple[Floats, Floats]]:
            for out, number in divide(rows, folds, seed_of(seed, 1), ", or a number for pruning"):
                other = self._grow(rows.take(~out), seed_of(seed, 2, number))
                share = shares_by_strength(other, rows.design[out], strengths)
                yield (share - rows.event[out]) ** 2, rows.weight[out]

        return best_strength(strengths, losses(), one_error=self.pruning == "one-standard-error")
