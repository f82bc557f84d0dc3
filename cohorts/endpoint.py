"""What is predicted: columns, event codes, unit, origin, horizons; nowhere else do 0/1/2 and months get a meaning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.event_codes import Codes, code_table
from cohorts.outcome import Outcome, outcome_of
from cohorts.variable import Code

if TYPE_CHECKING:
    from cohorts.cohort import Cohort

UNITS = ("days", "weeks", "months", "years")
ZeroTime = Literal["error", "drop"] | float


@dataclass(frozen=True)
class _Endpoint:
    """What the three kinds share: the event column, its codes, and the way to the outcome."""

    kind: ClassVar[str] = ""

    name: str
    event: str = field(kw_only=True)
    event_values: Codes | None = field(default=None, kw_only=True)
    definition: str = field(default="", kw_only=True)
    event_label: Mapping[str, str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        raise_findings(_text_faults(self), DataContractError)
        if self.event_values is not None:
            object.__setattr__(self, "event_values", {role: _frozen(code) for role, code in self.event_values.items()})
        raise_findings(self._faults(), DataContractError)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns the endpoint reads."""
        return (self.event,)

    def outcome(self, cohort: Cohort) -> Outcome:
        """Check the outcome columns of a cohort and return them as arrays.

        Raises
        ------
        DataContractError
            With all findings together: missing, negative, zero or infinite times, event codes that are not declared,
            entry after exit, no events, horizons beyond the follow-up (codes T01 to T38, P10, P12).
        """
        return outcome_of(self, cohort)

    def to_dict(self) -> dict[str, Any]:
        """Return the endpoint as plain values; `endpoint_from_dict` is the inverse."""
        declared = {item.name: getattr(self, item.name) for item in fields(self)}
        return {"kind": self.kind} | {key: _plain(value) for key, value in declared.items() if value is not None}

    def _faults(self) -> list[Finding]:
        findings = _label_faults("event_label", self.event_label)
        try:
            code_table({"event": 1} if self.event_values is None else self.event_values)
        except ValueError as error:
            findings.append(Finding("S03", str(error), "correct the endpoint's event_values", column=self.event))
        return findings


