"""The one gate from outcome columns to arrays: every check of times, events, entry and horizons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.event_codes import Codes, code_events, code_table
from cohorts.time_words import time_words
from cohorts.visits import last_free_times

if TYPE_CHECKING:
    from cohorts.cohort import Cohort
    from cohorts.endpoint import TimeToEvent

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """Checked outcome of n patients.

    Parameters
    ----------
    ids : row ids, in the cohort's order.
    time : (n,) follow-up times in the endpoint's unit; all NaN for a binary endpoint.
    event : (n,) 0 censored (or no event), 1 event, 2, 3, ... competing events.
    entry : (n,) times of delayed entry, or None.
    last_free : (n,) last times free of the event, which happened after it and at or before `time`; not a number for
        exact times and where there was no event. None where the endpoint declares none.
    dropped : ids left out by the endpoint's declared policy for time 0; they are not in `ids`.
    warnings : what a reader must know but what does not stop the work.
    """

    ids: tuple[str, ...]
    time: FloatArray
    event: IntArray
    entry: FloatArray | None = None
    last_free: FloatArray | None = None
    dropped: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def to_structured(self) -> npt.NDArray[Any]:
        """Return the structured array that recipes take as `y`.

        Fields are ``event`` (int64), ``time`` (float64; not for a binary endpoint) and, where declared, ``entry`` and
        ``last_free``.
        """
        columns: list[tuple[str, npt.NDArray[Any]]] = [("event", self.event)]
        if not np.isnan(self.time).all():
            columns.append(("time", self.time))
        if self.entry is not None:
            columns.append(("entry", self.entry))
        if self.last_free is not None:
            columns.append(("last_free", self.last_free))
        table = np.empty(len(self), dtype=[(name, column.dtype) for name, column in columns])
        for name, column in columns:
            table[name] = column
        return table


def outcome_of(endpoint: Any, cohort: Cohort) -> Outcome:
    """Check the columns an endpoint reads and return them as arrays; all findings are raised together.

    Raises
    ------
    DataContractError
        Codes T01 to T38 for times and events, P10 and P12 for horizons, S01 and S06 for declarations.
    """
    absent = [name for name in endpoint.columns if name not in cohort.codebook]
    if absent:
        way_out = f"the cohort has {', '.join(cohort.codebook)}"
        raise DataContractError(*(Finding("S01", "the cohort has no such column", way_out, column=x) for x in absent))
    frame = cohort.view(endpoint.columns)
    values, findings = _agreed_codes(endpoint, cohort)
    event, faults = code_events(frame[endpoint.event], values, endpoint.event)
    findings += faults
    if endpoint.kind == "binary":
        raise_findings(findings or _no_events(event, endpoint.event), DataContractError)
        remarks = tuple(_all_events(event, endpoint.event))
        return Outcome(cohort.ids, np.full(len(event), np.nan), event, warnings=remarks)
    return _timed_outcome(endpoint, cohort, frame, event, findings)


def check_horizons(horizons: Sequence[float], max_follow_up: float, unit: str = "") -> list[Finding]:
    """Return what is wrong with horizons: not a positive number (P12), beyond the last follow-up (P10)."""
    findings = []
    for horizon in horizons:
        if not (math.isfinite(horizon) and horizon > 0):
            rule = f"horizon {time_words(horizon, unit)}: a horizon is a positive time"
            findings.append(Finding("P12", rule, "give horizons above 0", value=f"{horizon:g}"))
        elif horizon > max_follow_up:
            last = time_words(max_follow_up, unit)
            rule = f"horizon {time_words(horizon, unit)} lies beyond the max follow-up of {last}"
            way_out = "choose a horizon within the follow-up; curves are never extended"
            findings.append(Finding("P10", rule, way_out, value=f"{horizon:g}"))
    return findings


def _timed_outcome(
    endpoint: TimeToEvent, cohort: Cohort, frame: pd.DataFrame, event: IntArray, findings: list[Finding]
) -> Outcome:
    ids = np.asarray(cohort.ids, dtype=object)
    findings = findings + _unit_faults(endpoint, cohort)
    time, faults = _times(frame[endpoint.time], endpoint.time)
    findings += faults
    entry = None
    if endpoint.entry:
        entry, faults = _times(frame[endpoint.entry], endpoint.entry)
        findings += faults or _late_entries(ids, entry, time, endpoint.entry)
    if not findings:
        findings += _no_events(event, endpoint.event)
    last_free = None
    if endpoint.last_free:
        last_free, faults = last_free_times(frame[endpoint.last_free], time, event == 1, entry, ids)
        findings += faults
    kept, time, policy = _zero_times(endpoint, ids, time, event)
    findings += policy
    if np.isfinite(time).any():
        findings += check_horizons(endpoint.horizons, float(np.nanmax(time[np.isfinite(time)])), endpoint.unit)
    raise_findings(findings, DataContractError)
    remarks = [*findings, *_all_events(event[kept], endpoint.event), *_tied_times(time[kept], endpoint.time)]
    return Outcome(
        ids=tuple(ids[kept]),
        time=time[kept],
        event=event[kept],
        entry=None if entry is None else entry[kept],
        last_free=None if last_free is None else last_free[kept],
        dropped=tuple(ids[~kept]),
        warnings=tuple(remarks),
    )


def _agreed_codes(endpoint: Any, cohort: Cohort) -> tuple[Codes | None, list[Finding]]:
    """Take the codes of the codebook or of the endpoint; where both speak they must agree."""
    written, asked = cohort.codebook[endpoint.event].values, endpoint.event_values
    findings = []
    if written is not None and asked is not None and code_table(written) != code_table(asked):
        rule = f"the codebook declares event_values {dict(written)}, the endpoint {dict(asked)}"
        findings.append(Finding("S06", rule, "declare the codes once, or alike", column=endpoint.event))
    values = asked if asked is not None else written
    if values is not None and endpoint.kind != "competing" and values.get("competing"):
        rule = f"event_values declare competing events, which a {endpoint.kind} endpoint would have to reinterpret"
        way_out = "use Competing, or a codebook and endpoint that say what these codes count as"
        findings.append(Finding("T25", rule, way_out, column=endpoint.event))
    return values, findings


def _unit_faults(endpoint: TimeToEvent, cohort: Cohort) -> list[Finding]:
    findings = []
    for name in filter(None, (endpoint.time, endpoint.entry, endpoint.last_free)):
        unit = cohort.codebook[name].unit
        if unit is not None and unit != endpoint.unit:
            rule = f"time unit {unit} in the codebook, {endpoint.unit} in the endpoint"
            findings.append(Finding("T16", rule, "declare the same unit; nothing is converted", column=name))
    return findings


def _times(column: pd.Series, name: str) -> tuple[FloatArray, list[Finding]]:
    """Return times as floats and the faults that make them unusable: T09, T03, T04, T01."""
    if not pd.api.types.is_numeric_dtype(column.dtype):
        rule = f"a time is a number since the origin, not {column.dtype}"
        way_out = "compute the follow-up time from the dates, in the declared unit"
        return np.full(len(column), np.nan), [Finding("T09", rule, way_out, column=name, rows=(str(column.index[0]),))]
    time = column.to_numpy(dtype=np.float64, na_value=np.nan)
    n = len(time)
    absent, infinite, negative = np.isnan(time), np.isinf(time), (time < 0) & np.isfinite(time)
    findings = []
    if absent.any():
        rule = f"time missing (missing count {absent.sum()} of {n})"
        way_out = "complete them, or leave these patients out by name with cohort.without"
        findings.append(Finding("T03", rule, way_out, column=name, rows=_rows(column, absent)))
    if infinite.any():
        findings.append(Finding("T04", "infinite time", "correct the time", column=name, rows=_rows(column, infinite)))
    if negative.any():
        rule, value = "negative time: follow-up cannot end before the origin", f"{time[negative][0]:g}"
        findings.append(Finding("T01", rule, "correct the dates", name, _rows(column, negative), value))
    return time, findings


def _late_entries(ids: npt.NDArray[Any], entry: FloatArray, time: FloatArray, name: str) -> list[Finding]:
    late = entry >= time
    if not late.any():
        return []
    rule = f"entry>=exit in {late.sum()} rows: nobody can be observed for no time"
    return [Finding("T21", rule, "correct entry or follow-up time", column=name, rows=tuple(ids[late]))]


def _zero_times(
    endpoint: TimeToEvent, ids: npt.NDArray[Any], time: FloatArray, event: IntArray
) -> tuple[Mask, FloatArray, list[Finding]]:
    """Apply the declared policy to events at time 0; return the rows kept, the times and what was done."""
    zero = (time == 0) & (event > 0)
    kept, policy, unit = np.ones(len(time), dtype=bool), endpoint.zero_time, endpoint.unit
    if not zero.any():
        return kept, time, []
    rows, count = tuple(ids[zero]), int(zero.sum())
    if policy == "error":
        rule = f"time 0 with an event in {count} rows"
        way_out = "declare zero_time: 'drop', or a small positive time (R keeps such rows)"
        return kept, time, [Finding("T02", rule, way_out, column=endpoint.time, rows=rows)]
    if policy == "drop":
        rule = f"time 0 with an event: {count} rows left out (declared policy zero_time='drop')"
        return ~zero, time, [Finding("T02", rule, column=endpoint.time, rows=rows, severity="warning")]
    if (time[(time > 0) & np.isfinite(time)] <= float(policy)).any():
        rule = f"zero_time={policy:g} is not below the shortest positive time, so the order of the times would change"
        return kept, time, [Finding("T02", rule, "give a smaller time", column=endpoint.time, rows=rows)]
    rule = f"time 0 with an event: {count} rows set to {time_words(policy, unit)} (declared policy zero_time)"
    done = Finding("T02", rule, column=endpoint.time, rows=rows, severity="warning")
    return kept, np.where(zero, float(policy), time), [done]


def _no_events(event: IntArray, name: str) -> list[Finding]:
    if (event == 1).any():
        return []
    rule = f"0 events in n={len(event)} rows: nothing can be estimated"
    return [Finding("T11", rule, "check the event column and its codes", column=name)]


def _all_events(event: IntArray, name: str) -> list[Finding]:
    if (event == 0).any():
        return []
    return [Finding("T13", f"0 censored among n={len(event)} rows", "check that this is so", name, severity="warning")]


def _tied_times(time: FloatArray, name: str) -> list[Finding]:
    if len(np.unique(time)) != 1:
        return []
    rule = f"1 distinct time ({time[0]:g}) in n={len(time)} rows"
    return [Finding("T14", rule, "check the time column", column=name, severity="warning")]


def _rows(column: pd.Series, chosen: Mask) -> tuple[str, ...]:
    return tuple(str(row) for row in column.index[chosen])
