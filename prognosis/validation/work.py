"""One task of a validation: refit, answer, judge. It travels to other processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PrognosisError
from prognosis.evaluation import Evaluation
from prognosis.metrics.index import Index
from prognosis.metrics.indexes import indexes
from prognosis.refits import Answers, Judged, Refits
from prognosis.validation.plans import Plan, PlanRows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Place(NamedTuple):
    """Where a value stands in the table; horizon and threshold are not a number where the metric has none."""

    metric: str
    horizon: float
    threshold: float


def places_of(chosen: Sequence[Index], judged: Judged) -> list[Place]:
    """List the places of all values, in the order of `values_of`."""
    return [
        Place(index.name, horizon, threshold)
        for index in chosen
        for horizon, threshold in index.places(judged.horizons, judged.thresholds)
    ]


def values_of(evaluation: Evaluation, chosen: Sequence[Index], *, pooled: bool = True) -> Floats:
    """Measure everything, (k,); what cannot be measured in these patients is not a number, see `reason_at`.

    `pooled`: metrics of many patients too, which are of no use in a single fold.
    """
    parts = [_unknown(evaluation, i) if i.pooled and not pooled else i.values(evaluation) for i in chosen]
    return np.concatenate(parts)


def _unknown(evaluation: Evaluation, index: Index) -> Floats:
    return np.full(index.count(evaluation), np.nan)


def reason_at(evaluation: Evaluation, index: Index, horizon: float) -> Finding | None:
    """Say why a metric cannot be measured (at a horizon), None where it can."""
    if not len(evaluation.marker):
        return Finding("M19", "nobody to judge: all these patients have weight 0", "give weights above 0")
    if index.by_horizon and np.isfinite(horizon):
        evaluation = evaluation.at(int(np.flatnonzero(evaluation.horizons == horizon)[0]))
    try:
        index.measure(evaluation, False)
    except PrognosisError as error:
        return error.findings[0]
    return None


@dataclass(frozen=True, eq=False)
class Work:
    """What every task of one model needs.

    Parameters
    ----------
    refits : of its recipe. judged : the study's rows. plan, rows : which rows a task takes. metrics : names.
    original : answers of the model fitted to all rows.
    """

    refits: Refits
    judged: Judged
    plan: Plan
    rows: PlanRows
    metrics: tuple[str, ...]
    original: Answers

    @property
    def chosen(self) -> tuple[Index, ...]:
        """The metrics themselves; only names travel."""
        return tuple(indexes()[name] for name in self.metrics)

    @property
    def resamples(self) -> bool:
        """True where tasks draw rows with replacement, and apparent values are corrected by them."""
        return self.plan.method in ("bootstrap", "632+")

    def __call__(self, index: int) -> Floats:
        """Values of one task.

        Returns
        -------
        Resamples: 3k values (in the resample, in the rows that judge, of the original model in the resample; the last
        for metrics fixed by construction only). Patients left out: k values, then their risks, row by row.
        """
        task = self.plan.task(self.rows, index)
        answers = self.refits(task.train, index + 1)
        held_out = values_of(self.judged.evaluation(answers, task.test), self.chosen, pooled=self.resamples)
        if not self.resamples:
            return np.concatenate([held_out, answers.risk[task.test].ravel()])
        inside = values_of(self.judged.evaluation(answers, task.train), self.chosen)
        return np.concatenate([inside, held_out, self._original(task.train)])

    def _original(self, train: Integers) -> Floats:
        if not any(index.fixed_when_apparent for index in self.chosen):
            return np.full(len(places_of(self.chosen, self.judged)), np.nan)
        evaluation = self.judged.evaluation(self.original, train)
        parts = [i.values(evaluation) if i.fixed_when_apparent else _unknown(evaluation, i) for i in self.chosen]
        return np.concatenate(parts)
