"""A published model at a new level, or as one whose coefficients count as known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.cox.baseline import Baseline
from prognosis.cox.estimate import CoxEstimate
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.metrics.observed_expected import calibration_intercept
from prognosis.outcome import SurvivalArrays
from prognosis.published.estimate import PublishedHazard, PublishedOdds
from prognosis.updating.likelihoods import Level

Floats = NDArray[np.float64]


def known_hazard(estimate: PublishedHazard) -> CoxEstimate:
    """Return a Cox model with these coefficients, without errors of their own and without a baseline.

    It serves to estimate a slope and a baseline in other patients; it must not predict.
    """
    p, never = len(estimate.names), np.array([np.inf])
    nothing = Baseline(never, np.array([0, 1]), np.zeros(1), np.zeros(1), np.zeros((1, p)), never)
    unknown = float("nan")
    return CoxEstimate(
        names=estimate.names,
        coefficients=estimate.coefficients,
        means=estimate.means,
        covariance=np.zeros((p, p)),
        naive_covariance=np.zeros((p, p)),
        baseline=nothing,
        loglik=(unknown, unknown),
        score_test=unknown,
        ties="efron",
    )


def known_odds(estimate: PublishedOdds) -> LogisticEstimate:
    """Return a logistic model with these numbers, without errors of their own."""
    p = len(estimate.names) + 1
    return LogisticEstimate(
        names=estimate.names,
        coefficients=estimate.coefficients,
        means=estimate.means,
        intercept=estimate.intercept,
        joint_covariance=np.zeros((p, p)),
        naive_covariance=np.zeros((p, p)),
        loglik=estimate.loglik,
        freedom=estimate.freedom,
    )


def published_level(estimate: PublishedHazard, design: Floats, outcome: SurvivalArrays) -> Level:
    """Estimate by how much the cumulative hazard at the last usable horizon is higher than published.

    The baseline between the horizons is not known, so events cannot be counted against it: the intercept of
    cloglog(observed) = intercept + cloglog(predicted), by pseudo-values (see `calibration_intercept`).

    Raises
    ------
    FitError
        E04 the follow-up ends before the first horizon. PredictionError: as `calibration_intercept`.
    """
    usable = estimate.time[estimate.time <= outcome.time.max()]
    if not len(usable):
        rule = f"the follow-up ends at {outcome.time.max():g}, before the first published horizon {estimate.time[0]:g}"
        raise FitError(Finding("E04", rule, "update in a cohort with a longer follow-up"))
    risk = estimate.risk(design, usable[-1:])[0]
    found = calibration_intercept(outcome, risk, usable[-1:])
    return Level(float("nan"), 1, float(found.estimate[0]), 1.0, float(found.std_err[0]))


def published_with_level(estimate: PublishedHazard, level: Level) -> PublishedHazard:
    """Multiply the baseline at all published horizons by exp(intercept)."""
    return replace(estimate, cumulative_hazard=np.exp(level.intercept) * estimate.cumulative_hazard)
