"""Logistic regression worked out by hand: tables of two by two, and what follows from them."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from prognosis.logistic.likelihood import standardise
from prognosis.logistic.profile import Profile
from prognosis.models import Logistic

# Exposed and not, with the event and without.
A, B, C, D = 12, 5, 7, 20
Z = 1.959963984540054
NO_HORIZON = np.array([np.nan])


def table(a=A, b=B, c=C, d=D):
    """One row a patient: exposure and outcome of a table of two by two."""
    return pd.DataFrame({"x": np.repeat([1.0, 0.0], [a + b, c + d])}), np.repeat([1, 0, 1, 0], [a, b, c, d])


def fitted(penalty=None, cells=(A, B, C, D), **options):
    return Logistic(penalty, **options).fit(*table(*cells))


def test_the_log_odds_ratio_and_woolfs_error():
    e = fitted().estimate_
    assert e.coefficients[0] == pytest.approx(math.log(A * D / (B * C)), rel=1e-13)
    assert math.sqrt(e.covariance[0, 0]) == pytest.approx(math.sqrt(1 / A + 1 / B + 1 / C + 1 / D), rel=1e-12)


def test_the_intercept_is_the_log_odds_of_the_unexposed():
    e = fitted().estimate_
    assert e.intercept_at_zero == pytest.approx(math.log(C / D), rel=1e-13)
    assert e.covariance_at_zero[0, 0] == pytest.approx(1 / C + 1 / D, rel=1e-12)
    assert e.covariance_at_zero[0, 1] == pytest.approx(-(1 / C + 1 / D), rel=1e-12)


def test_both_log_likelihoods_written_out():
    n, events = A + B + C + D, A + C
    null = events * math.log(events / n) + (n - events) * math.log(1 - events / n)
    parts = (A, A + B), (B, A + B), (C, C + D), (D, C + D)
    model = sum(count * math.log(count / row) for count, row in parts)
    assert fitted().estimate_.loglik == pytest.approx((null, model), rel=1e-13)


def test_the_risk_is_the_share_and_its_limits_are_those_of_the_log_odds():
    e = fitted().estimate_
    risk, lower, upper = (part[:, 0] for part in e.risk(np.array([[1.0], [0.0]]), NO_HORIZON))
    np.testing.assert_allclose(risk, [A / (A + B), C / (C + D)], rtol=1e-13)
    width = Z * np.sqrt([1 / A + 1 / B, 1 / C + 1 / D])
    np.testing.assert_allclose(lower, expit(logit(risk) - width), rtol=1e-11)
    np.testing.assert_allclose(upper, expit(logit(risk) + width), rtol=1e-11)


def test_the_limits_are_the_same_whatever_scale_survival_would_take():
    e, design = fitted().estimate_, np.array([[1.0]])
    first = e.risk(design, NO_HORIZON, interval="log")
    for interval in ("log-log", "plain"):
        np.testing.assert_array_equal(e.risk(design, NO_HORIZON, interval=interval), first)


def test_the_linear_predictor_starts_at_the_mean_patient():
    e = fitted().estimate_
    share = (A + B) / (A + B + C + D)
    odds_ratio = math.log(A * D / (B * C))
    np.testing.assert_allclose(
        e.linear_predictor(np.array([[share], [1.0]])), [0, (1 - share) * odds_ratio], atol=1e-14
    )
    assert e.intercept == pytest.approx(math.log(C / D) + share * odds_ratio, rel=1e-12)
    np.testing.assert_allclose(e.risk_at(np.array([odds_ratio]), NO_HORIZON), [[A / (A + B)]], rtol=1e-13)


def test_the_summary_is_wald_and_starts_with_the_intercept():
    summary = fitted().estimate_.summary(0.9).set_index("term")
    assert summary.index.tolist() == ["Intercept", "x"]
    row, width = summary.loc["x"], 1.6448536269514722 * math.sqrt(1 / A + 1 / B + 1 / C + 1 / D)
    ratio = A * D / (B * C)
    assert row["odds_ratio"] == pytest.approx(ratio, rel=1e-12)
    assert (row["lower"], row["upper"]) == pytest.approx((ratio * math.exp(-width), ratio * math.exp(width)), rel=1e-11)
    assert row["p"] == pytest.approx(math.erfc(row["z"] / math.sqrt(2)), rel=1e-12)


def test_firth_adds_half_a_patient_to_each_cell():
    e = fitted("firth").estimate_
    assert e.coefficients[0] == pytest.approx(math.log((A + 0.5) * (D + 0.5) / (B + 0.5) / (C + 0.5)), rel=1e-12)
    assert e.intercept_at_zero == pytest.approx(math.log((C + 0.5) / (D + 0.5)), rel=1e-12)


@pytest.mark.parametrize("cells", [(12, 0, 7, 20), (0, 5, 7, 20), (12, 0, 0, 20), (1, 0, 30, 400)])
def test_firth_is_finite_with_empty_cells(cells):
    a, b, c, d = (count + 0.5 for count in cells)
    e = fitted("firth", cells).estimate_
    assert e.coefficients[0] == pytest.approx(math.log(a * d / (b * c)), rel=1e-10)
    exposed, rest = cells[0] + cells[1], cells[2] + cells[3]
    variance = 1 / (exposed * a * b / (a + b) ** 2) + 1 / (rest * c * d / (c + d) ** 2)
    assert e.covariance[0, 0] == pytest.approx(variance, rel=1e-9)


def test_the_penalised_likelihood_written_out():
    """Jeffreys' penalty of the table: half the log of n1 p1 q1 n0 p0 q0."""
    e = fitted("firth").estimate_
    parts = (A, A + 0.5, A + B + 1), (B, B + 0.5, A + B + 1), (C, C + 0.5, C + D + 1), (D, D + 0.5, C + D + 1)
    value = sum((count + 0.5) * math.log(cell / row) for count, cell, row in parts)
    assert e.loglik[1] == pytest.approx(value + 0.5 * math.log((A + B) * (C + D)), rel=1e-12)


