"""Pooled models of every kind: their answers for a patient are Rubin's rules on that patient's answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cohorts.errors import FitError
from prognosis.imputation.chained import impute_training
from prognosis.imputation.pooled_hazards import pool_fine_gray
from prognosis.imputation.pooled_parametric import pool_parametric
from prognosis.models import AcceleratedFailureTime, FineGray
from tests.prognosis.incomplete import incomplete
from tests.prognosis.made import structured

TIMES = np.array([4.0, 12.0, 25.0])
Z = 1.959963984540054


def models_of(recipe, competing=False):
    """Fits to four completed copies, and forty patients' design columns."""
    frame, outcome = incomplete(300, seed=5)
    event = np.where((outcome.event == 1) & (np.arange(300) % 4 == 0), 2, outcome.event) if competing else outcome.event
    copies = impute_training(frame, outcome, copies=4, iterations=2).copies
    fits = [recipe().fit(copy, structured(outcome.time, event)) for copy in copies]
    return [fit.estimate_ for fit in fits], fits[0].preparation_.design(copies[0])[:40]


def pooled_by_patient(estimates, who):
    """Log cumulative hazard of each patient and its error by Rubin's rules over the copies' own models."""
    answers = [one.risk(who, TIMES, interval="log-log") for one in estimates]
    hazards = np.log([-np.log1p(-risk) for risk, _, _ in answers])
    errors = np.array([np.log(np.log1p(-high) / np.log1p(-risk)) / Z for risk, _, high in answers])
    total = (errors**2).mean(axis=0) + (1 + 1 / len(estimates)) * hazards.var(axis=0, ddof=1)
    return hazards.mean(axis=0), np.sqrt(total)


def of_pooled(estimate, who):
    risk, _, upper = estimate.risk(who, TIMES, interval="log-log")
    return np.log(-np.log1p(-risk)), np.log(np.log1p(-upper) / np.log1p(-risk)) / Z


@pytest.mark.parametrize("weighting", ["crr", "finegray"])
def test_fine_gray(weighting):
    estimates, who = models_of(lambda: FineGray(weighting=weighting), competing=True)
    estimate, pooled = pool_fine_gray(estimates, 100)
    hazard, error = pooled_by_patient(estimates, who)
    ours, our_error = of_pooled(estimate, who)
    np.testing.assert_allclose(ours, hazard, atol=1e-10)
    np.testing.assert_allclose(our_error, error, rtol=0.05)
    assert (pooled.complete_freedom == 100).all()
    assert list(pooled.with_t(estimate.summary())["term"]) == list(estimate.names)
    equal, _ = pool_fine_gray([estimates[0]] * 3, 100)
    np.testing.assert_allclose(equal.risk(who, TIMES), estimates[0].risk(who, TIMES), rtol=1e-9)


@pytest.mark.parametrize("distribution", ["weibull", "exponential", "lognormal"])
def test_accelerated_failure_time(distribution):
    estimates, who = models_of(lambda: AcceleratedFailureTime(distribution=distribution))
    estimate, pooled = pool_parametric(estimates, 300)
    hazard, error = pooled_by_patient(estimates, who)
    ours, our_error = of_pooled(estimate, who)
    np.testing.assert_allclose(ours, hazard, atol=0.01)
    np.testing.assert_allclose(our_error, error, rtol=0.05)
    np.testing.assert_allclose(pooled.estimate, estimate.log_time_ratios)
    parameters = len(estimate.names) + (1 if distribution == "exponential" else 2)
    assert (pooled.complete_freedom == 300 - parameters).all()
    table = pooled.with_t(estimate.summary())
    np.testing.assert_allclose(np.log(table["upper"]), pooled.summary()["upper"])
    equal, _ = pool_parametric([estimates[0]] * 2, 300)
    np.testing.assert_allclose(equal.risk(who, TIMES), estimates[0].risk(who, TIMES), rtol=1e-9)


def test_other_terms_are_refused():
    (first, second, *_), _ = models_of(AcceleratedFailureTime)
    other = replace(second, names=tuple(reversed(second.names)))
    with pytest.raises(FitError, match="different terms") as caught:
        pool_parametric([first, other], 300)
    assert caught.value.code == "C39"
