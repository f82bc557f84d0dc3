"""A linear predictor as the one column of a Cox model: the calibration slope and what it gains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.regression import fit_cox
from prognosis.evaluation import Recalibration
from prognosis.kernels.cox_likelihood import evaluate
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]
NAME = ("linear predictor",)


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
    sets = build_risk_sets(outcome.time, outcome.event == 1, outcome.entry, special.stratum, special.weight)
    column = np.ascontiguousarray(linear_predictor[:, None])
    fit = fit_cox(column, sets, NAME, efron=efron)
    given = evaluate(column, np.zeros(len(column)), sets, np.ones(1), efron)[0]
    error = float(np.sqrt(fit.covariance[0, 0]))
    return Recalibration(float(fit.coefficients[0]), fit.loglik[0], float(given), fit.loglik[1], error)
