"""Risks as natural frequencies: N of 100 people, in both framings, which add up to 100."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reports.wording import Wording

PEOPLE = 100


@dataclass(frozen=True)
class Frequency:
    """One risk as people out of 100.

    Parameters
    ----------
    event, without : people with and without the event, whole numbers; they add up to 100.
    lower, upper : ends of the interval of `event`, whole numbers.
    event_text, without_text : the numbers as printed; a risk that is not nought is never printed as 0,
        and one that is not certain never as 100.
    """

    event: int
    without: int
    lower: int
    upper: int
    event_text: str
    without_text: str
    interval_event: str
    interval_without: str


def of_hundred(risk: float) -> int:
    """Return the number of people of 100, half rounded up."""
    # 100 * 0.285 is 28.499999999999996: the product is cleaned before the half is judged
    return math.floor(round(PEOPLE * risk, 9) + 0.5)


def frequency(risk: float, lower: float, upper: float, wording: Wording) -> Frequency:
    """Return a risk with its interval as people out of 100.

    Parameters
    ----------
    risk, lower, upper : probabilities of the event, ``lower <= risk <= upper``, none of them NaN.
    wording : the language.
    """
    event, low, high = of_hundred(risk), of_hundred(lower), of_hundred(upper)
    return Frequency(
        event=event,
        without=PEOPLE - event,
        lower=low,
        upper=high,
        event_text=_count(risk, wording),
        without_text=_count(risk, wording, other=True),
        interval_event=_range(lower, upper, wording),
        interval_without=_range(upper, lower, wording, other=True),
    )


def _count(risk: float, wording: Wording, other: bool = False) -> str:
    """Return the printed count of the event, or of the others; both come from one rounding, so they add up."""
    number = PEOPLE - of_hundred(risk) if other else of_hundred(risk)
    if number == 0 and 0.0 < risk < 1.0:
        return wording("fewer_than_one")
    if number == PEOPLE and 0.0 < risk < 1.0:
        return wording("more_than_99")
    return str(number)


def _range(lower: float, upper: float, wording: Wording, other: bool = False) -> str:
    ends = [_count(end, wording, other) for end in (lower, upper)]
    return ends[0] if ends[0] == ends[1] else wording("range", lower=ends[0], upper=ends[1])
