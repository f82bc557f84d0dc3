"""Firth's penalised Cox regression: closed forms, coxphf's numbers, a slow optimiser, separated data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize
from scipy.special import chdtrc

from cohorts.errors import FitError
from prognosis.cox.firth import fit_firth_cox
from prognosis.cox.firth_likelihood import FirthLikelihood
from prognosis.cox.regression import fit_cox
from prognosis.risk_sets import build_risk_sets
from tests.prognosis.slow import log_likelihood, numerical_gradient

TWO = build_risk_sets(np.array([1.0, 2.0]), np.array([True, False]))
X_OF_TWO = np.array([[1.0], [0.0]])


def cohort(seed=5, n=50, p=3, separated=True):
    """Tied times, delayed entry, strata, weights and an offset; nobody with the last column at 1 has an event."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, p)) * np.geomspace(0.1, 10, p)
    x[:, -1] = draw.random(n) < 0.3
    time = np.ceil(draw.exponential(6 * np.exp(-0.7 * x[:, 0] / x[:, 0].std())) * 2) / 2
    event = draw.random(n) < 0.6
    if separated:
        event &= x[:, -1] == 0
    return {
        "x": x,
        "time": time,
        "event": event,
        "weight": draw.integers(1, 4, n) / 2,
        "entry": np.where(draw.random(n) < 0.4, 0.5 * time * draw.random(n), 0.0),
        "stratum": draw.integers(0, 2, n),
        "offset": draw.normal(size=n) / 5,
    }


def risk_sets_of(rows):
    return build_risk_sets(rows["time"], rows["event"], rows.get("entry"), rows.get("stratum"), rows.get("weight"))


def fit(rows, **options):
    names = tuple(f"x{j}" for j in range(rows["x"].shape[1]))
    return fit_firth_cox(rows["x"], risk_sets_of(rows), names, offset=rows.get("offset"), **options)


def slow_penalised(beta, rows, ties):
    """Log-likelihood by its definition plus half the log-determinant of its second differences."""
    step = 1e-3

    def score(b):
        return numerical_gradient(lambda c: log_likelihood(c, rows, ties), b, step)

    information = -np.array([(score(beta + e) - score(beta - e)) / (2 * step) for e in np.eye(len(beta)) * step])
    return log_likelihood(beta, rows, ties) + 0.5 * np.linalg.slogdet(information)[1]


@pytest.mark.parametrize("efron", [True, False])
def test_two_patients(efron):
    """Heinze and Schemper (2001), section 2: exp(b) = 3 where maximum likelihood is infinite."""
    found = fit_firth_cox(X_OF_TWO, TWO, ("x",), efron=efron)
    assert np.exp(found.regression.coefficients[0]) == pytest.approx(3, rel=1e-10)
    assert found.regression.covariance[0, 0] == pytest.approx(16 / 3, rel=1e-9)
    assert found.regression.loglik == pytest.approx((np.log(0.5), np.log(0.75)), rel=1e-10)
    with pytest.raises(FitError, match="separates the events"):
        fit_cox(X_OF_TWO, TWO, ("x",), efron=efron)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_profile_limits_and_test_of_two_patients(level):
    """With r = e^b / (1 + e^b) the penalised log-likelihood is log r + log(r (1 - r)) / 2."""

    def penalised(b):
        r = 1 / (1 + np.exp(-b))
        return np.log(r) + 0.5 * np.log(r * (1 - r))

    found = fit_firth_cox(X_OF_TWO, TWO, ("x",), level=level)
    top, width = penalised(np.log(3)), {0.5: 0.45493642311957283, 0.95: 3.841458820694124}[level]
    assert found.chi_square[0] == pytest.approx(2 * (top - penalised(0.0)), rel=1e-12)
    assert found.p[0] == pytest.approx(chdtrc(1, found.chi_square[0]), rel=1e-12)
    assert found.likelihood_ratio == pytest.approx((found.chi_square[0], 1, found.p[0]), rel=1e-12)

    def crossing(low, high):
        return brentq(lambda b: 2 * (top - penalised(b)) - width, low, high, xtol=1e-13)

    assert found.lower[0] == pytest.approx(crossing(-30, np.log(3)), rel=1e-9)
    assert found.upper[0] == pytest.approx(crossing(np.log(3), 30), rel=1e-9)


