"""An external validation as a model remembers it: who, how many, when, and how well; aggregates, bound to the model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from cohorts.errors import Finding, ModelFileError, PredictionError, raise_findings
from prognosis.environment import today
from prognosis.metrics.indexes import indexes
from prognosis.persistence.content import content_of, hash_of

if TYPE_CHECKING:
    from prognosis.external.result import ExternalValidation
    from prognosis.model_record import ModelRecord

# What the tables of groups call those whose group is not known.
MISSING = "not known"
KEPT = ("harrell_c", "auc", "calibration_slope", "oe_ratio", "brier")
# What of a model's content says how it was judged, not how it answers.
ABOUT = ("external", "validation", "warnings")
# Fewer events than these tell nothing of a model, and would tell of patients.
EVENTS, NAME, MOST, GROUPS = 10, 120, 20, 60
# Warnings of a cohort that the model has learnt from.
LEARNT = ("U20", "E09")


@dataclass(frozen=True)
class RecordLine:
    """One measure: horizon None where it has none; lower, upper None where no error is known."""

    metric: str
    horizon: float | None
    estimate: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class RecordGroup:
    """The same in one group of the patients.

    Parameters
    ----------
    column : a predictor of the model. group : its value, as `group_text` writes it. n, events : of the group.
    lines : the measures.
    """

    column: str
    group: str
    n: int
    events: int
    lines: tuple[RecordLine, ...]

    def line(self, metric: str) -> RecordLine | None:
        """Return a measure, at the last horizon where it has some."""
        return _last(self.lines, metric)


@dataclass(frozen=True)
class ExternalRecord:
    """One external validation.

    Parameters
    ----------
    cohort : what the patients are called on pages. n, events : of them. day : of the validation, YYYY-MM-DD.
    answers : see `answers_hash`, of the model that was judged. lines : the measures. source : digest of the cohort's
        file, "" where it was no file. groups : of predictors, with at least 10 events each.
    """

    cohort: str
    n: int
    events: int
    day: str
    answers: str
    lines: tuple[RecordLine, ...]
    source: str = ""
    groups: tuple[RecordGroup, ...] = ()

    def line(self, metric: str) -> RecordLine | None:
        """Return a measure, at the last horizon where it has some."""
        return _last(self.lines, metric)

    def groups_of(self, values: Mapping[str, Any]) -> tuple[RecordGroup, ...]:
        """Return the groups of a patient, by his values of the predictors."""
        return tuple(g for g in self.groups if g.column in values and group_text(values[g.column]) == g.group)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; groups are left out where there are none, so that older files keep their hash."""
        stored = asdict(self)
        groups = [group | {"lines": list(group["lines"])} for group in stored.pop("groups")]
        return stored | {"lines": list(stored["lines"])} | ({"groups": groups} if groups else {})

    @classmethod
    def restore(cls, stored: Mapping[str, Any]) -> ExternalRecord:
        """Rebuild from `to_dict`.

        Raises
        ------
        ModelFileError
            L07 numbers that cannot be, too few events, a name that is too long.
        """
        groups = tuple(RecordGroup(**(dict(g) | {"lines": _restored(g)})) for g in stored.get("groups", ()))
        record = cls(**(dict(stored) | {"lines": _restored(stored), "groups": groups}))
        raise_findings((Finding("L07", fault, "get the file again") for fault in _faults(record)), ModelFileError)
        return record


def answers_hash(model: ModelRecord) -> str:
    """SHA-256 of what a model answers by: its content without its validations and warnings."""
    whole: Any = model
    content, arrays = content_of(whole)
    return hash_of({key: value for key, value in content.items() if key not in ABOUT}, arrays)


def record_of(model: ModelRecord, found: ExternalValidation, cohort: str, day: str | None = None) -> ExternalRecord:
    """Turn an external validation of a model into what its file keeps.

    Parameters
    ----------
    found : what ``model.validate(cohort)`` returned. cohort : name of the patients on pages: "GBSG, Germany 1984-89".
    day : YYYY-MM-DD, default today.

    Raises
    ------
    PredictionError
        G37 the model has learnt from these patients; G38 fewer than 10 events; G39 another model was judged, or a name
        or day that cannot be.
    """
    faults = [Finding("G37", finding.rule, finding.way_out) for finding in found.warnings if finding.code in LEARNT]
    if found.events < EVENTS:
        rule = f"{found.events} events in the new cohort, below {EVENTS}: no validation that a page could show"
        faults.append(Finding("G38", rule, "record it when more events have happened"))
    answers = answers_hash(model)
    if found.answers != answers:
        rule = f"the external validation is one of another model than {model.name}"
        faults.append(Finding("G39", rule, "record what this model's validate returned"))
    shown, when = cohort.strip(), today() if day is None else day
    record = ExternalRecord(shown, found.n, found.events, when, answers, _lines(found.table), found.source,
                            _groups(found.subgroups, model.predictors))  # fmt: skip
    if not faults:
        faults = [Finding("G39", fault, "correct it") for fault in _faults(record)]
    raise_findings(faults, PredictionError)
    return record


