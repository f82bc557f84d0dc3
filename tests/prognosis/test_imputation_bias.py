"""What imputation is for: estimates that leaving patients out, or forgetting the outcome, would bias."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prognosis.imputation.chained import impute_training
from prognosis.imputation.pooling import pool
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made import structured

TRUTH = np.array([0.4, 0.5])
REPEATS = 16


def cohort(seed, n=600):
    """Two correlated predictors of a hazard; the second is missing for two thirds of those with an event."""
    g = np.random.default_rng(seed)
    a = g.normal(size=n)
    b = 0.5 * a + np.sqrt(0.75) * g.normal(size=n)
    time, censored = g.exponential(np.exp(-TRUTH @ [a, b])), g.uniform(0.3, 2, n)
    event = (time <= censored).astype(np.int64)
    gone = g.random(n) < 1 / (1 + np.exp(2.5 - 3.2 * event))
    return pd.DataFrame({"a": a, "b": np.where(gone, np.nan, b)}), SurvivalArrays(np.minimum(time, censored), event)


def fitted(frame, outcome):
    return Cox().fit(frame, structured(outcome.time, outcome.event)).estimate_


def pooled(frame, outcome, seen):
    copies = impute_training(frame, seen, copies=5, iterations=2, seed=9).copies
    fits = [fitted(copy, outcome) for copy in copies]
    names, coefficients, covariances = zip(
        *((fit.names, fit.coefficients, fit.covariance) for fit in fits), strict=True
    )
    return pool(names, coefficients, covariances, outcome.event.sum() - 2)


@pytest.fixture(scope="module")
def repeats():
    """Estimates of (complete cases, imputed, imputed without the outcome), and whether the intervals hold the truth."""
    estimates, held = [], []
    for seed in range(REPEATS):
        frame, outcome = cohort(seed)
        known = frame["b"].notna().to_numpy()
        right, blind = pooled(frame, outcome, outcome), pooled(frame, outcome, None)
        estimates.append([fitted(frame[known], outcome.take(known)).coefficients, right.estimate, blind.estimate])
        limits = right.summary()
        held.append((limits["lower"] < TRUTH) & (limits["upper"] > TRUTH))
    return np.array(estimates), np.array(held)


def test_imputation_with_the_outcome_is_unbiased_where_complete_cases_are_not(repeats):
    estimates, _ = repeats
    error = estimates.std(axis=0, ddof=1) / np.sqrt(REPEATS)
    bias = estimates.mean(axis=0) - TRUTH
    assert (np.abs(bias[1]) < 3 * error[1] + 0.02).all()
    assert bias[0, 1] > 0.08
    assert bias[0, 1] > 3 * error[0, 1]


def test_leaving_the_outcome_out_weakens_the_effect(repeats):
    estimates, _ = repeats
    _complete, right, blind = estimates.mean(axis=0)
    # of 0.5 about half is left: imputed values know nothing of the hazard; the correlated predictor takes some over
    assert blind[1] < 0.7 * right[1]
    assert blind[0] > right[0] + 0.04


def test_intervals_hold_the_truth_about_as_often_as_they_say(repeats):
    _, held = repeats
    assert held.mean() >= 0.85


def test_missing_completely_at_random_costs_precision_that_imputation_partly_wins_back():
    frame, outcome = cohort(3)
    g = np.random.default_rng(5)
    whole = frame["b"].fillna(frame["a"])
    frame["b"] = whole.mask(g.random(len(whole)) < 0.4)
    known = frame["b"].notna().to_numpy()
    summary = pooled(frame, outcome, outcome).summary()
    complete = np.sqrt(np.diag(fitted(frame[known], outcome.take(known)).covariance))
    full = np.sqrt(np.diag(fitted(frame.assign(b=whole), outcome).covariance))
    # the predictor that was never missing is estimated from everyone
    assert full[0] < summary["se"][0] < complete[0]
    assert full[1] < summary["se"][1]
    assert summary["fmi"][1] > summary["fmi"][0] > 0
