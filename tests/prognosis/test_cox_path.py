"""Risk along a path of changing covariates: by hand, R's numbers, the gradient by differences, laws."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import PredictionError
from prognosis.cox.baseline import baseline_of
from prognosis.cox.changing_covariates import risk_along
from prognosis.models import Cox
from tests.prognosis.made import outcome_of, patients, structured
from tests.prognosis.test_cox_by_hand import six

WAITING = np.array([-2.0, 3, 0, 0])
STARTS, STOPS = [0.0, 50, 200], [50.0, 200, 400]


@pytest.fixture(scope="module")
def heart(golden_data):
    rows = golden_data("heart")
    columns = rows[["age", "year", "surgery", "transplant"]]
    return Cox().fit(columns, structured(rows["stop"].to_numpy(), rows["event"], rows["start"].to_numpy()))


def transplanted(at_50=1.0):
    """Three intervals; the transplant comes at day 50."""
    return WAITING + np.array([0, 0, 0, at_50]) * np.array([[0], [1], [1]])


def test_the_survival_of_a_changing_patient_equals_r(heart):
    """survfit(f, newdata, id = id) at 30, 50, 100, 300 days."""
    risk, lower, upper = risk_along(heart.estimate_, transplanted(), STARTS, STOPS).at([30, 50, 100, 300])
    expected = [0.759635430843928, 0.650943669946575, 0.448952199929917, 0.309537828706888]
    np.testing.assert_allclose(1 - risk, expected, rtol=1e-11)
    np.testing.assert_allclose(1 - upper[:2], [0.675119685668738, 0.547937383523839], rtol=1e-11)
    np.testing.assert_allclose(1 - lower[:2], [0.854731390659789, 0.773314021245423], rtol=1e-11)


def test_the_error_after_a_change_is_that_of_the_jackknife(heart):
    """Leaving each of the 103 patients out in turn gives .0597, .0911, .1207, .1828 for the log of survival.

    R's survival before 3.8-0 gives .0602, .0879, .1703, .2147, its issue 282.
    """
    _, lower, upper = risk_along(heart.estimate_, transplanted(), STARTS, STOPS).at([30, 50, 100, 300])
    se = np.log((1 - lower) / (1 - upper)) / (2 * 1.959963984540054)
    np.testing.assert_allclose(se, [0.0597, 0.0911, 0.1207, 0.1828], rtol=0.1)


def test_a_path_that_never_changes_is_a_plain_prediction(heart):
    for interval in ("log", "log-log", "plain"):
        path = risk_along(heart.estimate_, transplanted(0.0), STARTS, STOPS, interval=interval, level=0.9)
        plain = heart.estimate_.risk(WAITING[None, :], path.time, interval=interval, level=0.9)
        for ours, expected in zip((path.risk, path.lower, path.upper), plain, strict=True):
            np.testing.assert_allclose(ours, expected[0], rtol=1e-11, atol=1e-13)


def test_six_rows_by_hand():
    """x is 0 to time 5 and 1 from then on: the hazard of the first interval counts once, of the second r times."""
    cox = six()
    r = np.exp(cox.estimate_.coefficients[0])
    path = risk_along(cox.estimate_, np.array([[0.0], [1.0]]), [0, 5], [5, 8])
    first, second = 1 / (3 * r + 3), 1 / (r + 3) + 2 / (r + 5)
    assert path.time.tolist() == [1, 6]
    np.testing.assert_allclose(path.risk, 1 - np.exp([-first, -first - r * second]), rtol=1e-12)
    later = risk_along(cox.estimate_, np.array([[1.0]]), [5], [8])
    assert later.risk.tolist() == pytest.approx([1 - np.exp(-r * second)])


def test_the_variance_by_the_gradient_in_differences(heart):
    """The cumulative hazard of the path as a function of the coefficients, the baseline re-estimated each time."""
    e, kept, rows = heart.estimate_, heart.training_, transplanted()
    uncentred = kept.design + e.means

    def steps(beta):
        b = baseline_of(uncentred, uncentred @ beta, kept.risk_sets, e.baseline.end, True)
        part = np.searchsorted(STOPS, b.time, side="left")
        inside = part < 3
        relative = np.exp(rows @ beta)[part[inside]]
        hazard, variance = (np.diff(curve, prepend=0)[inside] for curve in (b.cumulative_hazard, b.variance))
        return relative * hazard, relative**2 * variance

    unit = np.eye(4) * 1e-5
    gradient = np.array([
        (np.cumsum(steps(e.coefficients + h)[0]) - np.cumsum(steps(e.coefficients - h)[0])) / 2e-5 for h in unit
    ])  # fmt: skip
    hazard, known = (np.cumsum(part) for part in steps(e.coefficients))
    se = np.sqrt(known + np.einsum("pk,pq,qk->k", gradient, e.covariance, gradient))
    path = risk_along(e, rows, STARTS, STOPS)
    np.testing.assert_allclose(-np.log1p(-path.risk), hazard, rtol=1e-10)
    np.testing.assert_allclose(1 - path.upper, np.clip(np.exp(-hazard - 1.959963984540054 * se), 0, 1), rtol=1e-6)


def test_cutting_an_interval_changes_nothing(heart):
    whole = risk_along(heart.estimate_, transplanted()[:2], [0, 50], [50, 400])
    cut = risk_along(heart.estimate_, transplanted(), STARTS, STOPS)
    for name in ("time", "risk", "lower", "upper"):
        np.testing.assert_allclose(getattr(cut, name), getattr(whole, name), rtol=1e-12)


def test_a_change_of_stratum_takes_the_hazard_of_the_new_one():
    frame = patients(200)
    cox = Cox(strata=["centre"]).fit(frame[["age", "centre"]], outcome_of(frame))
    e, x = cox.estimate_, np.array([[60.0], [60.0]])
    path = risk_along(e, x, [0, 10], [10, 20], stratum=np.array([0, 1]))
    ten, twenty = np.array([10.0]), np.array([20.0])
    north, south = (np.array([s]) for s in (0, 1))
    stay = 1 - e.risk(x[:1], ten, stratum=north)[0]
    move = (1 - e.risk(x[:1], twenty, stratum=south)[0]) / (1 - e.risk(x[:1], ten, stratum=south)[0])
    assert 1 - path.at([20.0])[0][0] == pytest.approx((stay * move).item(), rel=1e-12)


def test_an_offset_multiplies_the_hazard_of_its_interval(heart):
    e, beta = heart.estimate_, heart.estimate_.coefficients[3]
    by_offset = risk_along(e, transplanted(0.0), STARTS, STOPS, offset=np.array([0, beta, beta]))
    np.testing.assert_allclose(by_offset.risk, risk_along(e, transplanted(), STARTS, STOPS).risk, rtol=1e-12)


def test_the_risk_is_a_step_curve_known_within_the_path_only(heart):
    path = risk_along(heart.estimate_, transplanted()[1:], STARTS[1:], STOPS[1:])
    risk, lower, upper = path.at([49.9, 50, 200, 400, 400.1])
    assert np.isnan(risk[[0, 4]]).all()
    assert np.isnan(lower[[0, 4]]).all()
    assert np.isnan(upper[[0, 4]]).all()
    assert risk[1] == lower[1] == upper[1] == 0
    assert (np.diff(path.risk) > 0).all()
    assert path.time[0] > 50
    assert risk[2] == path.risk[path.time <= 200][-1]


def test_beyond_the_last_observed_time_nothing_is_known(heart):
    end = float(heart.estimate_.baseline.end[0])
    path = risk_along(heart.estimate_, transplanted(), [0, 50, 200], [50, 200, end + 100])
    assert path.end == end
    assert np.isfinite(path.at([end])[0]).all()
    assert np.isnan(path.at([end + 1])[0]).all()


@pytest.mark.parametrize(
    ("starts", "stops", "words"),
    [
        ([0, 60, 200], STOPS, "has a gap between 50 and 60"),
        ([0, 40, 200], STOPS, "overlaps itself between 50 and 40"),
        ([0, 50, 400], [50, 400, 400], "empty, infinite or starts before time zero"),
        ([-1, 50, 200], STOPS, "empty, infinite or starts before time zero"),
        ([0, 50, 200], [50, 200, np.inf], "empty, infinite"),
        ([0, 50], [50, 200], "3 rows with 2 starts and 2 stops"),
    ],
)
def test_a_path_that_is_none_is_refused(heart, starts, stops, words):
    with pytest.raises(PredictionError, match=words) as caught:
        risk_along(heart.estimate_, transplanted(), starts, stops)
    assert caught.value.code == "N28"
