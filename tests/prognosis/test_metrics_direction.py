"""Harrell's and Uno's C as measures, and survival probabilities that are given for risks."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import DataContractError, PredictionError, PrognosisWarning
from prognosis.metrics.concordance import concordance
from prognosis.metrics.concordance_index import concordance_index
from prognosis.metrics.direction import check_direction
from prognosis.metrics.measured import paired_difference
from prognosis.metrics.time_dependent import auc
from prognosis.outcome import SurvivalArrays


@pytest.fixture
def cohort():
    """Outcome, true risks and horizons of 300 patients, half of them with the event by 8."""
    draw = np.random.default_rng(2)
    marker = draw.normal(size=300)
    time, censored = draw.exponential(12 * np.exp(-marker)), draw.uniform(5, 40, 300)
    outcome = SurvivalArrays(np.minimum(time, censored), (time <= censored).astype(np.int64))
    times = np.array([2.0, 5.0, 20.0])
    return outcome, 1 - np.exp(-times / 12 * np.exp(marker)[:, None]), times


def test_both_indices_are_those_of_the_concordance(cohort):
    outcome, risk, _ = cohort
    for kind, weighting in (("harrell", "n"), ("uno", "n/G2")):
        found = concordance_index(outcome, risk[:, 0], kind=kind, tau=20.0)
        expected = concordance(outcome.time, outcome.event == 1, risk[:, 0], time_weight=weighting, tau=20.0)
        assert found.estimate[0] == expected.concordance > 0.6
        assert found.std_err[0] == expected.se
        assert found.horizons[0] == 20
        assert found.table()["measure"][0].startswith(kind.capitalize())
    other = concordance_index(outcome, -risk[:, 0], kind="uno", tau=20.0)
    assert paired_difference(found, other).std_err[0] == pytest.approx(2 * found.std_err[0], rel=1e-6)


def test_competing_events_are_overtaken_by_nobody_and_a_binary_outcome_has_an_area():
    outcome = SurvivalArrays(np.array([1.0, 2.0, 3.0]), np.array([2, 1, 0]))
    assert concordance_index(outcome, [3.0, 2.0, 1.0]).estimate[0] == 0.5
    binary = SurvivalArrays(np.full(4, np.nan), np.array([1, 0, 1, 0]))
    assert concordance_index(binary, [4.0, 3.0, 2.0, 1.0]).estimate[0] == 0.75


@pytest.mark.parametrize(
    ("asked", "code"),
    [({"kind": "gonen"}, "N29"), ({"kind": "uno"}, "N29"), ({}, "M03")],
)
def test_what_c_cannot_answer_is_refused(asked, code):
    competed = SurvivalArrays(np.array([1.0, 2.0, 3.0]), np.array([2, 1, 0]))
    none = SurvivalArrays(np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0]))
    with pytest.raises(PredictionError) as refused:
        concordance_index(none if code == "M03" else competed, [1.0, 2.0, 3.0], **asked)
    assert refused.value.code == code
    with pytest.raises(DataContractError, match="score is missing"):
        concordance_index(competed, [1.0, np.nan, 3.0])


def test_survival_for_risk_is_refused(cohort):
    """M02: the words C and orientation."""
    outcome, risk, times = cohort
    with pytest.raises(PredictionError, match=r"orientation: C=0.*fall with the horizon") as refused:
        check_direction(outcome, 1 - risk, times)
    assert refused.value.code == "M02"
    with pytest.raises(PredictionError, match="nearer to 1 - observed"):
        check_direction(outcome, 1 - risk[:, 0], times[:1])
    with pytest.raises(PredictionError, match="orientation"):
        check_direction(outcome, risk, times, declared="survival")


def test_in_another_cohort_it_is_a_warning(cohort):
    outcome, risk, times = cohort
    with pytest.warns(PrognosisWarning, match="orientation: C=0"):
        (doubt,) = check_direction(outcome, 1 - risk, times, external=True)
    assert doubt.code == "M02"
    assert doubt.severity == "warning"
    assert auc(outcome, 1 - risk, times).estimate.max() < 0.35


def test_risks_pass_even_poor_ones(cohort):
    outcome, risk, times = cohort
    shuffled = np.random.default_rng(1).permutation(300)
    # too high for all, of no use, the wrong way round but at the right level, the same for all, declared
    assert check_direction(outcome, risk, times) == ()
    assert check_direction(outcome, np.sqrt(risk), times) == ()
    assert check_direction(outcome, 1 - risk[shuffled], times) == ()
    upside_down = np.sort(risk, axis=0)[::-1][np.argsort(np.argsort(risk[:, 0]))]
    assert concordance_index(outcome, upside_down[:, 0]).limits()[1][0] < 0.5
    assert check_direction(outcome, upside_down, times) == ()
    assert check_direction(outcome, np.full((300, 3), 0.5), times) == ()
    assert check_direction(outcome, 1 - risk, times, declared="risk") == ()


def test_a_binary_outcome_and_delayed_entry_are_checked_too(cohort):
    outcome, risk, times = cohort
    draw = np.random.default_rng(3)
    event = (draw.random(300) < risk[:, 0]).astype(np.int64)
    binary = SurvivalArrays(np.full(300, np.nan), event)
    assert check_direction(binary, risk[:, 0], [np.nan]) == ()
    with pytest.raises(PredictionError, match="nearer to 1 - observed"):
        check_direction(binary, 1 - risk[:, 0], [np.nan])
    late = SurvivalArrays(outcome.time, outcome.event, outcome.time / 3)
    assert check_direction(late, risk, times) == ()
    with pytest.raises(PredictionError, match="fall with the horizon"):
        check_direction(late, 1 - risk, np.append(times[:2], 500.0))
