"""Uniform shrinkage of a fitted model: coefficients times a slope, the level of the risks kept.

A model fitted to few patients predicts too extremely; the slope that validation finds in new patients (or the
heuristic of van Houwelingen and le Cessie) says by how much.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from cohorts.errors import Finding, FitError
from prognosis.cox.baseline import estimate_baseline
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.likelihood import evaluate
from prognosis.cox.regression import CoxRegression
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]

MAX_ITERATIONS = 100
# Step of the intercept that no longer matters; Newton's next one would be its square.
LAST_STEP = 1e-10


def heuristic_shrinkage(loglik: tuple[float, float], parameters: int) -> float:
    """Estimate the slope in new patients, (LR - p) / LR with LR the likelihood-ratio statistic of p parameters.

    Zero or negative where the model explains no more than noise would.

    Source: van Houwelingen and le Cessie (1990), Statistics in Medicine 9:1303.

    Raises
    ------
    FitError
        Z04 when the model is no better than none, so that there is nothing to divide by.
    """
    statistic = 2 * (loglik[1] - loglik[0])
    if not statistic > 0:
        rule = f"a likelihood-ratio statistic of {statistic:.3g}: the predictors explain nothing"
        raise FitError(Finding("Z04", rule, "this model cannot be shrunk; look for better predictors"))
    return (statistic - parameters) / statistic


def shrink_cox(
    estimate: CoxEstimate, slope: float, centred: Floats, risk_sets: RiskSets, offset: Floats | None = None
) -> CoxEstimate:
    """Return the Cox model with all log hazard ratios times `slope` and the baseline estimated anew.

    Parameters
    ----------
    slope : above 0 and at most 1, for example the corrected calibration slope of a validation.
    centred : (n, p) training design minus the training means. risk_sets : of the same rows.
    offset : (n,) fixed part of the linear predictor, not shrunken.

    Raises
    ------
    FitError
        Z04 for a slope of zero, below, or above 1.

    Notes
    -----
    The expected number of events in the training rows equals the observed one again (with Breslow's ties; with
    Efron's by its own definition of what is expected). The covariance is multiplied by the squared slope: the slope
    counts as known. The log-likelihood is that of the shrunken coefficients in the training rows; the score test at
    zero stays. `estimate` must be the unshrunken one.
    """
    check_slope(slope)
    efron = estimate.ties == "efron"
    coefficients, squared = estimate.coefficients * slope, slope**2
    fixed = np.zeros(len(centred)) if offset is None else offset
    loglik = evaluate(np.ascontiguousarray(centred), fixed, risk_sets, coefficients, efron)[0]
    covariance = estimate.covariance * squared
    shrunken = CoxRegression(
        coefficients=coefficients,
        covariance=covariance,
        means=np.zeros(len(coefficients)),
        loglik=(estimate.loglik[0], float(loglik)),
        score_test=estimate.score_test,
        iterations=0,
    )
    return replace(
        estimate,
        coefficients=coefficients,
        covariance=covariance,
        naive_covariance=estimate.naive_covariance * squared,
        baseline=estimate_baseline(shrunken, centred, risk_sets, estimate.baseline.end, offset, efron),
        loglik=shrunken.loglik,
        # profile limits are those of the unshrunken likelihood
        profile=None,
    )


def shrink_logistic(
    estimate: LogisticEstimate,
    slope: float,
    centred: Floats,
    event: NDArray[np.bool_],
    weight: Floats | None = None,
    offset: Floats | None = None,
) -> LogisticEstimate:
    """Return the logistic model with all log odds ratios times `slope` and the intercept estimated anew.

    Parameters
    ----------
    slope : above 0 and at most 1. centred : (n, p) training design minus the training means. event, weight, offset :
        (n,) of the same rows; the offset is not shrunken.

    Raises
    ------
    FitError
        Z04 for a slope of zero, below, or above 1, and for Firth's fit, whose likelihood carries its own shrinkage.

    Notes
    -----
    The mean predicted risk in the training rows equals the share of events. The slope counts as known: coefficients
    have its square times their covariance, and the intercept that of its new estimate at the shrunken coefficients.
    Ridge and lasso fits can be shrunk, but are shrunken already. `estimate` must be the unshrunken one.
    """
    check_slope(slope)
    if estimate.penalty == "firth":
        rule = "Firth's fit is shrunken already, and its penalised likelihood has no meaning at other coefficients"
        raise FitError(Finding("Z04", rule, "leave it as it is, or shrink the maximum likelihood fit"))
    weights = np.ones(len(event)) if weight is None else weight
    fixed = np.zeros(len(event)) if offset is None else offset
    coefficients = slope * estimate.coefficients
    eta = fixed + centred @ coefficients
    intercept, variance = intercept_in_the_large(event, eta, weights)
    before = _orthogonal(centred, weights, estimate.intercept + fixed + centred @ estimate.coefficients)
    after = _orthogonal(centred, weights, intercept + eta)
    scale = np.append(math.sqrt(variance * before[0]), np.full(len(coefficients), slope))
    # There and back: in the middle the intercept is uncorrelated with the coefficients of a correct model.
    moved = np.linalg.solve(after[1], scale[:, None] * before[1])
    log_odds = intercept + eta
    loglik = float(weights @ np.where(np.asarray(event, bool), log_expit(log_odds), log_expit(-log_odds)))
    return replace(
        estimate,
        coefficients=coefficients,
        intercept=intercept,
        joint_covariance=moved @ estimate.joint_covariance @ moved.T,
        naive_covariance=moved @ estimate.naive_covariance @ moved.T,
        loglik=(estimate.loglik[0], loglik),
    )


def _orthogonal(centred: Floats, weights: Floats, log_odds: Floats) -> tuple[float, Floats]:
    """Information on the intercept, and the map from it to the log odds at the mean patient weighted by information.

    The map is (1 + p, 1 + p), of intercept and coefficients together.
    """
    risk = expit(log_odds)
    information = weights * risk * (1 - risk)
    move = np.eye(centred.shape[1] + 1)
    move[0, 1:] = information @ centred / information.sum()
    return float(information.sum()), move


def intercept_in_the_large(
    event: NDArray[np.bool_], linear_predictor: Floats, weight: Floats | None = None
) -> tuple[float, float]:
    """Intercept of a logistic model whose other part is fixed, and its variance.

    The intercept that makes the mean predicted risk equal the share of events: maximum likelihood with the linear
    predictor (n,) as an offset. Variance: 1 / sum(w p (1 - p)).

    Raises
    ------
    FitError
        Z05 when all patients, or none, have the event.
    """
    weights = np.ones(len(event)) if weight is None else weight
    happened = np.asarray(event, bool)
    observed, everyone = weights[happened].sum(), weights.sum()
    if not 0 < observed < everyone:
        rule = f"{int(happened.sum())} events among {len(happened)} patients: no intercept fits"
        raise FitError(Finding("Z05", rule, "check the event column and its codes"))
    # Between these two the predicted number of events passes the observed one.
    level = math.log(observed / (everyone - observed))
    low, high = level - float(linear_predictor.max()), level - float(linear_predictor.min())
    intercept = level - float(np.average(linear_predictor, weights=weights))
    for _ in range(MAX_ITERATIONS):
        risk = expit(intercept + linear_predictor)
        gap, slope = observed - weights @ risk, weights @ (risk * (1 - risk))
        low, high = (intercept, high) if gap > 0 else (low, intercept)
        step = gap / slope if slope > 0 else math.inf
        if abs(step) < LAST_STEP:
            break
        newton = intercept + step
        intercept = newton if low <= newton <= high else (low + high) / 2
    risk = expit(intercept + linear_predictor)
    information = float(weights @ (risk * (1 - risk)))
    return float(intercept), 1 / information if information > 0 else math.inf


def check_slope(slope: float) -> None:
    """Refuse (Z04) what would not shrink: a slope of 0 or below leaves no model, one above 1 makes it more extreme."""
    if not 0 < slope <= 1:
        rule = f"slope {slope:.4g} cannot shrink a model"
        way_out = (
            "above 1: leave the model as it is" if slope > 1 else "0 or below: the model predicts nothing in new rows"
        )
        raise FitError(Finding("Z04", rule, f"give a slope above 0 and up to 1; {way_out}"))
