"""Smooth calibration curves with their bands, and groups of risk."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import FitError, PredictionError
from prognosis.curves import aalen_johansen, kaplan_meier
from prognosis.metrics.calibration_curve import calibration_curve, calibration_errors
from prognosis.metrics.calibration_groups import calibration_groups
from prognosis.metrics.pseudo_regression import cloglog, inverse_cloglog
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made_risks import HORIZON, followed, tied, true_risk

METHODS = ("pseudo-values", "cox")
# True risks at the 10 %, 20 %, ..., 90 % of the patients.
DECILES = true_risk([-1.2816, -0.8416, -0.5244, -0.2533, 0, 0.2533, 0.5244, 0.8416, 1.2816])[:, 0]


@pytest.mark.parametrize("method", METHODS)
def test_band_holds_the_diagonal_in_95_of_100_samples(method):
    """200 samples of 400 perfectly predicted patients: mean over the nine deciles .93 to .97, each above .9."""
    rng = np.random.default_rng(7)
    inside = np.zeros((200, 9))
    for k in range(200):
        outcome, risk = followed(400, rng)
        lower, upper = calibration_curve(outcome, risk, HORIZON, method=method, at=DECILES).limits()
        inside[k] = (lower[0] <= DECILES) & (upper[0] >= DECILES)
    assert 0.93 <= inside.mean() <= 0.97, inside.mean(axis=0)
    assert inside.mean(axis=0).min() > 0.9, inside.mean(axis=0)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("knots", [3, 4, 5])
def test_a_wrong_prediction_is_seen(method, knots):
    """Twice the hazard is predicted: the curve lies where the truth is, and ICI is the mean distance to it."""
    outcome, risk = followed(4000, np.random.default_rng(1))
    wrong = inverse_cloglog(cloglog(risk) + np.log(2))
    curve = calibration_curve(outcome, wrong, HORIZON, method=method, knots=knots)
    truth = inverse_cloglog(cloglog(curve.predicted) - np.log(2))
    assert np.abs(curve.observed - truth).max() < 0.07
    lower, upper = curve.limits()
    assert ((lower <= truth) & (truth <= upper)).mean() > 0.7
    assert curve.errors().ici == pytest.approx([np.abs(wrong - risk).mean()], abs=0.02)
    assert calibration_curve(outcome, risk, HORIZON, method=method).errors().ici < 0.03


def test_curves_of_several_horizons_are_those_of_each():
    horizons = np.array([2.0, 5.0])
    outcome, risk = followed(300, np.random.default_rng(2), horizons)
    both = calibration_curve(outcome, risk, horizons)
    for j in range(2):
        one = calibration_curve(outcome, risk[:, j], horizons[j])
        for name in ("predicted", "observed", "std_err", "knots"):
            np.testing.assert_array_equal(getattr(both, name)[j], getattr(one, name)[0])
        np.testing.assert_array_equal(both.smoothed[:, j], one.smoothed[:, 0])
    table = both.table()
    assert table.shape == (200, 5)
    assert ((table["lower"] < table["observed"]) & (table["observed"] < table["upper"])).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_curve_at_the_patients_is_the_same_curve(method):
    outcome, risk = followed(200, np.random.default_rng(3))
    found = calibration_curve(outcome, risk, HORIZON, method=method, at=risk[:5, 0])
    np.testing.assert_allclose(found.observed[0], found.smoothed[:5, 0], rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_no_curve_beyond_the_predictions(method):
    outcome, risk = followed(300, np.random.default_rng(11))
    places = [risk.min() * 0.9, risk.min(), risk.max(), (1 + risk.max()) / 2]
    found = calibration_curve(outcome, risk, HORIZON, method=method, at=places)
    for values in (found.observed, found.std_err, *found.limits()):
        assert np.isnan(values).tolist() == [[True, False, False, True]]


def test_errors_by_hand():
    found = calibration_errors(np.array([[0.1], [0.2], [0.3]]), np.array([[0.2], [0.2], [0.6]]), np.array([1.0]))
    values = found.table().iloc[0].tolist()
    assert values == pytest.approx([1.0, 0.4 / 3, 0.1, 0.26, 0.3])


def test_competing_events_by_pseudo_values():
    """Two equal causes, each with half of the hazard: the incidence of one is half of the risk of any."""
    rng = np.random.default_rng(4)
    outcome, risk = followed(4000, rng)
    event = np.where(outcome.event == 1, rng.integers(1, 3, 4000), 0)
    competing = SurvivalArrays(outcome.time, event)
    curve = calibration_curve(competing, risk / 2, HORIZON)
    lower, upper = curve.limits()
    assert np.abs(curve.observed - curve.predicted)[0, 5:95].max() < 0.05
    assert ((lower <= curve.predicted) & (curve.predicted <= upper)).mean() > 0.8
    with pytest.raises(PredictionError, match=r"\[V33\].*competing events.*pseudo-values"):
        calibration_curve(competing, risk / 2, HORIZON, method="cox")


def test_delayed_entry_by_cox():
    """Patients who enter late and are seen only if still free: counted from their entry the curve is the diagonal."""
    rng = np.random.default_rng(5)
    outcome, risk = followed(6000, rng)
    entry = rng.uniform(0, 3, 6000)
    seen = entry < outcome.time
    late = SurvivalArrays(outcome.time, outcome.event, entry).take(seen)
    curve = calibration_curve(late, risk[seen], HORIZON, method="cox", at=DECILES)
    assert np.abs(curve.observed - DECILES).max() < 0.04
    with pytest.raises(PredictionError, match=r"\[V33\].*delayed entry.*method=\"cox\""):
        calibration_curve(late, risk[seen], HORIZON)


def test_what_a_curve_refuses():
    outcome, risk = followed(100, np.random.default_rng(6))
    with pytest.raises(PredictionError, match=r"\[V36\].*3, 4 or 5 knots"):
        calibration_curve(outcome, risk, HORIZON, knots=7)
    with pytest.raises(PredictionError, match=r"\[V36\].*between 0 and 1"):
        calibration_curve(outcome, risk, HORIZON, at=[0.0, 0.5])
    with pytest.raises(PredictionError, match=r"\[V35\].*constant"):
        calibration_curve(outcome, np.full(100, 0.2), HORIZON)
    with pytest.raises(FitError, match="S11"):
        calibration_curve(outcome, np.where(risk > 0.3, 0.5, 0.1), HORIZON)
    with pytest.raises(FitError, match="Q03"):
        calibration_curve(outcome, risk, HORIZON, method="loess")


def test_certain_predictions_of_a_forest():
    outcome, risk = followed(300, np.random.default_rng(7))
    risk[risk < np.quantile(risk, 0.1)] = 0.0
    curve = calibration_curve(outcome, risk, HORIZON)
    assert [finding.code for finding in curve.warnings] == ["V34"]
    assert np.isfinite(curve.observed).all()
    assert (curve.predicted > 0).all()


def test_groups_are_kaplan_meier_curves():
    horizons = np.array([2.0, 5.0])
    outcome, risk = followed(200, np.random.default_rng(8), horizons)
    found = calibration_groups(outcome, risk, horizons, groups=4)
    assert found.patients.tolist() == [50] * 8
    code = np.searchsorted(np.quantile(risk[:, 1], [0.25, 0.5, 0.75]), risk[:, 1])
    for group in range(4):
        inside, row = code == group, 4 + group
        curve = kaplan_meier(outcome.time[inside], outcome.event[inside])
        place = np.searchsorted(curve.time, 5.0, side="right") - 1
        assert found.observed[row] == pytest.approx(1 - curve.survival[place], rel=1e-12)
        assert found.std_err[row] == pytest.approx(curve.std_err_survival[place], rel=1e-12)
        assert found.limits("log-log")[0][row] == pytest.approx(1 - curve.limits("log-log")[1][place], rel=1e-10)
        assert found.predicted[row] == pytest.approx(risk[inside, 1].mean())
        assert found.events[row] == (outcome.event[inside] & (outcome.time[inside] <= 5)).sum()
        assert found.at_risk[row] == (outcome.time[inside] >= 5).sum()


@pytest.mark.parametrize("delayed", [False, True])
def test_groups_with_competing_events_weights_and_delayed_entry(delayed):
    rng = np.random.default_rng(9)
    outcome, weight = tied(120, rng, delayed=delayed), rng.uniform(0.5, 2, 120)
    risk = rng.uniform(0.1, 0.9, 120)
    found = calibration_groups(outcome, risk, 6.0, cuts=[0.5], weight=weight)
    for group, inside in enumerate((risk <= 0.5, risk > 0.5)):
        rows, entry = outcome.take(inside), None if outcome.entry is None else outcome.entry[inside]
        curve = aalen_johansen(rows.time, rows.event, entry=entry, weight=weight[inside])
        assert found.observed[group] == pytest.approx(curve.at(6.0)[0, 1], rel=1e-12)
        assert found.std_err[group] == pytest.approx(curve.std_err_at(6.0)[0, 1], rel=1e-10)
        assert found.predicted[group] == pytest.approx(np.average(risk[inside], weights=weight[inside]))
    lower, upper = found.limits()
    assert lower == pytest.approx(found.observed * np.exp(-1.959964 * found.std_err / found.observed), rel=1e-6)
    assert (upper > found.observed).all()


def test_a_group_whose_follow_up_ends_early_is_not_a_number():
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 4, 5, 9]), np.array([1, 0, 0, 1, 1, 0]))
    found = calibration_groups(outcome, [0.1, 0.2, 0.1, 0.7, 0.8, 0.9], 5.0, cuts=[0.5])
    assert np.isnan(found.observed).tolist() == [True, False]
    assert [finding.code for finding in found.warnings] == ["V38"]
    assert "follow-up of group 1 ends before t=5" in found.warnings[0].rule
    assert np.isnan(found.table()["lower"]).tolist() == [True, False]


def test_a_group_in_which_everybody_dies_before_others_enter_is_not_a_number():
    """In group 1 the first patient dies alone at 1; the next enter at 2: its curve would be 0 from 1 on."""
    time, event = np.array([1.0, 4, 6, 2, 5, 6]), np.array([1, 1, 0, 1, 1, 0])
    late = SurvivalArrays(time, event, np.array([0.0, 2, 2, 0, 0, 0]))
    found = calibration_groups(late, [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], 5.0, cuts=[0.5])
    assert np.isnan(found.observed).tolist() == [True, False]
    assert [finding.code for finding in found.warnings] == ["V38"]


def test_what_groups_refuse():
    outcome, risk = followed(40, np.random.default_rng(10))
    with pytest.raises(PredictionError, match=r"\[V36\].*groups=1"):
        calibration_groups(outcome, risk, HORIZON, groups=1)
    with pytest.raises(PredictionError, match=r"\[V36\].*increasing"):
        calibration_groups(outcome, risk, HORIZON, cuts=[0.5, 0.2])
    with pytest.raises(PredictionError, match=r"\[V36\].*single group"):
        calibration_groups(outcome, np.full(40, 0.3), HORIZON)
