"""An accelerated failure time model with location, slope and scale estimated anew in another cohort."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.outcome import SurvivalArrays
from prognosis.parametric.distributions import DISTRIBUTIONS
from prognosis.parametric.estimate import ParametricEstimate
from prognosis.parametric.likelihood import log_times
from prognosis.parametric.regression import fit_parametric
from prognosis.updating.likelihoods import SLOPE

Floats = NDArray[np.float64]


def parametric_with_slope(
    estimate: ParametricEstimate, design: Floats, outcome: SurvivalArrays, offset: Floats | None
) -> tuple[ParametricEstimate, float, float]:
    """Estimate location, slope of the linear predictor and scale (R: ``survreg(Surv(time, event) ~ lp)``).

    Returns
    -------
    Estimate, slope and its standard error. The covariance holds that of location, slope and scale and, times the
    square of the slope, the model's own of the coefficients, as if the two were independent.

    Raises
    ------
    FitError
        As `fit_parametric`.
    """
    eta, shape = estimate.linear_predictor(design), DISTRIBUTIONS[estimate.distribution]
    fit = fit_parametric(-eta[:, None], log_times(outcome), shape, SLOPE, offset=offset)
    slope, p = float(fit.coefficients[0]), len(estimate.names)
    # From (location at the mean, slope, log scale) to (location at the training means, log time ratios, log scale).
    moved = np.zeros((len(estimate.joint_covariance), len(fit.covariance)))
    moved[0, :2] = 1.0, -fit.means[0]
    moved[1 : p + 1, 1] = estimate.log_time_ratios
    if len(fit.covariance) > 2:
        moved[p + 1, 2] = 1.0
    covariance = moved @ fit.covariance @ moved.T
    covariance[1 : p + 1, 1 : p + 1] += slope**2 * estimate.covariance
    changed = replace(
        estimate,
        coefficients=slope * estimate.coefficients,
        location=float(fit.location - fit.means[0] * slope),
        scale=fit.scale,
        joint_covariance=covariance,
        event_times=np.unique(outcome.time[outcome.event == 1]),
        end=np.array([outcome.time.max()]),
        loglik=fit.loglik,
        robust="",
    )
    return changed, slope, float(np.sqrt(fit.covariance[1, 1]))
