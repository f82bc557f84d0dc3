"""Quantiles of survival and restricted means of a Cox model: by hand, R's numbers, slow oracles, laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import prognosis.cox.survival_times as module
from cohorts.errors import PredictionError
from prognosis.cox.baseline import cumulative_hazard
from prognosis.cox.breslow_baseline import with_breslow_baseline
from prognosis.cox.survival_times import printed_error, restricted_mean, survival_quantiles
from prognosis.models import Cox
from tests.prognosis.made import outcome_of, patients, structured
from tests.prognosis.test_cox_by_hand import six

LUNG = np.array([[45.0, 1, 0], [62, 2, 1], [78, 1, 2]])
# quantile(survfit(coxph(Surv(time, dead) ~ age + sex + ph.ecog, lung), newdata, conf.type), c(.25, .5, .75))
QUANTILES = [[223, 442, 728], [208, 394, 689], [93, 179, 286]]
NONE = float("nan")
LIMITS = {
    "log": (
        [[179, 340, 574], [179, 340, 574], [62, 145, 218]],
        [[350, 687, NONE], [285, 533, NONE], [147, 239, 390]],
    ),
    "log-log": (
        [[175, 310, 550], [176, 329, 558], [60, 142, 207]],
        [[310, 624, NONE], [283, 524, 814], [142, 222, 363]],
    ),
    "plain": (
        [[179, 329, 550], [179, 337, 558], [62, 144, 207]],
        [[337, 624, NONE], [285, 524, 791], [145, 223, 353]],
    ),
}


@pytest.fixture(scope="module")
def lung(golden_data):
    columns = ["age", "sex", "ph.ecog"]
    rows = golden_data("lung").dropna(subset=columns)
    return Cox().fit(rows[columns], structured(rows["time"].to_numpy(float), rows["dead"]))


@pytest.fixture(scope="module")
def made():
    frame = patients(250)
    columns = frame[["age", "albumin", "centre"]]
    cox = Cox(strata=["centre"]).fit(columns, outcome_of(frame))
    stratum = (frame["centre"] == "south").to_numpy(np.int64)
    return cox.estimate_, cox.preparation_.design(columns), stratum


@pytest.mark.parametrize("interval", ["log", "log-log", "plain"])
def test_quantiles_equal_r(lung, interval):
    found = survival_quantiles(lung.estimate_, LUNG, [0.25, 0.5, 0.75], interval=interval)
    np.testing.assert_array_equal(found.time, QUANTILES)
    np.testing.assert_array_equal(found.lower, LIMITS[interval][0])
    np.testing.assert_array_equal(found.upper, LIMITS[interval][1])


def test_restricted_means_equal_r(lung):
    """print(survfit(f, newdata), rmean = 730): rmean and its se(rmean)."""
    mean, se = restricted_mean(lung.estimate_, LUNG, 730)
    np.testing.assert_allclose(mean, [442.806779712061, 423.860060260855, 205.402129952977], rtol=1e-12)
    printed = printed_error(lung.estimate_, LUNG, 730, lung.training_.risk_sets)
    np.testing.assert_allclose(printed, [23.42221789864340, 21.69995243318154, 5.68910141737595], rtol=1e-12)
    # Leaving each patient out in turn (jackknife): 42.8, 25.8, 32.7. R's error is no error of a patient's curve.
    np.testing.assert_allclose(se, [42.80803962, 25.80214984, 32.74365113], rtol=0.2)


def test_six_rows_by_hand():
    """S is 1 to time 1, then a step, another at 6; tau of 7 cuts the last piece."""
    cox = six()
    r = np.exp(cox.estimate_.coefficients[0])
    first, second = np.exp(-1 / (3 * r + 3)), np.exp(-(1 / (3 * r + 3) + 1 / (r + 3) + 2 / (r + 5)))
    mean = restricted_mean(cox.estimate_, np.array([[0.0]]), 7.0).mean
    assert mean[0] == pytest.approx(1 + 5 * first + 1 * second, rel=1e-12)
    found = survival_quantiles(cox.estimate_, np.array([[0.0]]), [0.01, 1 - first, 1 - second, 0.999])
    np.testing.assert_allclose(found.time, [[1.0, 3.5, 7.5, NONE]])


def test_a_curve_that_ends_at_the_level_gives_the_middle_of_its_flat_end():
    """As R: from the last event to the last observed time."""
    cox = Cox().fit(*_one_column([1.0, 2.0, 3.0, 8.0], [1, 1, 0, 0], [0.0, 1.0, 0.5, 0.2]))
    level = 1 - np.exp(-cox.estimate_.baseline.cumulative_hazard[-1])
    at_means = cox.estimate_.means[None, :]
    assert survival_quantiles(cox.estimate_, at_means, [level]).time[0, 0] == pytest.approx((2 + 8) / 2)


def _one_column(time, event, x):
    frame = patients(len(time))[["age"]].assign(age=x)
    return frame, structured(np.array(time), np.array(event))


def test_the_error_of_the_mean_by_the_double_sum(made):
    """Variance of the integral of S: the covariance of the hazard at every pair of event times."""
    e, design, _ = made
    rows, tau = design[:4], 20.0
    lo, hi = e.baseline.edges[:2]
    at = np.flatnonzero(e.baseline.time[lo:hi] < tau)
    width = np.diff(e.baseline.time[at], append=tau)
    centred, relative = rows - e.means, np.exp(e.linear_predictor(rows))
    for i in range(4):
        survival = np.exp(-relative[i] * e.baseline.cumulative_hazard[at])
        drift = np.outer(e.baseline.cumulative_hazard[at], centred[i]) - e.baseline.mean_hazard[at]
        joint = np.minimum.outer(e.baseline.variance[at], e.baseline.variance[at]) + drift @ e.covariance @ drift.T
        expected = relative[i] * np.sqrt((width * survival) @ joint @ (width * survival))
        found = restricted_mean(e, rows[i : i + 1], tau)
        assert found.se[0] == pytest.approx(expected, rel=1e-12)
        assert found.mean[0] == pytest.approx(e.baseline.time[0] + width @ survival, rel=1e-12)


def test_the_mean_is_the_area_over_the_risk(made):
    e, design, stratum = made
    tau, grid = 30.0, np.linspace(0, 30, 6001)
    risk = e.risk(design[:20], (grid[1:] + grid[:-1]) / 2, stratum=stratum[:20])[0]
    mean = restricted_mean(e, design[:20], tau, stratum=stratum[:20]).mean
    np.testing.assert_allclose(mean, tau * (1 - risk.mean(axis=1)), atol=0.01)
    north = stratum[:20] == 0
    assert (np.diff(mean[north][np.argsort(e.linear_predictor(design[:20][north]))]) <= 0).all()


def test_the_quantile_inverts_the_risk(made):
    e, design, stratum = made
    time = survival_quantiles(e, design, [0.9], stratum=stratum).time[:, 0]
    never = np.isnan(time)
    assert 0 < never.sum() < 200
    for i in np.flatnonzero(~never)[:50]:
        just = np.array([np.nextafter(time[i], 0), time[i]])
        before, after = e.risk(design[i : i + 1], just, stratum=stratum[i : i + 1])[0][0]
        assert before < 0.9 <= after
    for s in (0, 1):
        left = never & (stratum == s)
        assert (e.risk(design[left], e.baseline.end[[s]], stratum=stratum[left])[0] < 0.9).all()


def test_quantiles_grow_and_lie_within_their_limits(made):
    e, design, stratum = made
    time, lower, upper = survival_quantiles(e, design, [0.1, 0.3, 0.5], stratum=stratum)
    assert (np.diff(time, axis=1)[~np.isnan(time[:, 1:])] >= 0).all()
    assert not (lower > time).any()
    assert not (upper < time).any()
    narrow = survival_quantiles(e, design, [0.3], stratum=stratum, level=0.5)
    assert not (narrow.lower[:, 0] < lower[:, 1]).any()
    assert not (narrow.upper[:, 0] > upper[:, 1]).any()


def test_blocks_of_patients_do_not_matter(made, monkeypatch):
    e, design, stratum = made
    whole = survival_quantiles(e, design, [0.5], stratum=stratum), restricted_mean(e, design, 15.0, stratum=stratum)
    monkeypatch.setattr(module, "BLOCK", 700)
    parts = survival_quantiles(e, design, [0.5], stratum=stratum), restricted_mean(e, design, 15.0, stratum=stratum)
    for a, b in zip((*whole[0], *whole[1]), (*parts[0], *parts[1]), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_the_squared_error_written_out_is_that_of_the_baseline(made):
    e, design, _ = made
    at = np.arange(e.baseline.edges[1])
    se = cumulative_hazard(e.baseline, design - e.means, e.linear_predictor(design), e.covariance, at)[1]
    curves = next(module._blocks(e, design, None, None))
    ours = curves.relative[:, None] * np.sqrt(module._unit_variance(e, curves))
    np.testing.assert_allclose(ours, se, rtol=1e-9)


def test_an_offset_multiplies_the_hazard(made):
    e, design, _ = made
    shifted = replace(e, means=e.means - np.array([np.log(2) / e.coefficients[0], 0.0]))
    assert shifted.linear_predictor(design[:1])[0] == pytest.approx(e.linear_predictor(design[:1])[0] + np.log(2))
    doubled = restricted_mean(e, design[:5], 20.0, offset=np.full(5, np.log(2))).mean
    np.testing.assert_allclose(doubled, restricted_mean(shifted, design[:5], 20.0).mean, rtol=1e-12)


def test_beyond_the_last_observed_time_nothing_is_known(made):
    e, design, stratum = made
    tau = float(np.sort(e.baseline.end)[0]) + 1e-6
    mean, se = restricted_mean(e, design, tau, stratum=stratum)
    short = e.baseline.end[stratum] < tau
    assert short.any()
    assert np.isnan(mean[short]).all()
    assert np.isnan(se[short]).all()
    assert np.isfinite(mean[~short]).all()
    assert np.isfinite(se[~short]).all()


def test_before_the_first_event_the_mean_is_tau_without_error(made):
    e, design, _ = made
    tau = e.baseline.time[0] / 2
    mean, se = restricted_mean(e, design[:3], tau)
    np.testing.assert_array_equal(mean, tau)
    np.testing.assert_array_equal(se, 0.0)


def test_a_stratum_without_an_event_has_no_quantile():
    frame = patients(80)
    frame.loc[frame["centre"] == "south", "event"] = 0
    cox = Cox(strata=["centre"]).fit(frame[["age", "centre"]], outcome_of(frame))
    design = np.array([[60.0], [60.0]])
    found = survival_quantiles(cox.estimate_, design, [0.1], stratum=np.array([0, 1]))
    assert np.isfinite(found.time[0, 0])
    assert np.isnan(found.time[1, 0])


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, float("nan")])
def test_a_probability_that_is_none_is_refused(made, p):
    with pytest.raises(PredictionError, match=r"each must lie between 0 and 1.*\.5 for the median") as caught:
        survival_quantiles(*made[:2], [0.5, p])
    assert caught.value.code == "N27"


@pytest.mark.parametrize("tau", [0.0, -1.0, float("inf"), float("nan")])
def test_a_tau_that_is_no_time_is_refused(made, tau):
    with pytest.raises(PredictionError, match="is not a positive time") as caught:
        restricted_mean(*made[:2], tau)
    assert caught.value.code == "N27"


def test_breslow_hazard_on_request_equals_r_and_is_smaller_at_ties(golden):
    """Efron's coefficients with Breslow's hazard: surv_at_times_aalen of the six rows."""
    cox, x = six(), np.array([[0.0], [1.0]])
    breslow = with_breslow_baseline(cox.estimate_, cox.training_)
    expected = np.transpose(golden("cox_tiny_efron")["surv_at_times_aalen"])
    np.testing.assert_allclose(1 - breslow.risk(x, np.array([1.0, 6, 8]))[0], expected, rtol=1e-12)
    r = np.exp(cox.estimate_.coefficients[0])
    at_zero = breslow.baseline.cumulative_hazard * np.exp(-breslow.means @ breslow.coefficients)
    np.testing.assert_allclose(np.diff(at_zero, prepend=0), [1 / (3 * r + 3), 2 / (r + 3), 1], rtol=1e-12)
    assert breslow.baseline.cumulative_hazard[1] < cox.estimate_.baseline.cumulative_hazard[1]
    np.testing.assert_array_equal(breslow.coefficients, cox.estimate_.coefficients)


def test_breslow_hazard_of_a_breslow_fit_is_its_own():
    cox = six("breslow")
    again = with_breslow_baseline(cox.estimate_, cox.training_).baseline
    np.testing.assert_allclose(again.cumulative_hazard, cox.estimate_.baseline.cumulative_hazard, rtol=1e-13)
    np.testing.assert_allclose(again.mean_hazard, cox.estimate_.baseline.mean_hazard, rtol=1e-12, atol=1e-15)
