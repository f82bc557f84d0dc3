"""The gate: every outcome column that tools underneath accept in silence, and the arrays of a right one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Binary, Cohort, Competing, TimeToEvent, check_horizons
from tests.cohorts.made import changed, codebook, endpoint, findings_of, made_cohort, only, patients

PLAIN_EVENT = {"kind": "event"}


def cohort_of(time, event, **more):
    frame = pd.DataFrame({"pid": [f"P{place}" for place in range(len(time))], "months": time, "event": event, **more})
    return Cohort.from_frame(frame)


def test_arrays_of_a_right_outcome():
    outcome = endpoint().outcome(cohort_of([5.0, 2.0, 9.0], [1, 0, 1]))
    assert outcome.ids == ("P0", "P1", "P2")
    assert outcome.time.tolist() == [5, 2, 9]
    assert outcome.event.tolist() == [1, 0, 1]
    assert outcome.event.dtype == np.int64
    assert outcome.entry is None
    assert outcome.warnings == ()
    assert outcome.dropped == ()


def test_structured_array_has_the_fields_recipes_take():
    table = endpoint(entry="entry").outcome(cohort_of([5.0, 2.0], [1, 0], entry=[0.0, 1.0])).to_structured()
    assert table.dtype.names == ("event", "time", "entry")
    assert table["event"].tolist() == [1, 0]
    assert table["entry"].tolist() == [0, 1]
    assert endpoint().outcome(cohort_of([5.0, 2.0], [1, 0])).to_structured().dtype.names == ("event", "time")


def test_booleans_need_no_declaration():
    assert endpoint().outcome(cohort_of([5.0, 2.0], [True, False])).event.tolist() == [1, 0]


@pytest.mark.parametrize("values", [{"censored": "no", "event": "yes"}, {"event": ["yes"], "censored": ["no"]}])
def test_declared_words_are_understood(values):
    cohort = cohort_of([5.0, 2.0], pd.Categorical(["yes", "no"]))
    assert endpoint(event_values=values).outcome(cohort).event.tolist() == [1, 0]


def test_codebook_codes_are_used():
    book = codebook(event={"kind": "event", "values": {"censored": 1, "event": 2}})
    outcome = endpoint().outcome(made_cohort(patients(event=patients().event + 1), book))
    assert outcome.event.tolist() == patients().event.tolist()


def test_codes_of_codebook_and_endpoint_must_agree():
    finding = only(findings_of(endpoint(event_values={"censored": 1, "event": 0}).outcome, made_cohort()))
    assert finding.code == "S06"
    agreed = endpoint(event_values={"event": [1], "censored": [0]}).outcome(made_cohort())
    assert agreed.event.sum() == patients().event.sum()


def test_competing_codes_become_two_and_three():
    values = {"censored": 0, "event": 5, "competing": [7, 3]}
    asked = Competing("relapse", time="months", event="event", unit="months", origin="dx", event_values=values)
    assert asked.outcome(cohort_of([1.0, 2.0, 3.0, 4.0], [5, 3, 0, 7])).event.tolist() == [1, 3, 0, 2]


def test_time_to_event_does_not_reinterpret_competing_codes():
    values = {"censored": 0, "event": 1, "competing": [2]}
    assert only(findings_of(endpoint(event_values=values).outcome, cohort_of([1.0, 2.0], [1, 2]))).code == "T25"


def test_competing_code_without_declaration_is_refused():
    finding = only(findings_of(endpoint().outcome, cohort_of([1.0, 2.0, 3.0], [0, 1, 2])))
    assert finding.code == "T05"
    assert finding.rows == ("P2",)
    assert "values {0,1,2}" in finding.rule


def test_binary_outcome_has_no_time():
    cohort = made_cohort(book=codebook(event={"kind": "binary"}))
    outcome = Binary("relapse", event="event").outcome(cohort)
    assert np.isnan(outcome.time).all()
    assert outcome.to_structured().dtype.names == ("event",)
    assert outcome.event.sum() == 20


def test_binary_outcome_without_events():
    cohort = made_cohort(patients(event=0), codebook(event={"kind": "binary"}))
    assert only(findings_of(Binary("relapse", event="event").outcome, cohort)).code == "T11"


@pytest.mark.parametrize(
    ("code", "time", "event", "rows"),
    [
        ("T01", [5.0, -3.0, 2.0], [1, 0, 1], ("P1",)),
        ("T02", [5.0, 0.0, 2.0], [1, 1, 1], ("P1",)),
        ("T03", [5.0, np.nan, 2.0], [1, 0, 1], ("P1",)),
        ("T04", [5.0, 2.0, np.inf], [1, 0, 1], ("P2",)),
        ("T08", [5.0, 2.0, 1.0], [1, None, 1], ("P1",)),
        ("T10", [5.0, 2.0, 1.0], [1, -1, 0], ("P1",)),
        ("T10", [5.0, 2.0, 1.0], [1, 0, 0.5], ("P2",)),
        ("T05", [5.0, 2.0, 1.0], [1, 2, 1], ("P1",)),
    ],
)
def test_one_finding_names_the_rows(code, time, event, rows):
    frame = pd.DataFrame({"pid": ["P0", "P1", "P2"], "months": time, "event": pd.Series(event, dtype=object)})
    book = codebook(without=("age", "albumin", "sex"), months={"kind": "numeric"}, event=PLAIN_EVENT)
    if code == "T04":
        # Reading refuses infinity too; the gate does not rely on it.
        cohort = Cohort(frame.set_index("pid").astype({"months": float}), book)
    else:
        cohort = Cohort.from_frame(frame, codebook=book)
    finding = only(findings_of(endpoint().outcome, cohort))
    assert finding.code == code
    assert finding.rows == rows


def test_dates_are_no_times():
    finding = only(findings_of(endpoint().outcome, cohort_of(pd.to_datetime(["2020-01-01", "2021-01-01"]), [1, 0])))
    assert finding.code == "T09"
    assert "datetime64" in finding.rule


def test_all_findings_come_together():
    cohort = cohort_of([5.0, -1.0, np.nan, 4.0], [1, 3, 1, 0])
    found = findings_of(endpoint(horizons=[2, -1, 500]).outcome, cohort)
    assert [finding.code for finding in found] == ["T05", "T03", "T01", "P12", "P10"]


def test_missing_columns_are_named():
    found = findings_of(endpoint(time="os", event="death").outcome, made_cohort())
    assert [(finding.code, finding.column) for finding in found] == [("S01", "os"), ("S01", "death")]


@pytest.mark.parametrize("name", ["months", "entry"])
def test_units_of_codebook_and_endpoint_must_agree(name):
    unit = {"months": {"kind": "time", "unit": "months"}, "entry": {"kind": "time", "unit": "months"}}
    book = codebook(**unit | {name: {"kind": "time", "unit": "days"}})
    finding = only(findings_of(endpoint(entry="entry").outcome, made_cohort(patients(entry=0.0), book)))
    assert (finding.code, finding.column) == ("T16", name)


class TestZeroTime:
    COHORT = cohort_of([0.0, 0.0, 4.0, 2.0], [1, 0, 1, 1])

    def test_error_by_default_and_only_for_events(self):
        assert only(findings_of(endpoint().outcome, self.COHORT)).rows == ("P0",)
        assert len(endpoint().outcome(cohort_of([0.0, 4.0], [0, 1]))) == 2

    def test_dropped_rows_are_recorded(self):
        outcome = endpoint(zero_time="drop").outcome(self.COHORT)
        assert outcome.dropped == ("P0",)
        assert outcome.ids == ("P1", "P2", "P3")
        assert outcome.time.tolist() == [0, 4, 2]
        assert only(outcome.warnings).rows == ("P0",)

    def test_a_small_time_takes_its_place(self):
        outcome = endpoint(zero_time=0.5).outcome(self.COHORT)
        assert outcome.time.tolist() == [0.5, 0, 4, 2]
        assert "set to 0.5 months" in only(outcome.warnings).rule

    def test_the_order_of_times_is_kept(self):
        assert only(findings_of(endpoint(zero_time=2.0).outcome, self.COHORT)).code == "T02"

    def test_the_only_event_may_not_vanish_unseen(self):
        outcome = endpoint(zero_time=0.1).outcome(cohort_of([0.0, 3.0], [1, 0]))
        assert outcome.event.tolist() == [1, 0]


def test_warnings_do_not_stop():
    tied = endpoint().outcome(cohort_of([3.0, 3.0], [1, 1]))
    assert [finding.code for finding in tied.warnings] == ["T13", "T14"]
    assert all(finding.severity == "warning" for finding in tied.warnings)


def test_entry_before_exit_only():
    found = findings_of(endpoint(entry="entry").outcome, cohort_of([5.0, 2.0], [1, 1], entry=[5.0, 1.0]))
    assert only(found).rows == ("P0",)
    negative = findings_of(endpoint(entry="entry").outcome, cohort_of([5.0, 2.0], [1, 1], entry=[0.0, -1.0]))
    assert (only(negative).code, only(negative).column) == ("T01", "entry")


@pytest.mark.parametrize(("horizon", "code"), [(0, "P12"), (-5, "P12"), (np.nan, "P12"), (np.inf, "P12"), (61, "P10")])
def test_impossible_horizons(horizon, code):
    assert only(check_horizons([12, horizon], 60.0, "months")).code == code


def test_the_last_follow_up_is_a_horizon():
    assert check_horizons([60], 60.0) == []


@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.integers(0, 1)), min_size=2, max_size=30))
def test_law_the_outcome_says_what_the_columns_say(rows):
    time, event = (list(column) for column in zip(*rows, strict=True))
    event[0] = 1
    outcome = endpoint().outcome(cohort_of(time, event))
    assert outcome.time.tolist() == time
    assert outcome.event.tolist() == event
    assert len(outcome) + len(outcome.dropped) == len(time)


@given(st.permutations(range(6)), st.sampled_from([("a", "b"), (1, 2), ("1", "0"), (True, False), (0.5, "x")]))
def test_law_coding_does_not_depend_on_the_names_of_codes_or_the_order_of_rows(order, codes):
    yes, no = codes
    event = pd.Series([yes, no, yes, yes, no, no], dtype=object).iloc[list(order)].reset_index(drop=True)
    frame = pd.DataFrame({"pid": [str(x) for x in order], "months": np.arange(1.0, 7), "event": event})
    values = {"censored": no, "event": yes}
    book = codebook(without=("age", "albumin", "sex"), event={"kind": "event", "values": values})
    outcome = endpoint().outcome(Cohort.from_frame(frame, codebook=book))
    assert dict(zip(outcome.ids, outcome.event.tolist(), strict=True)) == {
        "0": 1, "1": 0, "2": 1, "3": 1, "4": 0, "5": 0,
    }  # fmt: skip


def test_a_wrong_column_as_event_shows_a_few_values_only():
    finding = only(findings_of(TimeToEvent("x", time="months", event="age", unit="months", origin="dx").outcome,
                               made_cohort()))  # fmt: skip
    assert finding.rule.count(",") < 12
    assert "..." in finding.rule


def test_one_row_of_an_undeclared_code_is_a_stray_value():
    frame = changed("event", [3], 9)
    finding = only(findings_of(made_cohort, frame))
    assert (finding.code, finding.rows, finding.value) == ("T10", ("P003",), "{9}")
