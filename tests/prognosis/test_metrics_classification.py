"""A prediction cut at a threshold: tables by hand, R's exact limits, the constant model, Youden's choice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from cohorts.errors import PredictionError
from prognosis.metrics.classification import METRICS, Proportion, classify, youden_threshold
from tests.prognosis.made_binary import EVENT, RISK, patients, small_cohorts

# Of 30 ill 24 are found; of 70 healthy 14 are called ill.
ILL = np.repeat([1, 1, 0, 0], [24, 6, 14, 56])
CALLED = np.repeat([0.9, 0.1, 0.9, 0.1], [24, 6, 14, 56])


def test_table_by_hand():
    table = classify(ILL, CALLED, 0.5).table().set_index("metric")
    expected = {"sensitivity": 24 / 30, "specificity": 56 / 70, "ppv": 24 / 38, "npv": 56 / 62, "accuracy": 0.8}
    for metric, value in {**expected, "base_rate": 0.3}.items():
        assert table.loc[metric, "estimate"] == pytest.approx(value, rel=1e-15)
    assert table.loc["ppv", ["count", "total"]].tolist() == [24, 38]


def test_the_constant_model_stands_beside():
    """Calling all 100 healthy is right 70 times and finds nobody."""
    beside = classify(ILL, CALLED, 0.5).table().set_index("metric")["constant_model"]
    assert beside[["sensitivity", "specificity", "npv", "accuracy", "base_rate"]].tolist() == [0, 1, 0.7, 0.7, 0.3]
    assert np.isnan(beside["ppv"])
    turned = classify(1 - ILL, CALLED, 0.5).constant_model
    assert (turned["sensitivity"], turned["specificity"], turned["ppv"], turned["accuracy"]) == (1, 0, 0.7, 0.7)
    assert np.isnan(turned["npv"])


@pytest.mark.parametrize(
    ("count", "total", "level", "limits"),
    [
        (682, 925, 0.95, (0.707668264079039, 0.765406558241525)),
        (0, 10, 0.95, (0.0, 0.308497107818761)),
        (3, 8, 0.9, (0.111112706607629, 0.710759183498191)),
        (10, 10, 0.95, (1 - 0.308497107818761, 1.0)),
        (0, 0, 0.95, (0.0, 1.0)),
    ],
)
def test_exact_limits_are_those_of_binom_test(count, total, level, limits):
    assert Proportion(count, total).limits(level) == pytest.approx(limits, rel=1e-12)


@given(st.integers(1, 60).flatmap(lambda total: st.tuples(st.integers(1, total), st.just(total))))
def test_a_limit_is_where_the_count_is_just_too_extreme(pair):
    count, total = pair
    lower, upper = Proportion(count, total).limits()
    assert binom.sf(count - 1, total, lower) == pytest.approx(0.025, abs=1e-10)
    if count < total:
        assert binom.cdf(count, total, upper) == pytest.approx(0.025, abs=1e-10)
    assert lower < count / total <= upper


def test_at_the_threshold_means_positive():
    found = classify(np.array([0, 1]), np.array([0.4, 0.5]), 0.5)
    assert (found.true_positives, found.false_positives) == (1, 0)
    assert classify(np.array([0, 1]), np.array([0.4, 0.5]), np.nextafter(0.5, 1)).true_positives == 0


def test_nobody_positive_has_no_predictive_value():
    found = classify(EVENT, RISK, 2.0)
    assert np.isnan(found.proportions["ppv"].estimate)
    assert found.proportions["ppv"].limits() == (0.0, 1.0)
    assert found.proportions["npv"].estimate == 0.5
    assert np.isnan(found.errors.estimate[METRICS.index("ppv")])


def test_errors_are_those_of_shares_and_differences_are_paired():
    event, risk = patients()
    one, two = classify(event, risk, 0.4), classify(event, risk, 0.6)
    for name, estimate, error in zip(METRICS, one.errors.estimate, one.errors.std_err, strict=True):
        share = one.proportions[name]
        assert estimate == pytest.approx(share.estimate, rel=1e-14)
        assert error == pytest.approx(np.sqrt(share.estimate * (1 - share.estimate) / share.total), rel=1e-12)
    gain = one.errors.minus(two.errors)
    moved = (risk >= 0.4) & (risk < 0.6)
    ill = event == 1
    share = moved[ill].mean()
    assert gain.estimate[0] == pytest.approx(share, rel=1e-12)
    assert gain.std_err[0] == pytest.approx(np.sqrt(share * (1 - share) / ill.sum()), rel=1e-12)
    assert gain.estimate[1] == pytest.approx(-moved[~ill].mean(), rel=1e-12)


def test_youden_is_proc_s_choice_and_counts_as_selection():
    found = youden_threshold(EVENT, RISK)
    assert (found.threshold, found.sensitivity, found.specificity) == pytest.approx((0.305, 0.8, 0.5), rel=1e-14)
    assert found.youden == pytest.approx(0.3)
    (warning,) = found.warnings
    assert "counts as selection" in warning.rule
    cut = classify(EVENT, RISK, found)
    assert cut.warnings == (warning,)
    assert cut.proportions["sensitivity"].estimate == 0.8
    assert classify(EVENT, RISK, 0.305).warnings == ()


@given(small_cohorts())
def test_youden_finds_the_best_of_all_cuts(cohort):
    event, risk = cohort
    cuts = np.unique(risk)
    index = [(risk >= cut)[event == 1].mean() + (risk < cut)[event == 0].mean() - 1 for cut in cuts]
    found = youden_threshold(event, risk)
    assert found.youden == pytest.approx(max(0, *index), abs=1e-12)
    assert classify(event, risk, found).proportions["sensitivity"].estimate == pytest.approx(found.sensitivity)


def test_a_useless_marker_has_no_threshold():
    found = youden_threshold(1 - EVENT, np.round(RISK))
    assert (found.threshold, found.sensitivity, found.specificity) == (-np.inf, 1, 0)
    assert [warning.code for warning in found.warnings] == ["V25", "V27"]


def test_a_chosen_threshold_flatters():
    """On noise the index at the chosen cut is the one-sided distance of Smirnov, near .15 for 30 and 30 patients.

    In new patients it is 0.
    """
    draw, here, there = np.random.default_rng(4), [], []
    for _ in range(200):
        event, risk = np.repeat([0, 1], 30), draw.random(60)
        chosen = youden_threshold(event, risk)
        here.append(chosen.youden)
        fresh = classify(event, draw.random(60), chosen).proportions
        there.append(fresh["sensitivity"].estimate + fresh["specificity"].estimate - 1)
    assert np.mean(here) == pytest.approx(0.15, abs=0.02)
    assert abs(np.mean(there)) < 0.03


def test_a_threshold_must_be_a_number():
    with pytest.raises(PredictionError, match="not a number") as caught:
        classify(EVENT, RISK, float("nan"))
    assert caught.value.code == "V26"
