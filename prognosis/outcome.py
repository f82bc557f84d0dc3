"""The gate for outcomes: a structured array becomes checked arrays, the same for every recipe and curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SurvivalArrays:
    """The outcome as arrays, (n,) each.

    Parameters
    ----------
    time : follow-up; all not a number for a binary outcome.
    event : 0 censored (or no event), 1 event, 2 and more competing events.
    entry : delayed entry. last_free : last time known to be free of the event, where the event was found at a visit.
    """

    time: Floats
    event: NDArray[np.int64]
    entry: Floats | None = None
    last_free: Floats | None = None

    @cached_property
    def timed(self) -> bool:
        """False for a binary outcome."""
        return not np.isnan(self.time).any()

    def take(self, rows: NDArray[Any] | slice) -> SurvivalArrays:
        """Return the outcome of some rows."""
        parts = (None if part is None else part[rows] for part in (self.entry, self.last_free))
        return SurvivalArrays(self.time[rows], self.event[rows], *parts)


def pairs_of(outcome: SurvivalArrays) -> tuple[Floats, NDArray[np.bool_]]:
    """Return time and event as concordance compares them; see `Evaluation`. Source: Wolbers et al. (2009)."""
    happened = outcome.event == 1
    if not outcome.timed:
        return np.where(happened, 0.0, 1.0), happened
    competed = outcome.event > 1
    if not competed.any():
        return outcome.time, happened
    return np.where(competed, 2 * outcome.time.max() + 1, outcome.time), happened


FIELDS = ("event", "time", "entry", "last_free")


def has_time(y: NDArray[Any], endpoints: Sequence[str]) -> bool:
    """Tell whether a recipe of these endpoints reads an outcome with a time; one of both kinds goes by the fields."""
    if "binary" not in endpoints:
        return True
    return len(endpoints) > 1 and "time" in (getattr(y, "dtype", np.dtype(float)).names or ())


def read_outcome(y: NDArray[Any], timed: bool = True) -> SurvivalArrays:
    """Read a structured outcome with the fields ``event``, ``time`` and optionally ``entry`` and ``last_free``.

    With ``timed=False`` the outcome is binary: a field ``event`` alone, or a plain array of 0 and 1.

    Raises
    ------
    DataContractError
        S18 if it has other fields; as `cohorts` does for a table: T03 time missing, T04 infinite, T01 negative,
        T08 event missing, T10 event no whole number from 0, T21 entry not before the time.
    """
    if not timed:
        return _read_binary(np.asarray(y))
    names = getattr(y, "dtype", np.dtype(float)).names or ()
    if not {"event", "time"} <= set(names) or set(names) - set(FIELDS):
        rule = f"the outcome has the fields ({', '.join(names)})"
        raise DataContractError(
            Finding("S18", rule, "a structured array with the fields event, time and optionally entry")
        )
    time = y["time"].astype(float)
    entry, last_free = (y[name].astype(float) if name in names else None for name in FIELDS[2:])
    raise_findings([*_time_faults(time, entry), *_event_faults(y["event"])], DataContractError)
    return SurvivalArrays(time, y["event"].astype(np.int64), entry, last_free)


def _read_binary(y: NDArray[Any]) -> SurvivalArrays:
    names = y.dtype.names or ()
    if names not in ((), ("event",)) or y.ndim != 1:
        rule = f"a binary outcome of shape {y.shape} with the fields ({', '.join(names)})"
        raise DataContractError(Finding("S18", rule, "give one 0 or 1 a row, as an array or as the field event"))
    event = y["event"] if names else y
    raise_findings(_event_faults(event), DataContractError)
    if (event > 1).any():
        rule = "a binary outcome is 0 or 1"
        raise DataContractError(Finding("T10", rule, "correct the outcome", rows=_places(event > 1)))
    return SurvivalArrays(np.full(len(event), np.nan), event.astype(np.int64))


def _time_faults(time: Floats, entry: Floats | None) -> list[Finding]:
    absent, infinite = np.isnan(time), np.isinf(time)
    negative = np.isfinite(time) & (time < 0)
    faults = [("T03", "time missing", absent), ("T04", "infinite time", infinite), ("T01", "negative time", negative)]
    if entry is not None:
        faults.append(("T21", "entry>=exit (or entry missing)", ~(entry < time) & ~absent))
    return [Finding(code, rule, "correct the outcome", rows=_places(rows)) for code, rule, rows in faults if rows.any()]


def _event_faults(event: NDArray[Any]) -> list[Finding]:
    if event.dtype.kind not in "biuf":
        return [Finding("T07", f"event codes of {event.dtype} dtype", "give whole numbers, 0 for censored")]
    absent = np.isnan(event) if event.dtype.kind == "f" else np.zeros(len(event), bool)
    wrong = ~absent & ((event < 0) | (event != np.floor(event)))
    faults = [("T08", "event missing", absent), ("T10", "event code that is no whole number from 0", wrong)]
    return [Finding(code, rule, "correct the outcome", rows=_places(rows)) for code, rule, rows in faults if rows.any()]


def _places(rows: NDArray[np.bool_]) -> tuple[str, ...]:
    """Rows of an array have no ids: their places, from 0."""
    return tuple(str(place) for place in np.flatnonzero(rows))
