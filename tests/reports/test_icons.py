"""The icon array shows exactly the numbers that are printed beside it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.frequencies import frequency
from reports.icons import BAR_WIDTH, effect_bar, icon_array
from reports.wording import Wording

RISKS = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)
SVG = "{http://www.w3.org/2000/svg}"


def classes(svg: str) -> list[tuple[str, bool]]:
    """Return (kind of figure, has a dot) for each of the figures."""
    groups = ElementTree.fromstring(svg).findall(f"{SVG}g")
    return [(str(group[0].get("class")), len(group) == 2) for group in groups]


@given(RISKS)
def test_counts_are_those_of_the_frequency(ends: list[float]) -> None:
    people = frequency(ends[1], ends[0], ends[2], Wording("en"))
    figures = classes(icon_array(people))
    assert len(figures) == 100
    assert sum(kind == "event" for kind, _ in figures) == people.event
    assert sum(kind == "none" for kind, _ in figures) == people.without
    assert sum(dot for _, dot in figures) == people.upper - people.lower
    assert [dot for _, dot in figures[people.lower : people.upper]] == [True] * (people.upper - people.lower)


def test_events_come_first() -> None:
    kinds = [kind for kind, _ in classes(icon_array(frequency(0.24, 0.2, 0.3, Wording("en"))))]
    assert kinds == ["event"] * 24 + ["none"] * 76


def bar(contribution: float, largest: float) -> tuple[float, float, str]:
    """Return left end, right end and fill of a bar."""
    rectangle = ElementTree.fromstring(effect_bar(contribution, largest)).find(f"{SVG}rect")
    assert rectangle is not None
    left, width = float(rectangle.get("x", "nan")), float(rectangle.get("width", "nan"))
    return left, left + width, str(rectangle.get("fill"))


def test_bars_point_the_right_way_and_are_proportional() -> None:
    middle = BAR_WIDTH / 2
    left, right, dark = bar(1.0, 1.0)
    assert (left, right) == (middle, pytest.approx(middle + 54))
    assert bar(0.5, 1.0)[1] - middle == pytest.approx(27)
    left, right, pale = bar(-1.0, 1.0)
    assert (left, right) == (pytest.approx(middle - 54), middle)
    assert dark != pale


def test_a_patient_without_any_contribution() -> None:
    assert bar(0.0, 0.0)[:2] == (BAR_WIDTH / 2, BAR_WIDTH / 2)
