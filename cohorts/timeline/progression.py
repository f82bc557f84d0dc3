"""Progression of myeloma in many patients at once: which markers count for whom, and the first that progresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.timeline.days import texts, written
from cohorts.timeline.imwg import MARKERS, ProgressionRule
from cohorts.timeline.measurable import followed
from cohorts.timeline.measures import MEASURES
from cohorts.timeline.series import signals

if TYPE_CHECKING:
    from cohorts.timeline.assessments import Assessments
    from cohorts.timeline.patients import Timeline

Floats = NDArray[np.float64]
# What shows that a patient was assessed and free: calcium alone does not.
ASSESSED = ("serum_m", "urine_m", "dflc", "marrow", "lesions")


@dataclass(frozen=True, eq=False)
class Progression:
    """Confirmed progression of n patients, in the order of their timeline.

    Parameters
    ----------
    ids : (n,). day : (n,) day of progression as the rule dates it, not a number without. marker : (n,) what
        progressed, empty without. value, lowest : (n,) in the marker's unit. confirmed : (n,) day of the confirming
        value. last_free : (n,) last assessment before the first value that progressed. last_assessment : (n,) last
        assessment of all, not a number without. doubtful : (n,) day of the first rise that nothing confirmed.
    rule : the criteria. warnings : what a reader must know.
    """

    ids: NDArray[np.object_]
    day: Floats
    marker: NDArray[np.object_]
    value: Floats
    lowest: Floats
    confirmed: Floats
    last_free: Floats
    last_assessment: Floats
    doubtful: Floats
    rule: ProgressionRule
    warnings: tuple[Finding, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row a patient: dates (NaT where there is none), marker, value and lowest value."""
        dates = ("day", "confirmed", "last_free", "last_assessment", "doubtful")
        columns = {name: pd.to_datetime(pd.Series(written(getattr(self, name)))).to_numpy() for name in dates}
        columns |= {"marker": self.marker, "value": self.value, "lowest": self.lowest}
        return pd.DataFrame(columns, index=pd.Index(self.ids, name="id")).rename(columns={"day": "progression"})

    @cached_property
    def _written(self) -> tuple[list[str], list[str]]:
        return written(self.confirmed).tolist(), written(self.doubtful).tolist()

    def reason(self, place: int) -> str:
        """Say why a patient counts as progressed, or which rise was not confirmed."""
        if not self.marker[place]:
            if np.isnan(self.doubtful[place]):
                return ""
            return f"rise on {self._written[1][place]} reached the criteria but was not confirmed"
        measure = MEASURES[self.marker[place]]
        text, value, lowest = measure.label, self.value[place], self.lowest[place]
        if measure.name == "calcium":
            text += f" {value:.4g} {measure.unit}"
        elif measure.name != "lesions":
            share = f" ({(value - lowest) / lowest:.0%})" if lowest > 0 else ""
            text += f" {value:.4g} {measure.unit}, lowest {lowest:.4g}, rise {value - lowest:.4g}{share}"
        if measure.name not in self.rule.confirm:
            return text
        return f"{text}, confirmed {self._written[0][place]}"


def find_progression(timeline: Timeline, assessments: Assessments, rule: ProgressionRule) -> Progression:
    """Find the first confirmed progression after the start of each patient.

    Raises
    ------
    DataContractError
        D55 assessments of patients who are not in the timeline, D52 after death or the last contact, T19 after the
        data lock (unless the timeline truncates there, D64).
    """
    patient, day, values, findings = _sorted_rows(timeline, assessments)
    start, n = timeline.days["start"], len(timeline)
    values, doubts = followed(rule, patient, day, values, start, timeline.ids)
    found = _first_of_all(rule, patient, day, values, start)
    assessed = np.zeros(len(patient), dtype=bool)
    for name in ASSESSED:
        assessed |= np.isfinite(values[name]) if name in values else False
    assessed &= day >= start[patient]
    last, free = np.full(n, np.nan), np.full(n, np.nan)
    # Rows are sorted by day, so that the last one written stays.
    last[patient[assessed]] = day[assessed]
    before = assessed & (day < found.frame["first"].to_numpy()[patient])
    free[patient[before]] = day[before]
    free = np.where(found.frame["marker"] != "", free, np.nan)
    table = found.frame
    return Progression(
        ids=timeline.ids,
        day=table["confirmed" if rule.dated == "confirmation" else "first"].to_numpy(),
        marker=table["marker"].to_numpy(),
        value=table["value"].to_numpy(),
        lowest=table["lowest"].to_numpy(),
        confirmed=table["confirmed"].to_numpy(),
        last_free=free,
        last_assessment=last,
        doubtful=table["doubtful"].to_numpy(),
        rule=rule,
        warnings=(*findings, *doubts, *_unreferenced(found.unreferenced, timeline.ids)),
    )