@dataclass(frozen=True)
class TimeToEvent(_Endpoint):
    """Time from an origin to one event, right censored and, with `entry`, left truncated.

    Parameters
    ----------
    name : short name of the endpoint, for example ``"efs"``.
    time, event : columns of the follow-up time and of the event code.
    unit : time unit of `time`, `entry`, `last_free` and the horizons: days, weeks, months or years.
    origin : what time 0 is, for example ``"registration"``.
    horizons : times at which risk is asked for, in `unit`.
    entry : column of the time of delayed entry; None where everybody is observed from time 0.
    event_values : meaning of the codes, ``{"censored": 0, "event": 1}``; not needed for 0/1 or booleans.
    definition : one sentence for the reports.
    event_label : what the event is called, by language; default the label of its column in the codebook, unless events
        compete: that label names them all.
    deaths : codes of `event` among those of the event that are deaths, for an endpoint such as progression or death:
        reports then say how many of the events were deaths. deaths_label : what they are called, by language.
    last_free : column of the last time known to be free of the event, where events are found at visits: the event
        happened after it and at or before `time`. Equal to `time` or missing means an exact time; 0 means that nothing
        is known before. Rows without the event ignore it. Only models with interval censoring take such an outcome.
    zero_time : what to do with an event at time 0: ``"error"``, ``"drop"`` (leave the rows out),
        or a positive time that takes its place. What was done is recorded in the outcome's warnings.

    Raises
    ------
    DataContractError
        The time unit (T16) or the origin (T26) is not declared, or a declaration is impossible.
    """

    kind: ClassVar[str] = "time_to_event"

    time: str = field(kw_only=True)
    unit: str = field(default="", kw_only=True)
    origin: str = field(default="", kw_only=True)
    horizons: Sequence[float] = field(default=(), kw_only=True)
    entry: str | None = field(default=None, kw_only=True)
    last_free: str | None = field(default=None, kw_only=True)
    zero_time: ZeroTime = field(default="error", kw_only=True)
    deaths: Code | Sequence[Code] | None = field(default=None, kw_only=True)
    deaths_label: Mapping[str, str] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        raise_findings(_horizon_faults(self.horizons), DataContractError)
        object.__setattr__(self, "horizons", tuple(float(horizon) for horizon in self.horizons))
        if isinstance(self.deaths, list | tuple):
            object.__setattr__(self, "deaths", tuple(self.deaths))
        super().__post_init__()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns the endpoint reads."""
        return (self.time, self.event, *(name for name in (self.entry, self.last_free) if name))

    def _faults(self) -> list[Finding]:
        findings = super()._faults()
        if self.unit not in UNITS:
            rule = f"time unit {self.unit!r} of the endpoint {self.name}" if self.unit else "time unit is not declared"
            findings.append(Finding("T16", rule, f"give unit as one of {', '.join(UNITS)}", column=self.time))
        if not self.origin:
            rule = "the time origin is not declared"
            way_out = "say what time 0 is, for example origin='diagnosis'"
            findings.append(Finding("T26", rule, way_out, column=self.time))
        if not _is_policy(self.zero_time):
            way_out = "give 'error', 'drop' or a small positive time"
            findings.append(Finding("T02", f"zero_time={self.zero_time!r} is no policy for time 0", way_out))
        return [*findings, *_label_faults("deaths_label", self.deaths_label), *self._death_faults()]

    def _death_faults(self) -> list[Finding]:
        # codes that the codebook declares are looked at when they are met
        if self.deaths is None or (self.event_values is None and self.kind == "time_to_event"):
            return []
        events = (self.event_values or {}).get("event", ())
        declared = events if isinstance(events, tuple) else (events,)
        codes = self.deaths if isinstance(self.deaths, tuple) else (self.deaths,)
        known = len(codes) < len(declared) and all(code in declared for code in codes)
        if codes and known and self.kind == "time_to_event":
            return []
        rule = f"deaths={codes!r} are not some of the codes of the event, {declared!r}"
        way_out = "event_values={'censored': 0, 'event': [1, 2]} with deaths=[2]; competing deaths are competing codes"
        return [Finding("S03", rule, way_out, column=self.event)]


@dataclass(frozen=True)
class Competing(TimeToEvent):
    """Time to the event of interest where other events can come first.

    Parameters are those of `TimeToEvent` without `last_free`; `event_values` also lists the competing codes,
    ``{"censored": 0, "event": 1, "competing": [2]}``, which become 2, 3, ... in that order. `competing_label` : what
    the competing events together are called, by language, ``{"en": "death without progression", "zh": ...}``.
    """

    kind: ClassVar[str] = "competing"

    competing_label: Mapping[str, str] | None = field(default=None, kw_only=True)

    def _faults(self) -> list[Finding]:
        findings = [*super()._faults(), *_label_faults("competing_label", self.competing_label)]
        if self.last_free is None:
            return findings
        rule = "events found at visits (last_free) cannot be combined with competing events"
        way_out = "leave last_free out, or declare a TimeToEvent endpoint"
        return [*findings, Finding("S03", rule, way_out, column=self.last_free)]


@dataclass(frozen=True)
class Binary(_Endpoint):
    """An event that is known for everybody: present or absent.

    Parameters
    ----------
    name : short name of the endpoint.
    event : column of the codes.
    event_values : meaning of the codes; ``censored`` names the code for "no event". Not needed for 0/1 or booleans.
    definition : one sentence for the reports.
    """

    kind: ClassVar[str] = "binary"


Endpoint = TimeToEvent | Competing | Binary
_KINDS: dict[str, type[TimeToEvent] | type[Competing] | type[Binary]] = {
    "time_to_event": TimeToEvent,
    "competing": Competing,
    "binary": Binary,
}


def endpoint_from_dict(declared: Mapping[str, Any]) -> Endpoint:
    """Build an endpoint from plain values, as in the ``[endpoint]`` table of a study file.

    Raises
    ------
    DataContractError
        The kind or a key is unknown, or a needed key is absent (S03), besides the endpoint's own faults.
    """
    given = dict(declared)
    kind = given.pop("kind", None)
    if kind not in _KINDS:
        raise DataContractError(Finding("S03", f"endpoint kind {kind!r}", f"give one of {', '.join(_KINDS)}"))
    known = {item.name for item in fields(_KINDS[kind])}
    unknown = sorted(set(given) - known)
    needed = {"name", "event"} | (set() if kind == "binary" else {"time"})
    absent = sorted(needed - set(given))
    if unknown or absent:
        rule = f"the endpoint of kind {kind} has unknown keys {unknown} and lacks {absent}"
        raise DataContractError(Finding("S03", rule, f"the keys are {', '.join(sorted(known))}"))
    return _KINDS[kind](given.pop("name"), **given)


def _horizon_faults(horizons: object) -> list[Finding]:
    """Horizons are a list of different numbers: the text "24" would otherwise be read as 2 and 4."""
    if isinstance(horizons, str | bytes | Mapping) or not isinstance(horizons, Iterable):
        return [Finding("P12", f"horizons={horizons!r} is no list of numbers", "write a list, for example [12, 24]")]
    values = list(horizons)
    if any(isinstance(value, bool | str) or not isinstance(value, Real) for value in values):
        return [Finding("P12", f"horizons={values!r} are not all numbers", "write numbers, for example [12, 24]")]
    if len(set(values)) != len(values):
        return [Finding("P12", f"horizons={values!r}: one horizon stands twice", "name each horizon once")]
    return []


def _text_faults(endpoint: _Endpoint) -> list[Finding]:
    """Names of columns and descriptions are texts; optional ones may be absent."""
    texts = ("name", "event", "definition", "time", "unit", "origin", "entry", "last_free")
    return [
        Finding("S03", f"{item.name}={value!r} of the endpoint is no text", f"give {item.name} as text")
        for item in fields(endpoint)
        if item.name in texts and not isinstance(value := getattr(endpoint, item.name), str)
        if not (value is None and item.name in ("entry", "last_free"))
    ]


def _label_faults(name: str, label: object) -> list[Finding]:
    """Check that a label is a mapping from languages to words."""
    words = list(label.values()) if isinstance(label, Mapping) else []
    if label is None or (words and all(isinstance(text, str) and text for text in words)):
        return []
    return [Finding("S03", f"{name}={label!r} of the endpoint is no label", 'for example {"en": "death", "zh": "..."}')]


def _is_policy(policy: object) -> bool:
    if isinstance(policy, str):
        return policy in ("error", "drop")
    return isinstance(policy, int | float) and not isinstance(policy, bool) and 0 < policy < math.inf


def _frozen(code: Any) -> Any:
    return tuple(code) if isinstance(code, list | tuple) else code


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value
