"""Outcomes, horizons and risks that AUC and Brier score cannot judge: refused or named, in the words of the trade."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import DataContractError, PredictionError, PrognosisWarning
from prognosis.metrics.accuracy import brier, prediction_accuracy
from prognosis.metrics.concordance_index import concordance_index
from prognosis.metrics.direction import check_direction
from prognosis.metrics.time_dependent import auc
from prognosis.metrics.weights import censoring_weights
from prognosis.outcome import SurvivalArrays


def seen(time, event, entry=None):
    """Outcome of some patients."""
    return SurvivalArrays(np.array(time, float), np.array(event, np.int64), None if entry is None else np.array(entry))


BAD = [
    ("M03", seen([1, 2, 3], [0, 0, 0]), [2.0], "0 events"),
    ("M03", seen([1, 2, 3], [2, 0, 2]), [2.0], "0 events"),
    ("M05", seen([1, 2, 3], [1, 1, 0]), [3.0], r"G\(t\)=0.*tau=3"),
    ("M07", seen([2, 3, 4], [1, 0, 0]), [1.0, 2.5], "0 events before t=1"),
    ("N29", seen([2, 3, 4], [1, 0, 0], [0.0, 1.0, 1.0]), [2.5], "delayed entry"),
    ("M09", SurvivalArrays(np.full(3, np.nan), np.array([0, 1, 1])), [2.5], "binary"),
    ("P12", seen([2, 3, 4], [1, 0, 0]), [-1.0], "positive"),
]


@pytest.mark.parametrize(("code", "outcome", "horizons", "words"), BAD, ids=[case[0] for case in BAD])
def test_outcomes_that_cannot_be_judged_are_refused(code, outcome, horizons, words):
    for measure in (auc, brier, prediction_accuracy):
        with pytest.raises(PredictionError, match=words) as refused:
            measure(outcome, np.full((3, len(horizons)), 0.3), horizons)
        assert refused.value.code == code


def test_nobody_to_judge_is_refused():
    nobody = seen([], [])
    for measure in (auc, brier, check_direction):
        with pytest.raises(PredictionError, match=r"M03.*0 events among 0"):
            measure(nobody, np.empty((0, 1)), [2.0])
    with pytest.raises(PredictionError, match="M03"):
        concordance_index(nobody, [])


def test_all_faults_of_the_horizons_are_named_together():
    with pytest.raises(PredictionError) as refused:
        censoring_weights(seen([2, 3, 4], [1, 0, 0]), [1.0, 2.0, 4.0, 9.0])
    assert sorted(finding.code for finding in refused.value.findings) == ["M05", "M05", "M07"]


def test_an_area_needs_someone_free_of_the_event_but_a_score_does_not():
    outcome = seen([1, 2, 3], [1, 1, 1])
    assert brier(outcome, [0.9, 0.8, 0.7], [3]).estimate[0] == pytest.approx((0.01 + 0.04 + 0.09) / 3)
    with pytest.raises(PredictionError, match="nobody is free of the event after 3"):
        auc(outcome, [0.9, 0.8, 0.7], [3])


@pytest.mark.parametrize(
    ("risk", "code", "words"),
    [
        (np.array([0.1, np.nan, 0.2]), "M01", "score is missing or infinite for 1 of 3"),
        (np.array([0.1, np.inf, 0.2]), "M01", "score is missing or infinite for 1 of 3"),
        (np.array([0.1, 0.2]), "M09", "shape"),
        (np.ones((3, 2)), "M09", "shape"),
        (np.array([0.1, 1.2, 0.2]), "M09", "no probabilities"),
    ],
)
def test_risks_that_are_none_are_refused(risk, code, words):
    with pytest.raises(DataContractError, match=words) as refused:
        brier(seen([1, 2, 3], [1, 1, 0]), risk, [2.5])
    assert refused.value.code == code


def test_a_constant_score_warns_of_ties():
    """M04, for the area and for C."""
    outcome = seen([1, 2, 3, 4], [1, 1, 0, 0])
    with pytest.warns(PrognosisWarning, match=r"M04.*C=0\.5 by ties"):
        found = auc(outcome, np.full(4, 0.3), [2.5])
    assert found.estimate[0] == 0.5
    assert found.warnings[0].code == "M04"
    with pytest.warns(PrognosisWarning, match="at 1 of 2 horizons"):
        auc(outcome, np.column_stack([np.full(4, 0.3), [0.9, 0.8, 0.7, 0.6]]), [1.5, 2.5])
    with pytest.warns(PrognosisWarning, match=r"C=0\.5 by ties"):
        assert concordance_index(outcome, np.full(4, 0.3)).estimate[0] == 0.5
