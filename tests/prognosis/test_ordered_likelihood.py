"""The likelihood of rows in time order beside the one that stores the sums of all risk sets; the fit by both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis.cox.likelihood import evaluate
from prognosis.cox.ordered_likelihood import ordered_likelihood
from prognosis.cox.regression import fit_cox
from prognosis.risk_sets import build_risk_sets, in_time_order


def draw(seed, n, *, strata, distinct=False):
    """Rows with ties unless `distinct`, censored before, at and after events."""
    rng = np.random.default_rng(seed)
    time = rng.random(n) if distinct else rng.integers(1, max(2, n // 3), n).astype(float)
    event = rng.random(n) < 0.6
    event[0] = True
    stratum = rng.integers(0, 3, n) if strata else None
    design = np.ascontiguousarray(rng.standard_normal((n, 2)))
    return design, build_risk_sets(time, event, None, stratum, rng.choice([0.5, 1.0, 2.0], n))


@pytest.fixture
def always_ordered(monkeypatch):
    """Take the path of many event times whatever their number."""
    monkeypatch.setattr("prognosis.risk_sets.MANY_TIMES", 0)


def test_two_rows_by_hand(always_ordered):
    """The first of two dies: its share of the risk is 1 / (1 + exp(b))."""
    sets = build_risk_sets(np.array([1.0, 2.0]), np.array([True, False]))
    order, sets = in_time_order(sets)
    loglik, score, information = ordered_likelihood(np.array([[0.0], [1.0]])[order], None, sets, efron=True)(np.ones(1))
    share = np.e / (1 + np.e)
    np.testing.assert_allclose([loglik, score[0], information[0, 0]], [-np.log1p(np.e), -share, share * (1 - share)])


@given(st.integers(0, 10_000), st.integers(3, 60), st.booleans(), st.booleans(), st.booleans())
def test_same_as_with_all_sums_stored(seed, n, strata, distinct, efron):
    design, sets = draw(seed, n, strata=strata, distinct=distinct)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prognosis.risk_sets.MANY_TIMES", 0)
        order, ordered = in_time_order(sets)
    offset, beta = design[:, 0] ** 2, np.array([0.7, -1.2])
    expected = evaluate(design, offset, sets, beta, efron)
    found = ordered_likelihood(np.ascontiguousarray(design[order]), offset[order], ordered, efron=efron)(beta)
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-10, atol=1e-11 * n)


@pytest.mark.parametrize("efron", [True, False])
@pytest.mark.parametrize("strata", [True, False])
def test_more_rows_than_a_block(efron, strata):
    """Risk sets and their ties go on from one block of rows to the next."""
    design, sets = draw(1, 2000, strata=strata)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prognosis.risk_sets.MANY_TIMES", 0)
        by_order = fit_cox(design, sets, ("a", "b"), efron=efron)
    stored = fit_cox(design, sets, ("a", "b"), efron=efron)
    for name in ("coefficients", "covariance", "loglik", "score_test", "means"):
        np.testing.assert_allclose(getattr(by_order, name), getattr(stored, name), rtol=1e-10, atol=1e-14)


def test_evaluations_do_not_disturb_each_other(always_ordered):
    design, sets = draw(2, 50, strata=False)
    order, sets = in_time_order(sets)
    likelihood = ordered_likelihood(np.ascontiguousarray(design[order]), None, sets, efron=True)
    before = likelihood(np.zeros(2))
    likelihood(np.ones(2))
    for value, other in zip(likelihood(np.zeros(2)), before, strict=True):
        np.testing.assert_array_equal(value, other)


def test_risks_too_far_apart_are_not_finite(always_ordered):
    design, sets = draw(3, 30, strata=False)
    order, sets = in_time_order(sets)
    loglik = ordered_likelihood(np.ascontiguousarray(design[order]), None, sets, efron=True)(np.full(2, 1e300))[0]
    assert not np.isfinite(loglik)


@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from([1e-9, 1.0, 1e9]))
def test_one_walk_gives_the_risk_sets_of_one_stratum(seed, n, unit):
    """Times that differ by rounding included."""
    rng = np.random.default_rng(seed)
    time = rng.integers(0, 12, n) * unit + rng.choice([0.0, 1e-9, 1e-8, 2e-8], n)
    event = rng.random(n) < 0.5
    event[0] = True
    walked = build_risk_sets(time, event)
    general = build_risk_sets(time, event, None, np.zeros(n, np.int64))
    np.testing.assert_array_equal(np.diff(time[walked.order]) >= 0, True)
    for name in set(walked._fields) - {"order"}:
        np.testing.assert_array_equal(getattr(walked, name), getattr(general, name), err_msg=name)
