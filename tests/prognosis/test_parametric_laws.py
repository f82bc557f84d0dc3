"""Accelerated failure time models: derivatives, tails, a slow honest optimiser, and what must not change a fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize

from prognosis.outcome import SurvivalArrays
from prognosis.parametric.distributions import DISTRIBUTIONS
from prognosis.parametric.likelihood import log_times, pieces
from tests.prognosis.made_parametric import NAMES, fit, patients
from tests.prognosis.slow import numerical_gradient

SCIPY = {
    "weibull": stats.gumbel_l,
    "exponential": stats.gumbel_l,
    "lognormal": stats.norm,
    "loglogistic": stats.logistic,
}
each_distribution = pytest.mark.parametrize("distribution", NAMES)
FEW = settings(max_examples=8)


@each_distribution
def test_functions_are_those_of_scipy(distribution):
    ours, theirs, w = DISTRIBUTIONS[distribution], SCIPY[distribution], np.linspace(-6, 3, 40)
    np.testing.assert_allclose(ours.log_density(w), theirs.logpdf(w), rtol=1e-12)
    np.testing.assert_allclose(ours.log_survival(w), theirs.logsf(w), rtol=1e-12)
    np.testing.assert_allclose(ours.hazard(w), np.exp(theirs.logpdf(w) - theirs.logsf(w)), rtol=1e-12)
    np.testing.assert_allclose(np.exp(ours.log_between(w, w + 0.5)), theirs.sf(w) - theirs.sf(w + 0.5), atol=1e-15)
    assert ours.quantile(0.2) == pytest.approx(theirs.ppf(0.2), rel=1e-12)


@each_distribution
def test_slopes_are_derivatives(distribution):
    ours, w = DISTRIBUTIONS[distribution], np.linspace(-5, 3, 9)
    step = 1e-6
    for function, derivative in (
        (ours.log_density, ours.slope),
        (ours.slope, ours.curvature),
        (ours.hazard, ours.hazard_slope),
    ):
        numeric = (function(w + step) - function(w - step)) / (2 * step)
        np.testing.assert_allclose(derivative(w), numeric, rtol=1e-6, atol=1e-9)


@each_distribution
@pytest.mark.parametrize("w", [-30.0, -8.0, 0.0, 4.0, 9.0])
def test_tails_keep_their_digits(distribution, w):
    """A narrow interval has the density times its width, wherever it lies; from time 0 on it has all of F."""
    ours, width = DISTRIBUTIONS[distribution], 1e-6
    a, b = np.array([w]), np.array([w + width])
    # Far up the extreme value tail the density itself falls within the width.
    relative = max(1e-7, float(abs(ours.slope(a)[0])) * width)
    expected = ours.log_density(a + width / 2) + np.log(width)
    np.testing.assert_allclose(ours.log_between(a, b), expected, atol=relative)
    below = ours.log_between(np.array([-1e8]), a)
    np.testing.assert_allclose(below, SCIPY[distribution].logcdf(a), rtol=1e-12, atol=1e-15)


@each_distribution
def test_derivatives_of_every_kind_of_row(distribution):
    """Exact, censored, between visits, from time 0, and entered late: against central differences."""
    x, seen = patients(40)
    times, shape = log_times(seen), DISTRIBUTIONS[distribution]
    eta, tau = 0.3 * x[:, 0] + 0.7, np.float64(1.3)
    assert all(rows.any() for rows in (times.exact, times.between, times.entry > 0, times.first < -1e7))
    at, step = pieces(times, eta, tau, shape), 1e-5
    more, less = (pieces(times, eta + s, tau, shape) for s in (step, -step))
    faster, slower = (pieces(times, eta, tau + s, shape) for s in (step, -step))
    close = {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(at.by_eta, (more.value - less.value) / (2 * step), **close)
    np.testing.assert_allclose(at.by_tau, (faster.value - slower.value) / (2 * step), **close)
    np.testing.assert_allclose(at.eta_eta, (more.by_eta - less.by_eta) / (2 * step), **close)
    np.testing.assert_allclose(at.eta_tau, (faster.by_eta - slower.by_eta) / (2 * step), **close)
    np.testing.assert_allclose(at.tau_tau, (faster.by_tau - slower.by_tau) / (2 * step), **close)


def slow_log_likelihood(theta, x, seen, distribution, weight):
    """Log-likelihood by its definition, row by row; the log of the density is that of time, as R gives it."""
    shape, total = SCIPY[distribution], 0.0
    scale = 1.0 if distribution == "exponential" else np.exp(theta[-1])
    for i in range(len(x)):
        place = {"loc": theta[0] + x[i] @ theta[1 : 1 + x.shape[1]], "scale": scale}
        log_time, log_entry = np.log(seen.time[i]), np.log(max(seen.entry[i], 1e-300))
        if not seen.event[i]:
            row = shape.logsf(log_time, **place)
        elif np.isfinite(seen.last_free[i]):
            log_free = np.log(max(seen.last_free[i], 1e-300))
            row = np.log(max(shape.cdf(log_time, **place) - shape.cdf(log_free, **place), 1e-300))
        else:
            row = shape.logpdf(log_time, **place) - log_time
        total += weight[i] * (row - shape.logsf(log_entry, **place))
    return total


@each_distribution
def test_a_slow_honest_optimiser_agrees(distribution):
    """Every kind of row at once, with weights and delayed entry, which R does not have."""
    x, seen = patients(60, seed=11)
    weight = np.random.default_rng(1).choice([0.5, 1.0, 2.0], 60)
    ours = fit(x, seen, distribution, weight=weight)
    free = 3 if distribution == "exponential" else 4

    def objective(theta):
        return -slow_log_likelihood(theta, x, seen, distribution, weight)

    found = minimize(objective, np.zeros(free), method="BFGS", options={"gtol": 1e-4})
    theta = np.append(ours.location - ours.means @ ours.coefficients, ours.coefficients)
    theta = np.append(theta, np.log(ours.scale))[:free]
    np.testing.assert_allclose(theta, found.x, atol=2e-4)
    assert ours.loglik[1] == pytest.approx(-objective(theta), rel=1e-12)
    assert -objective(theta) >= -found.fun - 1e-9
    np.testing.assert_allclose(numerical_gradient(objective, theta), 0, atol=1e-5)


@each_distribution
@FEW
@given(st.integers(0, 10_000))
def test_law_order_of_rows_does_not_matter(distribution, seed):
    x, seen = patients()
    order = np.random.default_rng(seed).permutation(len(x))
    one, other = fit(x, seen, distribution), fit(x[order], seen.take(order), distribution)
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-9)
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-8, atol=1e-12)
    assert other.loglik == pytest.approx(one.loglik, rel=1e-11)


@each_distribution
@FEW
@given(st.integers(0, 10_000))
def test_law_a_weight_of_two_is_the_row_twice(distribution, seed):
    x, seen = patients()
    count = np.random.default_rng(seed).integers(1, 4, len(x))
    rows = np.repeat(np.arange(len(x)), count)
    weighted, repeated = (
        fit(x, seen, distribution, weight=count.astype(float)),
        fit(x[rows], seen.take(rows), distribution),
    )
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-9)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-8, atol=1e-12)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-11)
    clustered = fit(x[rows], seen.take(rows), distribution, cluster=rows)
    robust = fit(x, seen, distribution, weight=count.astype(float), robust=True)
    np.testing.assert_allclose(clustered.covariance, robust.covariance, rtol=1e-8, atol=1e-12)


@each_distribution
@FEW
@given(st.floats(1e-4, 1e4), st.floats(1e-3, 1e6), st.floats(-1e6, 1e6))
def test_law_units_of_time_and_columns(distribution, unit, factor, shift):
    x, seen = patients()
    in_unit = SurvivalArrays(seen.time * unit, seen.event, seen.entry * unit, seen.last_free * unit)
    one, other = fit(x, seen, distribution), fit(x * factor + shift, in_unit, distribution)
    np.testing.assert_allclose(other.coefficients * factor, one.coefficients, rtol=1e-5)
    assert other.scale == pytest.approx(one.scale, rel=1e-6)
    assert other.location == pytest.approx(one.location + np.log(unit), rel=1e-6, abs=1e-6)
    exact = ((seen.event == 1) & np.isnan(seen.last_free)).sum()
    assert other.loglik[1] == pytest.approx(one.loglik[1] - exact * np.log(unit), rel=1e-7)


@each_distribution
@FEW
@given(st.floats(0.05, 0.95))
def test_law_follow_up_may_be_cut_in_two_rows(distribution, share):
    """(entry, cut] without the event and (cut, time] with it hold the same: the second row enters at the cut."""
    x, seen = patients(visits=False)
    cut = seen.entry + share * (seen.time - seen.entry)
    n = len(x)
    halves = SurvivalArrays(
        np.concatenate([cut, seen.time]), np.append(np.zeros(n, int), seen.event), np.append(seen.entry, cut)
    )
    one, other = fit(x, seen, distribution), fit(np.vstack([x, x]), halves, distribution)
    np.testing.assert_allclose(other.coefficients, one.coefficients, rtol=1e-7)
    np.testing.assert_allclose(other.covariance, one.covariance, rtol=1e-7, atol=1e-12)
    assert other.loglik[1] == pytest.approx(one.loglik[1], rel=1e-10)


@each_distribution
def test_an_offset_of_a_column_takes_one_from_its_coefficient(distribution):
    x, seen = patients()
    one, other = fit(x, seen, distribution), fit(x, seen, distribution, offset=x[:, 0])
    np.testing.assert_allclose(other.coefficients, one.coefficients - [1, 0], rtol=1e-9)


@pytest.mark.parametrize("power", [0.5, 3.0])
@pytest.mark.parametrize("distribution", ["weibull", "lognormal", "loglogistic"])
def test_a_power_of_time_multiplies_location_and_scale(distribution, power):
    x, seen = patients()
    raised = SurvivalArrays(seen.time**power, seen.event, seen.entry**power, seen.last_free**power)
    one, other = fit(x, seen, distribution), fit(x, raised, distribution)
    np.testing.assert_allclose(other.coefficients, power * one.coefficients, rtol=1e-9)
    assert other.scale == pytest.approx(power * one.scale, rel=1e-9)
