"""Schoenfeld residuals: what each event's covariates differ from those then at risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.residuals import mean_covariates
from prognosis.kernels.cox_likelihood import event_sums
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]


def schoenfeld_residuals(
    design: Floats, eta: Floats, risk_sets: RiskSets, efron: bool = True
) -> tuple[Floats, NDArray[np.int64]]:
    """Covariates of each event minus their mean over the risk set.

    Parameters
    ----------
    design : (n, p). eta : (n,) linear predictor with offset; weights of the risk sets enter the means.

    Returns
    -------
    residuals : (d, p), one row for each of the d events, by time within strata, tied events in the order of the
        table, without case weights. rows : (d,) place of each event in the table.

    Notes
    -----
    Source: Schoenfeld (1982); R's ``residuals(coxph, "schoenfeld")``.
    """
    died = np.flatnonzero(risk_sets.death >= 0)
    rows = died[np.argsort(risk_sets.death[died], kind="stable")]
    means = mean_covariates(event_sums(design, eta, risk_sets, efron), risk_sets)
    return design[rows] - means[risk_sets.death[rows]], rows


def scaled_schoenfeld(residuals: Floats, coefficients: Floats, covariance: Floats) -> Floats:
    """Schoenfeld residuals on the scale of the coefficients, (d, p).

    Their trend in time is that of the log hazard ratio. `covariance` is model-based, (p, p).
    Source: Grambsch and Therneau (1994); R's ``residuals(coxph, "scaledsch")`` (the coefficient is added back).
    """
    return np.asarray(residuals @ covariance * len(residuals) + coefficients)
