"""Refits of a recipe to some rows of a study, and their answers for all of them: what every resampling is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.cox.counted_rows import CountedRows, counted_rows
from prognosis.evaluation import NONE, Evaluation, Recalibration
from prognosis.kernels.concordance import ConcordanceCounts, counted_pairs, ranks_of
from prognosis.metrics.weights import CensoringWeights, censoring_weights
from prognosis.outcome import SurvivalArrays, pairs_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answers:
    """What one fitted model says of n patients.

    Parameters
    ----------
    marker : (n,) orders patients by risk. linear_predictor : (n,). risks : (n, h) probability of the event by each
        horizon, not a number beyond the model's follow-up; or what gives it when asked. recalibrate : of some rows
        (repeats allowed).
    """

    marker: Floats
    linear_predictor: Floats
    risks: Floats | Callable[[], Floats]
    recalibrate: Callable[[Integers], Recalibration]

    @cached_property
    def risk(self) -> Floats:
        """Probability of the event by each horizon, (n, h)."""
        return self.risks() if callable(self.risks) else self.risks

    @cached_property
    def ranks(self) -> Integers:
        """Ranks of the markers from 1, (n,); equal markers have one rank."""
        return ranks_of(self.marker)


class Refits(Protocol):
    """Fits a recipe to chosen rows and answers for all rows."""

    def __call__(self, train: Integers, task: int) -> Answers:
        """Fit to the rows `train` (a row drawn twice is two patients) and answer for every row.

        Parameters
        ----------
        train : row numbers. task : number of the resample, 0 for the fit to all rows; a recipe with random steps of
            its own has a stream for each.

        Raises
        ------
        PrognosisError
            What the fit of the recipe raises.
        """


@dataclass(frozen=True, eq=False)
class Judged:
    """Rows of a study as they are judged: the outcome, and which of them count.

    Parameters
    ----------
    outcome : (n,). weight : (n,) case weights or None; rows of weight 0 are never judged. stratum : (n,) or None.
    horizons : (h,). thresholds : see `Evaluation`.
    """

    outcome: SurvivalArrays
    weight: Floats | None
    stratum: Integers | None
    horizons: Floats
    thresholds: tuple[float, ...] = ()

    def evaluation(self, answers: Answers, rows: Integers) -> Evaluation:
        """Put answers and outcome of some rows together."""
        if self.weight is not None:
            rows = rows[self.weight[rows] > 0]
        whole = self._everybody(rows)
        return Evaluation(
            self.outcome if whole else self.outcome.take(rows),
            answers.marker if whole else answers.marker[rows],
            answers.linear_predictor[rows] if len(answers.linear_predictor) and not whole else answers.linear_predictor,
            self.horizons,
            lambda: answers.risk[rows],
            None if self.weight is None else self.weight[rows],
            None if self.stratum is None else self.stratum[rows],
            lambda: answers.recalibrate(rows),
            self.thresholds,
            None if self.by_time is None else partial(self._concordance, answers, rows),
            partial(getattr, self, "censoring") if whole else None,
        )

    @cached_property
    def by_time(self) -> CountedRows | None:
        """All rows sorted by time, once for all tasks; None where pairs depend on more than time, event and marker."""
        if self.weight is not None or self.stratum is not None or self.outcome.entry is not None:
            return None
        rows = counted_rows(*pairs_of(self.outcome), NONE)
        return None if rows is None or rows.unsure else rows

    @cached_property
    def censoring(self) -> CensoringWeights:
        """Weights for censoring of all rows, which judge every refit of a bootstrap."""
        return censoring_weights(self.outcome, self.horizons)

    def _everybody(self, rows: Integers) -> bool:
        return len(rows) == len(self.outcome.event) and bool((rows == np.arange(len(rows))).all())

    def _concordance(self, answers: Answers, rows: Integers) -> float:
        """Harrell's C in some rows, by how often each was drawn."""
        known = cast("CountedRows", self.by_time)
        counts = np.bincount(rows, minlength=len(known.order))
        return ConcordanceCounts(*counted_pairs(known.order, known.run, known.died, answers.ranks, counts)).concordance


@dataclass(frozen=True)
class RecipeRefits:
    """Refits by copying the recipe and fitting the copy; serves every recipe.

    Parameters
    ----------
    recipe : fitted or not; its copies are fitted. X : (n, predictors and auxiliary columns). y : (n,) outcome.
    horizons : (h,) of the risks.
    """

    recipe: Any
    X: pd.DataFrame
    y: NDArray[np.void]
    horizons: Floats

    def __call__(self, train: Integers, task: int) -> Answers:
        """Fit a copy to the rows and answer for all; see `Refits`."""
        answers: Answers = self.fitted(train, task).answers(self.X, self.y, self.horizons)
        return answers

    def fitted(self, train: Integers, task: int) -> Any:
        """Fit a copy to the rows; see `Refits`."""
        refit = self.recipe.fresh().of_patients(train)
        if task and "task" in refit.get_params(deep=False):
            refit.set_params(task=task)
        # A patient drawn twice is two rows: ids must be unique, so that no later step can mistake them.
        X = self.X.iloc[train].set_axis(pd.RangeIndex(len(train)), axis="index")
        return refit.fit(X, self.y[train])
