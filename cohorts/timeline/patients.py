"""The table of patients' dates: one row a patient, every date in order, none after the data lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.identity import row_ids
from cohorts.timeline.days import day_of, days_of, texts, written
from cohorts.timeline.endpoints import Rule, derive
from cohorts.timeline.imwg import ProgressionRule
from cohorts.timeline.progression import Progression, find_progression

if TYPE_CHECKING:
    from cohorts.timeline.assessments import Assessments
    from cohorts.timeline.derived import Derived

Floats = NDArray[np.float64]
RESERVED = ("start", "last_contact", "death", "entry")


@dataclass(frozen=True, eq=False)
class Timeline:
    """Dates of patients, checked, from which endpoints are derived.

    An event without a date did not happen until the last contact; that this is so is what `known` checks.

    Parameters
    ----------
    patients : one row a patient; date columns are datetime64 without time of day and time zone.
    id, start, last_contact, death : its columns: row id, time 0, last day known to be alive, death (or None).
    data_lock : last day covered by the data, ``YYYY-MM-DD``.
    events : column of the date by event, for example ``{"metastasis": "met_date", "next_treatment": "second_line"}``;
        ``progression`` and ``last_assessment`` where they were judged elsewhere.
    entry : column of the day of delayed entry (left truncation), or None.
    known : column that says whether an event happened, by event (``{"death": "died"}``): yes without a date is refused.
    after_lock : ``refuse`` dates after the data lock, or ``truncate`` the data there: what came later is not yet known.

    Attributes
    ----------
    ids : (n,) row ids as text. days : (n,) days since 1970 by name, not a number where there is no date.
    warnings : findings that did not stop the work.

    Raises
    ------
    DataContractError
        All findings at once. S01 no such column, I01 and I02 ids, D50 no dates, D51 no start, D52 dates that contradict
        each other (after death, after the last contact), D53 nothing to be censored at or an event without its date,
        D62 an unknown option, S03 the data lock is no date, T17 a date before the start, T19 one after the data lock.
    """

    patients: pd.DataFrame
    id: str
    start: str
    last_contact: str
    data_lock: str
    death: str | None = None
    events: Mapping[str, str] = field(default_factory=dict)
    entry: str | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    after_lock: Literal["refuse", "truncate"] = "refuse"
    ids: NDArray[np.object_] = field(init=False, repr=False)
    days: Mapping[str, Floats] = field(init=False, repr=False)
    warnings: tuple[Finding, ...] = field(init=False, repr=False)
    lock: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lock", self._declared())
        listed, findings = row_ids(self.patients[self.id], False)
        ids, days = np.asarray(listed, dtype=object), {}
        for name, column in self.columns.items():
            days[name], faults = days_of(self.patients[column], column, ids)
            findings += faults
        nobody = np.full(len(ids), np.nan)
        days = {"death": nobody, **days}
        if not findings:
            findings += [*self._incomplete(ids, days), *self._disordered(ids, days), *self._late(ids, days)]
        raise_findings(findings, DataContractError)
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "days", self._truncated(days))
        object.__setattr__(self, "warnings", tuple(findings))

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> dict[str, str]:
        """Column of every date by its name here."""
        fixed = {"start": self.start, "last_contact": self.last_contact, "death": self.death, "entry": self.entry}
        return {name: column for name, column in fixed.items() if column is not None} | dict(self.events)

    def progression(self, assessments: Assessments, rule: ProgressionRule | None = None) -> Progression:
        """Find progression of myeloma in laboratory series; see `ProgressionRule` and `find_progression`."""
        return find_progression(self, assessments, rule or ProgressionRule())

    def derive(self, rule: Rule, *, unit: str, origin: str, progression: Progression | None = None) -> Derived:
        """Return time, event and the reason for each patient; see `cohorts.timeline.endpoints.derive`."""
        return derive(self, rule, unit=unit, origin=origin, progression=progression)

    def _declared(self) -> float:
        """Check the declaration itself; return the data lock in days."""
        present = self.patients.columns
        wanted = (self.id, *self.columns.values(), *self.known.values())
        way_out = f"the table has {', '.join(map(str, present))}"
        found = [Finding("S01", "the table has no such column", way_out, column=x) for x in wanted if x not in present]
        taken = [name for name in self.events if name in RESERVED]
        found += [Finding("D62", f"events cannot be called {name}", "give it as argument") for name in taken]
        strange = [name for name in self.known if name not in self.columns]
        found += [
            Finding("D62", f"known names {name}, which has no date", "name an event or death") for name in strange
        ]
        if self.after_lock not in ("refuse", "truncate"):
            found.append(Finding("D62", f"after_lock={self.after_lock!r}", "give refuse or truncate"))
        lock = np.nan
        try:
            lock = day_of(self.data_lock)
        except ValueError as error:
            found.append(Finding("S03", f"data_lock: {error}", "write it as YYYY-MM-DD"))
        raise_findings(found, DataContractError)
        return lock

    def _incomplete(self, ids: NDArray[np.object_], days: Mapping[str, Floats]) -> Iterator[Finding]:
        unset = np.isnan(days["start"])
        if unset.any():
            rule, way_out = "no date of the start: time has no origin", "complete it, or leave these patients out"
            yield Finding("D51", rule, way_out, self.start, texts(ids[unset]))
        lost = np.isnan(days["last_contact"]) & np.isnan(days["death"])
        if lost.any():
            rule = "neither death nor last contact: until when nothing happened is not known"
            yield Finding("D53", rule, "complete the last contact", self.last_contact, texts(ids[lost]))
        if self.entry is not None and np.isnan(days["entry"]).any():
            rows = texts(ids[np.isnan(days["entry"])])
            yield Finding("D51", "no date of entry", "give the start where entry was not delayed", self.entry, rows)
        for name, column in self.known.items():
            flag = self.patients[column]
            if not (pd.api.types.is_bool_dtype(flag.dtype) or flag.dropna().isin([0, 1]).all()):
                yield Finding("D53", f"whether {name} happened is not yes or no", "give 0, 1 or booleans", column)
                continue
            happened = flag.astype("float64").to_numpy() == 1
            for wrong, words in (
                (happened & np.isnan(days[name]), f"{name} happened but has no date"),
                (~happened & ~np.isnan(days[name]), f"{name} has a date, but is not said to have happened"),
            ):
                if wrong.any():
                    yield Finding("D53", words, "correct the date or the flag", column, texts(ids[wrong]))

    def _disordered(self, ids: NDArray[np.object_], days: Mapping[str, Floats]) -> Iterator[Finding]:
        seen = np.fmax(days["last_contact"], days["death"])
        for name, column in self.columns.items():
            early = days[name] < days["start"]
            if early.any():
                rule, way_out = f"patient ids with {column} < {self.start}", "correct the dates"
                yield Finding("T17", rule, way_out, column, texts(ids[early]), written(days[name][early])[0])
            dead = days[name] > days["death"]
            if dead.any():
                rule = f"{column} lies after death"
                yield Finding("D52", rule, "correct the dates", column, texts(ids[dead]), written(days[name][dead])[0])
            unseen = (days[name] > seen) & ~dead
            if unseen.any() and name not in ("start", "last_contact", "death"):
                rule = f"{column} lies after the last contact ({self.last_contact})"
                yield Finding("D52", rule, "correct the dates", column, texts(ids[unseen]))

    def _late(self, ids: NDArray[np.object_], days: Mapping[str, Floats]) -> Iterator[Finding]:
        for name, column in self.columns.items():
            late = days[name] > self.lock
            if not late.any():
                continue
            rows, value = texts(ids[late]), written(np.array([np.max(days[name][late])]))[0]
            if self.after_lock == "refuse" or name in ("start", "entry"):
                rule, way_out = (
                    f"date after the data lock date {self.data_lock}",
                    "correct it, or after_lock='truncate'",
                )
                yield Finding("T19", rule, way_out, column, rows, value)
            else:
                rule = f"date after the data lock date {self.data_lock}: counted as not yet known (after_lock)"
                yield Finding("D64", rule, column=column, rows=rows, severity="warning")

    def _truncated(self, days: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return what was known on the day of the data lock; who died later was alive on it."""
        past = {name: np.where(day > self.lock, np.nan, day) for name, day in days.items()}
        last, died = days["last_contact"], days["death"]
        alive = (last > self.lock) | (died > self.lock)
        return past | {"last_contact": np.where(alive, self.lock, last)}
