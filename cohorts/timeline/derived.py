"""An endpoint derived from dates: time, event and reason for each patient, and what can be made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.endpoint import Competing, TimeToEvent
from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.time_words import time_words
from cohorts.timeline.days import texts
from cohorts.variable import Variable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Derived:
    """Outcome of n patients.

    Parameters
    ----------
    name : of the endpoint. ids : (n,) row ids. time : (n,) from the start, in `unit`. event : (n,) 0 censored, 1 event,
        2 competing. audit : (n,) why this event and this date. unit, origin, definition : for people.
    entry : (n,) times of delayed entry, or None. last_free : (n,) last assessment without the event, for events found
        at an assessment (else not a number); None where nothing is known of assessments.
    competing : whether the endpoint has competing events. left_out : ids left out, by reason. warnings : findings.
    """

    name: str
    ids: NDArray[np.object_]
    time: Floats
    event: NDArray[np.int64]
    audit: NDArray[np.object_]
    unit: str
    origin: str
    definition: str = ""
    entry: Floats | None = None
    last_free: Floats | None = None
    competing: bool = False
    left_out: tuple[tuple[str, tuple[str, ...]], ...] = ()
    warnings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a patient: time, event, unit, entry and last_free where there are any, audit; index = row ids."""
        optional = {name: getattr(self, name) for name in ("entry", "last_free") if getattr(self, name) is not None}
        columns = {"time": self.time, "event": self.event, "unit": self.unit, **optional, "audit": self.audit}
        return pd.DataFrame(columns, index=pd.Index(self.ids, name="id"))

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Columns for a cohort by name: ``NAME_time``, ``NAME_event`` and what else there is."""
        values: dict[str, NDArray[Any]] = {"time": self.time, "event": self.event}
        values |= {name: getattr(self, name) for name in ("entry", "last_free") if getattr(self, name) is not None}
        return {f"{self.name}_{name}": value for name, value in values.items()}

    def columns_of(self, ids: tuple[str, ...], taken: tuple[str, ...]) -> dict[str, NDArray[Any]]:
        """Return the columns in the order of other ids; D65 when an id has no outcome or a name is taken."""
        place = pd.Index(self.ids).get_indexer(pd.Index(ids, dtype=object))
        way_out = "rename the column, or the rule of the endpoint"
        found = [Finding("D65", "the cohort has such a column", way_out, x) for x in self.columns if x in taken]
        if (place < 0).any():
            rows = texts(np.asarray(ids, dtype=object)[place < 0])
            text = f"{self.name}: {len(rows)} patients of the cohort have no outcome"
            found.append(Finding("D65", text, "add their dates, or leave them out by name", rows=rows))
        raise_findings(found, DataContractError)
        return {name: value[place] for name, value in self.columns.items()}

    @property
    def variables(self) -> dict[str, Variable]:
        """Declarations of these columns."""
        codes: dict[str, Any] = {"censored": 0, "event": 1}
        codes |= {"competing": (2,)} if self.competing else {}
        return {
            name: Variable(name=name, kind="event", values=codes, timing="post-baseline")
            if name == f"{self.name}_event"
            else Variable(name=name, kind="time", unit=self.unit, timing="post-baseline")
            for name in self.columns
        }

    def endpoint(self, horizons: Sequence[float] = (), *, visits: bool = False) -> TimeToEvent:
        """Return the endpoint that reads these columns of a cohort.

        Parameters
        ----------
        horizons : in the unit of the outcome. visits : whether events count as found between two assessments
            (``last_free``), which only models with interval censoring take.

        Raises
        ------
        DataContractError
            D62 visits are asked for, but nothing is known of assessments.
        """
        if visits and self.last_free is None:
            rule = f"{self.name} knows of no assessments"
            raise DataContractError(Finding("D62", rule, "derive it from a progression found in series"))
        kind = Competing if self.competing else TimeToEvent
        return kind(
            self.name,
            time=f"{self.name}_time",
            event=f"{self.name}_event",
            unit=self.unit,
            origin=self.origin,
            horizons=tuple(horizons),
            definition=self.definition,
            entry=None if self.entry is None else f"{self.name}_entry",
            last_free=f"{self.name}_last_free" if visits else None,
        )

    def within(self, window: float) -> pd.Series:
        """Return who had the event by the end of a window (early relapse), yes, no or missing; index = row ids.

        An event on the last day of the window counts. Who was followed to its end without the event, or had a
        competing event before, is a no; who was lost earlier is missing, never a no: a share among the others is
        biased, which ``EarlyRelapse`` mends by weights.

        Raises
        ------
        DataContractError
            D63 the window is no positive number.
        """
        _check_time(window, "window")
        early = (self.event == 1) & (self.time <= window)
        unknown = (self.event == 0) & (self.time < window)
        answer = pd.array(early, dtype="boolean")
        answer[unknown] = pd.NA
        return pd.Series(answer, index=pd.Index(self.ids, name="id"), name=f"{self.name}_by_{window:g}_{self.unit}")

    def landmark(self, at: float) -> Derived:
        """Return the outcome from a landmark on, of those still at risk then; the others are left out by name.

        Time 0 becomes the landmark. Who has the event, competes or is lost at or before it is left out.

        Raises
        ------
        DataContractError
            D63 the landmark is no positive number, or nobody is left.
        """
        _check_time(at, "landmark")
        kept = self.time > at
        if not kept.any():
            rule = f"nobody is at risk after {time_words(at, self.unit)}"
            raise DataContractError(Finding("D63", rule, "choose an earlier landmark", self.name))
        late = None if self.entry is None else np.maximum(self.entry - at, 0.0)[kept]
        free = None if self.last_free is None else np.maximum(self.last_free - at, 0.0)[kept]
        return replace(
            self,
            ids=self.ids[kept],
            time=self.time[kept] - at,
            event=self.event[kept],
            audit=self.audit[kept],
            entry=late,
            last_free=free,
            origin=f"{time_words(at, self.unit)} after {self.origin}",
            left_out=(*self.left_out, *self._gone(kept, at)),
        )

    def _gone(self, kept: NDArray[np.bool_], at: float) -> list[tuple[str, tuple[str, ...]]]:
        words = {1: "the event", 2: "a competing event", 0: "the end of follow-up"}
        groups = {text: ~kept & (self.event == code) for code, text in words.items()}
        where = f"at or before the landmark of {time_words(at, self.unit)}"
        return [(f"{text} {where}", texts(self.ids[rows])) for text, rows in groups.items() if rows.any()]


def _check_time(value: object, name: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
        raise DataContractError(Finding("D63", f"{name}={value!r} is no positive time", "give a number above 0"))
