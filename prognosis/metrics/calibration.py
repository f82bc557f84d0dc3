"""How well predicted risks agree with what is observed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.cox_regression import fit_cox
from prognosis.risk_sets import build_risk_sets

Floats = NDArray[np.float64]


def calibration_slope(
    time: Floats,
    event: NDArray[np.bool_],
    linear_predictor: Floats,
    *,
    entry: Floats | None = None,
    weight: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
    efron: bool = True,
) -> float:
    """Estimate the calibration slope: the Cox coefficient of the linear predictor in these patients.

    1 is perfect, below 1 the predictions are too extreme (overfitting). Source: van Houwelingen (2000);
    the ``Slope`` of ``rms::validate``.

    Raises
    ------
    FitError
        When the slope cannot be estimated (the linear predictor separates the events).
    """
    risk_sets = build_risk_sets(time, event, entry, stratum, weight)
    fit = fit_cox(np.ascontiguousarray(linear_predictor[:, None]), risk_sets, ("linear predictor",), efron=efron)
    return float(fit.coefficients[0])
