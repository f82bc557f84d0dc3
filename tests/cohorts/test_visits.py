"""Events found at a visit: the last time free of the event through the gate."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Cohort, Competing, endpoint_from_dict
from tests.cohorts.made import codebook, endpoint, findings_of, only

VISITS = endpoint(last_free="free")


def cohort_of(time, event, free, **more):
    frame = pd.DataFrame({"pid": [f"P{place}" for place in range(len(time))], "months": time, "event": event})
    return Cohort.from_frame(frame.assign(free=free, **more))


def test_the_event_lies_after_the_last_free_time_and_exact_times_have_none():
    outcome = VISITS.outcome(cohort_of([6.0, 12.0, 9.0, 7.0], [1, 1, 1, 0], [0.0, 6.0, 9.0, 3.0]))
    np.testing.assert_array_equal(outcome.last_free, [0, 6, np.nan, np.nan])
    assert outcome.warnings == ()


def test_structured_array_has_the_field_where_declared():
    cohort = cohort_of([6.0, 12.0], [1, 0], [3.0, np.nan], entry=[1.0, 0.0])
    table = endpoint(entry="entry", last_free="free").outcome(cohort).to_structured()
    assert table.dtype.names == ("event", "time", "entry", "last_free")
    np.testing.assert_array_equal(table["last_free"], [3, np.nan])
    assert endpoint().outcome(cohort).to_structured().dtype.names == ("event", "time")
    assert endpoint().outcome(cohort).last_free is None


@pytest.mark.parametrize(
    ("code", "free", "rows", "words"),
    [
        ("T35", [7.0, 6.0, 1.0], ("P0",), "after the time that found it"),
        ("T36", [-1.0, np.inf, 1.0], ("P0", "P1"), "negative or infinite"),
        ("T36", [-np.inf, 6.0, 1.0], ("P0",), "negative or infinite"),
    ],
)
def test_impossible_times_are_named_with_their_rows(code, free, rows, words):
    book = codebook(without=("age", "albumin", "sex"), free={"kind": "numeric"})
    frame = pd.DataFrame({"pid": ["P0", "P1", "P2"], "months": [6.0, 12.0, 9.0], "event": [1, 1, 0], "free": free})
    # Reading refuses infinity too; the gate does not rely on it.
    finding = only(findings_of(VISITS.outcome, Cohort(frame.set_index("pid"), book)))
    assert (finding.code, finding.rows, finding.column) == (code, rows, "free")
    assert words in finding.rule


def test_free_before_entry_is_refused():
    cohort = cohort_of([6.0, 12.0], [1, 1], [2.0, 6.0], entry=[3.0, 6.0])
    finding = only(findings_of(endpoint(entry="entry", last_free="free").outcome, cohort))
    assert (finding.code, finding.rows) == ("T38", ("P0",))
    assert "before the entry" in finding.rule


def test_a_missing_time_counts_as_exact_and_says_so():
    outcome = VISITS.outcome(cohort_of([6.0, 12.0, 9.0], [1, 1, 0], [np.nan, 6.0, np.nan]))
    np.testing.assert_array_equal(outcome.last_free, [np.nan, 6, np.nan])
    finding = only(outcome.warnings)
    assert (finding.code, finding.rows, finding.severity) == ("T37", ("P0",), "warning")
    assert "1 of 2 events" in finding.rule


def test_a_date_is_no_time():
    cohort = cohort_of([6.0, 12.0], [1, 0], pd.to_datetime(["2020-01-01", "2021-01-01"]))
    assert only(findings_of(VISITS.outcome, cohort)).code == "T09"


def test_its_unit_is_that_of_the_endpoint():
    book = codebook(without=("age", "albumin", "sex"), free={"kind": "time", "unit": "days"})
    frame = pd.DataFrame({"pid": ["P0", "P1"], "months": [6.0, 12.0], "event": [1, 0], "free": [3.0, np.nan]})
    finding = only(findings_of(VISITS.outcome, Cohort.from_frame(frame, "pid", book)))
    assert (finding.code, finding.column) == ("T16", "free")


def test_it_belongs_to_the_endpoint_and_travels_as_plain_values():
    assert VISITS.columns == ("months", "event", "free")
    assert endpoint_from_dict(json.loads(json.dumps(VISITS.to_dict()))) == VISITS
    assert "last_free" not in endpoint().to_dict()
    finding = only(findings_of(endpoint, last_free=["x"]))
    assert "last_free=['x'] of the endpoint is no text" in finding.rule
    cohort = cohort_of([6.0, 12.0], [1, 0], [3.0, np.nan])
    assert only(findings_of(endpoint(last_free="other").outcome, cohort)).code == "S01"


def test_competing_events_do_not_take_it():
    finding = only(findings_of(Competing, "c", time="t", event="e", unit="days", origin="dx", last_free="free"))
    assert finding.code == "S03"
    assert "competing" in finding.rule


@pytest.mark.parametrize(("policy", "time"), [("drop", [12.0, 9.0]), (0.5, [0.5, 12.0, 9.0])])
def test_events_at_time_zero_are_exact(policy, time):
    asked = endpoint(last_free="free", zero_time=policy)
    outcome = asked.outcome(cohort_of([0.0, 12.0, 9.0], [1, 1, 0], [0.0, 6.0, np.nan]))
    assert outcome.time.tolist() == time
    np.testing.assert_array_equal(outcome.last_free, [np.nan, 6, np.nan][-len(time) :])


@given(st.lists(st.tuples(st.floats(0.01, 1e3), st.floats(0, 1), st.booleans()), min_size=2, max_size=20))
def test_law_an_interval_lies_before_the_time_of_an_event(rows):
    time, share, event = map(np.array, zip(*rows, strict=True))
    event[0] = True
    outcome = VISITS.outcome(cohort_of(time, event, share * time))
    between = ~np.isnan(outcome.last_free)
    np.testing.assert_array_equal(between, event & (share * time < time))
    assert (outcome.last_free[between] < outcome.time[between]).all()
