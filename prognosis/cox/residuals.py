"""Residuals of a Cox model, one value (or one a column) for each row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]


def martingale_residuals(eta: Floats, risk_sets: RiskSets, efron: bool = True) -> Floats:
    """Observed minus expected events of each row, (n,), at the linear predictor (with offset) `eta`.

    Source: Therneau and Grambsch (2000), section 4.2; R's ``residuals(coxph, "martingale")``. Under Efron's
    approximation a tied event has part of the hazard step only.
    """
    *_, ties = event_sums(np.empty((len(eta), 0)), eta, risk_sets, efron)
    return (risk_sets.death >= 0) - np.exp(eta) * _hazard_of_rows(ties, risk_sets)


def deviance_residuals(martingale: Floats, events: Floats | NDArray[np.bool_]) -> Floats:
    """Martingale residuals made more symmetric, (n,); `events` counts each row's (or cluster's) events.

    Source: Therneau, Grambsch and Fleming (1990); R's ``residuals(coxph, "deviance")``, which has no answer (or a
    wrong one) for several events: it leaves out the division by their number.
    """
    count = np.asarray(events, float)
    share = np.where(count > 0, (count - martingale) / np.maximum(count, 1.0), 1.0)
    # Rounding can make the deviance of a martingale residual near zero negative.
    return np.asarray(np.sign(martingale) * np.sqrt(np.maximum(-2 * (martingale + count * np.log(share)), 0.0)))


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
    shared = over_risk_time(drift, risk_sets)
    died = r.death >= 0
    shared[died] -= drift_tied[r.death[died]]
    residual = -np.exp(eta)[:, None] * (design * _hazard_of_rows(ties, risk_sets)[:, None] - shared)
    residual[died] += design[died] - mean_covariates(sums, risk_sets)[r.death[died]]
    return residual


def mean_covariates(sums: tuple[Floats, ...], risk_sets: RiskSets) -> Floats:
    """Mean of the columns over the risk set of each event time, (G, p), from `event_sums`; ties averaged as fitted."""
    _, s1, _, d1, ties = sums
    expected: Floats = (ties[:, 1, None] * s1 - ties[:, 2, None] * d1) / risk_sets.death_weight[:, None]
    return expected


def _hazard_of_rows(ties: Floats, risk_sets: RiskSets) -> Floats:
    """Baseline hazard that each row passed through, (n,)."""
    hazard: Floats = over_risk_time(ties[:, 1:2].copy(), risk_sets)[:, 0]
    died = risk_sets.death >= 0
    hazard[died] -= ties[risk_sets.death[died], 2]
    return hazard


def dfbeta(score: Floats, weight: Floats, covariance: Floats) -> Floats:
    """Approximate change of the coefficients when a row is left out, (n, p), weighted.

    Parameters
    ----------
    score : (n, p) of `score_residuals`. weight : (n,). covariance : (p, p) model-based, never the robust one.

    Notes
    -----
    Source: Cain and Lange (1984); R's ``residuals(coxph, "dfbeta")``.
    """
    return np.asarray((score * weight[:, None]) @ covariance)


def dfbetas(score: Floats, weight: Floats, covariance: Floats) -> Floats:
    """`dfbeta` in model-based standard errors of each coefficient, (n, p); R's ``residuals(coxph, "dfbetas")``."""
    return dfbeta(score, weight, covariance) / np.sqrt(np.diag(covariance))
