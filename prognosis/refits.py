"""Refits of a recipe to some rows of a study, and their answers for all of them: what every resampling is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.evaluation import Evaluation, Recalibration
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What one fitted model says of n patients.

    Parameters
    ----------
    marker : (n,) orders patients by risk. linear_predictor : (n,). risk : (n, h) probability of the event by each
        horizon, not a number beyond the model's follow-up. recalibrate : of some rows (repeats allowed).
    """

    marker: Floats
    linear_predictor: Floats
    risk: Floats
    recalibrate: Callable[[Integers], Recalibration]


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


@dataclass(frozen=True)
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
        return Evaluation(
            self.outcome.take(rows),
            answers.marker[rows],
            answers.linear_predictor[rows] if len(answers.linear_predictor) else answers.linear_predictor,
            self.horizons,
            answers.risk[rows],
            None if self.weight is None else self.weight[rows],
            None if self.stratum is None else self.stratum[rows],
            lambda: answers.recalibrate(rows),
            self.thresholds,
        )


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
        refit = self.recipe.fresh().of_patients(train)
        if task and "task" in refit.get_params(deep=False):
            refit.set_params(task=task)
        # A patient drawn twice is two rows: ids must be unique, so that no later step can mistake them.
        X = self.X.iloc[train].set_axis(pd.RangeIndex(len(train)), axis="index")
        answers: Answers = refit.fit(X, self.y[train]).answers(self.X, self.y, self.horizons)
        return answers
