"""Baseline hazard, curves and intervals: the variance written out, steps, strata, scales of the interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from prognosis.cox.baseline import Baseline, risk_with_interval
from prognosis.cox.estimate import CoxEstimate
from prognosis.models import Cox
from prognosis.normal import two_sided_p, z_of_level
from tests.prognosis.made import outcome_of, patients, structured

PREDICTORS = ["age", "albumin", "sex"]
TIMES = np.array([0.5, 3.0, 12.0, 24.0, 48.0])


@pytest.fixture(scope="module")
def rows():
    rows = patients(300)
    return rows.assign(months=np.ceil(rows["months"]), start=np.floor(rows["start"] / 2))


def fitted(rows, entry=False, **options):
    recipe = Cox(**options)
    return recipe.fit(rows[[*PREDICTORS, *recipe.auxiliary]], outcome_of(rows, entry))


def slow_curve(cox, rows, profile, t, entry):
    """Cumulative hazard of a profile at time t and its variance, by the formulas of Therneau and Grambsch 10.2."""
    e, x = cox.estimate_, cox.preparation_.design(rows)
    time, died = rows["months"].to_numpy(), rows["event"].to_numpy() == 1
    start = rows["start"].to_numpy() if entry else np.full(len(rows), -1.0)
    risk = np.exp((x - profile) @ e.coefficients)
    hazard, variance, drift = 0.0, 0.0, np.zeros(x.shape[1])
    for s in np.unique(time[died & (time <= t)]):
        at_risk, dead = (time >= s) & (start < s), died & (time == s)
        m = dead.sum()
        for k in range(m):
            share = k / m if cox.ties == "efron" else 0.0
            weight = risk * at_risk - share * risk * dead
            hazard += 1 / weight.sum()
            variance += 1 / weight.sum() ** 2
            drift += (profile - weight @ x / weight.sum()) / weight.sum()
    return hazard, variance + drift @ e.covariance @ drift


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("entry", [False, True])
def test_curve_and_variance_by_the_formulas(rows, ties, entry):
    cox = fitted(rows, entry, ties=ties)
    design = cox.preparation_.design(rows.iloc[[0, 3, 7]])
    risk, lower, _ = cox.estimate_.risk(design, TIMES)
    for place, profile in enumerate(design):
        for column, t in enumerate(TIMES):
            hazard, variance = slow_curve(cox, rows, profile, t, entry)
            assert -np.log1p(-risk[place, column]) == pytest.approx(hazard, rel=1e-9, abs=1e-14)
            upper_survival = min(1.0, np.exp(-hazard + norm.ppf(0.975) * np.sqrt(variance)))
            assert 1 - lower[place, column] == pytest.approx(upper_survival, rel=1e-8)


def test_the_reference_profile_does_not_matter(rows):
    """The same numbers whatever the origin of the columns: the means are a convention."""
    moved = rows.assign(age=rows["age"] - 62, albumin=rows["albumin"] + 100)
    for one, other in zip(
        fitted(rows).estimate_.risk(fitted(rows).preparation_.design(rows), TIMES),
        fitted(moved).estimate_.risk(fitted(moved).preparation_.design(moved), TIMES),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-13)


def test_interval_covers_what_it_promises():
    """Exponential times with a known effect: the 90 % interval of the true risk covers it in about 90 % of samples."""
    inside = []
    for seed in range(300):
        draw = np.random.default_rng(seed)
        x = draw.normal(size=(150, 1))
        time, censored = draw.exponential(10 * np.exp(-0.5 * x[:, 0])), draw.uniform(2, 25, 150)
        y = structured(np.minimum(time, censored), time <= censored)
        e = Cox().fit(x, y).estimate_
        _, lower, upper = e.risk(np.array([[1.0]]), np.array([5.0]), level=0.9, interval="log-log")
        true = 1 - np.exp(-5 / 10 * np.exp(0.5))
        inside.append(lower[0, 0] <= true <= upper[0, 0])
    assert 0.86 <= np.mean(inside) <= 0.94


def test_risk_from_the_linear_predictor_is_the_same_risk(rows):
    e = fitted(rows).estimate_
    design = fitted(rows).preparation_.design(rows)
    np.testing.assert_allclose(
        e.risk_at(design @ e.coefficients, TIMES), e.risk(design, TIMES)[0], rtol=1e-12, atol=1e-15
    )


def test_small_risks_keep_their_digits(rows):
    """Through the linear predictor, risks far below the rounding of 1 - S(t)."""
    e = fitted(rows).estimate_
    eta = float(e.means @ e.coefficients) + np.array([-60.0, -50.0])
    risk = e.risk_at(eta, np.array([24.0]))[:, 0]
    assert risk[1] / risk[0] == pytest.approx(np.exp(10), rel=1e-12)


# ---------------------------------------------------------------- steps and strata

TWO = Baseline(
    time=np.array([1.0, 4.0, 2.0, 3.0, 9.0]),
    edges=np.array([0, 2, 5]),
    cumulative_hazard=np.array([0.1, 0.3, 0.2, 0.5, 0.9]),
    variance=np.zeros(5),
    mean_hazard=np.zeros((5, 1)),
    end=np.array([6.0, 9.0]),
)
ESTIMATE = CoxEstimate(
    names=("x",),
    coefficients=np.array([1.0]),
    means=np.array([0.0]),
    covariance=np.array([[0.04]]),
    naive_covariance=np.array([[0.04]]),
    baseline=TWO,
    loglik=(-3.0, -2.0),
    score_test=1.5,
    ties="efron",
    strata=("centre",),
    stratum_names=("centre=a", "centre=b"),
)


def test_position_is_the_last_event_at_or_before_a_time():
    times = np.array([0.0, 1.0, 3.999, 4.0, 100.0])
    np.testing.assert_array_equal(TWO.position(times, 0), [-1, 0, 0, 1, 1])
    np.testing.assert_array_equal(TWO.position(times, 1), [-1, -1, 3, 3, 4])


def test_each_stratum_has_its_steps_and_its_end():
    times = np.array([1.0, 2.0, 5.0, 6.5, 9.0, 9.5])
    found = -np.log1p(-ESTIMATE.risk(np.zeros((2, 1)), times, stratum=np.array([0, 1]))[0])
    np.testing.assert_allclose(found[0], [0.1, 0.1, 0.3, np.nan, np.nan, np.nan], rtol=1e-12)
    np.testing.assert_allclose(found[1], [0, 0.2, 0.5, 0.5, 0.9, np.nan], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(-np.log1p(-ESTIMATE.risk_at(np.zeros(1), times, 1)[0]), found[1], atol=1e-15)


def test_patients_of_mixed_strata_keep_their_places():
    stratum = np.array([1, 0, 1, 0, 0])
    design = np.arange(5.0)[:, None] / 10
    together = ESTIMATE.risk(design, np.array([4.0]), stratum=stratum)[0]
    for place in range(5):
        alone = ESTIMATE.risk(design[[place]], np.array([4.0]), stratum=stratum[[place]])[0]
        assert together[place, 0] == pytest.approx(alone[0, 0], rel=1e-15)


def test_event_times_of_all_strata():
    np.testing.assert_array_equal(ESTIMATE.event_times, [1, 2, 3, 4, 9])


def test_stored_and_restored():
    again = CoxEstimate.restore(ESTIMATE.to_dict(), ESTIMATE.arrays())
    for field in dataclasses.fields(CoxEstimate):
        if field.name != "baseline":
            np.testing.assert_array_equal(getattr(again, field.name), getattr(ESTIMATE, field.name))
    for field in dataclasses.fields(Baseline):
        np.testing.assert_array_equal(getattr(again.baseline, field.name), getattr(TWO, field.name))


def test_summary_of_a_coefficient_by_hand():
    (line,) = ESTIMATE.summary().to_dict("records")
    assert line["hazard_ratio"] == pytest.approx(np.e)
    assert (line["lower"], line["upper"]) == (
        pytest.approx(np.exp(1 - 0.2 * 1.959963984540054)),
        pytest.approx(np.exp(1 + 0.2 * 1.959963984540054)),
    )
    assert line["z"] == pytest.approx(5.0)
    assert line["p"] == pytest.approx(2 * norm.sf(5), rel=1e-12)


# ---------------------------------------------------------------- scales of the interval


@settings(max_examples=60)
@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=6),
    st.floats(0, 50),
    st.floats(0.1, 4),
    st.sampled_from(["log", "log-log", "plain"]),
)
def test_laws_of_an_interval(hazards, relative, z, interval):
    hazard = np.array(hazards)
    risk, lower, upper = risk_with_interval(hazard, relative * hazard, z, interval)
    np.testing.assert_allclose(risk, -np.expm1(-hazard), atol=1e-15)
    for values in (risk, lower, upper):
        assert ((values >= 0) & (values <= 1)).all()
    assert (lower <= risk + 1e-15).all()
    assert (risk <= upper + 1e-15).all()
    assert (lower[hazard == 0] == 0).all()
    assert (upper[hazard == 0] == 0).all()


@pytest.mark.parametrize("interval", ["log", "log-log", "plain"])
def test_an_error_of_zero_gives_no_width(interval):
    hazard = np.array([0.0, 0.2, 3.0])
    risk, lower, upper = risk_with_interval(hazard, np.zeros(3), 1.96, interval)
    np.testing.assert_allclose(lower, risk, atol=1e-15)
    np.testing.assert_allclose(upper, risk, atol=1e-15)


def test_an_unknown_hazard_has_no_limits():
    for interval in ("log", "log-log", "plain"):
        assert np.isnan(risk_with_interval(np.array([np.nan]), np.array([np.nan]), 1.96, interval)).all()


def test_a_huge_error_is_clipped_and_raises_no_warning():
    risk, lower, upper = risk_with_interval(np.array([0.5]), np.array([1e4]), 1.96, "log")
    assert (lower[0], upper[0]) == (0.0, 1.0)
    assert 0 < risk[0] < 1
    for interval in ("log-log", "plain"):
        _, lower, upper = risk_with_interval(np.array([0.5]), np.array([1e4]), 1.96, interval)
        assert 0 <= lower[0] < upper[0] <= 1


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999999])
def test_normal_quantiles(level):
    assert z_of_level(level) == pytest.approx(norm.ppf(0.5 + level / 2), rel=1e-12)


def test_p_values_keep_their_digits_in_the_far_tail():
    z = np.array([0.0, -1.0, 5.0, 20.0, -37.0])
    np.testing.assert_allclose(two_sided_p(z), 2 * norm.sf(np.abs(z)), rtol=1e-11)


def test_robust_errors_go_into_the_interval():
    """Weights that are no whole numbers: wider or narrower than with the naive covariance, never the same."""
    rows = patients(200)
    e = fitted(rows, weights="weight").estimate_
    naive = dataclasses.replace(e, covariance=e.naive_covariance)
    design = Cox().fit(rows[PREDICTORS], outcome_of(rows)).preparation_.design(rows.head(5))
    robust_upper, naive_upper = e.risk(design, TIMES)[2], naive.risk(design, TIMES)[2]
    assert np.abs(robust_upper[:, 1:] - naive_upper[:, 1:]).min() > 1e-9
    np.testing.assert_array_equal(e.risk(design, TIMES)[0], naive.risk(design, TIMES)[0])


def test_curves_of_strata_are_those_of_separate_baselines(rows):
    """With the coefficients of the stratified fit, each stratum's baseline uses its own rows only."""
    cox = fitted(rows, strata=["centre"])
    e = cox.estimate_
    for index, name in enumerate(e.stratum_names):
        own = rows[rows["centre"] == name.split("=")[1]]
        risk = np.exp(cox.preparation_.design(own) @ e.coefficients)
        time, died = own["months"].to_numpy(), own["event"].to_numpy() == 1
        total = 0.0
        for t in np.unique(time[died & (time <= 12)]):
            dead = died & (time == t)
            for k in range(dead.sum()):
                total += 1 / (risk[time >= t].sum() - k / dead.sum() * risk[dead].sum())
        at_zero = e.risk_at(np.zeros(1), np.array([12.0]), index)[0, 0]
        assert -np.log1p(-at_zero) == pytest.approx(total, rel=1e-9)
        assert e.baseline.end[index] == time.max()


def test_frames_of_one_row(rows):
    cox = fitted(rows)
    one = cox.preparation_.design(rows.iloc[[4]])
    everybody = cox.preparation_.design(rows)
    np.testing.assert_array_equal(one[0], everybody[4])
    assert isinstance(rows.iloc[[4]], pd.DataFrame)
