"""Score residuals of a Cox model and the robust covariance that they give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]


def score_residuals(design: Floats, eta: Floats, risk_sets: RiskSets, efron: bool = True) -> Floats:
    """Each row's contribution to the score, (n, p), without case weights.

    Source: Therneau and Grambsch (2000), section 4.3; R's ``residuals(coxph, "score")``. `eta` is the linear
    predictor with offset; tied events share the averaged risk set of Efron's approximation.
    """
    r = risk_sets
    sums = event_sums(design, eta, risk_sets, efron)
    _, s1, _, d1, ties = sums
    drift = ties[:, 3, None] * s1 - ties[:, 4, None] * d1
    drift_tied = ties[:, 4, None] * s1 - ties[:, 5, None] * d1
    mean_of_ties = (ties[:, 1, None] * s1 - ties[:, 2, None] * d1) / r.death_weight[:, None]
    own = over_risk_time(ties[:, 1:2].copy(), risk_sets)[:, 0]
    shared = over_risk_time(drift, risk_sets)
    died = r.death >= 0
    own[died] -= ties[r.death[died], 2]
    shared[died] -= drift_tied[r.death[died]]
    residual = -np.exp(eta)[:, None] * (design * own[:, None] - shared)
    residual[died] += design[died] - mean_of_ties[r.death[died]]
    return residual


def robust_covariance(
    residuals: Floats, weight: Floats, covariance: Floats, cluster: NDArray[np.int64] | None = None
) -> Floats:
    """Sandwich covariance of the coefficients from (clustered) score residuals.

    Source: Lin and Wei (1989); R's ``coxph(robust=TRUE)`` and ``cluster=``.

    Raises
    ------
    FitError
        C29 when there are no more clusters than coefficients: their scores sum to zero, so that the covariance would
        be singular (with one cluster zero, and every effect "significant").
    """
    clusters, p = len(residuals) if cluster is None else len(np.unique(cluster)), residuals.shape[1]
    if clusters <= p:
        rule = f"{clusters} clusters for {p} parameters: robust errors cannot be estimated"
        raise FitError(Finding("C29", rule, "leave cluster out, or use fewer predictors"))
    influence = (residuals * weight[:, None]) @ covariance
    if cluster is not None:
        summed = np.zeros((int(cluster.max()) + 1, influence.shape[1]))
        np.add.at(summed, cluster, influence)
        influence = summed
    return influence.T @ influence
