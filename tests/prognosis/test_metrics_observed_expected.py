"""Observed over expected, calibration intercept and slope at a horizon."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from cohorts.errors import FitError, PredictionError
from prognosis.curves import aalen_johansen, kaplan_meier
from prognosis.metrics.measured import paired_difference
from prognosis.metrics.observed_expected import calibration_intercept, calibration_slope_at, observed_expected
from prognosis.metrics.pseudo_regression import cloglog, inverse_cloglog, regress_pseudo_values
from prognosis.metrics.pseudo_values import pseudo_incidence
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made_risks import HORIZON, followed, tied

SIX = SurvivalArrays(np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 0, 1, 0, 1, 0]))
RISK = np.array([0.5, 0.2, 0.4, 0.3, 0.1, 0.3])


def test_six_patients_by_hand():
    """S(3) = 5/6 * 3/4; Greenwood: 1/(6*5) + 1/(4*3)."""
    found = observed_expected(SIX, RISK, 3.0, expected="fixed")
    observed = 1 - 5 / 6 * 3 / 4
    assert found.estimate == pytest.approx([observed / 0.3], rel=1e-12)
    error = 5 / 8 * np.sqrt(1 / 30 + 1 / 12) / observed
    assert found.std_err / found.estimate == pytest.approx([error], rel=1e-12)
    lower, upper = found.limits(0.9)
    assert np.log(upper / lower) == pytest.approx([2 * 1.6448536269514722 * error], rel=1e-9)
    assert lower * upper == pytest.approx(found.estimate**2)


def test_where_nobody_is_left_the_error_is_unknown():
    """Greenwood's error of a curve that has come to 0 is not 0 but unknown, as in R's survfit: the fifth died last."""
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 4, 5]), np.array([1, 0, 1, 0, 1]))
    found = observed_expected(outcome, np.tile(RISK[:5, None], 2), [4.0, 5.0])
    assert found.estimate[1] == pytest.approx(1 / RISK[:5].mean())
    assert np.isnan([found.std_err[1], *(limit[1] for limit in found.limits()), found.p_value[1]]).all()
    assert np.isfinite([found.std_err[0], found.p_value[0]]).all()
    assert [(note.code, "t=5:" in note.rule) for note in found.warnings] == [("V44", True)]
    # a competing event of the last one ends the curve, too
    competing = SurvivalArrays(outcome.time, np.array([1, 0, 1, 0, 2]))
    assert np.isnan(observed_expected(competing, RISK[:5], 5.0).std_err).all()


def test_complete_follow_up_is_the_ratio_of_two_means():
    """Without censoring the error of log(ratio) is that of mean(y)/mean(y) - mean(r)/mean(r), patient by patient."""
    rng = np.random.default_rng(1)
    outcome, risk = SurvivalArrays(rng.uniform(0, 10, 200), np.ones(200, np.int64)), rng.uniform(0.1, 0.9, 200)
    had = outcome.time <= 5
    share = had / had.mean() - risk / risk.mean()
    found = observed_expected(outcome, risk, 5.0)
    assert found.estimate == pytest.approx([had.mean() / risk.mean()])
    assert found.std_err / found.estimate == pytest.approx([np.sqrt((share**2).sum()) / 200])


@pytest.mark.parametrize("delayed", [False, True])
def test_competing_events_weights_and_delayed_entry(delayed):
    rng = np.random.default_rng(2)
    outcome, weight = tied(80, rng, delayed=delayed), rng.uniform(0.5, 2, 80)
    weight[3] = 0
    horizons, risk = np.array([5.0, 12.0]), rng.uniform(0.1, 0.6, (80, 2))
    curve = aalen_johansen(outcome.time, outcome.event, entry=outcome.entry, weight=weight)
    found = observed_expected(outcome, risk, horizons, weight=weight)
    expected = np.average(risk, axis=0, weights=weight)
    np.testing.assert_allclose(found.estimate, curve.at(horizons)[:, 1] / expected, rtol=1e-12)
    assert (found.influence[3] == 0).all()
    for i in (0, 11, 50):
        step = np.where(np.arange(80) == i, 1e-5, 0.0) * weight
        up, down = (observed_expected(outcome, risk, horizons, weight=weight + s).estimate for s in (step, -step))
        np.testing.assert_allclose(found.influence[i], (up - down) / 2e-5, rtol=1e-5, atol=1e-9)


def test_intercept_and_slope_solve_least_squares():
    rng = np.random.default_rng(3)
    outcome, risk = followed(300, rng)
    y, x = pseudo_incidence(outcome, HORIZON)[:, 0], cloglog(risk[:, 0])
    slope = least_squares(
        lambda b: y - inverse_cloglog(b[0] + b[1] * x), [0.0, 1.0], xtol=1e-15, ftol=1e-15, gtol=1e-12
    )
    shift = least_squares(lambda a: y - inverse_cloglog(a[0] + x), [0.0], xtol=1e-15, ftol=1e-15, gtol=1e-12)
    assert calibration_slope_at(outcome, risk, HORIZON).estimate == pytest.approx([slope.x[1]], abs=1e-7)
    assert calibration_intercept(outcome, risk, HORIZON).estimate == pytest.approx([shift.x[0]], abs=1e-7)


def test_a_distorted_prediction_is_read_back():
    """Predicted with cloglog 1.25 x truth + .2: the slope is .8; shifted by .7: the intercept is -.7."""
    outcome, risk = followed(4000, np.random.default_rng(4))
    eta = cloglog(risk)
    slope = calibration_slope_at(outcome, inverse_cloglog(0.2 + 1.25 * eta), HORIZON)
    true_slope = calibration_slope_at(outcome, risk, HORIZON)
    np.testing.assert_allclose(slope.estimate, true_slope.estimate / 1.25, rtol=1e-6)
    np.testing.assert_allclose(slope.std_err, true_slope.std_err / 1.25, rtol=1e-6)
    high, true = (calibration_intercept(outcome, inverse_cloglog(eta + c), HORIZON) for c in (0.7, 0.0))
    np.testing.assert_allclose(high.estimate, true.estimate - 0.7, rtol=1e-6)
    assert high.table()["p"][0] < 1e-6 < 0.01 < true.table()["p"][0]
    assert observed_expected(outcome, inverse_cloglog(eta + 0.7), HORIZON).estimate[0] < 0.7


def test_limits_hold_the_truth_in_95_of_100_samples():
    """200 samples of a perfectly calibrated prediction: each rate within 3.1 binomial errors of .95."""
    rng = np.random.default_rng(20)
    measures = (observed_expected, calibration_intercept, calibration_slope_at)
    hits = np.zeros((200, 3))
    for k in range(200):
        outcome, risk = followed(300, rng)
        for j, measure in enumerate(measures):
            found = measure(outcome, risk, HORIZON)
            lower, upper = found.limits()
            hits[k, j] = lower[0] <= found.perfect <= upper[0]
    assert (np.abs(hits.mean(axis=0) - 0.95) < 0.048).all(), hits.mean(axis=0)


def test_two_predictions_are_compared_in_the_same_patients():
    outcome, risk = followed(400, np.random.default_rng(6))
    one, other = (observed_expected(outcome, r, HORIZON) for r in (risk, inverse_cloglog(cloglog(risk) * 0.9)))
    change = paired_difference(one, other)
    assert change.estimate == pytest.approx(one.estimate - other.estimate)
    assert 0 < change.std_err[0] < one.std_err[0] / 3


def test_certain_predictions_are_moved_inside_with_a_warning():
    outcome, risk = followed(300, np.random.default_rng(7))
    risk[:3, 0], inside = (0.0, 0.0, 1.0), risk.copy()
    inside[:3, 0] = 1e-4, 1e-4, max(1 - 1e-4, risk[3:].max())
    found = calibration_slope_at(outcome, risk, HORIZON)
    assert found.estimate == calibration_slope_at(outcome, inside, HORIZON).estimate
    assert [finding.code for finding in found.warnings] == ["V34"]
    assert "3 predicted risks at t=5 are exactly 0 or 1" in found.warnings[0].rule


def test_survival_given_as_risk_has_a_negative_slope():
    outcome, risk = followed(400, np.random.default_rng(12))
    lower, upper = calibration_slope_at(outcome, 1 - risk, HORIZON).limits()
    assert upper[0] < 0
    assert lower[0] > -3


def test_values_that_no_risk_describes():
    """Pseudo-values may lie beyond 1; where all do the likeliest risk is 1 and the intercept has no end."""
    with pytest.raises(FitError, match=r"\[V37\].*cannot be described"):
        regress_pseudo_values(np.array([1.2, 1.1, 1.3]), np.ones((3, 1)))


def test_what_is_refused():
    outcome, risk = followed(100, np.random.default_rng(8))
    with pytest.raises(PredictionError, match=r"\[V35\].*constant"):
        calibration_slope_at(outcome, np.full(100, 0.3), HORIZON)
    assert np.isfinite(calibration_intercept(outcome, np.full(100, 0.3), HORIZON).estimate).all()
    with pytest.raises(PredictionError, match=r"\[V34\].*mean predicted risk is 0"):
        observed_expected(outcome, np.zeros(100), HORIZON)
    with pytest.raises(FitError, match="Q03"):
        observed_expected(outcome, risk, HORIZON, expected="random")
    late = tied(60, np.random.default_rng(9), delayed=True)
    with pytest.raises(PredictionError, match=r"\[V33\].*delayed entry"):
        calibration_slope_at(late, np.linspace(0.1, 0.9, 60), 5.0)


def test_a_risk_set_that_empties_before_others_enter_is_refused():
    late = SurvivalArrays(np.array([1.0, 4, 6]), np.array([1, 1, 0]), np.array([0.0, 2, 2]))
    with pytest.raises(PredictionError, match=r"\[M05\].*everybody at risk early on has an event before t=5"):
        observed_expected(late, [0.2, 0.3, 0.4], 5.0)


def test_observed_is_kaplan_meier_at_each_horizon():
    horizons = np.array([2.0, 5.0, 9.0])
    outcome, risk = followed(150, np.random.default_rng(10), horizons)
    curve = kaplan_meier(outcome.time, outcome.event)
    found = observed_expected(outcome, risk, horizons)
    np.testing.assert_allclose(found.estimate, (1 - curve.at(horizons)) / risk.mean(axis=0), rtol=1e-12)
    assert list(found.table()) == ["horizon", "measure", "estimate", "std_err", "lower", "upper", "perfect", "p"]
