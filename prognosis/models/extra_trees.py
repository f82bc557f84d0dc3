"""Extremely randomised trees for a binary endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from prognosis.classifiers.calibration import Kind
from prognosis.classifiers.classifier import CLASSIFIER_LIMITS, Classifier, whole
from prognosis.classifiers.leaf_shares import LeafShares, LeafSharesEstimate
from prognosis.classifiers.machine import EventWeight, LabelledRows
from prognosis.classifiers.trees import Trees, taken_over
from prognosis.limits import Limit, Shape

FEATURES = ("sqrt", "all")


class ExtraTrees(Classifier):
    """Extremely randomised trees: all rows in every tree, thresholds drawn, the best of the drawn splits taken.

    Parameters
    ----------
    trees : how many. min_leaf : fewest rows of a leaf. features : columns drawn at each node: ``sqrt``, the whole part
        of the root of their number, ``all``, or how many (all where there are fewer).
    calibration, folds, event_weight, weights, cluster, seed, task : see `Classifier`. Platt's sigmoid is the default,
        on the log odds of the mean share of events in the leaves.

    Notes
    -----
    Categories become dummies against the first level. Sources: Geurts, Ernst and Wehenkel (2006); the grower is
    scikit-learn's ``ExtraTreesClassifier``, splits by Gini impurity.
    """

    kind: ClassVar[str] = "extra_trees"
    limits: ClassVar[Mapping[str, Limit]] = {
        "trees": whole(1),
        "min_leaf": whole(1),
        "features": Shape(
            '"sqrt", "all" or a whole number of at least 1',
            lambda x: x in FEATURES if isinstance(x, str) else whole(1).allows(x),
        ),
        **CLASSIFIER_LIMITS,
    }
    estimate_class: ClassVar[Any] = LeafSharesEstimate

    def __init__(
        self,
        trees: int = 500,
        min_leaf: int = 5,
        features: int | Literal["sqrt", "all"] = "sqrt",
        calibration: Kind = "platt",
        folds: int = 5,
        event_weight: EventWeight = 1.0,
        weights: str | None = None,
        cluster: str | None = None,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.trees = trees
        self.min_leaf = min_leaf
        self.features = features
        self.calibration = calibration
        self.folds = folds
        self.event_weight = event_weight
        self.weights = weights
        self.cluster = cluster
        self.seed = seed
        self.task = task

    def learn_machine(self, rows: LabelledRows, seed: int) -> LeafShares:
        """Grow the trees."""
        from sklearn.ensemble import ExtraTreesClassifier

        columns = rows.design.shape[1]
        named = {"sqrt": "sqrt", "all": None}
        forest = ExtraTreesClassifier(
            n_estimators=self.trees,
            min_samples_leaf=self.min_leaf,
            max_features=named[self.features] if isinstance(self.features, str) else min(int(self.features), columns),
            random_state=seed,
        )
        forest.fit(rows.design, rows.event, sample_weight=rows.weight)
        return LeafShares(Trees.of([taken_over(tree.tree_).tree for tree in forest.estimators_]), rows.targets)
