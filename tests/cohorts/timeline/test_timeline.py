"""Dates in order, endpoints and their reasons, landmark, delayed entry and windows."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts import Cohort, Competing, TimeToEvent
from cohorts.errors import DataContractError
from cohorts.timeline import (
    DISTANT_METASTASIS,
    LOCAL_RECURRENCE,
    OS,
    PFS,
    TTNT,
    Assessments,
    Derived,
    Rule,
    Timeline,
    event_free,
)
from tests.cohorts.timeline.scripted import START, assessed, dates, day, timeline

EVENTS = {"metastasis": "met", "recurrence": "rec", "next_treatment": "line2"}


def patients(**changed: list[object]) -> pd.DataFrame:
    """Return four patients: nothing; recurrence, metastasis and treatment; death without; both, then death."""
    columns: dict[str, list[object]] = {
        "pid": ["a", "b", "c", "d"],
        "start": [START] * 4,
        "last": [day(30), day(20), pd.NaT, day(12)],
        "death": [pd.NaT, pd.NaT, day(9), day(12)],
        "met": [pd.NaT, day(10), pd.NaT, day(6)],
        "rec": [pd.NaT, day(5), pd.NaT, day(6)],
        "line2": [pd.NaT, day(6), pd.NaT, day(12)],
    }
    frame = pd.DataFrame(columns | changed)
    times = {name: pd.to_datetime(frame[name]) for name in columns if name != "pid"}
    return frame.assign(**times)


def codes(**changed: object) -> set[str]:
    """Return the codes with which a table of patients is refused."""
    fields = {name: changed.pop(name) for name in ("known", "entry", "events") if name in changed}
    with pytest.raises(DataContractError) as caught:
        timeline(patients(**changed), **({"events": EVENTS} | fields))
    return {finding.code for finding in caught.value.findings}


def outcome(rule: Rule, **fields: object) -> list[tuple[float, int]]:
    """Return time in visits and event of the four patients."""
    derived = timeline(patients(), events=EVENTS, **fields).derive(rule, unit="days", origin="start")
    return list(zip(derived.time / 28, derived.event, strict=True))


def test_endpoints_from_dates() -> None:
    assert outcome(OS) == [(30, 0), (20, 0), (9, 1), (12, 1)]
    assert outcome(TTNT) == [(30, 0), (6, 1), (9, 2), (12, 1)]  # treated on the day of death: the event counts
    assert outcome(DISTANT_METASTASIS) == [(30, 0), (10, 1), (9, 2), (6, 1)]
    assert outcome(LOCAL_RECURRENCE) == [(30, 0), (5, 1), (9, 2), (6, 1)]
    assert outcome(event_free(["recurrence", "metastasis"])) == [(30, 0), (5, 1), (9, 1), (6, 1)]


def test_the_reason_names_the_event_and_its_date() -> None:
    derived = timeline(patients(), events=EVENTS).derive(DISTANT_METASTASIS, unit="days", origin="start")
    assert derived.frame["audit"].tolist() == [
        "no event; censored at last contact on 2022-04-20",
        "metastasis on 2020-10-07",
        "death on 2020-09-09 (competing)",
        "metastasis on 2020-06-17",
    ]


@pytest.mark.parametrize(("unit", "days"), [("days", 1), ("weeks", 7), ("months", 30.4375), ("years", 365.25)])
def test_units_of_time(unit: str, days: float) -> None:
    derived = timeline(patients(), events=EVENTS).derive(OS, unit=unit, origin="start")
    assert derived.time[2] == pytest.approx(9 * 28 / days, rel=1e-14)
    assert set(derived.frame["unit"]) == {unit}


def test_dates_that_contradict_each_other_are_refused() -> None:
    assert codes(met=[pd.NaT, day(-1), pd.NaT, day(6)]) == {"T17"}  # before the start
    assert codes(met=[pd.NaT, day(21), pd.NaT, day(6)]) == {"D52"}  # after the last contact
    assert codes(met=[pd.NaT, day(10), pd.NaT, day(13)]) == {"D52"}  # after death
    assert codes(last=[day(30), day(20), pd.NaT, day(13)]) == {"D52"}  # seen alive after death
    assert codes(start=[START, pd.NaT, START, START]) == {"D51"}
    assert codes(last=[pd.NaT, day(20), pd.NaT, day(12)]) == {"D53"}
    assert codes(last=[day(60), day(20), pd.NaT, day(12)]) == {"T19"}
    assert codes(pid=["a", "a", "c", "d"]) == {"I01"}
    assert codes(start=[START + pd.Timedelta(hours=1)] * 4) == {"D50"}
    assert codes(dead=[0, 0, 1, 0], known={"death": "dead"}) == {"D53"}
    assert codes(dead=[1, 0, 1, 1], known={"death": "dead"}) == {"D53"}
    assert codes(events={"metastasis": "mett"}) == {"S01"}


def test_progression_before_the_start_is_refused_with_the_patient() -> None:
    frame = dates(pd_date=-1)
    with pytest.raises(DataContractError, match=r"T17.*column pd_date, row ids p0.*patient ids with pd_date < start"):
        timeline(frame, events={"progression": "pd_date"})


def test_text_is_no_date() -> None:
    frame = patients().assign(met="2020-05-01")
    with pytest.raises(DataContractError, match=r"D50.*column met"):
        timeline(frame, events=EVENTS)


def test_truncation_at_the_lock_takes_back_what_came_later() -> None:
    cut = timeline(patients(), lock=str(day(9).date()), after_lock="truncate", events=EVENTS)
    assert {finding.code for finding in cut.warnings} == {"D64"}
    overall = cut.derive(OS, unit="days", origin="start")
    assert list(zip(overall.time / 28, overall.event, strict=True)) == [(9, 0), (9, 0), (9, 1), (9, 0)]
    distant = cut.derive(DISTANT_METASTASIS, unit="days", origin="start")
    assert list(zip(distant.time / 28, distant.event, strict=True)) == [(9, 0), (9, 0), (9, 2), (6, 1)]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("p9", day(1)), "D55"),
        (("p0", day(0)), "D54"),
        (("p0", day(6)), "D52"),
        (("p0", pd.Timestamp("2024-02-01")), "T19"),
        (("p0", pd.NaT), "D50"),
        ((None, day(1)), "I02"),
    ],
)
def test_assessments_that_cannot_be_are_refused(row: tuple[str, pd.Timestamp], code: str) -> None:
    frame = pd.DataFrame([("p0", day(0), 3.0), (*row, 3.0)], columns=["pid", "date", "serum_m"])
    with pytest.raises(DataContractError) as caught:
        timeline(dates(death=5, last=5)).progression(Assessments(frame, {"serum_m": "g/dL"}))
    assert [finding.code for finding in caught.value.findings] == [code]


def test_a_table_without_dates_or_without_rows() -> None:
    frame = pd.DataFrame({"pid": ["p0"], "date": [pd.NaT], "serum_m": [3.0]})
    with pytest.raises(DataContractError, match="1 assessments without a date"):
        Assessments(frame, {"serum_m": "g/dL"})
    found = timeline(dates()).progression(Assessments(frame.iloc[:0], {"serum_m": "g/dL"}))
    derived = timeline(dates()).derive(PFS, unit="days", origin="start", progression=found)
    assert (derived.time.tolist(), derived.event.tolist()) == ([0], [0])
    assert [finding.code for finding in derived.warnings] == ["D60"]


def test_progression_is_given_once_and_needed() -> None:
    frame = dates(pd_date=3)
    patient = timeline(frame, events={"progression": "pd_date"})
    found = timeline(dates()).progression(assessed(serum_m=[3, 1, 1]))
    with pytest.raises(DataContractError, match="D62"):
        patient.derive(PFS, unit="days", origin="start", progression=found)
    with pytest.raises(DataContractError, match=r"S01.*needs the date of last_assessment"):
        patient.derive(PFS, unit="days", origin="start")
    judged = timeline(frame.assign(seen=day(8)), events={"progression": "pd_date", "last_assessment": "seen"})
    assert judged.derive(PFS, unit="days", origin="start").frame["time"].tolist() == [84]


def test_who_was_never_assessed_is_named() -> None:
    found = timeline(dates()).progression(assessed(serum_m=[3]))
    derived = timeline(dates()).derive(PFS, unit="days", origin="start", progression=found)
    assert [(finding.code, finding.rows) for finding in derived.warnings] == [("D60", ("p0",))]


def derived_overall(**fields: object) -> Derived:
    return timeline(patients(), events=EVENTS, **fields).derive(DISTANT_METASTASIS, unit="weeks", origin="diagnosis")


def test_landmark_leaves_out_by_name() -> None:
    later = derived_overall().landmark(36)
    assert later.frame[["time", "event"]].to_numpy().tolist() == [[84, 0], [4, 1]]
    assert later.origin == "36 weeks after diagnosis"
    assert later.left_out == (
        ("the event at or before the landmark of 36 weeks", ("d",)),
        ("a competing event at or before the landmark of 36 weeks", ("c",)),
    )
    for at in (0, 1000, True):
        with pytest.raises(DataContractError, match="D63"):
            derived_overall().landmark(at)


def test_delayed_entry() -> None:
    frame = patients(seen=[day(1), day(0), day(2), day(4)])
    derived = timeline(frame, events=EVENTS, entry="seen").derive(OS, unit="weeks", origin="diagnosis")
    assert derived.entry is not None
    assert derived.entry.tolist() == [4, 0, 8, 16]
    assert derived.endpoint([10]).entry == "os_entry"
    late = timeline(patients(seen=[day(1), day(0), day(9), day(4)]), events=EVENTS, entry="seen")
    with pytest.raises(DataContractError, match=r"T21.*row ids c"):
        late.derive(OS, unit="weeks", origin="diagnosis")


def test_early_window_knows_who_is_not_known() -> None:
    within = derived_overall().within
    assert within(40).tolist() == [False, True, False, True]
    assert within(39.9).tolist() == [False, False, False, True]
    assert within(200).isna().tolist() == [True, False, False, False]


def test_a_cohort_takes_the_outcome() -> None:
    cohort = Cohort.from_frame(pd.DataFrame({"pid": ["d", "b", "a"], "age": [50, 60, 70]}))
    derived = derived_overall()
    with_it = cohort.with_outcome(derived)
    endpoint = derived.endpoint([24])
    assert isinstance(endpoint, Competing)
    assert with_it.codebook["distant_metastasis_event"].timing == "post-baseline"
    outcome = endpoint.outcome(with_it)
    assert (outcome.ids, outcome.event.tolist(), outcome.time.tolist()) == (("d", "b", "a"), [1, 1, 0], [24, 40, 120])
    later = cohort.with_outcome(derived.landmark(30))
    assert later.ids == ("b", "a")
    assert later.flow["step"].tolist()[1] == "left out: the event at or before the landmark of 30 weeks"
    for wrong in (with_it, Cohort.from_frame(pd.DataFrame({"pid": ["a", "z"], "age": [1, 2]}))):
        with pytest.raises(DataContractError, match="D65"):
            wrong.with_outcome(derived)


def test_visits_make_an_interval_censored_endpoint() -> None:
    found = timeline(dates()).progression(assessed(serum_m=[4, 1, 1, 3, 3]))
    derived = timeline(dates()).derive(PFS, unit="days", origin="start", progression=found)
    cohort = Cohort.from_frame(pd.DataFrame({"pid": ["p0"], "age": [50]})).with_outcome(derived)
    endpoint = derived.endpoint([60], visits=True)
    assert isinstance(endpoint, TimeToEvent)
    outcome = endpoint.outcome(cohort)
    assert outcome.last_free is not None
    assert (outcome.last_free.tolist(), outcome.time.tolist()) == ([56], [84])
    with pytest.raises(DataContractError, match="D62"):
        derived_overall().endpoint([60], visits=True)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_patients_does_not_matter(order: list[int]) -> None:
    frame = patients().iloc[order]
    derived = timeline(frame, events=EVENTS).derive(DISTANT_METASTASIS, unit="weeks", origin="diagnosis")
    pd.testing.assert_frame_equal(derived.frame.sort_index(), derived_overall().frame.sort_index())


def test_many_patients_in_seconds() -> None:
    n, visits = 10_000, 20
    rng = np.random.default_rng(1)
    start = np.datetime64("2015-01-01") + rng.integers(0, 1000, n).astype("timedelta64[D]")
    seen = start[:, None] + (28 * np.arange(visits)).astype("timedelta64[D]")
    frame = pd.DataFrame({"pid": np.arange(n), "start": start, "last": seen[:, -1]})
    values = np.abs(3 + rng.normal(0, 0.4, (n, visits)).cumsum(1))
    long = pd.DataFrame({"pid": np.repeat(np.arange(n), visits), "date": seen.ravel(), "serum_m": values.ravel()})
    before = time.perf_counter()
    people = Timeline(frame, id="pid", start="start", last_contact="last", data_lock="2024-01-01", events={})
    progression = people.progression(Assessments(long, {"serum_m": "g/dL"}))
    events = people.derive(Rule("ttp", ("progression",)), unit="months", origin="start", progression=progression).event
    assert 0.5 < events.mean() < 0.95
    assert time.perf_counter() - before < 10
