"""AdaBoost for a binary endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from cohorts.errors import Finding, FitError
from prognosis.classifiers.calibration import Kind
from prognosis.classifiers.classifier import CLASSIFIER_LIMITS, Classifier, whole
from prognosis.classifiers.machine import EventWeight, LabelledRows
from prognosis.classifiers.trees import Trees, taken_over
from prognosis.classifiers.votes import Votes, VotesEstimate
from prognosis.limits import Bounds, Limit, Shape


class AdaBoost(Classifier):
    """AdaBoost: small trees one after another, each on rows weighted by the errors of those before, and a vote.

    Parameters
    ----------
    rounds : most trees. depth : most splits between root and leaf; 1: stumps. learning_rate : of the weights, above 0
        and at most 1.
    calibration, folds, event_weight, weights, cluster, seed, task : see `Classifier`. Platt's sigmoid is the default;
        ``none`` takes scikit-learn's probability, log odds = twice the weighted mean vote,
        which stays near 1/2.

    Notes
    -----
    Categories become dummies against the first level. Boosting ends early where a tree makes no error, or none is
    better than chance. Sources: Freund and Schapire (1997); Zhu, Zou, Rosset and Hastie (2009, SAMME, for two groups
    the same); scikit-learn's ``AdaBoostClassifier``.
    """

    kind: ClassVar[str] = "ada_boost"
    limits: ClassVar[Mapping[str, Limit]] = {
        "rounds": whole(1),
        "depth": whole(1),
        "learning_rate": Shape("a number above 0 and at most 1", lambda x: Bounds(0.0, 1.0).allows(x) and bool(x > 0)),
        **CLASSIFIER_LIMITS,
    }
    estimate_class: ClassVar[Any] = VotesEstimate

    def __init__(
        self,
        rounds: int = 100,
        depth: int = 1,
        learning_rate: float = 1.0,
        calibration: Kind = "platt",
        folds: int = 5,
        event_weight: EventWeight = 1.0,
        weights: str | None = None,
        cluster: str | None = None,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.rounds = rounds
        self.depth = depth
        self.learning_rate = learning_rate
        self.calibration = calibration
        self.folds = folds
        self.event_weight = event_weight
        self.weights = weights
        self.cluster = cluster
        self.seed = seed
        self.task = task

    def learn_machine(self, rows: LabelledRows, seed: int) -> Votes:
        """Boost.

        Raises
        ------
        FitError
            B29 no first tree is better than chance.
        """
        from sklearn.ensemble import AdaBoostClassifier
        from sklearn.tree import DecisionTreeClassifier

        boosted = AdaBoostClassifier(
            DecisionTreeClassifier(max_depth=self.depth),
            n_estimators=self.rounds,
            learning_rate=self.learning_rate,
            random_state=seed,
        )
        try:
            boosted.fit(rows.design, rows.event, sample_weight=rows.weight)
        except ValueError as error:
            rule = f"no tree of depth {self.depth} tells events from others better than chance ({error})"
            raise FitError(Finding("B29", rule, "other predictors, or Logistic")) from None
        grown = [taken_over(tree.tree_) for tree in boosted.estimators_]
        trees = [replace(one.tree, leaf=np.where(one.votes, 1.0, -1.0)) for one in grown]
        return Votes(Trees.of(trees), boosted.estimator_weights_[: len(trees)].astype(float))
