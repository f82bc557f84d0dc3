"""A recipe fitted to several completed copies of its rows, and pooled into one model that predicts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import Finding, FitError
from prognosis.answering import Answering
from prognosis.evaluation import NONE
from prognosis.imputation.chained import COPIES, ITERATIONS, impute_training
from prognosis.imputation.pooling import pool_chi_squares
from prognosis.outcome import read_outcome
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import Answers, Judged
from prognosis.regression import Regression

Floats = NDArray[np.float64]


class MultiplyImputed(Recipe):
    """Chained imputation, the recipe fitted to every copy, and the fits pooled by Rubin's rules.

    Parameters
    ----------
    recipe : a regression. copies, iterations, seed, task : of `impute_training`.

    Notes
    -----
    The outcome helps to impute training rows only. Any other patient, and every patient whose prediction is judged
    (also in training rows, so that apparent and corrected performance mean the same), is imputed without it by the
    stored model, and the answers are averaged over the draws. In a resample everything is done anew. Knots, levels and
    scales are learned once, on all copies together, so that every copy has the same columns.
    """

    def __init__(
        self, recipe: Regression, copies: int = COPIES, iterations: int = ITERATIONS, seed: int = 0, task: int = 0
    ) -> None:
        self.recipe = recipe
        self.copies = copies
        self.iterations = iterations
        self.seed = seed
        self.task = task

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return self.recipe.auxiliary

    @property
    def selects(self) -> bool:
        """As the recipe."""
        return self.recipe.selects

    @property
    def held_out_only(self) -> bool:
        """As the recipe."""
        return self.recipe.held_out_only

    @property
    def answering_recipe(self) -> Recipe:
        """The recipe that every copy is fitted by."""
        return self.recipe

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> MultiplyImputed:
        """Impute, fit every copy, pool; arguments as those of the recipe, with missing predictors allowed.

        Raises
        ------
        FitError
            C34 the recipe's fits cannot be pooled; besides everything that the recipe and `impute_training` raise.
        """
        if getattr(type(self.recipe), "pool", Regression.pool) is Regression.pool:
            rule = f"fits of {type(self.recipe).__name__} to imputed copies cannot be pooled by Rubin's rules"
            raise FitError(Finding("C34", rule, 'missing="complete_cases", or a regression such as Cox'))
        frame, timed = as_frame(X), "binary" not in self.recipe.endpoints
        extra = list(self.auxiliary)
        imputed = impute_training(
            frame.drop(columns=extra),
            read_outcome(y, timed),
            copies=self.copies,
            iterations=self.iterations,
            seed=self.seed,
            task=self.task,
        )
        patient = getattr(self, "_patient", None)
        preparation = self.recipe.learn(pd.concat(imputed.copies, ignore_index=True))
        whole = [pd.concat([completed, frame[extra]], axis=1) for completed in imputed.copies]
        fits = [self.recipe.fresh().of_patients(patient).prepared(preparation).fit(completed, y) for completed in whole]
        self.fits_, self.fitted_, self.preparation_ = fits, copy.copy(fits[0]), preparation
        self.estimate_, self.pooled_ = self.recipe.pool(fits)
        self.fitted_.estimate_ = self.estimate_
        self.training_, self.imputation_, self.report_ = fits[0].training_, imputed.stored, imputed.report
        found = (*imputed.findings, *(finding for fit in fits for finding in fit.warnings_))
        # what every copy says in its own numbers is said once, in those of the first
        first = {(finding.code, finding.column): finding for finding in reversed(found)}
        self.warnings_ = tuple(
            finding for finding in dict.fromkeys(found) if first[finding.code, finding.column] == finding
        )
        return self

    def proportional_hazards(self, transform: str = "km") -> pd.DataFrame:
        """Score test in every copy, pooled: mean chi-square, and p by the D2 rule; see `pool_chi_squares`.

        Raises
        ------
        FitError
            N03 the recipe has no such test.
        """
        if not hasattr(self.fitted_, "proportional_hazards"):
            rule = f"{type(self.recipe).__name__} models have no proportional hazards test"
            raise FitError(Finding("N03", rule, "fit Cox"))
        tables = [fit.proportional_hazards(transform) for fit in self.fits_]
        statistics = np.array([table["chisq"] for table in tables])
        pooled = [pool_chi_squares(column, int(df)) for column, df in zip(statistics.T, tables[0]["df"], strict=True)]
        mean, p = zip(*pooled, strict=True)
        return tables[0].assign(chisq=mean, p=p)

    def fresh(self) -> Any:
        """Return an unfitted copy whose recipe is judged as this one's is."""
        fresh = clone(self)
        fresh.recipe = self.recipe.fresh()
        return fresh

    def predict(self, X: pd.DataFrame | Floats) -> Floats:
        """Linear predictor of each row, (n,), averaged over the draws where a predictor is missing."""
        check_is_fitted(self, "estimate_")
        return self._averaged(as_frame(X), self.fitted_.predict)

    def _averaged(self, frame: pd.DataFrame, answer: Callable[[pd.DataFrame], Floats]) -> Floats:
        return self.imputation_.averaged(frame, lambda rows: (answer(rows),), seed=self.seed)[0]

    def answers(self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats) -> Answers:
        """Answer for n rows, averaged over the draws where a predictor is missing."""
        check_is_fitted(self, "estimate_")
        offset = getattr(self.recipe, "offset", None)
        answering = Answering(self.preparation_, self.estimate_, offset, self.imputation_, self.seed)
        marker = partial(self._averaged, answer=self.fitted_.marker)
        return self.fitted_.answers_from(X, y, horizons, answering, marker)

    def judged(
        self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats = NONE, thresholds: tuple[float, ...] = ()
    ) -> Judged:
        """Return rows as the recipe judges them."""
        return self.fitted_.judged(X, y, horizons, thresholds)