@dataclass(frozen=True, eq=False)
class _Found:
    frame: pd.DataFrame
    unreferenced: Mapping[str, NDArray[np.int64]]


def _first_of_all(
    rule: ProgressionRule, patient: NDArray[np.int64], day: Floats, values: Mapping[str, Floats], start: Floats
) -> _Found:
    """Take the earliest confirmed signal of any marker; of equal days that of the first marker."""
    parts, lacking = [], {}
    for place, marker in enumerate(name for name in MARKERS if name in values):
        found = signals(marker, rule, patient, day, values[marker], start)
        columns = {"patient": found.patient, "first": found.day, "value": found.value, "lowest": found.lowest}
        parts.append(pd.DataFrame({**columns, "confirmed": found.confirmed, "place": place, "marker": marker}))
        lacking[marker] = found.unreferenced
    every = pd.concat(parts, ignore_index=True)
    dated = every["confirmed" if rule.dated == "confirmation" else "first"]
    every = every.assign(dated=dated).sort_values(["patient", "dated", "place"], kind="stable")
    sure = every["confirmed"].notna()
    chosen = every[sure].drop_duplicates("patient").set_index("patient").reindex(range(len(start)))
    doubtful = every[~sure].drop_duplicates("patient").set_index("patient")["first"].reindex(range(len(start)))
    return _Found(chosen.assign(marker=chosen["marker"].fillna("").astype(object), doubtful=doubtful), lacking)


def _sorted_rows(
    timeline: Timeline, assessments: Assessments
) -> tuple[NDArray[np.int64], Floats, dict[str, Floats], list[Finding]]:
    """Return rows sorted by patient and day, their patient as number in the timeline, and what was left out."""
    patient = pd.Index(timeline.ids).get_indexer(pd.Index(assessments.ids))[assessments.code]
    name = assessments.ids[assessments.code]
    unknown, column = patient < 0, assessments.date
    if unknown.any():
        rule = f"{unknown.sum()} assessments of patients who are not in the table of patients"
        rows = texts(name[unknown])
        raise DataContractError(Finding("D55", rule, "add the patients, or leave their rows out", column, rows))
    day, findings = assessments.day, []
    late = day > timeline.lock
    if late.any():
        text, rows = f"{late.sum()} assessments after the data lock date {timeline.data_lock}", texts(name[late])
        if timeline.after_lock == "refuse":
            findings.append(Finding("T19", text, "correct the dates, or after_lock='truncate'", column, rows))
        else:
            findings.append(Finding("D64", f"{text}: left out", column=column, rows=rows, severity="warning"))
    dead = timeline.days["death"][patient]
    seen = np.fmax(timeline.days["last_contact"][patient], dead)
    for wrong, words in ((day > dead, "after death"), ((day > seen) & ~(day > dead), "after the last contact")):
        wrong &= ~late
        if wrong.any():
            rule = f"{wrong.sum()} assessments {words}"
            findings.append(Finding("D52", rule, "correct the dates", column, texts(name[wrong])))
    raise_findings(findings, DataContractError)
    kept = np.flatnonzero(~late)
    order = kept[np.lexsort((day[kept], patient[kept]))]
    return patient[order], day[order], {x: value[order] for x, value in assessments.values.items()}, findings


def _unreferenced(lacking: Mapping[str, NDArray[np.int64]], ids: NDArray[np.object_]) -> list[Finding]:
    """Name patients whose first value after the start had to serve as the reference."""
    return [
        Finding(
            "D61",
            f"{MEASURES[marker].label}: no value at or before the start in {len(rows)} patients; their first "
            "later value is the reference",
            column=marker,
            rows=texts(ids[rows]),
            severity="warning",
        )
        for marker, rows in lacking.items()
        if len(rows)
    ]
