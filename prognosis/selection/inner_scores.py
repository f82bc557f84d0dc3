"""How well a model with some of the predictors does in patients left out, inside the rows of a fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, PrognosisError
from prognosis.classifiers.classifier import Classifier
from prognosis.classifiers.machine import LabelledRows, scale_of, train
from prognosis.evaluation import NONE
from prognosis.kernels.concordance import concordance_counts
from prognosis.kernels.support_vectors import decisions_of
from prognosis.models.support_vector import SupportVectorMachine
from prognosis.outcome import pairs_of
from prognosis.selection.candidates import Candidates

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Score = Literal["c", "auc", "accuracy"]
SCORES = ("c", "auc", "accuracy")
TRAINING = 2**20
# Largest violation of the optimality conditions at which a machine of a search is settled: scores as libsvm's at 1e-6.
ROUGH = 1e-5
Judge = Callable[[Sequence[str]], float]


def judge_of(candidates: Candidates, fold: Integers, score: Score) -> Judge:
    """Return what scores a set of predictors: higher is better, not a number where the model cannot be fitted.

    Parameters
    ----------
    candidates : rows in a fixed order. fold : (n,) fold of each.
    score : ``c`` Harrell's C, ``auc`` of a binary outcome, ``accuracy`` share of a binary outcome that is told right at
        risk 1/2 (a machine without probabilities: by the sign of its decision value). C and AUC are means over the
        folds, weighted by the pairs in them.

    Raises
    ------
    FitError
        Y06 a score that this outcome does not have.
    """
    if candidates.outcome.timed == (score != "c"):
        rule = f"score='{score}', but the outcome {'has a time' if candidates.outcome.timed else 'is binary'}"
        raise FitError(Finding("Y06", rule, 'score="c"' if candidates.outcome.timed else 'score="auc" or "accuracy"'))
    recipe = candidates.recipe
    if isinstance(recipe, SupportVectorMachine):
        return _SupportVectors(candidates, fold, score)
    if isinstance(recipe, Classifier):
        return _Machines(candidates, fold, score)
    return _Refitted(candidates, fold, score)


def default_score(candidates: Candidates) -> Score:
    """Return C for a time to event, AUC for a binary outcome."""
    return "c" if candidates.outcome.timed else "auc"


@dataclass(frozen=True, eq=False)
class _Refitted:
    """Fits the recipe without each fold; serves every recipe."""

    candidates: Candidates
    fold: Integers
    score: Score

    def __call__(self, names: Sequence[str]) -> float:
        try:
            parts = [self._part(names, k) for k in range(int(self.fold.max()) + 1)]
        except PrognosisError:
            # a set with which the model cannot be fitted is no candidate; that none can is an error of the caller
            return float("nan")
        gained, total = np.sum(parts, axis=0)
        return float(gained / total) if total else float("nan")

    def _part(self, names: Sequence[str], k: int) -> tuple[float, float]:
        """Return what was told right in a fold, and how much could be."""
        train, test = np.flatnonzero(self.fold != k), self.candidates.take(np.flatnonzero(self.fold == k))
        fitted = self.candidates.fit(names, train)
        if self.score == "accuracy":
            risk = fitted.answers(test.frame, test.y, np.array([np.nan])).risk[:, 0]
            return told_right(risk >= 0.5, test)
        answers = fitted.answers(test.frame, test.y, NONE)
        return pairs_told(answers.marker, test)


@dataclass(frozen=True, eq=False)
class _Machines:
    """Trains a classifier's machine without each fold, and leaves out the calibration, which orders nobody anew."""

    candidates: Candidates
    fold: Integers
    score: Score

    @cached_property
    def _parts(self) -> list[tuple[NDArray[np.bool_], LabelledRows, Candidates, int]]:
        """Rows left out, rows to train on without their columns, the rows left out once more, and a seed, by fold."""
        c = self.candidates
        event, weight = c.outcome.event == 1, c.special.weight
        parts = []
        for k in range(int(self.fold.max()) + 1):
            out = self.fold == k
            seed = int(c.draw(TRAINING, k + 1).integers(2**32))
            rows = LabelledRows(np.empty((int((~out).sum()), 0)), event[~out], weight[~out])
            parts.append((out, rows, c.take(np.flatnonzero(out)), seed))
        return parts

    def __call__(self, names: Sequence[str]) -> float:
        from sklearn import config_context
        from threadpoolctl import threadpool_limits

        columns, recipe = self.candidates.columns.of(self.candidates.places(names)), self.candidates.recipe
        gained = total = 0.0
        # the rows are checked already, and there are thousands of fits
        with config_context(assume_finite=True, skip_parameter_validation=True), threadpool_limits(1):
            for out, rows, test, seed in self._parts:
                labelled = replace(rows, design=columns[~out])
                decision = train(labelled, recipe.learn_machine, recipe.event_weight, seed).decision(columns[out])
                right, of = told_right(decision >= 0, test) if self.score == "accuracy" else pairs_told(decision, test)
                gained, total = gained + right, total + of
        return gained / total if total else float("nan")


@dataclass(frozen=True, eq=False)
class _SupportVectors:
    """The same for `SupportVectorMachine` by this package's solver, a hundred times faster on few rows."""

    candidates: Candidates
    fold: Integers
    score: Score

    def __call__(self, names: Sequence[str]) -> float:
        c, recipe = self.candidates, self.candidates.recipe
        columns = c.columns.of(c.places(names))
        sign, weight, decision = np.where(c.outcome.event == 1, 1.0, -1.0), c.special.weight, np.empty(len(c.y))
        wide = 1 / columns.shape[1] if recipe.gamma == "scale" else float(recipe.gamma)
        gamma = wide if recipe.kernel == "rbf" else 0.0
        for seen, cost, _ in self._parts:
            z = scale_of(columns[seen], weight[seen]).standardised(columns)
            decision[~seen] = decisions_of(z, sign, cost, seen, gamma, ROUGH)[~seen]
        if self.score == "accuracy":
            right, of = told_right(decision >= 0, c)
        else:
            right, of = np.sum([pairs_told(decision[~seen], test) for seen, _, test in self._parts], axis=0)
        return float(right / of) if of else float("nan")

    @cached_property
    def _parts(self) -> list[tuple[NDArray[np.bool_], Floats, Candidates]]:
        """Rows trained on, the cost of each row, and the rows left out, by fold."""
        c, parts = self.candidates, []
        event = c.outcome.event == 1
        for k in range(int(self.fold.max()) + 1):
            seen = self.fold != k
            rows = LabelledRows(np.empty((int(seen.sum()), 0)), event[seen], c.special.weight[seen])
            cost = np.zeros(len(event))
            cost[seen] = c.recipe.C * rows.with_event_weight(c.recipe.event_weight).weight
            parts.append((seen, cost, c.take(np.flatnonzero(~seen))))
        return parts


def told_right(positive: NDArray[np.bool_], test: Candidates) -> tuple[float, float]:
    """Weight of the rows that are told right, and of all."""
    weight = test.special.weight
    return float(weight @ (positive == (test.outcome.event == 1))), float(weight.sum())


def pairs_told(marker: Floats, test: Candidates) -> tuple[float, float]:
    """Weight of the pairs in their order (half of the tied ones), and of all comparable ones."""
    time, happened = pairs_of(test.outcome)
    special, entry = test.special, test.outcome.entry
    counts = concordance_counts(time, happened, marker, weight=special.weight, entry=entry, stratum=special.stratum)
    return counts.concordant + 0.5 * counts.tied_marker, counts.comparable
