"""Endpoints as declarations: what must be said, what is refused, and the way through plain values and back."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import Binary, Competing, TimeToEvent, endpoint_from_dict
from cohorts.endpoint import UNITS
from cohorts.errors import DataContractError
from cohorts.event_codes import code_table, show_values
from tests.cohorts.made import endpoint, findings_of, only


def test_columns_and_kind():
    assert endpoint().columns == ("months", "event")
    assert endpoint(entry="entry").columns == ("months", "event", "entry")
    assert Binary("x", event="event").columns == ("event",)
    assert (endpoint().kind, Binary("x", event="e").kind) == ("time_to_event", "binary")


def test_endpoints_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        endpoint().time = "other"


@pytest.mark.parametrize("unit", ["", "month", "hours"])
def test_unit_is_one_of_four(unit):
    finding = only(findings_of(endpoint, unit=unit))
    assert finding.code == "T16"
    assert "time unit" in str(finding)


def test_origin_is_declared():
    assert only(findings_of(endpoint, origin="")).code == "T26"


@pytest.mark.parametrize("policy", ["keep", 0, -1, True, float("nan"), float("inf"), None])
def test_zero_time_is_a_policy(policy):
    assert only(findings_of(endpoint, zero_time=policy)).code == "T02"


@pytest.mark.parametrize(
    "values",
    [{"censored": 0}, {"event": 1, "dead": 2}, {"censored": 1, "event": 1}, {"censored": 0, "event": [1, 0]}],
)
def test_impossible_event_values(values):
    assert only(findings_of(endpoint, event_values=values)).code == "S03"


def test_faults_of_a_declaration_come_together():
    assert [finding.code for finding in findings_of(endpoint, unit="", origin="", zero_time=-1)] == [
        "T16",
        "T26",
        "T02",
    ]


def test_code_table_counts_competing_codes_on():
    assert code_table({"censored": ["a", "b"], "event": "c", "competing": ["d", "e"]}) == {
        "a": 0, "b": 0, "c": 1, "d": 2, "e": 3,
    }  # fmt: skip


def test_values_are_shown_as_in_the_messages():
    assert show_values([2, 1.0]) == "{1,2}"
    assert show_values(["yes", "no"]) == "{'no','yes'}"
    assert show_values([True, "x" * 60, 0.5]).startswith("{0.5,True,'xxx")


@pytest.mark.parametrize(
    "declared",
    [
        endpoint(horizons=[12, 24], definition="A sentence.", zero_time="drop"),
        endpoint(event_values={"censored": [0, 2], "event": 1}, entry="entry"),
        Competing("c", time="t", event="e", unit="days", origin="dx", event_values={"event": 1, "competing": [2, 3]}),
        Binary("b", event="e", event_values={"censored": "no", "event": "yes"}),
    ],
)
def test_plain_values_and_back(declared):
    plain = json.loads(json.dumps(declared.to_dict()))
    assert endpoint_from_dict(plain) == declared


@given(st.lists(st.floats(0.1, 1e3), max_size=5, unique=True), st.sampled_from(UNITS), st.text(min_size=1, max_size=10))
def test_law_round_trip(horizons, unit, origin):
    declared = TimeToEvent("x", time="t", event="e", unit=unit, origin=origin, horizons=horizons)
    assert endpoint_from_dict(declared.to_dict()) == declared


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"kind": "cox"}, "endpoint kind"),
        ({"name": "x", "event": "e", "kind": "binary", "time": "t"}, "unknown keys ['time']"),
        ({"name": "x", "event": "e", "kind": "competing", "unit": "days"}, "lacks ['time']"),
    ],
)
def test_faulty_study_tables(declared, words):
    assert words in only(findings_of(endpoint_from_dict, declared)).rule


@pytest.mark.parametrize("horizons", ["24", b"24", 24, None, {"a": 1}, ["24"], [True, 24], [[12]], [12, 12], [12 + 0j]])
def test_horizons_are_a_list_of_different_numbers(horizons):
    """The text "24" would otherwise be read as 2 and 4 months."""
    with pytest.raises(DataContractError, match="horizons=") as caught:
        TimeToEvent("os", time="t", event="e", unit="months", origin="diagnosis", horizons=horizons)
    assert caught.value.code == "P12"


@pytest.mark.parametrize("field", ["name", "time", "event", "unit", "origin", "definition", "entry"])
def test_names_and_descriptions_are_texts(field):
    given = {"name": "os", "time": "t", "event": "e", "unit": "months", "origin": "diagnosis", "entry": None}
    with pytest.raises(DataContractError, match=rf"{field}=\['x'\] of the endpoint is no text"):
        TimeToEvent(**{**given, field: ["x"]})