def test_against_coxphf():
    """R's coxphf on 100 drawn patients (monotone likelihood in the first column), as the tests of firthmodels have it.

    coxphf stops when coefficients change by less than 1e-6: the separating one is 1.4e-7 short.
    """
    draw, n = np.random.default_rng(42), 100
    columns = [
        draw.choice([0, 1], n, p=[0.35, 0.65]),
        draw.standard_normal(n),
        draw.uniform(-1, 1, n),
        draw.choice([0, 1], n, p=[0.6, 0.4]),
    ]
    x = np.column_stack(columns).astype(float)
    died = draw.exponential(10 / np.exp(x @ np.array([0.0, 0.5, -0.3, 0.7])))
    censored = draw.exponential(15.0, n)
    rows = {"x": x, "time": np.minimum(died, censored), "event": (died <= censored) & (x[:, 0] != 0)}
    found = fit(rows, efron=False)
    coefficients = [3.8815800583, 0.6042066427, -0.4202139201, 1.0415063080]
    np.testing.assert_allclose(found.regression.coefficients, coefficients, atol=2e-7)
    np.testing.assert_allclose(found.regression.coefficients[1:], coefficients[1:], rtol=1e-8)
    errors = [1.4430190269, 0.1599607483, 0.2541800107, 0.3128784410]
    np.testing.assert_allclose(np.sqrt(np.diag(found.regression.covariance)), errors, rtol=1e-7)
    np.testing.assert_allclose(found.p, [7.318984974e-09, 1.686334002e-04, 9.295083722e-02, 8.463066114e-04], rtol=1e-8)
    limits = [[1.9343469272, 8.7215676015], [0.2921186188, 0.9164270978],
              [-0.9217200647, 0.0699415336], [0.4348431279, 1.6550461482]]  # fmt: skip
    np.testing.assert_allclose(np.column_stack([found.lower, found.upper]), limits, rtol=1e-7)
    assert found.likelihood_ratio[0] == pytest.approx(57.6071, abs=5e-5)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_slow_optimiser_of_the_definition_agrees(ties):
    """Entry, strata, weights, offset, ties and a column that separates; second differences are good to 1e-6."""
    rows = cohort(n=25, p=2)
    scaled = rows | {"x": (rows["x"] - rows["x"].mean(axis=0)) / rows["x"].std(axis=0)}
    slow = minimize(
        lambda b: -slow_penalised(b, scaled, ties), np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-7}
    )
    found = fit(rows, efron=ties == "efron")
    np.testing.assert_allclose(found.regression.coefficients * rows["x"].std(axis=0), slow.x, atol=2e-5)
    gap = found.penalised_loglik[1] - found.penalised_loglik[0]
    assert gap == pytest.approx(-slow.fun - slow_penalised(np.zeros(2), scaled, ties), abs=1e-5)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), efron=st.booleans(), where=st.floats(-1.0, 1.0))
def test_the_modified_score_is_the_gradient_of_the_penalised_likelihood(seed, efron, where):
    rows = cohort(seed)
    centred = np.ascontiguousarray(rows["x"] - rows["x"].mean(axis=0)) / rows["x"].std(axis=0)
    likelihood = FirthLikelihood(centred, risk_sets_of(rows), rows["offset"], efron)
    beta = where * np.array([0.6, -0.4, 0.8])
    numerical = numerical_gradient(lambda b: likelihood.at(b).penalised, beta, 1e-4)
    np.testing.assert_allclose(likelihood.at(beta).modified_score, numerical, atol=1e-6)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), efron=st.booleans())
