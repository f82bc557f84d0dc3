"""The cohort: immutable, every row accounted for, and what a frame without a codebook may mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Cohort, LedgerEntry
from tests.cohorts.made import changed, codebook, findings_of, made_cohort, only, patients

COHORT = made_cohort()


def test_frame_has_the_types_of_the_kinds():
    frame = COHORT.frame
    assert frame.index.name == "pid"
    assert list(frame) == ["age", "albumin", "sex", "months", "event"]
    assert frame["age"].dtype == np.float64
    assert frame["months"].dtype == np.float64
    assert list(frame["sex"].cat.categories) == ["F", "M"]
    assert {type(code) for code in frame["event"]} == {int}
    assert frame.index.map(type).unique().tolist() == [str]


def test_the_frame_is_a_copy():
    frame = COHORT.frame
    frame.loc["P000", "age"] = -1
    view = COHORT.view(["age"])
    view.loc["P000", "age"] = -1
    assert COHORT.frame.loc["P000", "age"] == patients()["age"][0]


def test_cohorts_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        COHORT.name = "other"


def test_length_ids_and_repr():
    assert len(COHORT) == 40
    assert COHORT.ids == tuple(patients()["pid"])
    assert repr(COHORT) == "Cohort(frame: 40 patients, 5 columns)"


def test_flow_tells_who_was_left_out_and_why():
    fewer = COHORT.without(["P003", "P001", "P003"], "consent withdrawn").without(["P000"], "no follow-up")
    assert fewer.flow.values.tolist() == [
        ["rows read", 40],
        ["left out: consent withdrawn", 2],
        ["left out: no follow-up", 1],
        ["rows kept", 37],
    ]
    assert fewer.ledger[1].rows == ("P003", "P001")
    assert "P001" not in fewer.ids
    assert len(COHORT) == 40


def test_unknown_rows_cannot_be_left_out():
    finding = only(findings_of(COHORT.without, ["P001", "P999"], "typo"))
    assert (finding.code, finding.rows) == ("S08", ("P999",))


def test_leaving_nobody_out_changes_nothing():
    assert COHORT.without([], "nobody") is COHORT


def test_a_ledger_that_loses_rows_is_impossible():
    with pytest.raises(ValueError, match="every row"):
        Cohort(COHORT.frame, COHORT.codebook, ledger=(LedgerEntry("rows read", 41),))


@given(st.lists(st.sets(st.integers(0, 39), max_size=8), max_size=5))
def test_law_every_row_is_kept_or_has_a_reason(groups):
    cohort, gone = COHORT, set()
    for step, group in enumerate(groups):
        rows = [f"P{place:03d}" for place in sorted(group - gone)]
        cohort, gone = cohort.without(rows, f"reason {step}"), gone | group
    told = [row for entry in cohort.ledger[1:] for row in entry.rows]
    assert sorted([*cohort.ids, *told]) == sorted(COHORT.ids)
    assert cohort.flow["n"].iloc[0] == cohort.flow["n"].iloc[1:].sum()


def test_view_names_an_absent_column():
    assert only(findings_of(COHORT.view, ["age", "weight"])).column == "weight"


class TestFromFrame:
    def test_kinds_come_from_the_dtypes(self):
        frame = pd.DataFrame(
            {
                "pid": [1, 2],
                "age": [50, 61],
                "smoker": [True, False],
                "grade": pd.Categorical(["II", "I"], categories=["I", "II"], ordered=True),
                "site": pd.Categorical(["femur", "tibia"]),
                "seen": pd.to_datetime(["2020-01-01", "2020-01-02"]),
            }
        )
        cohort = Cohort.from_frame(frame)
        kinds = {name: variable.kind for name, variable in cohort.codebook.items()}
        assert kinds == {
            "pid": "id", "age": "numeric", "smoker": "binary", "grade": "ordinal", "site": "nominal", "seen": "date",
        }  # fmt: skip
        assert cohort.frame["smoker"].tolist() == [1, 0]
        assert cohort.ids == ("1", "2")
        assert all(variable.unit is None for variable in cohort.codebook.values())

    @pytest.mark.parametrize(("values", "code"), [(["a", "b"], "C21"), (["1", "2"], "C10"), ([True, None], "C21")])
    def test_object_columns_are_refused(self, values, code):
        frame = pd.DataFrame({"pid": ["x", "y"], "z": pd.Series(values, dtype=object)})
        finding = only(findings_of(Cohort.from_frame, frame))
        assert (finding.code, finding.column) == (code, "z")
        assert "codebook" in finding.way_out

    def test_the_index_may_hold_the_ids(self):
        assert made_cohort(patients().set_index("pid")).ids == COHORT.ids

    def test_without_ids(self):
        assert only(findings_of(Cohort.from_frame, pd.DataFrame({"age": [1.0]}))).code == "S05"

    def test_codebook_from_a_file(self, tmp_path):
        path = tmp_path / "book.toml"
        path.write_text('[variables.pid]\nkind = "id"\n[variables.age]\nkind = "numeric"\n', encoding="utf-8")
        cohort = Cohort.from_frame(patients()[["pid", "age"]], codebook=path)
        assert list(cohort.frame) == ["age"]

    def test_numbers_as_categories_and_as_names(self):
        frame = pd.DataFrame({"pid": ["a", "b"], 7: pd.Categorical([1.0, 2.0])})
        cohort = Cohort.from_frame(frame)
        assert cohort.frame["7"].tolist() == ["1", "2"]
        assert cohort.codebook["7"].levels == ("1", "2")

    def test_a_name_given_twice(self):
        frame = pd.DataFrame([["a", 1.0, 2.0]], columns=["pid", "age", "age"])
        finding = only(findings_of(Cohort.from_frame, frame))
        assert (finding.code, finding.column) == ("F06", "age")

    def test_another_id_than_the_codebook_s(self):
        found = findings_of(Cohort.from_frame, patients(number=range(40)), id="number", codebook=codebook())
        assert only(found).code == "S06"

    def test_all_findings_at_once(self):
        frame = changed("age", [3], 200).assign(months=-1.0, sex="x")
        found = findings_of(Cohort.from_frame, frame, codebook=codebook())
        assert sorted(finding.code for finding in found) == ["C13", "C23", "T01"]

    def test_warnings_are_kept(self):
        cohort = made_cohort(patients(extra=1.0))
        finding = only(cohort.warnings)
        assert (finding.code, finding.severity) == ("S04", "warning")
        assert "extra" in finding.rule

    def test_an_empty_frame_is_a_cohort_of_nobody(self):
        frame = patients().iloc[:0].astype({"pid": str})
        cohort = Cohort.from_frame(frame, codebook=codebook(without=("sex",)))
        assert len(cohort) == 0
        assert cohort.flow["n"].tolist() == [0, 0]
