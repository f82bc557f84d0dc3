"""Pseudo-values and the influence of patients on the observed risk: against the definition and numerical slopes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import DataContractError, FitError, PredictionError
from prognosis.curves import aalen_johansen, kaplan_meier
from prognosis.metrics.incidence_influence import observed_risk
from prognosis.metrics.pseudo_values import pseudo_incidence, pseudo_survival
from prognosis.metrics.risk_comparison import compare_risks, sort_outcome
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made_risks import by_hand, tied

HORIZONS = np.array([2.0, 8.5, 20.0])


def naive(outcome, horizons):
    """n F - (n - 1) F without the patient, each curve from its definition."""
    n, rows = len(outcome.time), np.arange(len(outcome.time))
    full = np.array([by_hand(outcome.time, outcome.event, h) for h in horizons])
    without = [[by_hand(outcome.time[rows != i], outcome.event[rows != i], h) for h in horizons] for i in range(n)]
    return n * full - (n - 1) * np.array(without)


@pytest.mark.parametrize("competing", [True, False])
def test_leave_one_out_equals_the_loop(competing):
    outcome = tied(60, np.random.default_rng(1), competing=competing)
    np.testing.assert_allclose(pseudo_incidence(outcome, HORIZONS), naive(outcome, HORIZONS), rtol=0, atol=1e-12)


@pytest.mark.parametrize("last", [0, 1, 2])
def test_everybody_left_has_the_event_at_the_end(last):
    """Where the risk set empties, leaving one of its last members out must not divide by nobody."""
    time = np.array([1.0, 2, 2, 3, 4, 4, 5, 5])
    event = np.array([1, 0, 2, 1, 0, 1, last, 1])
    outcome, horizons = SurvivalArrays(time, event), np.array([1.0, 4.0, 5.0])
    np.testing.assert_allclose(pseudo_incidence(outcome, horizons), naive(outcome, horizons), rtol=0, atol=1e-12)


def test_one_patient_left_who_has_the_event():
    outcome = SurvivalArrays(np.array([1.0, 2, 3]), np.array([1, 0, 1]))
    horizons = np.array([1.0, 3.0, 9.0])
    np.testing.assert_allclose(pseudo_incidence(outcome, horizons), naive(outcome, horizons), rtol=0, atol=1e-12)


@pytest.mark.parametrize("jackknife", ["leave-one-out", "infinitesimal"])
def test_without_censoring_it_is_the_event_itself(jackknife):
    time, event = np.array([4.0, 1, 3, 2, 5]), np.array([1, 2, 1, 1, 2])
    found = pseudo_incidence(SurvivalArrays(time, event), [2.5, 4.0], jackknife=jackknife)
    np.testing.assert_allclose(found.T, [[0, 0, 0, 1, 0], [1, 0, 1, 1, 0]], atol=1e-12)
    free = pseudo_survival(SurvivalArrays(time, event), [2.5], jackknife=jackknife)
    np.testing.assert_allclose(free[:, 0], [1, 0, 1, 0, 1], atol=1e-12)


@given(st.integers(0, 10_000))
def test_order_of_the_patients_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    outcome, order = tied(30, rng), rng.permutation(30)
    if not ((outcome.event == 1) & (outcome.time <= 8)).any() or outcome.time.max() < 8:
        return
    np.testing.assert_array_equal(pseudo_incidence(outcome.take(order), 8.0), pseudo_incidence(outcome, 8.0)[order])


def test_infinitesimal_pseudo_values_average_to_the_curve():
    outcome = tied(200, np.random.default_rng(3))
    curve = aalen_johansen(outcome.time, outcome.event)
    found = pseudo_incidence(outcome, HORIZONS, jackknife="infinitesimal")
    np.testing.assert_allclose(found.mean(axis=0), curve.at(HORIZONS)[:, 1], rtol=1e-12)
    np.testing.assert_allclose(np.sqrt(found.var(axis=0) / 200), curve.std_err_at(HORIZONS)[:, 1], rtol=1e-10)


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("competing", [True, False])
def test_influence_is_the_slope_in_the_weight(competing, delayed):
    rng = np.random.default_rng(5)
    outcome, weight = tied(40, rng, competing=competing, delayed=delayed), rng.uniform(0.5, 2, 40)

    def risk_at(weights):
        rows, counts, _, times = sort_outcome(outcome, HORIZONS, weights)
        return rows, *observed_risk(rows, counts, times)

    rows, risk, influence = risk_at(weight)
    curve = aalen_johansen(outcome.time, outcome.event, entry=outcome.entry, weight=weight)
    np.testing.assert_allclose(risk, curve.at(HORIZONS)[:, 1], rtol=1e-12)
    np.testing.assert_allclose(np.sqrt((influence**2).sum(axis=0)), curve.std_err_at(HORIZONS)[:, 1], rtol=1e-10)
    for place in (0, 7, 25, 39):
        step = np.where(np.arange(40) == rows.order[place], 1e-5, 0.0) * weight
        slope = (risk_at(weight + step)[1] - risk_at(weight - step)[1]) / 2e-5
        np.testing.assert_allclose(influence[place], slope, rtol=1e-6, atol=1e-9)


def test_observed_risk_is_one_less_kaplan_meier():
    outcome = tied(50, np.random.default_rng(6), competing=False)
    rows, counts, _, times = sort_outcome(outcome, HORIZONS)
    curve = kaplan_meier(outcome.time, outcome.event)
    np.testing.assert_allclose(observed_risk(rows, counts, times)[0], 1 - curve.at(HORIZONS), rtol=1e-12)


def test_what_pseudo_values_refuse():
    with pytest.raises(PredictionError, match=r"\[V33\] a pseudo-value knows no delayed entry"):
        pseudo_incidence(tied(30, np.random.default_rng(2), delayed=True), 8.0)
    outcome = SurvivalArrays(np.array([1.0, 2, 3]), np.array([0, 1, 0]))
    with pytest.raises(PredictionError, match=r"\[M05\].*horizon 4 is after the last observed time tau=3"):
        pseudo_incidence(outcome, 4.0)
    with pytest.raises(PredictionError, match=r"\[P12\].*positive"):
        pseudo_incidence(outcome, [1.0, -2.0])
    with pytest.raises(PredictionError, match=r"\[M07\].*0 events before t=1\.5"):
        pseudo_incidence(outcome, 1.5)
    with pytest.raises(FitError, match="Q03"):
        pseudo_incidence(outcome, 2.0, jackknife="delete-two")


def test_faults_of_outcome_and_risks_by_their_words():
    outcome = SurvivalArrays(np.array([1.0, 2, 3]), np.array([0, 1, 0]))
    with pytest.raises(DataContractError, match=r"\[M09\].*shape \(2, 1\) for 3 patients and 1 horizons"):
        compare_risks(outcome, [[0.1], [0.2]], 2.0)
    with pytest.raises(DataContractError, match=r"\[M01\] row ids 1: the score is missing or infinite for 1 of 3"):
        compare_risks(outcome, [0.1, np.nan, 0.3], 2.0)
    with pytest.raises(DataContractError, match=r"\[M09\] row ids 0, 2: risks from -0.1 to 1.3 are no probabilities"):
        compare_risks(outcome, [-0.1, 0.5, 1.3], 2.0)
    with pytest.raises(PredictionError, match=r"\[M03\] 0 events"):
        compare_risks(SurvivalArrays(outcome.time, np.zeros(3, np.int64)), [0.1, 0.2, 0.3], 2.0)
    with pytest.raises(DataContractError, match=r"\[M09\].*shape \(3,\) for 3 patients and 2 horizons"):
        compare_risks(outcome, [0.1, 0.2, 0.3], [2.0, 2.5])
    with pytest.raises(DataContractError, match=r"\[V33\].*binary outcome"):
        compare_risks(SurvivalArrays(np.full(3, np.nan), outcome.event), [0.1, 0.2, 0.3], 2.0)
