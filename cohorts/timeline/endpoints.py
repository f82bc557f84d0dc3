"""Endpoints as declarations: which dates are the event, which compete, and where follow-up ends without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.timeline.days import DAYS, texts, written
from cohorts.timeline.derived import Derived

if TYPE_CHECKING:
    from cohorts.timeline.patients import Timeline
    from cohorts.timeline.progression import Progression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """What an endpoint is made of.

    Parameters
    ----------
    name : short name; the columns are called ``NAME_time`` and ``NAME_event``.
    events : dates of the timeline of which the earliest is the event (code 1).
    competing : dates that end the follow-up first (code 2); on the same day the event counts.
    censored_at : ``last_contact``, or ``last_assessment`` where the event is only found by looking.
    definition : one sentence for reports.
    """

    name: str
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    censored_at: Literal["last_contact", "last_assessment"] = "last_contact"
    definition: str = ""


OS = Rule("os", ("death",), definition="Overall survival: death from any cause; censored at the last contact.")
PFS = Rule(
    "pfs",
    ("progression", "death"),
    censored_at="last_assessment",
    definition="Progression-free survival: progression or death without it; censored at the last assessment.",
)
TTNT = Rule(
    "ttnt",
    ("next_treatment",),
    ("death",),
    definition="Time to next treatment; death before it competes; censored at the last contact.",
)
DISTANT_METASTASIS = Rule(
    "distant_metastasis",
    ("metastasis",),
    ("death",),
    definition="Distant metastasis; death before it competes; censored at the last contact.",
)
LOCAL_RECURRENCE = Rule(
    "local_recurrence",
    ("recurrence",),
    ("death",),
    definition="Local recurrence; death before it competes; censored at the last contact.",
)


def event_free(events: Sequence[str], name: str = "efs") -> Rule:
    """Return event-free survival: the earliest of the named events or death.

    What counts as an event differs between protocols (recurrence, metastasis, progression, second malignancy), so the
    events are always named.
    """
    listed = tuple(dict.fromkeys((*events, "death")))
    text = f"Event-free survival: the earliest of {', '.join(listed)}; censored at the last contact."
    return Rule(name, listed, definition=text)


def derive(
    timeline: Timeline, rule: Rule, *, unit: str, origin: str, progression: Progression | None = None
) -> Derived:
    """Derive time, event and the reason for each patient.

    Parameters
    ----------
    timeline : the checked dates. rule : the endpoint. unit : days, weeks (7 days), months (365.25 / 12 days) or years
        (365.25 days). origin : what the start is, for people. progression : of `Timeline.progression`, where the rule
        needs ``progression`` or ``last_assessment`` and these are no dates of the timeline.

    Raises
    ------
    DataContractError
        S01 the rule needs a date that there is not, T16 the unit, D62 progression given twice or of other patients,
        T21 entry at or after the end of follow-up.
    """
    days, findings = _sources(timeline, rule, progression), list(timeline.warnings)
    findings += progression.warnings if progression else ()
    if unit not in DAYS:
        raise DataContractError(Finding("T16", f"time unit {unit!r}", f"give one of {', '.join(DAYS)}"))
    start, size = days["start"], DAYS[unit]
    event_day, which = _earliest(days, rule.events)
    competing_day, rival = _earliest(days, rule.competing)
    end = _censoring(days, rule.censored_at)
    happened = np.isfinite(event_day) & ~(competing_day < event_day)
    competed = np.isfinite(competing_day) & ~happened
    event = np.where(happened, 1, np.where(competed, 2, 0)).astype(np.int64)
    day = np.where(happened, event_day, np.where(competed, competing_day, end))
    entry = (days["entry"] - start) / size if timeline.entry is not None else None
    time = (day - start) / size
    findings += [*_unassessed(timeline, rule, days, event), *_late_entry(timeline, entry, time)]
    raise_findings(findings, DataContractError)
    cause = np.where(happened, which, rival)
    return Derived(
        name=rule.name,
        ids=timeline.ids,
        time=time,
        event=event,
        audit=_audit(rule, progression, day, event, cause),
        unit=unit,
        origin=origin,
        definition=rule.definition,
        entry=entry,
        last_free=_last_free(rule, progression, start, size, happened & (which == "progression")),
        competing=bool(rule.competing),
        warnings=tuple(findings),
    )


def _sources(timeline: Timeline, rule: Rule, progression: Progression | None) -> dict[str, Floats]:
    """Put the dates of the timeline and those found in the series together."""
    days = dict(timeline.days)
    if progression is not None:
        found = {"progression": progression.day, "last_assessment": progression.last_assessment}
        twice = [name for name in found if name in days]
        if twice:
            text = f"{' and '.join(twice)} both as a date of the timeline and found in the series"
            raise DataContractError(Finding("D62", text, "keep one of them"))
        if len(progression.ids) != len(timeline) or (progression.ids != timeline.ids).any():
            raise DataContractError(Finding("D62", "the progression is that of other patients", "find it anew"))
        days |= found
    wanted = (*rule.events, *rule.competing, rule.censored_at)
    given = set(days) if timeline.death is not None else set(days) - {"death"}
    way_out = f"name its column in the timeline, which has {', '.join(sorted(given))}"
    raise_findings(
        (Finding("S01", f"{rule.name} needs the date of {x}", way_out, x) for x in wanted if x not in given),
        DataContractError,
    )
    return days


def _earliest(days: dict[str, Floats], names: Sequence[str]) -> tuple[Floats, NDArray[np.object_]]:
    """Return the earliest of some dates and which it was; the first named of those on one day."""
    n = len(days["start"])
    if not names:
        return np.full(n, np.nan), np.full(n, "", dtype=object)
    table = np.column_stack([np.where(np.isnan(days[name]), np.inf, days[name]) for name in names])
    place = table.argmin(axis=1)
    first = table[np.arange(n), place]
    return np.where(np.isinf(first), np.nan, first), np.asarray(names, dtype=object)[place]


def _censoring(days: dict[str, Floats], at: str) -> Floats:
    """Return the day at which follow-up ends without an event: never before the start, and death ends contact."""
    if at == "last_contact":
        return np.fmax(days["last_contact"], days["death"])
    last = days["last_assessment"]
    return np.where(np.isnan(last), days["start"], last)


def _last_free(
    rule: Rule, progression: Progression | None, start: Floats, size: float, progressed: NDArray[np.bool_]
) -> Floats | None:
    """Return when a progression found at an assessment was last excluded; 0 where nothing is known since the start."""
    if progression is None or "progression" not in rule.events:
        return None
    return np.where(progressed, np.nan_to_num((progression.last_free - start) / size), np.nan)


def _unassessed(timeline: Timeline, rule: Rule, days: dict[str, Floats], event: NDArray[np.int64]) -> list[Finding]:
    if rule.censored_at != "last_assessment":
        return []
    never = (event == 0) & ~(days["last_assessment"] > days["start"])
    if not never.any():
        return []
    text = f"{never.sum()} patients without an event were never assessed after the start: censored at time 0"
    rows = texts(timeline.ids[never])
    return [Finding("D60", text, "add their assessments, or leave them out by name", rows=rows, severity="warning")]


def _late_entry(timeline: Timeline, entry: Floats | None, time: Floats) -> list[Finding]:
    late = np.zeros(len(time), dtype=bool) if entry is None else entry >= time
    if not late.any():
        return []
    text, way_out = f"entry>=exit in {late.sum()} rows: nobody can be observed for no time", "leave these patients out"
    return [Finding("T21", text, way_out, timeline.entry, texts(timeline.ids[late]))]


def _audit(
    rule: Rule,
    progression: Progression | None,
    day: Floats,
    event: NDArray[np.int64],
    cause: NDArray[np.object_],
) -> NDArray[np.object_]:
    """Say for every patient why this event and this date."""
    dates, at = written(day), rule.censored_at.replace("_", " ")
    told = np.empty(len(day), dtype=object)
    for i in range(len(day)):
        name = str(cause[i]).replace("_", " ")
        if event[i]:
            text = f"{name} on {dates[i]}" + (" (competing)" if event[i] == 2 else "")
        else:
            text = f"no event; censored at {at} on {dates[i]}"
        if progression is not None and "progression" in rule.events:
            reason = progression.reason(i)
            text += f": {reason}" if event[i] and cause[i] == "progression" else f"; {reason}" if reason else ""
        told[i] = text
    return told
