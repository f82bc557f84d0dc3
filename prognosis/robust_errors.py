"""Robust errors: the sandwich covariance from the score residuals of any regression, by row or by cluster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]

# Robust over model-based variance: below this it is rounding.
VANISHED = 1e-20


def sum_by(values: Floats, group: NDArray[np.int64]) -> Floats:
    """Sum rows of the same group 0, 1, ..., as the ``collapse`` of R's residuals."""
    out = np.zeros((int(group.max(initial=-1)) + 1, *values.shape[1:]))
    np.add.at(out, group, values)
    return out


def robust_covariance(
    residuals: Floats, weight: Floats, covariance: Floats, cluster: NDArray[np.int64] | None = None
) -> Floats:
    """Sandwich covariance of the coefficients from (clustered) score residuals.

    Source: Lin and Wei (1989); R's ``coxph(robust=TRUE)`` and ``cluster=``.

    Raises
    ------
    FitError
        C29 when there are no more clusters than coefficients: their scores sum to zero, so that the covariance would
        be singular (with one cluster zero, and every effect "significant"); or when it is zero all the same.
    """
    clusters, p = len(residuals) if cluster is None else len(np.unique(cluster)), residuals.shape[1]
    if clusters <= p:
        rule = f"{clusters} clusters for {p} parameters: robust errors cannot be estimated"
        raise FitError(Finding("C29", rule, "leave cluster out, or use fewer predictors"))
    influence = (residuals * weight[:, None]) @ covariance
    if cluster is not None:
        influence = sum_by(influence, cluster)
    robust: Floats = influence.T @ influence
    if not (np.diag(robust) > VANISHED * np.diag(covariance)).all():
        rule = "a robust error is zero: the scores of all rows (or clusters) vanish, as when all events are at one time"
        raise FitError(Finding("C29", rule, "leave cluster out, or use fewer predictors"))
    return robust
