"""Image scores: what they must be to enter a cohort, and the folds that they were made by."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest

from cohorts import Binary, Cohort, Folds, Score, make_folds
from cohorts.errors import DataContractError, LeakageError

IDS = tuple(f"P{row}" for row in range(6))


def folds(assignment=(0, 0, 1, 1, 2, 2), ids=IDS, k=3):
    return Folds(pd.Series(assignment, index=list(ids)), k, seed=1)


def nested(**changed):
    """Row i, column j holds 10 i + j: each value tells where it is from."""
    declared = {"values": 10.0 * np.arange(6)[:, None] + np.arange(3), "folds": folds(), **changed}
    return Score("film", IDS, **declared)


def cohort(ids=IDS):
    rows = pd.DataFrame({"age": np.arange(len(ids)) + 50.0}, index=pd.Index(ids, name="pid"))
    return Cohort.from_frame(rows, "pid")


def refused(error, code, words, build):
    with pytest.raises(error, match=words) as caught:
        build()
    assert caught.value.code == code
    return caught.value.findings


def test_a_patient_has_the_value_of_the_own_fold_and_every_fold_its_own_values():
    score = nested()
    np.testing.assert_array_equal(score.of(IDS), [0, 10, 21, 31, 42, 52])
    np.testing.assert_array_equal(score.in_fold(("P5", "P0"), 1), [51, 1])
    np.testing.assert_array_equal(score.of(("P9", "P2")), [np.nan, 21])
    plain = Score("film", IDS, np.arange(6), folds(), nested=False)
    np.testing.assert_array_equal(plain.of(("P3", "P1")), [3, 1])


def test_nothing_of_a_score_changes():
    given = 10.0 * np.arange(6)[:, None] + np.arange(3)
    score = nested(values=given)
    given[0, 0] = 99
    assert score.of(("P0",))[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        score.values[0, 0] = 99
    with pytest.raises(FrozenInstanceError):
        score.nested = False


def test_the_cohort_gains_a_numeric_predictor_and_remembers_the_score():
    before, score = cohort((*IDS, "P6")), nested(label={"en": "radiograph score"})
    after = before.with_score(score)
    np.testing.assert_array_equal(after.frame["film"], [0, 10, 21, 31, 42, 52, np.nan])
    assert after.codebook["film"].kind == "numeric"
    assert after.codebook["film"].timing == "baseline"
    assert after.codebook["film"].text() == "radiograph score"
    assert after.scores == (score,)
    assert before.scores == ()
    assert "film" not in before.frame
    assert after.without(["P6"], "no film").scores == (score,)


def test_from_a_frame():
    frame = pd.DataFrame(nested().values, index=list(IDS))
    assert Score.from_frame("film", frame, folds()).nested
    plain = Score.from_frame("film", frame[0], folds(), provenance="ResNet34")
    assert not plain.nested
    assert plain.provenance == "ResNet34"
    np.testing.assert_array_equal(plain.of(IDS), frame[0])


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("no name", {"name": ""}),
        (r"shape \(6, 2\)", {"values": np.ones((6, 2))}),
        (r"shape \(6, 3\)", {"nested": False}),
        (r"shape \(5, 3\)", {"values": np.ones((5, 3))}),
        ("missing or infinite", {"values": np.where(np.eye(6, 3), np.nan, np.arange(3.0))}),
        ("missing or infinite", {"values": np.where(np.eye(6, 3), np.inf, np.arange(3.0))}),
        ("missing or infinite", {"values": np.full((6, 3), "high")}),
        ("named twice", {"ids": ("P0", *IDS[:5])}),
        ("do not place", {"folds": folds((0, 1, 2, 0, 1), IDS[:5])}),
        ("same value in all folds", {"values": np.ones((6, 3))}),
        ("out of fold by construction", {"out_of_fold": False}),
    ],
)
def test_l13_what_is_no_score(words, changed):
    declared = {"name": "film", "ids": IDS, "values": nested().values, "folds": folds(), **changed}
    refused(DataContractError, "L13", words, lambda: Score(**declared))


def test_l13_names_the_patients_and_all_faults_at_once():
    values = np.where(np.eye(6, 3), np.nan, np.arange(3.0))
    findings = refused(
        DataContractError, "L13", "P5", lambda: nested(values=values, folds=folds((0, 1, 2, 0, 1), IDS[:5]))
    )
    assert [finding.rows for finding in findings] == [("P5",), ("P0", "P1", "P2")]


def test_l14_other_patients_and_a_name_that_is_taken():
    refused(DataContractError, "L14", "P4, P5", lambda: cohort(IDS[:4]).with_score(nested()))
    refused(DataContractError, "L14", "has such a column", lambda: cohort().with_score(nested()).with_score(nested()))


def test_l15_an_in_sample_score_enters_no_cohort():
    score = Score("film", IDS, np.arange(6), folds(), nested=False, out_of_fold=False)
    refused(LeakageError, "L15", "in-sample.*cross-fitting", lambda: cohort().with_score(score))


def test_l19_one_patient_in_two_folds():
    findings = refused(LeakageError, "L19", "two folds", lambda: folds((0, 1, 2, 0), ("P0", "P1", "P2", "P2")))
    assert findings[0].rows == ("P2",)


@pytest.mark.parametrize(
    "assignment", [(0, 0, 1, 1, 2, 3), (0, 0, 1, 1, 0, 1), (0, 0, 1, 1, 2, np.nan), (0, 1, 2, 0, 1, -1)]
)
def test_l20_folds_that_are_not_complete(assignment):
    refused(DataContractError, "L20", "folds 0 to 2", lambda: folds(assignment))


def test_folds_keep_rows_together_and_balanced():
    n = 300
    draw = np.random.default_rng(3)
    rows = pd.DataFrame({"patient": np.arange(n) // 3 + 1.0, "event": (draw.random(n) < 0.2).astype(int)})
    rows.index = pd.Index([f"L{row}" for row in range(n)], name="lesion")
    lesions = Cohort.from_frame(rows, "lesion")
    endpoint = Binary("recurrence", event="event")
    dealt = make_folds(lesions, endpoint, 5, seed=1, together="patient").assignment
    per_patient = dealt.groupby(rows["patient"]).nunique()
    assert (per_patient == 1).all()
    assert dealt.value_counts().to_list() == [60] * 5
    had = rows["event"].groupby(rows["patient"]).max()
    share = had.groupby(dealt.groupby(rows["patient"]).first()).sum()
    assert share.max() - share.min() <= 1
    alone = make_folds(lesions, endpoint, 5, seed=1).assignment
    assert (alone.groupby(rows["patient"]).nunique() > 1).any()


def test_folds_by_a_column_with_gaps_are_refused():
    rows = pd.DataFrame(
        {"patient": [1.0, 1.0, np.nan, 2.0], "event": [0, 1, 1, 1]}, index=pd.Index(list("abcd"), name="l")
    )
    lesions = Cohort.from_frame(rows, "l")
    endpoint = Binary("recurrence", event="event")
    refused(DataContractError, "C16", "c", lambda: make_folds(lesions, endpoint, 2, 1, together="patient"))
    refused(DataContractError, "S01", "person", lambda: make_folds(lesions, endpoint, 2, 1, together="person"))
