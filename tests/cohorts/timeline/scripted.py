"""Scripted patients: visits every 28 days from the start, one list of values a marker."""

from __future__ import annotations

import pandas as pd

from cohorts.timeline import Assessments, ProgressionRule, Timeline
from cohorts.timeline.progression import Progression

START = pd.Timestamp("2020-01-01")
UNITS = {
    "serum_m": "g/dL",
    "urine_m": "mg/24h",
    "dflc": "mg/dL",
    "kappa": "mg/dL",
    "lambda": "mg/dL",
    "marrow": "%",
    "lesions": "yes/no",
    "calcium": "mg/dL",
}


def day(visit: float) -> pd.Timestamp:
    """Return the date of a visit, 0 being the start."""
    return START + pd.Timedelta(days=round(28 * visit))


def dates(death: float | None = None, last: float = 30, n: int = 1, **events: float) -> pd.DataFrame:
    """Return patients p0, p1, ... of the same dates, given as visits."""
    row = {"start": START, "last": day(last), "death": pd.NaT if death is None else day(death)}
    row |= {name: day(visit) for name, visit in events.items()}
    frame = pd.DataFrame([{"pid": f"p{i}", **row} for i in range(n)])
    return frame.astype({"death": "datetime64[ns]"})


def timeline(frame: pd.DataFrame, lock: str = "2023-12-31", **fields: object) -> Timeline:
    """Return the timeline of such patients."""
    return Timeline(frame, id="pid", start="start", last_contact="last", death="death", data_lock=lock, **fields)


def assessed(units: dict[str, str] | None = None, **markers: list[float]) -> Assessments:
    """Return the assessments of p0 at visits 0, 1, 2, ..."""
    frame = pd.DataFrame(markers, dtype=float)
    frame.insert(0, "date", [day(i) for i in range(len(frame))])
    frame.insert(0, "pid", "p0")
    return Assessments(frame, {name: UNITS[name] for name in markers} | (units or {}))


def found(rule: ProgressionRule | None = None, death: float | None = None, **markers: list[float]) -> Progression:
    """Return the progression of p0."""
    return timeline(dates(death, last=30 if death is None else death)).progression(assessed(**markers), rule)


def visit(progression: Progression) -> float | None:
    """Return the visit of p0's progression, or None."""
    date = progression.frame["progression"].iloc[0]
    return None if pd.isna(date) else (date - START).days / 28
