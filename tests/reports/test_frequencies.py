"""N of 100 people: both framings come from one rounding and always add up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.frequencies import frequency, of_hundred
from reports.wording import Wording

EN, ZH = Wording("en"), Wording("zh")
RISKS = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)


@pytest.mark.parametrize(
    ("risk", "people"),
    [(0.0, 0), (0.004, 0), (0.005, 1), (0.285, 29), (0.145, 15), (0.575, 58), (0.5, 50), (0.994, 99), (1.0, 100)],
)
def test_halves_are_rounded_up(risk: float, people: int) -> None:
    assert of_hundred(risk) == people


@given(RISKS)
def test_the_framings_add_up_to_100(ends: list[float]) -> None:
    people = frequency(ends[1], ends[0], ends[2], EN)
    assert people.event + people.without == 100
    assert 0 <= people.lower <= people.event <= people.upper <= 100
    assert abs(people.event - 100 * ends[1]) <= 0.5 + 1e-6


@given(RISKS)
def test_the_printed_numbers_are_those_of_the_object(ends: list[float]) -> None:
    people = frequency(ends[1], ends[0], ends[2], EN)
    pairs = {people.event_text: people.event, people.without_text: people.without}
    for text, number in pairs.items():
        assert text == str(number) or (text, number) in {("fewer than 1", 0), ("more than 99", 100)}


@pytest.mark.parametrize(
    ("risk", "event", "without"),
    [
        (0.003, "fewer than 1", "more than 99"),
        (0.998, "more than 99", "fewer than 1"),
        (0.0, "0", "100"),
        (1.0, "100", "0"),
    ],
)
def test_nothing_uncertain_is_printed_as_certain(risk: float, event: str, without: str) -> None:
    people = frequency(risk, risk, risk, EN)
    assert (people.event_text, people.without_text) == (event, without)


def test_the_interval_is_turned_over_for_the_other_framing() -> None:
    people = frequency(0.24, 0.201, 0.294, EN)
    assert (people.interval_event, people.interval_without) == ("20 to 29", "71 to 80")
    assert frequency(0.24, 0.201, 0.294, ZH).interval_event == "20至29"


def test_an_interval_of_one_number_is_one_number() -> None:
    assert frequency(0.5, 0.499, 0.501, EN).interval_event == "50"
