"""A linear predictor as the one column of a Cox model: the calibration slope and what it gains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.counted_rows import Drawn, counted_rows
from prognosis.cox.estimability import FARTHEST, LARGEST
from prognosis.cox.regression import fit_cox
from prognosis.evaluation import NONE, Recalibration
from prognosis.kernels.counted_cox import search_slope
from prognosis.kernels.cox_likelihood import evaluate
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
    alike = outcome.entry is None and special.stratum is None and (special.weight == 1).all()
    found = _counted(outcome, linear_predictor, efron) if alike else None
    if found is not None:
        return found
    sets = build_risk_sets(outcome.time, outcome.event == 1, outcome.entry, special.stratum, special.weight)
    column = np.ascontiguousarray(linear_predictor[:, None])
    fit = fit_cox(column, sets, NAME, efron=efron)
    given = evaluate(column, np.zeros(len(column)), sets, np.ones(1), efron)[0]
    error = float(np.sqrt(fit.covariance[0, 0]))
    return Recalibration(float(fit.coefficients[0]), fit.loglik[0], float(given), fit.loglik[1], error)


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
    x = linear_predictor[drawn.rows]
    if not len(drawn.events) or not x.max() > x.min():
        return None
    n = float(drawn.copies.sum())
    x = x - float(drawn.copies @ x) / n
    slope, null, given, refitted, before, after = search_slope(x, drawn, efron)
    spread = float(np.sqrt(drawn.copies @ x**2 / n))
    sure = np.isfinite(slope) and after * DOUBT > VANISHED * before and float(np.abs(slope * x).max()) < FARTHEST / 2
    if not sure or max(abs(slope), after**-0.5) * spread > DOUBT * LARGEST:
        return None
    return Recalibration(slope, null, given, refitted, float(after**-0.5))
