"""A logistic model with a new intercept, or a new intercept and slope, in another cohort."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.logistic.estimate import LogisticEstimate
from prognosis.logistic.regression import fit_logistic
from prognosis.updating.likelihoods import SLOPE, Level, NewRows

Floats = NDArray[np.float64]
NO_PROFILE = np.empty((0, 3))


def observe_logistic(
    estimate: LogisticEstimate, design: Floats, event: NDArray[np.bool_], offset: Floats | None
) -> NewRows:
    """Put new patients under a logistic model; its log odds at the training means are a part of the offset."""
    fixed = estimate.intercept + (np.zeros(len(design)) if offset is None else offset)
    return NewRows(event, design - estimate.means, estimate.names, estimate.linear_predictor(design), fixed)


def logistic_with_level(estimate: LogisticEstimate, level: Level) -> LogisticEstimate:
    """Add the new intercept (R: ``glm(y ~ offset(lp))``); its variance adds to the model's own in full."""
    joint, naive = (part.copy() for part in (estimate.joint_covariance, estimate.naive_covariance))
    for part in (joint, naive):
        part[0, 0] += level.intercept_error**2
    intercept = estimate.intercept + level.intercept
    return _unprofiled(replace(estimate, intercept=intercept, joint_covariance=joint, naive_covariance=naive))


def logistic_with_slope(estimate: LogisticEstimate, rows: NewRows) -> tuple[LogisticEstimate, float, float]:
    """Estimate intercept and slope of the linear predictor (R: ``glm(y ~ lp)``).

    Returns
    -------
    Estimate, slope and its standard error. The covariance holds that of intercept and slope and, times the square of
    the slope, the model's own of the coefficients, as if the two were independent.

    Raises
    ------
    FitError
        As `fit_logistic`.
    """
    own_offset = rows.offset - estimate.intercept
    fit = fit_logistic(rows.linear_predictor[:, None], rows.event, SLOPE, offset=own_offset)
    slope, p = float(fit.coefficients[0]), len(estimate.names)
    # From (log odds at the mean linear predictor, slope) to (log odds at the training means, coefficients).
    moved = np.zeros((p + 1, 2))
    moved[0] = 1.0, -fit.means[0]
    moved[1:, 1] = estimate.coefficients
    new, old = moved @ fit.joint_covariance @ moved.T, np.zeros((p + 1, p + 1))

    def joined(covariance: Floats) -> Floats:
        old[1:, 1:] = slope**2 * covariance[1:, 1:]
        return np.asarray(new + old)

    changed = replace(
        estimate,
        coefficients=slope * estimate.coefficients,
        intercept=float(fit.intercept - fit.means[0] * slope),
        joint_covariance=joined(estimate.joint_covariance),
        naive_covariance=joined(estimate.naive_covariance),
        loglik=fit.loglik,
    )
    return _unprofiled(changed), slope, float(np.sqrt(fit.joint_covariance[1, 1]))


def _unprofiled(estimate: LogisticEstimate) -> LogisticEstimate:
    """Leave out a Firth fit's profile, whose likelihood is no longer this model's."""
    return replace(estimate, penalty=estimate.penalty.replace("firth", ""), source=None, stored_profile=NO_PROFILE)
