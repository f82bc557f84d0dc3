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
from prognosis.cox.recalibration import DOUBT, CoxRecalibrations, slope_of
from prognosis.cox.resampled_design import Groups, ResampledDesign, groups_of, resampled_design
from prognosis.cox.residuals import dfbeta, score_residuals
from prognosis.evaluation import Recalibration
from prognosis.kernels.counted_cox import baseline_at
from prognosis.kernels.resampled_cox import search
from prognosis.kernels.standardise import IN_PLACE, standardised
from prognosis.newton import ROUNDING, VANISHED
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.recipe import as_frame
from prognosis.refits import Answers, RecipeRefits, Refits
from prognosis.risk_sets import build_risk_sets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CoxRefits:
    """Refits of an unweighted Cox model of one stratum without delayed entry.

    Parameters
    ----------
    general : serves every recipe, and what is in doubt here. outcome : (n,). horizons : (h,). rows : sorted.
    columns : design of resamples. groups : its categories. start : (p,) coefficients to start from. influence : (n, p)
    what one copy more of a row changes in them (dfbeta), which brings the start to within a twentieth of a standard
    error of where the search ends.
    """

    general: RecipeRefits
    outcome: SurvivalArrays
    horizons: Floats
    rows: CountedRows
    columns: ResampledDesign
    groups: Groups
    start: Floats
    influence: Floats

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
        if not self.groups.have_events(train) or (drawn := self.rows.draw(train)) is None:
            return None
        if (eta := self._fit(self.columns.of(train), drawn)) is None:
            return None
        return Answers(eta, eta, partial(self._risk, eta, drawn), partial(self._recalibrate, eta, (train, drawn)))

    def _fit(self, design: Floats, drawn: Drawn) -> Floats | None:
        """Linear predictor of all rows, (n,); None where the columns or the estimate are in doubt."""
        eta: Floats
        found, scales, products, beta, information, ends, eta = search(
            design, drawn, self.start, self.influence, self._efron
        )
        if not found or not (scales * DOUBT > 1 / LARGEST).all():
            return None
        values, (least, *_) = np.linalg.eigvalsh(np.stack([products, information]))
        if not values[0] * CONDITION_LIMIT * DOUBT > values[-1] or _is_extreme(beta, float(least), ends):
            return None
        if not _surely_known(float(least), ends, values[-1] * (1 + np.log(drawn.copies.sum()))):
            self._check_known(design[drawn.rows], drawn, (beta, information))
        return eta

    def _check_known(self, design: Floats, drawn: Drawn, found: tuple[Floats, Floats]) -> None:
        """Raise what `fit_cox` raises of columns that depend on each other or separate the events."""
        columns, (beta, information) = standardised(design, drawn.copies, IN_PLACE)[0], found
        checks = Estimability(self.columns.preparation.names, "partial likelihood", REMEDY)
        at_zero = counted_likelihood(columns, drawn, efron=self._efron)(np.zeros(len(beta)))[2]
        checks.check_independent(at_zero)
        checks.check_known(at_zero, information, beta, checks.inverse(information, beta))

    def _risk(self, eta: Floats, drawn: Drawn) -> Floats:
        """Risk of all rows by each horizon, (n, h); not a number beyond the last observed time of the resample."""
        last = self.rows.number_by(drawn, self.horizons)
        hazard = baseline_at(eta[drawn.rows], drawn, last, self._efron)
        hazard = np.where(self.horizons > self.rows.end(drawn, self.outcome.time), np.nan, hazard)
        # A patient beyond all numbers has risk 1.
        with np.errstate(over="ignore"):
            return 1 - np.exp(-np.exp(np.minimum(eta, LARGEST_EXPONENT))[:, None] * hazard)

    def _recalibrate(self, eta: Floats, trained: tuple[Integers, Drawn], rows: Integers) -> Recalibration:
        """Refit the partial likelihood of some rows to a linear predictor (n,) alone."""
        found = slope_of(eta, trained[1], self._efron) if rows is trained[0] else None
        return found or CoxRecalibrations(self.outcome, eta, self.rows, self._efron)(rows)


def _is_extreme(beta: Floats, least: float, ends: Floats) -> bool:
    """Tell whether an estimate on standardised columns comes near the limits of `fit_cox`.

    `least` : smallest eigenvalue of its information. `ends` : of the linear predictor of the rows.
    """
    largest = max(float(np.abs(beta).max()), least**-0.5 if least > 0 else np.inf)
    return largest > DOUBT * LARGEST_COEFFICIENT or float(np.abs(ends).max()) > FARTHEST / 2


def _surely_known(least: float, ends: Floats, most: float) -> bool:
    """Tell without the information at zero whether it and that at the estimate pass `Estimability`.

    `most` bounds it in every direction from above. It is below the information at the estimate by no more than the
    largest ratio of two risks.
    """
    at_zero = least * float(np.exp(ends[0] - ends[1]))
    return least * DOUBT > VANISHED * most and at_zero * DOUBT > ROUNDING * most


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
    groups = groups_of(predictors, outcome.event == 1, len(preparation.names))
    return CoxRefits(general, outcome, horizons, rows, columns, groups, *_start(recipe, columns, outcome))


def _start(recipe: Any, columns: ResampledDesign, outcome: SurvivalArrays) -> tuple[Floats, Floats]:
    """Coefficients of a fitted recipe with the influence of each row on them, else zeros."""
    estimate: Any = getattr(recipe, "estimate_", None)
    names, n = columns.preparation.names, len(outcome.event)
    if not isinstance(estimate, CoxEstimate) or estimate.names != names:
        return np.zeros(len(names)), np.zeros((n, len(names)))
    centred = np.ascontiguousarray(columns.design - estimate.means)
    sets = build_risk_sets(outcome.time, outcome.event == 1)
    residuals = score_residuals(centred, centred @ estimate.coefficients, sets, recipe.ties == "efron")
    influence = dfbeta(residuals, np.ones(n), estimate.naive_covariance)
    return np.array(estimate.coefficients), np.where(np.isfinite(influence), influence, 0.0)