def test_a_profile_limit_is_where_the_statistic_reaches_the_quantile():
    """One coefficient, no freedom besides the intercept: the profile of the table by a search over the intercept."""
    frame, y = table()
    profile = Profile(standardise(frame.to_numpy(), y == 1, ("x",)))
    _, (lower, upper) = profile.limits()
    best = fitted().estimate_.loglik[1]
    for limit in (lower, upper):
        grid = np.linspace(-4, 4, 200_001)
        exposed = A * np.log(expit(grid + limit)) + B * np.log(expit(-grid - limit))
        highest = (exposed + C * np.log(expit(grid)) + D * np.log(expit(-grid))).max()
        assert math.sqrt(2 * (best - highest)) == pytest.approx(Z, abs=1e-8)
    assert profile.deviate(1, 0.0) == pytest.approx(math.sqrt(2 * (best - fitted().estimate_.loglik[0])), rel=1e-10)


def test_a_lasso_beyond_the_largest_penalty_is_the_share_of_events():
    frame, y = table()
    e = Logistic("lasso", strength=10.0).fit(frame, y).estimate_
    assert e.coefficients[0] == 0
    assert e.intercept == pytest.approx(logit(y.mean()), rel=1e-12)
    risk, lower, upper = e.risk(frame.to_numpy()[:1], NO_HORIZON)
    assert risk[0, 0] == pytest.approx(y.mean(), rel=1e-12)
    assert np.isnan([lower[0, 0], upper[0, 0]]).all()


def test_a_ridge_solves_its_score_equation():
    """Score of the exposure = strength * coefficient * variance with n - 1 below."""
    frame, y = table()
    e = Logistic("ridge", strength=7.0).fit(frame, y).estimate_
    risk = expit(e.intercept + e.linear_predictor(frame.to_numpy()))
    assert (y - risk).sum() == pytest.approx(0, abs=1e-11)
    wanted = 7.0 * e.coefficients[0] * frame["x"].var(ddof=1)
    assert ((y - risk) @ frame["x"]) == pytest.approx(wanted, rel=1e-10)
    assert 0 < e.coefficients[0] < fitted().estimate_.coefficients[0]


def test_robust_errors_of_a_table_are_the_same_as_woolfs():
    """In a saturated model the sandwich by rows is the model-based covariance."""
    frame, y = table()
    e = Logistic(cluster="row").fit(frame.assign(row=np.arange(len(y))), y).estimate_
    assert e.robust == "cluster"
    assert math.sqrt(e.covariance[0, 0]) == pytest.approx(math.sqrt(1 / A + 1 / B + 1 / C + 1 / D), rel=1e-11)


def test_two_rows_a_cluster_of_equal_patients_double_the_variance():
    frame, y = table()
    twice = pd.concat([frame, frame], ignore_index=True).assign(patient=np.tile(np.arange(len(y)), 2))
    e = Logistic(cluster="patient").fit(twice, np.tile(y, 2)).estimate_
    np.testing.assert_allclose(e.covariance, fitted().estimate_.covariance, rtol=1e-11)
    np.testing.assert_allclose(e.naive_covariance * 2, fitted().estimate_.joint_covariance, rtol=1e-11)
