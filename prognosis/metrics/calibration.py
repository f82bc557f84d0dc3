"""How well predicted risks agree with what is observed."""

from __future__ import annotations

import numpy as np

from prognosis.cox.regression import fit_cox
from prognosis.recipe import Evaluation
from prognosis.risk_sets import build_risk_sets


def calibration_slope(evaluation: Evaluation) -> float:
    """Estimate the calibration slope: the coefficient of the linear predictor in these patients.

    1 is perfect, below 1 the predictions are too extreme (overfitting). The likelihood is the model's own, Cox where
    it names none. Source: van Houwelingen (2000); the ``Slope`` of ``rms::validate``.

    Raises
    ------
    FitError
        When the slope cannot be estimated (the linear predictor separates the events).
    """
    e = evaluation
    return e.slope() if e.slope else cox_slope(e)


def cox_slope(evaluation: Evaluation, efron: bool = True) -> float:
    """Estimate the Cox coefficient of the linear predictor, with the ties of the model."""
    e = evaluation
    risk_sets = build_risk_sets(e.time, e.event, e.entry, e.stratum, e.weight)
    column = np.ascontiguousarray(e.linear_predictor[:, None])
    return float(fit_cox(column, risk_sets, ("linear predictor",), efron=efron).coefficients[0])