def test_separated_data_that_cox_refuses_have_finite_estimates_and_limits(seed, efron):
    rows = cohort(seed)
    names = ("a", "b", "c")
    with pytest.raises(FitError, match="c separates the events"):
        fit_cox(rows["x"], risk_sets_of(rows), names, offset=rows["offset"], efron=efron)
    found = fit(rows, efron=efron)
    beta = found.regression.coefficients
    assert np.isfinite([beta, found.lower, found.upper]).all()
    assert ((found.lower < beta) & (beta < found.upper)).all()
    assert beta[2] < 0
    # A limit excludes zero exactly where the test of the same profile is significant.
    np.testing.assert_array_equal((found.lower > 0) | (found.upper < 0), found.p < 0.05)


def test_columns_may_be_shifted_scaled_and_permuted():
    rows = cohort()
    found = fit(rows)
    changed = rows | {"x": rows["x"][:, [2, 0, 1]] * np.array([1.0, 1e6, 1e-3]) + 50}
    other = fit(changed)
    for part in ("lower", "upper", "chi_square", "p"):
        scale = np.array([1.0, 1e6, 1e-3]) if part in ("lower", "upper") else 1.0
        np.testing.assert_allclose(getattr(other, part) * scale, getattr(found, part)[[2, 0, 1]], rtol=1e-7)


def test_the_penalty_fades_with_the_sample():
    """Close to maximum likelihood where that exists, and nearer to zero."""
    rows = cohort(n=2000, separated=False)
    plain = fit_cox(rows["x"], risk_sets_of(rows), ("a", "b", "c"), offset=rows["offset"])
    found = fit(rows)
    errors = np.sqrt(np.diag(plain.covariance))
    assert (np.abs(found.regression.coefficients - plain.coefficients) < 0.05 * errors).all()
    assert abs(found.regression.coefficients[0]) < abs(plain.coefficients[0])
    np.testing.assert_allclose(np.sqrt(np.diag(found.regression.covariance)), errors, rtol=0.01)
    assert found.regression.score_test == pytest.approx(plain.score_test, rel=1e-10)
    assert found.regression.loglik[0] == pytest.approx(plain.loglik[0], rel=1e-12)


@pytest.mark.parametrize(
    ("columns", "code", "words"),
    [((0, 0), "C04", "depend on each other"), ((None,), "C01", "x0 is constant")],
)
def test_what_cannot_be_estimated_is_said(columns, code, words):
    rows = cohort()
    x = np.column_stack([np.ones(50) if j is None else rows["x"][:, j] for j in columns])
    with pytest.raises(FitError, match=words) as caught:
        fit(rows | {"x": x})
    assert caught.value.code == code


def test_too_few_events_for_the_columns_are_refused():
    """Five patients, two events, three columns: a profile that jumps has no limit, and none is made up."""
    x = np.random.default_rng(29).normal(size=(5, 3))
    with pytest.raises(FitError, match="too few events for these columns") as caught:
        fit({"x": x, "time": np.arange(1.0, 6), "event": np.arange(5) < 2})
    assert caught.value.code == "N17"


def test_limits_far_out_are_those_of_the_profile():
    """Five patients, two events, three columns; the profile likelihood by Nelder-Mead in 80-bit arithmetic."""
    x = np.random.default_rng(25).normal(size=(5, 3))
    found = fit({"x": x, "time": np.arange(1.0, 6), "event": np.arange(5) < 2})
    np.testing.assert_allclose(found.regression.coefficients, [0.57709786, 9.07927656, 0.85386667], rtol=1e-6)
    np.testing.assert_allclose(found.lower, [-9.42026784, -66.65893559, -17.17865464], rtol=1e-7)
    np.testing.assert_allclose(found.upper, [8.61511123, 87.492995, 14.04420826], rtol=1e-7)
