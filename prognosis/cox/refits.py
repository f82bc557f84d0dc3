"""Refits of a Cox model to resamples, many times faster than anew: rows sorted once, drawn as counts, a warm start.

Same numbers as a fit to copies of the rows, same refusals: whatever is in doubt goes the way of every recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import PrognosisError
from prognosis.column_checks import CONDITION_LIMIT, LARGEST, REMEDY, check_complete
from prognosis.cox.baseline import LARGEST_EXPONENT
from prognosis.cox.counted_rows import CountedRows, Drawn, counted_rows
from prognosis.cox.estimability import FARTHEST, Estimability
from prognosis.cox.estimability import LARGEST as LARGEST_COEFFICIENT
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.ordered_likelihood import counted_likelihood
from prognosis.cox.recalibration import DOUBT, recalibrate_cox, slope_of
from prognosis.cox.resampled_design import Groups, ResampledDesign, groups_of, resampled_design
from prognosis.evaluation import Recalibration
from prognosis.kernels.counted_cox import baseline_at
from prognosis.kernels.standardise import IN_PLACE, standardise
from prognosis.linear_predictor import linear_predictor_of
from prognosis.newton import climb
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.recipe import as_frame
from prognosis.refits import Answers, RecipeRefits, Refits
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CoxRefits:
    """Refits of an unweighted Cox model of one stratum without delayed entry.

    Parameters
    ----------
    general : serves every recipe, and what is in doubt here. outcome : (n,). horizons : (h,). rows : sorted.
    columns : design of resamples. groups : columns that are categories. start : (p,) coefficients to start from.
    """

    general: RecipeRefits
    outcome: SurvivalArrays
    horizons: Floats
    rows: CountedRows
    columns: ResampledDesign
    groups: tuple[Groups, ...]
    start: Floats

    def __call__(self, train: Integers, task: int) -> Answers:
        """Fit to the rows and answer for all; see `Refits`."""
        try:
            found = self._counted(train)
        except PrognosisError:
            found = None
        return self.general(train, task) if found is None else found

    @property
    def _efron(self) -> bool:
        return bool(self.general.recipe.ties == "efron")

    def _counted(self, train: Integers) -> Answers | None:
        """Answer by counts; None where a check of the general way might refuse."""
        if not self._has_enough(train) or (drawn := self.rows.draw(train)) is None:
            return None
        design = self.columns.of(train)
        if (fitted := self._fit(design, drawn)) is None:
            return None
        eta = linear_predictor_of(design, *fitted)
        return Answers(eta, eta, self._risk(eta, drawn), partial(self._recalibrate, eta))

    def _has_enough(self, train: Integers) -> bool:
        died = self.outcome.event == 1
        events, p = int(died[train].sum()), self.columns.design.shape[1]
        if len(train) < 3 or len(train) <= p or events < max(p, 1):
            return False
        return not any(group.without_events(train, died) for group in self.groups)

    def _fit(self, design: Floats, drawn: Drawn) -> tuple[Floats, Floats] | None:
        """Means and coefficients of the columns; None where the columns or the estimate are in doubt."""
        columns = np.empty((len(drawn.rows), design.shape[1]))
        means, scales, _ = standardise(design[drawn.rows], drawn.copies, IN_PLACE, columns)
        if not (scales * DOUBT > 1 / LARGEST).all() or _nearly_dependent(columns, drawn.copies):
            return None
        likelihood = counted_likelihood(columns, drawn, efron=self._efron)
        checks = Estimability(self.columns.preparation.names, "partial likelihood", REMEDY)
        at_zero = likelihood(np.zeros(len(scales)))
        checks.check_independent(at_zero[2])
        found = climb(likelihood, self.start * scales, lambda beta, at: checks.inverse(at[2], beta) @ at[1])
        checks.check_converged(found)
        covariance = checks.inverse(found.curvature, found.beta)
        checks.check_known(at_zero[2], found.curvature, found.beta, covariance)
        largest = max(float(np.abs(found.beta).max()), float(np.sqrt(np.diag(covariance)).max()))
        farthest = float(np.abs(columns @ found.beta).max())
        if largest > DOUBT * LARGEST_COEFFICIENT or farthest > FARTHEST / 2:
            return None
        return means, found.beta / scales

    def _risk(self, eta: Floats, drawn: Drawn) -> Floats:
        """Risk of all rows by each horizon, (n, h); not a number beyond the last observed time of the resample."""
        last = self.rows.number_by(drawn, self.horizons)
        hazard = baseline_at(eta[drawn.rows], drawn, last, self._efron)
        hazard = np.where(self.horizons > self.rows.end(drawn, self.outcome.time), np.nan, hazard)
        # A patient beyond all numbers has risk 1.
        with np.errstate(over="ignore"):
            return 1 - np.exp(-np.exp(np.minimum(eta, LARGEST_EXPONENT))[:, None] * hazard)

    def _recalibrate(self, eta: Floats, rows: Integers) -> Recalibration:
        """Refit the partial likelihood of some rows to a linear predictor (n,) alone."""
        drawn = self.rows.draw(rows)
        found = None if drawn is None else slope_of(eta, drawn, self._efron)
        if found is not None:
            return found
        alike = SpecialColumns(np.ones(len(rows)))
        return recalibrate_cox(self.outcome.take(rows), eta[rows], alike, efron=self._efron)


def _nearly_dependent(columns: Floats, count: Floats) -> bool:
    """Tell whether standardised columns come near the limit of their condition number."""
    values = np.linalg.eigvalsh((columns * count[:, None]).T @ columns)
    return not values[0] * CONDITION_LIMIT * DOUBT > values[-1]


def cox_refits(recipe: Any, X: pd.DataFrame, y: NDArray[np.void], horizons: Floats) -> Refits:
    """Return what refits a Cox recipe: by counts where they apply, else the general way.

    Counts serve one event, one stratum, no weights, offset, clusters, penalty or delayed entry, and complete columns.
    """
    general = RecipeRefits(recipe, X, y, horizons)
    if recipe.auxiliary or recipe.ridge or recipe.penalty or getattr(recipe, "_preparation", None):
        return general
    try:
        outcome, predictors = read_outcome(y), as_frame(X)
        if check_complete(predictors) or len(predictors) != len(outcome.event):
            return general
        preparation = recipe.learn(predictors)
        preparation.design(predictors)
    except PrognosisError:
        return general
    rows = counted_rows(outcome.time, outcome.event == 1, horizons)
    if rows is None or (outcome.event > 1).any() or outcome.entry is not None or outcome.last_free is not None:
        return general
    columns = resampled_design(predictors, preparation, dict(recipe.splines or {}), dict(recipe.transforms or {}))
    groups = [groups_of(predictors[name]) for name in preparation.predictors]
    known = tuple(group for group in groups if group is not None)
    return CoxRefits(general, outcome, horizons, rows, columns, known, _start(recipe, preparation.names))


def _start(recipe: Any, names: tuple[str, ...]) -> Floats:
    """Coefficients of a fitted recipe, else zeros."""
    estimate: Any = getattr(recipe, "estimate_", None)
    if not isinstance(estimate, CoxEstimate) or estimate.names != names:
        return np.zeros(len(names))
    return np.array(estimate.coefficients)
