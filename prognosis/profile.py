"""What a model remembers of its training cohort: aggregates only, never a patient's row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW_VALUES = 10
BINS = 20
QUANTILES = {
    "minimum": 0.0,
    "p1": 0.01,
    "p5": 0.05,
    "p25": 0.25,
    "median": 0.5,
    "p75": 0.75,
    "p95": 0.95,
    "p99": 0.99,
    "maximum": 1.0,
}


@dataclass(frozen=True)
class NumericProfile:
    """Distribution of a numeric predictor: quantiles (R's type 7), moments and a histogram of shares."""

    minimum: float
    p1: float
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    p99: float
    maximum: float
    mean: float
    sd: float
    values: tuple[float, ...]
    edges: tuple[float, ...]
    density: tuple[float, ...]


@dataclass(frozen=True)
class LevelProfile:
    """Distribution of a categorical predictor: share of each level and the commonest one."""

    levels: tuple[str, ...]
    shares: tuple[float, ...]
    mode: str


Profile = dict[str, NumericProfile | LevelProfile]


def profile_of(frame: pd.DataFrame) -> Profile:
    """Summarise the known values of every predictor of the training rows."""
    return {str(name): _profile_column(frame[name]) for name in frame.columns}


def _profile_column(column: pd.Series) -> NumericProfile | LevelProfile:
    if isinstance(column.dtype, pd.CategoricalDtype):
        share = column.value_counts(normalize=True, sort=False)
        levels = tuple(str(level) for level in column.cat.categories)
        return LevelProfile(levels, tuple(float(v) for v in share), str(share.idxmax()))
    x = column.dropna().to_numpy(float)
    distinct = np.unique(x)
    count, edges = np.histogram(x, bins=BINS)
    quantiles = np.quantile(x, list(QUANTILES.values()))
    return NumericProfile(
        **dict(zip(QUANTILES, map(float, quantiles), strict=True)),
        mean=float(x.mean()),
        sd=float(x.std(ddof=1)) if len(x) > 1 else 0.0,
        values=tuple(float(v) for v in distinct) if len(distinct) <= FEW_VALUES else (),
        edges=tuple(float(e) for e in edges),
        density=tuple(float(c) for c in count / len(x)),
    )


def profile_to_dict(profile: Profile) -> dict[str, Any]:
    """Return plain values for the model file."""
    return {name: asdict(entry) for name, entry in profile.items()}


def profile_from_dict(stored: Mapping[str, Mapping[str, Any]]) -> Profile:
    """Rebuild from `profile_to_dict`."""
    out: Profile = {}
    for name, entry in stored.items():
        fields: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
        }
        out[name] = LevelProfile(**fields) if "levels" in fields else NumericProfile(**fields)
    return out


@dataclass(frozen=True)
class ObservedCurve:
    """Observed curve of the training cohort with its numbers at risk.

    Parameters
    ----------
    time : (m,) distinct times of event or censoring. survival : (m,) share still free of the event: Kaplan-Meier's
        S(t), or 1 minus the incidence where events compete. at_risk : (m,) just before each time.
    median : as R's survfit; None if not reached. median_follow_up : reverse Kaplan-Meier; None if not reached.
    """

    time: Floats
    survival: Floats
    at_risk: Floats
    median: float | None
    median_follow_up: float | None

    def at(self, t: float) -> float:
        """S(t); 1 before the first time."""
        place = int(np.searchsorted(self.time, t, side="right"))
        return float(self.survival[place - 1]) if place else 1.0

    def number_at_risk(self, t: float) -> int:
        """Patients still under observation at t (with delayed entry: and already entered)."""
        place = int(np.searchsorted(self.time, t, side="left"))
        return int(self.at_risk[place]) if place < len(self.time) else 0
