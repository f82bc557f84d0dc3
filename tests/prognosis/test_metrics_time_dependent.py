"""AUC and Brier score at horizons: by hand, patient by patient as oracle, errors by leaving patients out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cohorts.errors import PredictionError
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.curves.kaplan_meier import kaplan_meier
from prognosis.metrics.accuracy import brier, integrated_brier, null_brier, prediction_accuracy
from prognosis.metrics.measured import paired_difference
from prognosis.metrics.time_dependent import auc
from prognosis.metrics.weights import censoring_weights
from prognosis.outcome import SurvivalArrays


def seen(time, event, entry=None):
    """Outcome of some patients."""
    return SurvivalArrays(np.array(time, float), np.array(event, np.int64), None if entry is None else np.array(entry))


def made(n=120, seed=5, competing=False, decimals=1):
    """Patients with tied times and their true risks."""
    draw = np.random.default_rng(seed)
    marker = draw.normal(size=n)
    time, censored = draw.exponential(10 * np.exp(-marker)), draw.uniform(2, 30, n)
    cause = np.where(competing & (draw.random(n) < 0.4), 2, 1)
    outcome = seen(np.minimum(time, censored).round(decimals) + 0.1, np.where(time <= censored, cause, 0))
    times = np.array([3.0, 8.0, 15.0])
    return outcome, 1 - np.exp(-times / 10 * np.exp(marker)[:, None]), times


def slow_weights(outcome, t):
    """Weights at one horizon by the definition of the reverse Kaplan-Meier."""
    time, event = outcome.time, outcome.event

    def free(u, before):
        value = 1.0
        for v in np.unique(time[event == 0]):
            if v < u or (v == u and not before):
                value *= 1 - ((time == v) & (event == 0)).sum() / ((time > v) | ((time == v) & (event == 0))).sum()
        return value

    left = (time <= t) & (event > 0)
    return np.array(
        [1 / free(u, True) if gone else (u > t) / free(t, False) for u, gone in zip(time, left, strict=True)]
    )


def slow_auc(outcome, risk, t):
    """Pair by pair."""
    weight = slow_weights(outcome, t)
    case = weight * ((outcome.time <= t) & (outcome.event == 1))
    control = weight - case
    won = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
    return case @ won @ control / (case.sum() * control.sum())


def slow_brier(outcome, risk, t):
    """Patient by patient."""
    happened = (outcome.time <= t) & (outcome.event == 1)
    return (slow_weights(outcome, t) * (happened - risk) ** 2).mean()


FOUR = seen([1, 2, 2, 3], [1, 1, 0, 0])
FOUR_RISK = np.array([0.8, 0.3, 0.5, 0.3])


def test_four_patients_by_hand():
    """The event at 2 leaves before the censoring at 2: G(2-) = 1, G(2) = 1 - 1 / 2."""
    weights = censoring_weights(FOUR, [2])
    np.testing.assert_allclose(weights.weights[:, 0], [1, 1, 0, 2])
    np.testing.assert_allclose(weights.observed, [0.5])
    # one case above the control at risk, one tied with it
    assert auc(FOUR, FOUR_RISK, [2]).estimate[0] == pytest.approx(0.75)
    expected = (0.2**2 + 0.7**2 + 2 * 0.3**2) / 4
    assert brier(FOUR, FOUR_RISK, [2]).estimate[0] == pytest.approx(expected)
    assert null_brier(FOUR, [2]).estimate[0] == pytest.approx((2 * 0.5**2 + 2 * 0.5**2) / 4)
    assert prediction_accuracy(FOUR, FOUR_RISK, [2]).estimate[0] == pytest.approx(1 - expected / 0.25)


def test_a_competing_event_is_a_control_that_weighs_as_an_event():
    outcome = seen([1, 2, 3, 4], [2, 0, 1, 0])
    np.testing.assert_allclose(censoring_weights(outcome, [3]).weights[:, 0], [1, 0, 1.5, 1.5])
    # the case at .6 is above the competing event at .4 (weight 1) and below the one at risk at .7 (weight 1.5)
    assert auc(outcome, [0.4, 0.1, 0.6, 0.7], [3]).estimate[0] == pytest.approx(0.4)
    expected = (0.4**2 + 1.5 * 0.4**2 + 1.5 * 0.7**2) / 4
    assert brier(outcome, np.array([[0.4], [0.1], [0.6], [0.7]]), [3]).estimate[0] == pytest.approx(expected)


ROWS = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from([0, 0, 1, 1, 2]), st.integers(0, 5), st.integers(0, 5)),
    min_size=4, max_size=30,
)  # fmt: skip


@given(ROWS)
def test_the_passes_equal_the_definition(rows):
    time, event, first, second = (np.array(column) for column in zip(*rows, strict=True))
    outcome, risk, times = seen(time, event), np.column_stack([first, second]) / 5, np.array([3.0, 6.0])
    assume((event[time <= 3] == 1).any() and (time > 6).any())
    # At the last time all may be censored, but that lies after both horizons.
    assume(len(np.unique(first)) > 1 and len(np.unique(second)) > 1)
    for j, t in enumerate(times):
        np.testing.assert_allclose(
            censoring_weights(outcome, times).weights[:, j], slow_weights(outcome, t), rtol=1e-12
        )
        assert auc(outcome, risk, times).estimate[j] == pytest.approx(slow_auc(outcome, risk[:, j], t), rel=1e-12)
        assert brier(outcome, risk, times).estimate[j] == pytest.approx(slow_brier(outcome, risk[:, j], t), rel=1e-12)


@pytest.mark.parametrize("competing", [False, True])
def test_the_influence_is_what_leaving_a_patient_out_changes(competing):
    """To first order in 1 / n, the weights being estimated anew without the patient."""
    outcome, risk, times = made(400, competing=competing)
    rows = np.arange(400)
    for measure in (auc, brier, prediction_accuracy):
        found = measure(outcome, risk, times)
        without = np.array(
            [found.estimate - measure(outcome.take(rows != i), risk[rows != i], times).estimate for i in rows[:60]]
        )
        np.testing.assert_allclose(without, found.influence[:60], atol=0.05 * np.abs(found.influence).max())


@pytest.mark.parametrize("measure", [auc, brier, prediction_accuracy])
@pytest.mark.parametrize("competing", [False, True])
def test_the_error_is_the_root_of_the_squared_influence_whose_mean_is_0(measure, competing):
    outcome, risk, times = made(competing=competing)
    found = measure(outcome, risk, times)
    np.testing.assert_allclose(found.std_err, np.sqrt((found.influence**2).sum(axis=0)), rtol=1e-12)
    np.testing.assert_allclose(found.influence.sum(axis=0), 0, atol=1e-12)
    assert found.influence.shape == (120, 3)
    estimate_only = measure(outcome, risk, times, errors=False)
    np.testing.assert_array_equal(estimate_only.estimate, found.estimate)
    assert np.isnan(estimate_only.std_err).all()
    assert estimate_only.influence.shape == (0, 3)
    shared = measure(outcome, risk[:, :1], times, errors=False)
    np.testing.assert_array_equal(shared.estimate, measure(outcome, risk[:, :1], times).estimate)
    assert estimate_only.table()["lower"].isna().all()


def test_the_error_covers_in_repeated_samples():
    """Standard deviation of 300 samples of 200 against the mean standard error."""
    found = [(auc(*made(200, seed, decimals=6)), brier(*made(200, seed, decimals=6))) for seed in range(300)]
    for k in range(2):
        spread = np.std([one[k].estimate for one in found], axis=0)
        np.testing.assert_allclose(np.mean([one[k].std_err for one in found], axis=0), spread, rtol=0.12)


def test_without_censoring_errors_are_those_of_plain_means():
    outcome, risk, times = made()
    outcome = seen(outcome.time, np.ones(120))
    found = brier(outcome, risk[:, :2], times[:2])
    plain = ((outcome.time[:, None] <= times[:2]) - risk[:, :2]) ** 2
    np.testing.assert_allclose(found.estimate, plain.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.std_err, plain.std(axis=0, ddof=1) / np.sqrt(120), rtol=1e-12)


def test_the_observed_risk_is_kaplan_meier_or_aalen_johansen():
    for competing in (False, True):
        outcome, _, times = made(competing=competing)
        if competing:
            curve = aalen_johansen(outcome.time, outcome.event)
            expected = curve.at(times)[:, 1]
        else:
            expected = 1 - kaplan_meier(outcome.time, outcome.event).at(times)
        np.testing.assert_allclose(censoring_weights(outcome, times).observed, expected, rtol=1e-12)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_laws(seed):
    """Order of the patients, a rising change of the risks, turning the risks round, doubling all patients."""
    outcome, risk, times = made(80, seed, competing=bool(seed % 2))
    area, score = auc(outcome, risk, times), brier(outcome, risk, times)
    shuffled = np.random.default_rng(seed).permutation(80)
    for measure, found in ((auc, area), (brier, score)):
        mixed = measure(outcome.take(shuffled), risk[shuffled], times)
        np.testing.assert_allclose(mixed.estimate, found.estimate, rtol=1e-11)
        np.testing.assert_allclose(mixed.influence, found.influence[shuffled], rtol=1e-8, atol=1e-14)
        twice = measure(outcome.take(np.repeat(np.arange(80), 2)), np.repeat(risk, 2, axis=0), times)
        np.testing.assert_allclose(twice.estimate, found.estimate, rtol=1e-11)
        np.testing.assert_allclose(twice.std_err * np.sqrt(159 / 79), found.std_err, rtol=1e-9)
    np.testing.assert_allclose(auc(outcome, np.exp(5 * risk), times).influence, area.influence, atol=1e-12)
    np.testing.assert_allclose(auc(outcome, 1 - risk, times).estimate, 1 - area.estimate, rtol=1e-10)
    np.testing.assert_allclose(auc(outcome, 1 - risk, times).std_err, area.std_err, rtol=1e-8)


def test_horizons_may_order_patients_differently_or_share_one_score():
    outcome, risk, times = made()
    crossed = risk.copy()
    crossed[:, 1] = 1 - crossed[:, 1]
    expected = [auc(outcome, crossed[:, j], [t]) for j, t in enumerate(times)]
    found = auc(outcome, crossed, times)
    np.testing.assert_allclose(found.estimate, [one.estimate[0] for one in expected], rtol=1e-12)
    np.testing.assert_allclose(found.std_err, [one.std_err[0] for one in expected], rtol=1e-12)
    np.testing.assert_allclose(auc(outcome, risk[:, 0], times).estimate, auc(outcome, risk, times).estimate, rtol=1e-12)


def test_the_integral_counts_each_score_up_to_the_next_horizon():
    outcome, risk, times = made()
    score = brier(outcome, risk, times)
    first, second, _ = score.estimate
    found = integrated_brier(score)
    np.testing.assert_allclose(found.estimate, [0, first * 5 / 8, (first * 5 + second * 7) / 15])
    np.testing.assert_allclose(found.std_err[1], score.std_err[0] * 5 / 8)
    assert np.isnan(integrated_brier(brier(outcome, risk, times, errors=False)).std_err).all()
    with pytest.raises(PredictionError, match="ascend"):
        integrated_brier(brier(outcome, risk, times[::-1]))


def test_paired_differences_and_their_table():
    outcome, risk, times = made()
    worse = np.clip(risk + np.random.default_rng(1).normal(0, 0.2, risk.shape), 0, 1)
    better, other = brier(outcome, risk, times), brier(outcome, worse, times)
    found = paired_difference(other, better)
    np.testing.assert_allclose(found.estimate, other.estimate - better.estimate)
    assert (found.std_err < np.hypot(better.std_err, other.std_err)).all()
    table = found.table(level=0.9)
    np.testing.assert_allclose(table["upper"] - table["lower"], 2 * 1.6448536269514722 * table["std_err"])
    assert found.p_value[1] < 0.05
    assert paired_difference(better, better).estimate.tolist() == [0, 0, 0]
    assert np.isnan(paired_difference(better, better).p_value).all()
    for unlike in (
        auc(outcome, risk, times),
        brier(outcome, risk, times + 1),
        brier(outcome, risk, times, errors=False),
    ):
        with pytest.raises(PredictionError, match="M09"):
            paired_difference(unlike, better)


def test_limits_stop_at_0_and_1():
    outcome = seen([1, 2, 3, 4, 5, 6], [1, 1, 0, 1, 0, 0])
    found = auc(outcome, [6, 5, 1, 4, 2, 3], [3.5])
    assert found.estimate[0] == 1
    assert found.limits()[1][0] == 1
    low, high = brier(outcome, [0.9, 0.2, 0.3, 0.4, 0.1, 0.1], [3.5]).limits(0.9999999)
    assert low[0] == 0
    assert 0 < high[0] <= 1
