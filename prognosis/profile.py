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


def observe(
    time: Floats, event: NDArray[Any], entry: Floats | None = None, weight: Floats | None = None
) -> ObservedCurve:
    """Estimate the observed curve of a cohort, delayed entry and case weights counted.

    `event` holds 0 censored, 1 event, 2 and more competing events. The curves are weighted; `at_risk` counts patients.

    Source: Kaplan and Meier (1958); with competing events 1 minus the incidence of the event of interest (Aalen and
    Johansen 1978); reverse Kaplan-Meier (Schemper and Smith 1996) for follow-up, where events leave before
    censorings at the same time.
    """
    times = np.unique(time)
    weights = np.ones(len(time)) if weight is None else weight
    at_risk = _under_observation(times, time, entry, np.ones(len(time)))
    exposed = _under_observation(times, time, entry, weights)
    place = np.searchsorted(times, time)
    first, ended = event == 1, event > 0
    died = np.bincount(place[ended], weights=weights[ended], minlength=len(times))
    censored = np.bincount(place[~ended], weights=weights[~ended], minlength=len(times))
    share = np.where(exposed > 0, exposed, 1.0)
    survival = np.cumprod(1 - died / share)
    left = exposed - died
    under_observation = np.cumprod(1 - censored / np.where(left > 1e-12 * exposed, left, 1.0))
    free = survival
    if (event > 1).any():
        of_interest = np.bincount(place[first], weights=weights[first], minlength=len(times))
        before = np.concatenate([[1.0], survival[:-1]])
        free = 1 - np.cumsum(before * of_interest / share)
    return ObservedCurve(times, np.maximum(free, 0.0), at_risk, _median(times, free), _median(times, under_observation))


def _under_observation(times: Floats, time: Floats, entry: Floats | None, weight: Floats) -> Floats:
    """Weight of those who are under observation just before each time."""
    total = _from(times, time, weight)
    return total if entry is None else total - _from(times, entry, weight)


def _from(times: Floats, when: Floats, weight: Floats) -> Floats:
    """Weight of those whose `when` is at or after each time."""
    order = np.argsort(when)
    tail = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
    return np.asarray(tail[np.searchsorted(when[order], times, side="left")], float)


def _median(times: Floats, curve: NDArray[Any]) -> float | None:
    """Median as R's survfit prints it: the midpoint of the flat part where the curve is exactly one half."""
    reached = np.flatnonzero(curve <= 0.5 + 1e-12)
    if not len(reached):
        return None
    first = reached[0]
    below = np.flatnonzero(curve < 0.5 - 1e-12)
    end = below[0] if len(below) else first
    return float((times[first] + times[max(end, first)]) / 2)
