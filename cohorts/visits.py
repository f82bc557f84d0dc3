"""Events found at a visit: when the patient was last known to be free of the event, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import Finding

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def last_free_times(
    column: pd.Series, time: FloatArray, happened: Mask, entry: FloatArray | None, ids: npt.NDArray[Any]
) -> tuple[FloatArray, list[Finding]]:
    """Return the last time free of the event, (n,), with what is wrong with it.

    Not a number where the event time is exact (last free time missing or equal to it) and for all who had no event.
    Findings: T09 no number, T35 after the time that found the event, T36 negative or infinite, T38 before the entry;
    as a warning T37 missing for an event, whose time then counts as exact.
    """
    name = str(column.name)
    if not pd.api.types.is_numeric_dtype(column.dtype):
        rule = f"a time is a number since the origin, not {column.dtype}"
        way_out = "compute the time from the dates, in the declared unit"
        return np.full(len(column), np.nan), [Finding("T09", rule, way_out, column=name, rows=(str(ids[0]),))]
    last = column.to_numpy(dtype=np.float64, na_value=np.nan)
    impossible = happened & ((last < 0) | np.isinf(last))
    given = happened & ~impossible
    faults = [
        ("T35", "the last time free of the event lies after the time that found it", given & (last > time)),
        ("T36", "the last time free of the event is negative or infinite", impossible),
    ]
    if entry is not None:
        faults.append(("T38", "the last time free of the event lies before the entry", given & (last < entry)))
    way_out = "correct the time; a patient enters free of the event, and 0 says that nothing is known before"
    findings = [Finding(code, rule, way_out, name, tuple(ids[rows])) for code, rule, rows in faults if rows.any()]
    findings += _missing(happened & np.isnan(last), int(happened.sum()), name, ids)
    return np.where(given & (last < time), last, np.nan), findings


def _missing(absent: Mask, events: int, name: str, ids: npt.NDArray[Any]) -> list[Finding]:
    if not absent.any():
        return []
    rule = (
        f"the last time free of the event is missing for {absent.sum()} of {events} events: their times count as exact"
    )
    way_out = "write 0 where nothing is known before the visit that found the event"
    return [Finding("T37", rule, way_out, name, tuple(ids[absent]), severity="warning")]
