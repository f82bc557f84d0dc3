"""A linear predictor as the one column of a Cox model: the calibration slope and what it gains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.counted_rows import CountedRows, Drawn, counted_rows
from prognosis.cox.estimability import FARTHEST, LARGEST
from prognosis.cox.likelihood import evaluate
from prognosis.cox.regression import fit_cox
from prognosis.evaluation import NONE, Recalibration
from prognosis.kernels.counted_cox import search_slope
from prognosis.newton import VANISHED
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]
NAME = ("linear predictor",)
# A limit of the checks is in doubt from this part of it on.
DOUBT = 0.01


def recalibrate_cox(
    outcome: SurvivalArrays, linear_predictor: Floats, special: SpecialColumns, *, efron: bool = True
) -> Recalibration:
    """Estimate the Cox coefficient of a linear predictor, with the three log partial likelihoods about it.

    Parameters
    ----------
    outcome : of n rows; competing events leave at their time. linear_predictor : (n,). special : weights and strata
        of the rows. efron : ties, else Breslow's.

    Raises
    ------
    FitError
        The linear predictor is constant or separates the events.

    Notes
    -----
    Sources: van Houwelingen (2000); ``coxph(Surv(time, event) ~ lp)`` and the ``Slope``, ``D``, ``U`` and ``Q`` of
    ``rms::validate.cph``.
    """
    found = _counted(outcome, linear_predictor, efron) if counted_alike(outcome, special) else None
    if found is not None:
        return found
    sets = build_risk_sets(outcome.time, outcome.event == 1, outcome.entry, special.stratum, special.weight)
    column = np.ascontiguousarray(linear_predictor[:, None])
    fit = fit_cox(column, sets, NAME, efron=efron)
    given = evaluate(column, np.zeros(len(column)), sets, np.ones(1), efron)[0]
    error = float(np.sqrt(fit.covariance[0, 0]))
    return Recalibration(float(fit.coefficients[0]), fit.loglik[0], float(given), fit.loglik[1], error)


@dataclass(frozen=True, eq=False)
class CoxRecalibrations:
    """Recalibration of a linear predictor in chosen rows of one weight and stratum, which are sorted once.

    Parameters
    ----------
    outcome, linear_predictor : (n,). rows : by time; None where they cannot be counted. efron : ties, else Breslow's.
    """

    outcome: SurvivalArrays
    linear_predictor: Floats
    rows: CountedRows | None
    efron: bool

    def __call__(self, rows: NDArray[np.int64]) -> Recalibration:
        """Refit the partial likelihood of the rows (repeats allowed); raises as `recalibrate_cox`."""
        drawn = self.rows.draw(rows) if self.rows else None
        found = slope_of(self.linear_predictor, drawn, self.efron) if drawn else None
        if found is not None:
            return found
        alike = SpecialColumns(np.ones(len(rows)))
        return recalibrate_cox(self.outcome.take(rows), self.linear_predictor[rows], alike, efron=self.efron)


def counted_alike(outcome: SurvivalArrays, special: SpecialColumns) -> bool:
    """Tell whether rows differ in nothing but time and event: no delayed entry, one stratum, weights of 1."""
    return bool(outcome.entry is None and special.stratum is None and (special.weight == 1).all())


def _counted(outcome: SurvivalArrays, linear_predictor: Floats, efron: bool) -> Recalibration | None:
    """Estimate the same by `slope_of`: rows of one weight and stratum need no search over columns."""
    rows = counted_rows(outcome.time, outcome.event == 1, NONE)
    drawn = None if rows is None else rows.draw(np.arange(len(linear_predictor)))
    return None if drawn is None else slope_of(linear_predictor, drawn, efron)


def slope_of(linear_predictor: Floats, drawn: Drawn, efron: bool) -> Recalibration | None:
    """Estimate the calibration slope of rows that were drawn; None where a check of `fit_cox` might refuse it.

    Parameters
    ----------
    linear_predictor : (n,) of all rows. drawn : k of them. efron : ties, else Breslow's.
    """
    if not len(drawn.events):
        return None
    slope, null, given, refitted, before, after, spread, farthest = search_slope(linear_predictor, drawn, efron)
    sure = np.isfinite(slope) and after * DOUBT > VANISHED * before and abs(slope) * farthest < FARTHEST / 2
    if not sure or not spread > 0 or max(abs(slope), after**-0.5) * spread > DOUBT * LARGEST:
        return None
    return Recalibration(slope, null, given, refitted, float(after**-0.5))