def with_record(records: tuple[ExternalRecord, ...], record: ExternalRecord) -> tuple[ExternalRecord, ...]:
    """Append a record; one of the same file, or of the same name, gives way."""
    kept = [r for r in records if r.cohort != record.cohort and not (record.source and r.source == record.source)]
    return (*kept[-(MOST - 1) :], record)


def group_text(value: Any) -> str:
    """Return a value as groups are named in tables and files."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _groups(table: pd.DataFrame, predictors: Sequence[str]) -> tuple[RecordGroup, ...]:
    known = table[table["column"].isin(predictors) & (table["events"] >= EVENTS) & (table["group"] != MISSING)]
    return tuple(
        RecordGroup(str(column), str(group), int(lines["n"].iloc[0]), int(lines["events"].iloc[0]), _lines(lines))
        for (column, group), lines in known.groupby(["column", "group"], sort=False)
    )


def _last(lines: tuple[RecordLine, ...], metric: str) -> RecordLine | None:
    found = [line for line in lines if line.metric == metric]
    return max(found, key=lambda line: line.horizon or 0.0) if found else None


def _restored(stored: Mapping[str, Any]) -> tuple[RecordLine, ...]:
    return tuple(RecordLine(**line) for line in stored["lines"])


def _lines(table: pd.DataFrame) -> tuple[RecordLine, ...]:
    found = table[table["metric"].isin(KEPT) & table["estimate"].notna()]
    return tuple(
        RecordLine(str(row.metric), _known(row.horizon), float(row.estimate), _known(row.lower), _known(row.upper))
        for row in found.itertuples()
    )


def _known(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _faults(record: ExternalRecord) -> list[str]:
    """Say what of a record cannot be."""
    faults = []
    counts: list[Any] = [record.n, record.events]
    if any(isinstance(n, bool) or not isinstance(n, int) for n in counts) or not EVENTS <= record.events <= record.n:
        faults.append(f"an external validation of {record.n} patients and {record.events} events")
    texts: list[Any] = [record.cohort, record.day, record.answers, record.source]
    if not all(isinstance(text, str) for text in texts) or not 0 < len(record.cohort.strip()) <= NAME:
        faults.append(f"the cohort of an external validation needs a name of at most {NAME} characters")
    elif not _is_day(record.day):
        faults.append(f"{record.day!r} is no day")
    groups = [line for group in record.groups for line in group.lines]
    if not all(_possible(line) for line in (*record.lines, *groups)):
        faults.append("an external validation has measures that cannot be")
    if len(record.groups) > GROUPS:
        faults.append(f"{len(record.groups)} groups of an external validation, of which a record keeps {GROUPS}")
    if not all(_is_group(group, record) for group in record.groups):
        faults.append(f"an external validation has groups that cannot be, or named by more than {NAME} characters")
    return faults


def _is_group(group: RecordGroup, record: ExternalRecord) -> bool:
    counts: list[Any] = [group.n, group.events]
    texts: list[Any] = [group.column, group.group]
    whole = all(isinstance(count, int) and not isinstance(count, bool) for count in counts)
    named = all(isinstance(text, str) and len(text) <= NAME for text in texts)
    return whole and named and EVENTS <= group.events <= record.events and group.events <= group.n <= record.n


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _possible(line: RecordLine) -> bool:
    # out of a file anything may stand here
    optional: list[Any] = [line.lower, line.upper, line.horizon]
    numbers: list[Any] = [line.estimate, *(number for number in optional if number is not None)]
    plain = all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in numbers)
    if line.metric not in KEPT or not plain or (line.horizon is not None and line.horizon <= 0):
        return False
    low, high = indexes()[line.metric].bounds
    if line.lower is None or line.upper is None:
        return low <= line.estimate <= high and line.lower is None and line.upper is None
    return low <= line.lower <= line.estimate <= line.upper <= high
