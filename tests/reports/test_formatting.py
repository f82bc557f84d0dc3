"""Numbers on a page carry no more digits than they mean."""

from __future__ import annotations

import math

import pytest

from nomograms.wording import measured, value_text
from reports.formatting import clinical, count, duration, finite, p_value, ratio, three_digits, unit_text
from reports.wording import Wording

EN, ZH = Wording("en"), Wording("zh")


@pytest.mark.parametrize(("value", "text"), [(13.1, "13.1"), (88.0, "88"), (0.1 + 0.2, "0.3"), (0.05, "0.05")])
def test_inputs_are_shown_as_entered(value: float, text: str) -> None:
    assert measured(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.003855214685, "0.003855"), (-1.2345678901, "-1.235"), (123456.78901, "123457")]
)
def test_computed_inputs_carry_four_digits(value: float, text: str) -> None:
    assert measured(value) == text
    assert value_text(value).replace("−", "-") == text


@pytest.mark.parametrize(
    ("value", "text"), [(33.7, "34"), (17.3, "17.3"), (5.664, "5.7"), (2.0, "2"), (0.62, "0.62"), (0.0, "0")]
)
def test_summaries_of_a_cohort(value: float, text: str) -> None:
    assert clinical(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8, "0.80"),
        (0.974, "0.97"),
        (0.996, "1.0"),
        (1.0, "1.0"),
        (2.54, "2.5"),
        (9.96, "10"),
        (27.4, "27"),
        (0.034, "0.034"),
        (5000.0, ">1000"),
    ],
)
def test_hazard_ratios_have_two_digits(value: float, text: str) -> None:
    assert ratio(value) == text


@pytest.mark.parametrize(
    ("time", "unit", "text"),
    [
        (60, "months", "60 months (5 years)"),
        (12, "months", "12 months"),
        (30, "months", "30 months"),
        (365, "days", "365 days"),
        (5, "years", "5 years"),
        (2.5, "years", "2.5 years"),
        (3, "moons", "3 moons"),
    ],
)
def test_times_have_their_unit(time: float, unit: str, text: str) -> None:
    assert duration(time, unit, EN) == text


def test_times_in_chinese() -> None:
    assert duration(60, "months", ZH) == "60个月（5年）"
    assert unit_text("weeks", ZH) == "周"


def test_the_rest() -> None:
    assert (p_value(0.0004), p_value(0.0312)) == ("< 0.001", "0.031")
    assert (count(1338, EN), count(1338, ZH)) == ("1,338", "1338")
    assert (three_digits(1981.0), three_digits(0.12345)) == ("1981", "0.123")
    assert (finite(math.nan), finite(math.inf), finite(0.5)) == (None, None, 0.5)
