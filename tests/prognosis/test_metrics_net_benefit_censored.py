"""Net benefit at a horizon from censored and competing-risk outcomes."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import PredictionError
from prognosis.metrics.net_benefit_censored import net_benefit_censored
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made_risks import HORIZON, by_hand, followed, tied, true_risk

THRESHOLDS = np.array([0.1, 0.25, 0.4])


def decision_curve(outcome, risk, horizon, threshold):
    """Write out dcurves::dca: risk among those at or above the threshold, then true and false positives of all."""
    positive = risk >= threshold
    test_pos_rate = positive.mean()
    risk_among_positive = by_hand(outcome.time[positive], outcome.event[positive], horizon) if positive.any() else 0.0
    tp_rate, fp_rate = risk_among_positive * test_pos_rate, (1 - risk_among_positive) * test_pos_rate
    return tp_rate, fp_rate, tp_rate - threshold / (1 - threshold) * fp_rate


@pytest.mark.parametrize("competing", [True, False])
def test_equals_the_formula_of_dcurves(competing):
    rng = np.random.default_rng(1)
    outcome, horizons = tied(90, rng, competing=competing), np.array([4.0, 9.0])
    risk = np.round(rng.uniform(0, 0.8, (90, 2)), 2)  # so that risks lie on the thresholds
    found = net_benefit_censored(outcome, risk, horizons, THRESHOLDS)
    for j, horizon in enumerate(horizons):
        for k, threshold in enumerate(THRESHOLDS):
            theirs = decision_curve(outcome, risk[:, j], horizon, threshold)
            all_treated = decision_curve(outcome, np.ones(90), horizon, threshold)
            for name, value in zip(("true_positive", "false_positive", "estimate"), theirs, strict=True):
                assert getattr(found["model"], name)[j, k] == pytest.approx(value, abs=1e-12)
            assert found["treat all"].estimate[j, k] == pytest.approx(all_treated[2], abs=1e-12)
    assert not found["treat none"].estimate.any()
    assert not found["treat none"].std_err.any()


def test_complete_follow_up_is_counted_by_hand():
    """Five patients, threshold 1/3: three treated, of whom two have the event by 2.5: 2/5 - 1/5 * 1/2."""
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 4, 5]), np.ones(5, np.int64))
    found = net_benefit_censored(outcome, [0.9, 0.5, 0.4, 0.1, 0.2], 2.5, 1 / 3)
    assert found["model"].estimate == pytest.approx(np.array([[0.3]]))
    assert found["model"].treated == pytest.approx(np.array([[0.6]]))
    assert found["treat all"].estimate == pytest.approx(np.array([[0.1]]))
    gain = np.array([1, 1, -0.5, 0, 0])
    assert found["model"].std_err[0, 0] == pytest.approx(gain.std() / np.sqrt(5))
    assert found["model"].gain(found["treat all"]).estimate == pytest.approx(np.array([[0.2]]))


@pytest.mark.parametrize("delayed", [False, True])
def test_influence_is_the_slope_in_the_weight(delayed):
    rng = np.random.default_rng(2)
    outcome, weight = tied(70, rng, delayed=delayed), rng.uniform(0.5, 2, 70)
    weight[5] = 0
    risk, horizons = rng.uniform(0, 0.8, (70, 2)), np.array([4.0, 9.0])
    found = net_benefit_censored(outcome, risk, horizons, THRESHOLDS, weight=weight)
    for strategy in ("model", "treat all"):
        for i in (0, 5, 33, 69):
            step = np.where(np.arange(70) == i, 1e-5, 0.0) * weight
            up, down = (
                net_benefit_censored(outcome, risk, horizons, THRESHOLDS, weight=weight + s)[strategy].estimate
                for s in (step, -step)
            )
            np.testing.assert_allclose(found[strategy].influence[i], (up - down) / 2e-5, rtol=1e-5, atol=1e-9)
        error = np.sqrt((found[strategy].influence ** 2).sum(axis=0))
        np.testing.assert_allclose(found[strategy].std_err, error)


def test_limits_hold_the_truth_in_95_of_100_samples():
    """The true net benefit by a million patients; 200 samples of 400, model and its gain over treating all."""
    draws = true_risk(np.random.default_rng(3).normal(size=1_000_000))[:, 0]
    benefit = np.where(draws >= 0.25, draws - (1 - draws) / 3, 0).mean()
    over_all = benefit - (draws - (1 - draws) / 3).mean()
    rng, hits = np.random.default_rng(4), np.zeros((200, 2))
    for k in range(200):
        outcome, risk = followed(400, rng)
        found = net_benefit_censored(outcome, risk, HORIZON, 0.25)
        gain = found["model"].gain(found["treat all"])
        for j, (measure, truth) in enumerate(((found["model"], benefit), (gain, over_all))):
            lower, upper = measure.limits()
            hits[k, j] = lower[0, 0] <= truth <= upper[0, 0]
    assert (np.abs(hits.mean(axis=0) - 0.95) < 0.048).all(), hits.mean(axis=0)


def test_gain_is_a_paired_difference():
    outcome, risk = followed(500, np.random.default_rng(5))
    one, other = (net_benefit_censored(outcome, r, HORIZON, THRESHOLDS)["model"] for r in (risk, risk**1.05))
    gain = one.gain(other)
    assert gain.strategy == "model minus model"
    np.testing.assert_allclose(gain.estimate, one.estimate - other.estimate)
    assert (gain.std_err < one.std_err / 2).all()
    table = gain.table()
    assert table.shape == (3, 10)
    assert table["threshold"].tolist() == THRESHOLDS.tolist()
    with pytest.raises(PredictionError, match=r"\[V39\]"):
        one.gain(net_benefit_censored(outcome, risk, HORIZON, [0.1, 0.2, 0.3])["model"])


def test_treated_whose_follow_up_ends_early_are_not_a_number():
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 4, 5, 9]), np.array([1, 1, 0, 1, 0, 0]))
    found = net_benefit_censored(outcome, [0.1, 0.2, 0.6, 0.3, 0.3, 0.2], 5.0, [0.1, 0.5, 0.9])["model"]
    assert np.isnan(found.estimate).tolist() == [[False, True, False]]
    assert np.isnan(found.std_err).tolist() == [[False, True, False]]
    assert found.estimate[0, 2] == 0
    assert [finding.code for finding in found.warnings] == ["V38"]
    assert "ends before t=5 at the thresholds 0.5" in found.warnings[0].rule


@pytest.mark.parametrize("thresholds", [0.0, 1.0, [0.2, np.nan], []])
def test_thresholds_lie_between_0_and_1(thresholds):
    outcome, risk = followed(50, np.random.default_rng(6))
    with pytest.raises(PredictionError, match=r"\[V36\].*thresholds"):
        net_benefit_censored(outcome, risk, HORIZON, thresholds)
