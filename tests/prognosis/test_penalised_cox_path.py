"""The elastic-net Cox path: closed forms, our own ridge, optimality conditions, invariance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.cox.regression import fit_cox
from prognosis.kernels.elastic_net import violation_of
from prognosis.penalised.cox_path import (
    fit_path,
    log_partial_likelihood,
    penalty_sequence,
    saturated_loglik,
)
from prognosis.penalised.cox_validation import CoxRows
from tests.prognosis.slow import log_likelihood, numerical_gradient


def cohort(seed=1, n=60, p=4, *, efron=False, everything=True):
    """Tied times, delayed entry, strata, weights and an offset; two columns are correlated."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, p)) * np.geomspace(0.1, 10, p)
    x[:, 1] += x[:, 0]
    time = np.ceil(draw.exponential(6 * np.exp(-0.5 * x[:, 0] / x[:, 0].std())) * 2) / 2
    event = draw.random(n) < 0.7
    event[0] = True
    extra = {
        "weight": draw.integers(1, 4, n) / 2,
        "entry": np.where(draw.random(n) < 0.4, 0.5 * time * draw.random(n), 0.0),
        "stratum": draw.integers(0, 2, n),
        "offset": draw.normal(size=n) / 5,
    }
    return CoxRows(x, time, event, **(extra if everything else {"weight": np.ones(n)}), efron=efron)


def violation(rows, path, alpha):
    """Worst violation of the optimality conditions, the score by differences of the definition in plain loops."""
    likelihood = rows.likelihood()
    plain = {"x": rows.design, "time": rows.time, "event": rows.event, "weight": rows.weight}
    plain |= {"entry": rows.entry, "stratum": rows.stratum, "offset": rows.offset} if rows.entry is not None else {}
    ties = "efron" if rows.efron else "breslow"
    worst = 0.0
    for penalty, beta in zip(path.penalty, path.coefficients, strict=True):
        scaled = beta * likelihood.scales

        def value(b):
            return log_likelihood(b / likelihood.scales, plain, ties) / rows.weight.sum()

        score = numerical_gradient(value, scaled)
        l1 = np.full(len(beta), penalty * alpha)
        worst = max(worst, violation_of(score, scaled, l1, np.full(len(beta), penalty * (1 - alpha))))
    return worst


# Two patients, x = 1 dies first, x = 0 is censored: s = 1/2, the score per patient at b is (1 - e^b / (1 + e^b)) / 2.


@pytest.mark.parametrize("efron", [False, True])
@pytest.mark.parametrize("penalty", [0.4, 0.1, 0.001])
def test_lasso_of_two_patients(penalty, efron):
    """The condition (1 - risk) / 2 = penalty / 2 gives b = log((1 - penalty) / penalty)."""
    rows = CoxRows(np.array([[1.0], [0.0]]), np.array([1.0, 2.0]), np.array([True, False]), np.ones(2), efron=efron)
    likelihood = rows.likelihood()
    assert penalty_sequence(likelihood, 1.0)[0] == pytest.approx(0.5, rel=1e-15)
    found = fit_path(likelihood, 1.0, np.array([penalty])).coefficients[0, 0]
    assert found == pytest.approx(np.log((1 - penalty) / penalty), rel=1e-9)


def test_ridge_of_two_patients():
    """The condition (1 - risk) / 2 = penalty b / 4 at b = log 3: penalty = 1 / (2 log 3)."""
    rows = CoxRows(np.array([[1.0], [0.0]]), np.array([1.0, 2.0]), np.array([True, False]), np.ones(2))
    found = fit_path(rows.likelihood(), 0.0, np.array([0.5 / np.log(3)])).coefficients[0, 0]
    assert found == pytest.approx(np.log(3), rel=1e-9)


@pytest.mark.parametrize("efron", [False, True])
def test_the_sequence_starts_where_everything_is_exactly_zero(efron):
    rows = cohort(efron=efron)
    for alpha in (1.0, 0.5):
        path = fit_path(rows.likelihood(), alpha)
        largest = path.penalty[0]
        np.testing.assert_array_equal(path.coefficients[0], 0.0)
        assert path.nonzero[1] == 1
        assert path.explained[0] == 0.0
        above = fit_path(rows.likelihood(), alpha, np.array([10 * largest, 1.001 * largest, 0.99 * largest]))
        np.testing.assert_array_equal(above.nonzero, [0, 0, 1])
        np.testing.assert_allclose(np.diff(np.log(path.penalty)), np.log(1e-4) / 99, rtol=1e-10)


@pytest.mark.parametrize("efron", [False, True])
def test_ridge_equals_our_own_ridge_fit(efron):
    """R's ridge(scale=TRUE) penalises with the n - 1 variance and the whole likelihood: ridge = penalty (n - 1)."""
    rows = cohort(efron=efron, everything=False)
    n, names = len(rows.time), ("a", "b", "c", "d")
    for penalty in (1.0, 0.01):
        expected = fit_cox(rows.design, rows.risk_sets(), names, efron=efron, ridge=penalty * (n - 1)).coefficients
        found = fit_path(rows.likelihood(), 0.0, np.array([penalty])).coefficients[0]
        np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("efron", [False, True])
