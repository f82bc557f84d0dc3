"""Dates as whole days: read from date columns, written back, and counted in a declared unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding

Floats = NDArray[np.float64]
# A month is a twelfth of a year of 365.25 days, as survival analyses in the field count it.
DAYS = {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}


def days_of(column: pd.Series, name: str, rows: NDArray[Any]) -> tuple[Floats, list[Finding]]:
    """Return days since 1970, (n,), not a number where the date is missing; D50 where these are no plain dates."""
    nothing = np.full(len(column), np.nan)
    if column.isna().all():
        return nothing, []
    way_out = "convert it first, with the format stated: pandas.to_datetime(column, format='%Y-%m-%d')"
    if not pd.api.types.is_datetime64_dtype(column.dtype):
        rule = f"a date column holds {column.dtype}, not dates (datetime64 without time zone)"
        return nothing, [Finding("D50", rule, way_out, column=name)]
    stamps = column.to_numpy(dtype="datetime64[s]")
    whole = stamps.astype("datetime64[D]")
    known = ~np.isnat(stamps)
    timed = known & (whole.astype("datetime64[s]") != stamps)
    if timed.any():
        way_out = "keep the day only: column.dt.normalize()"
        rule = "dates with a time of day: days would not be whole"
        return nothing, [Finding("D50", rule, way_out, column=name, rows=texts(rows[timed]))]
    days = whole.astype(np.int64).astype(np.float64)
    return np.where(known, days, np.nan), []


def day_of(date: object) -> float:
    """Return the days since 1970 of a date written YYYY-MM-DD.

    Raises
    ------
    ValueError
        It is no such date.
    """
    if not isinstance(date, str) or len(date) != len("YYYY-MM-DD"):
        raise ValueError(f"{date!r} is no date written YYYY-MM-DD")
    return float(np.datetime64(date, "D").astype(np.int64))


def written(days: Floats) -> NDArray[np.str_]:
    """Return dates as YYYY-MM-DD; ``NaT`` where there is none."""
    nothing = np.iinfo(np.int64).min
    whole = np.where(np.isfinite(days), np.nan_to_num(days), nothing).astype(np.int64)
    return np.datetime_as_string(whole.astype("datetime64[D]"))


def texts(rows: NDArray[Any]) -> tuple[str, ...]:
    """Return row ids as texts, each once, in their order."""
    return tuple(dict.fromkeys(map(str, rows)))
