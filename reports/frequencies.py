"""Risks as natural frequencies: N of 100 people, in both framings, which add up to 100."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from reports.wording import Wording

PEOPLE = 100


@dataclass(frozen=True)
class Frequency:
    """One risk as people out of 100.

    Parameters
    ----------
    event, without : people with and without the event, whole numbers; they add up to 100, together with `other` where
        that is known.
    lower, upper : ends of the interval of `event`, whole numbers; None where there is no interval.
    event_text, without_text : the numbers as printed; a risk that is not nought is never printed as 0,
        and one that is not certain never as 100.
    other, other_text : people who have a competing event first, where the model tells them apart.
    """

    event: int
    without: int
    lower: int | None
    upper: int | None
    event_text: str
    without_text: str
    interval_event: str
    interval_without: str
    other: int | None = None
    other_text: str = ""


def of_hundred(risk: float) -> int:
    """Return the number of people of 100, half rounded up."""
    # 100 * 0.285 is 28.499999999999996: the product is cleaned before the half is judged
    return math.floor(round(PEOPLE * risk, 9) + 0.5)


def frequency(risk: float, lower: float, upper: float, wording: Wording, other: float | None = None) -> Frequency:
    """Return a risk with its interval as people out of 100.

    Parameters
    ----------
    risk, lower, upper : probabilities of the event, ``lower <= risk <= upper``; limits that are no numbers are unknown.
    wording : the language.
    other : probability that a competing event comes first; then `without` are those with neither.
    """
    known = math.isfinite(lower) and math.isfinite(upper)
    event = of_hundred(risk)
    found = Frequency(
        event=event,
        without=PEOPLE - event,
        lower=of_hundred(lower) if known else None,
        upper=of_hundred(upper) if known else None,
        event_text=count_text(risk, wording),
        without_text=count_text(risk, wording, other=True),
        interval_event=_range(lower, upper, wording) if known else "",
        interval_without=_range(upper, lower, wording, other=True) if known else "",
    )
    return found if other is None else _in_three(found, risk, other, wording)


def _in_three(found: Frequency, risk: float, other: float, wording: Wording) -> Frequency:
    """Split those without the event so that all three add up to 100, at the least absolute error."""
    rest, neither = PEOPLE - found.event, 1.0 - risk - other
    exact = PEOPLE * other
    ways = range(max(math.floor(exact) - 1, 0), min(math.ceil(exact) + 1, rest) + 1)
    first = min(ways, key=lambda n: (round(abs(n - exact) + abs(rest - n - PEOPLE * neither), 9), abs(n - exact)))
    return replace(
        found,
        without=rest - first,
        without_text=_printed(rest - first, 0.0 < neither < 1.0, wording),
        interval_without="",
        other=first,
        other_text=_printed(first, 0.0 < other < 1.0, wording),
    )


def _printed(number: int, uncertain: bool, wording: Wording) -> str:
    """Return a count as printed; what is uncertain is printed neither as 0 nor as 100."""
    if number == 0 and uncertain:
        return wording("fewer_than_one")
    return wording("more_than_99") if number == PEOPLE and uncertain else str(number)


def count_text(risk: float, wording: Wording, other: bool = False) -> str:
    """Return the printed count of the event, or of the others; both come from one rounding, so they add up.

    A risk that is not nought is never printed as 0, one that is not certain never as 100.
    """
    number = PEOPLE - of_hundred(risk) if other else of_hundred(risk)
    return _printed(number, 0.0 < risk < 1.0, wording)


def _range(lower: float, upper: float, wording: Wording, other: bool = False) -> str:
    ends = [count_text(end, wording, other) for end in (lower, upper)]
    return ends[0] if ends[0] == ends[1] else wording("range", lower=ends[0], upper=ends[1])
