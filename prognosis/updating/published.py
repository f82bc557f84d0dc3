"""A published model at a new level, or as one whose coefficients count as known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.baseline import Baseline
from prognosis.cox.estimate import CoxEstimate
from prognosis.logistic.estimate import LogisticEstimate
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


def published_with_level(estimate: PublishedHazard, level: Level) -> PublishedHazard:
    """Multiply the baseline at all published horizons by exp(intercept)."""
    return replace(estimate, cumulative_hazard=np.exp(level.intercept) * estimate.cumulative_hazard)