def test_optimality_by_the_definition(alpha, efron):
    """With entry, strata, weights, offset and ties; differences of the slow likelihood give 1e-8 at best."""
    rows = cohort(efron=efron)
    path = fit_path(rows.likelihood(), alpha, np.array([0.2, 0.05, 0.005]))
    assert violation(rows, path, alpha) < 1e-8


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), alpha=st.sampled_from([1.0, 0.5, 0.1, 0.0]), efron=st.booleans())
def test_optimality_and_falling_deviance_along_the_path(seed, alpha, efron):
    rows = cohort(seed, n=40, p=6, efron=efron)
    likelihood = rows.likelihood()
    path = fit_path(likelihood, alpha)
    for penalty, beta in zip(path.penalty, path.coefficients * likelihood.scales, strict=True):
        l1, l2 = np.full(6, penalty * alpha), np.full(6, penalty * (1 - alpha))
        assert violation_of(likelihood.score(beta), beta, l1, l2) < 1e-8
    assert (np.diff(path.explained) >= -1e-12).all()
    assert path.explained[-1] <= 1


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.0])
def test_more_columns_than_rows(alpha):
    """Ridge goes through the row space, the others through the columns that may enter; the conditions hold."""
    draw = np.random.default_rng(4)
    x, time, event = draw.normal(size=(40, 120)), draw.exponential(1, 40), draw.random(40) < 0.7
    rows = CoxRows(x, time, event, np.ones(40))
    likelihood = rows.likelihood()
    path = fit_path(likelihood, alpha)
    assert path.penalty[-1] >= 0.01 * path.penalty[0] * (1 - 1e-12)
    for penalty, beta in zip(path.penalty, path.coefficients * likelihood.scales, strict=True):
        l1, l2 = np.full(120, penalty * alpha), np.full(120, penalty * (1 - alpha))
        assert violation_of(likelihood.score(beta), beta, l1, l2) < 1e-8
    assert (path.nonzero[-1] == 120) if alpha == 0 else (10 < path.nonzero[-1] < 80)


def test_the_unit_of_a_column_does_not_matter():
    rows = cohort()
    units = np.array([1e-6, 1.0, 1e9, 365.25])
    other = CoxRows(rows.design * units + 3, rows.time, rows.event, rows.weight, rows.entry, rows.stratum, rows.offset)
    ours, scaled = (fit_path(r.likelihood(), 0.5, np.array([0.1, 0.01])) for r in (rows, other))
    np.testing.assert_allclose(scaled.coefficients * units, ours.coefficients, rtol=1e-5, atol=1e-12)


def test_weights_are_duplicated_rows_under_breslow():
    rows = cohort(everything=False)
    times = np.random.default_rng(8).integers(1, 4, len(rows.time))
    weighted = CoxRows(rows.design, rows.time, rows.event, times.astype(float))
    repeated = CoxRows(*(np.repeat(part, times, axis=0) for part in (rows.design, rows.time, rows.event, rows.weight)))
    ours, theirs = (fit_path(r.likelihood(), 1.0, np.array([0.1, 0.01])) for r in (weighted, repeated))
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=1e-7)


def test_a_constant_column_stays_out():
    """As happens to a rare category inside a fold."""
    rows = cohort()
    wider = np.column_stack([rows.design, np.full(len(rows.time), 0.1)])
    other = CoxRows(wider, rows.time, rows.event, rows.weight, rows.entry, rows.stratum, rows.offset)
    ours, theirs = (fit_path(r.likelihood(), 0.5, np.array([0.1, 0.01])).coefficients for r in (rows, other))
    np.testing.assert_array_equal(theirs[:, 4], 0.0)
    np.testing.assert_allclose(theirs[:, :4], ours, rtol=1e-10)


def test_score_without_the_information_is_the_score():
    for efron in (False, True):
        likelihood = cohort(efron=efron).likelihood()
        beta = np.array([0.3, -0.2, 0.5, 0.1])
        np.testing.assert_allclose(
            likelihood.score(beta), likelihood.quadratic(likelihood.design, beta)[1], rtol=1e-10, atol=1e-15
        )


def test_saturated_likelihood_is_the_limit_of_ever_better_predictors():
    """Only the dying count in the end: their own (weighted) ties are left."""
    rows = cohort(n=12, everything=False)
    for efron in (False, True):
        far = -40.0 * (np.unique(rows.time, return_inverse=True)[1] + ~rows.event)
        limit = log_partial_likelihood(far, rows.risk_sets(), efron)
        assert saturated_loglik(rows.risk_sets(), efron) == pytest.approx(limit, rel=1e-12)


def test_predictors_without_any_relation_are_refused():
    rows = CoxRows(np.array([[1.0], [1.0], [1.0]]), np.arange(1.0, 4), np.ones(3, bool), np.ones(3))
    with pytest.raises(FitError, match="score at zero vanishes") as caught:
        fit_path(rows.likelihood(), 1.0)
    assert caught.value.code == "N22"
