"""Accelerated failure time models against closed forms and against other models with the same likelihood."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import DataContractError, FitError
from tests.prognosis.made_parametric import NAMES, fit, outcome, survreg_table

TIME = np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 1.0, 4.0])
EVENT = np.array([1, 0, 1, 1, 0, 1, 1, 1])
GROUP = np.array([0.0, 0, 0, 0, 1, 1, 1, 1])
EXACT = 1e-12


def test_exponential_rate_is_events_over_person_time():
    fitted = fit(None, outcome(TIME, EVENT), "exponential")
    events, person_time = EVENT.sum(), TIME.sum()
    assert np.exp(-fitted.location) == pytest.approx(events / person_time, rel=EXACT)
    assert fitted.covariance[0, 0] == pytest.approx(1 / events, rel=EXACT)
    assert fitted.loglik[1] == pytest.approx(events * np.log(events / person_time) - events, rel=EXACT)
    assert fitted.scale == 1.0


def test_exponential_groups_have_their_own_rates():
    fitted = fit(GROUP, outcome(TIME, EVENT), "exponential")
    rates = [EVENT[g == GROUP].sum() / TIME[g == GROUP].sum() for g in (0, 1)]
    assert np.exp(-fitted.coefficients[0]) == pytest.approx(rates[1] / rates[0], rel=EXACT)
    assert fitted.covariance[1, 1] == pytest.approx(sum(1 / EVENT[g == GROUP].sum() for g in (0, 1)), rel=EXACT)


def test_delayed_entry_takes_away_person_time():
    entry = np.array([1.0, 0, 2, 0, 10, 5, 0, 1])
    fitted = fit(None, outcome(TIME, EVENT, entry), "exponential")
    assert np.exp(-fitted.location) == pytest.approx(EVENT.sum() / (TIME - entry).sum(), rel=EXACT)
    assert fitted.loglik[1] == pytest.approx(EVENT.sum() * (np.log(EVENT.sum() / (TIME - entry).sum()) - 1), rel=EXACT)


def test_an_offset_multiplies_time_as_in_r():
    offset = np.log(np.linspace(1, 3, 8))
    fitted = fit(None, outcome(TIME, EVENT), "exponential", offset=offset)
    assert np.exp(fitted.location) == pytest.approx((TIME / np.exp(offset)).sum() / EVENT.sum(), rel=EXACT)


def test_a_visit_that_all_share_gives_the_share_of_events():
    """Everybody seen once, at time 6: only the share found with the event is known."""
    event = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    fitted = fit(None, outcome(np.full(10, 6.0), event, None, np.zeros(10)), "exponential")
    assert np.exp(-6 / np.exp(fitted.location)) == pytest.approx(0.7, rel=EXACT)
    assert fitted.loglik[1] == pytest.approx(3 * np.log(0.3) + 7 * np.log(0.7), rel=EXACT)


def test_uncensored_lognormal_is_least_squares():
    x = np.column_stack([np.ones(8), GROUP, TIME % 3])
    y = np.log(TIME)
    beta, residual = np.linalg.lstsq(x, y)[:2]
    scale = np.sqrt(residual[0] / 8)
    fitted = fit(x[:, 1:], outcome(TIME, np.ones(8)), "lognormal")
    coefficients, se = survreg_table(fitted)
    np.testing.assert_allclose(coefficients, beta, rtol=1e-11)
    assert fitted.scale == pytest.approx(scale, rel=EXACT)
    np.testing.assert_allclose(se[:3], scale * np.sqrt(np.diag(np.linalg.inv(x.T @ x))), rtol=1e-11)
    assert se[3] == pytest.approx(1 / np.sqrt(16), rel=EXACT)
    assert fitted.loglik[1] == pytest.approx(-4 * np.log(2 * np.pi * scale**2) - 4 - y.sum(), rel=EXACT)


def test_uncensored_weibull_solves_its_one_equation():
    """Sum t^k log t / sum t^k - 1/k = mean log t, for the shape k = 1 / scale; then mean t^k gives the location."""
    fitted = fit(None, outcome(TIME, np.ones(8)))
    shape = 1 / fitted.scale
    power = TIME**shape
    assert (power * np.log(TIME)).sum() / power.sum() - fitted.scale == pytest.approx(np.log(TIME).mean(), rel=EXACT)
    assert np.exp(fitted.location * shape) == pytest.approx(power.mean(), rel=EXACT)


def regression_of_events(design, event, link):
    """Binary regression by Fisher scoring, for the links of the distributions."""
    beta = np.zeros(design.shape[1])
    for _ in range(60):
        p, slope = link(design @ beta)
        beta = beta + np.linalg.solve(
            design.T @ (design * (slope**2 / p / (1 - p))[:, None]), design.T @ (slope * (event - p) / p / (1 - p))
        )
    return beta


def logit(eta):
    p = 1 / (1 + np.exp(-eta))
    return p, p * (1 - p)


def complementary_log_log(eta):
    return 1 - np.exp(-np.exp(eta)), np.exp(eta - np.exp(eta))


@pytest.mark.parametrize(("distribution", "link"), [("loglogistic", logit), ("weibull", complementary_log_log)])
def test_one_visit_each_is_a_binary_regression_on_log_time(distribution, link):
    """Current status data: P(T <= visit) = F((log visit - x beta) / scale)."""
    draw = np.random.default_rng(5)
    visit, x = draw.uniform(1, 10, 300), draw.normal(size=300)
    event = (np.exp(1.2 + 0.5 * x + 0.7 * draw.logistic(size=300)) <= visit).astype(int)
    beta = regression_of_events(np.column_stack([np.ones(300), np.log(visit), x]), event, link)
    fitted = fit(x, outcome(visit, event, None, np.zeros(300)), distribution)
    assert fitted.scale == pytest.approx(1 / beta[1], rel=1e-9)
    assert fitted.coefficients[0] == pytest.approx(-beta[2] / beta[1], rel=1e-9)
    assert survreg_table(fitted)[0][0] == pytest.approx(-beta[0] / beta[1], rel=1e-9)


@pytest.mark.parametrize("distribution", NAMES)
def test_a_separating_column_is_named(distribution):
    column = np.where(EVENT == 0, 3.0, 1.0)
    with pytest.raises(FitError, match="x1 separates the events") as caught:
        fit(np.column_stack([TIME % 3, column]), outcome(TIME, EVENT), distribution)
    assert caught.value.code == "C05"
    assert caught.value.findings[0].column == "x1"


@pytest.mark.parametrize("distribution", ["weibull", "lognormal", "loglogistic"])
def test_a_perfect_fit_leaves_no_scale(distribution):
    with pytest.raises(FitError, match="the scale goes to zero") as caught:
        fit(np.log(TIME), outcome(TIME, np.ones(8)), distribution)
    assert caught.value.code == "N31"


def test_all_events_between_the_same_visits_leave_no_scale():
    with pytest.raises(FitError, match="the scale goes to zero"):
        fit(GROUP, outcome(np.full(8, 6.0), np.ones(8), None, np.full(8, 3.0)))


def test_one_visit_for_all_leaves_no_scale():
    with pytest.raises(FitError, match="the scale goes to zero"):
        fit(GROUP, outcome(np.full(8, 6.0), EVENT, None, np.zeros(8)))


def test_all_events_at_the_first_visit_leave_no_location():
    with pytest.raises(FitError, match="found at the first visit") as caught:
        fit(GROUP, outcome(TIME, np.ones(8), None, np.zeros(8)))
    assert caught.value.code == "N33"


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("N30", {"time": np.where(TIME == 2, 0.0, TIME)}),
        ("T35", {"last_free": np.where(TIME == 2, 2.5, TIME)}),
        ("T36", {"last_free": np.where(TIME == 2, -1.0, TIME)}),
        ("T36", {"last_free": np.where(TIME == 2, np.inf, TIME)}),
        ("T38", {"last_free": np.where(TIME == 2, 0.5, TIME), "entry": np.full(8, 0.7)}),
    ],
)
def test_impossible_times_are_refused_with_their_rows(code, changed):
    with pytest.raises(DataContractError) as caught:
        fit(GROUP, outcome(**{"time": TIME, "event": EVENT} | changed))
    assert [(finding.code, finding.rows) for finding in caught.value.findings] == [(code, ("0",))]


def test_censoring_at_time_zero_says_nothing():
    with_zero = outcome(np.append(TIME, 0.0), np.append(EVENT, 0))
    fitted, without = fit(np.append(GROUP, 0.0), with_zero), fit(GROUP, outcome(TIME, EVENT))
    np.testing.assert_allclose(survreg_table(fitted)[0], survreg_table(without)[0], rtol=1e-10)
    assert fitted.loglik[1] == pytest.approx(without.loglik[1], rel=EXACT)


def test_robust_errors_need_more_clusters_than_parameters():
    with pytest.raises(FitError, match="2 clusters for 3 parameters"):
        fit(GROUP, outcome(TIME, EVENT), cluster=GROUP.astype(int))


def test_times_beyond_all_scatter_of_an_exponential_are_refused():
    """Logs of time spread over hundreds, where a fixed scale expects about one."""
    draw = np.random.default_rng(269)
    x = draw.normal(size=500)
    time = np.exp(9 * x + 12 * draw.standard_t(2, 500).clip(-30, 30))
    with pytest.raises(FitError, match="was not maximised") as caught:
        fit(x, outcome(time, np.ones(500)), "exponential")
    assert caught.value.code == "N32"
