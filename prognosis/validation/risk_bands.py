"""What was observed in patients who were given a similar risk by models fitted without them: aggregates for reports."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError, PrognosisWarning
from prognosis.curves.aalen_johansen import aalen_johansen
from prognosis.curves.kaplan_meier import kaplan_meier
from prognosis.normal import z_of_level
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PEOPLE, EVENTS, MOST = 50, 10, 10
LEVEL = 0.95


@dataclass(frozen=True)
class RiskBand:
    """Patients with a similar risk by one horizon, and what was observed in them.

    Parameters
    ----------
    low, high : between which the out-of-fold risks lie; the next band begins where one ends.
    people, events : patients (clusters where rows belong together), and rows with the event by the horizon.
    predicted : mean out-of-fold risk. observed, lower, upper : share with the event by the horizon with its 95 %
        interval: 1 minus Kaplan-Meier, Aalen-Johansen where events compete (limits on the log scale, R's default), the
        plain share of a binary outcome (Wilson).
    """

    low: float
    high: float
    people: int
    events: int
    predicted: float
    observed: float
    lower: float
    upper: float

    def __post_init__(self) -> None:
        numbers = [getattr(self, field.name) for field in fields(self)]
        known = all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in numbers)
        ordered = known and 0 <= self.low <= self.predicted <= self.high <= 1
        if not (ordered and 0 <= self.lower <= self.observed <= self.upper <= 1 and self.events >= EVENTS):
            raise ModelFileError(Finding("L07", "a band of risks has numbers that cannot be", "get the file again"))
        if self.people < PEOPLE:
            rule = f"a band of risks of {self.people} people: fewer than {PEOPLE} are never stored"
            raise ModelFileError(Finding("L07", rule, "get the file again"))


@dataclass(frozen=True)
class RiskBands:
    """Bands of out-of-fold risk of one model at one horizon (None for a binary outcome), () where too few for two."""

    horizon: float | None
    bands: tuple[RiskBand, ...]

    def of(self, risk: float) -> RiskBand | None:
        """Return the band that a risk belongs to; None below the lowest and above the highest out-of-fold risk."""
        if not self.bands or not self.bands[0].low <= risk <= self.bands[-1].high:
            return None
        return next(band for band in reversed(self.bands) if risk >= band.low)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"horizon": self.horizon, "bands": [asdict(band) for band in self.bands]}

    @classmethod
    def restore(cls, stored: Mapping[str, Any]) -> RiskBands:
        """Rebuild from `to_dict`.

        Raises
        ------
        ModelFileError
            L07 bands that cannot be: too few people, shares outside their limits, gaps between bands.
        """
        horizon, bands = stored["horizon"], tuple(RiskBand(**band) for band in stored["bands"])
        if len(bands) == 1 or any(a.high != b.low for a, b in pairwise(bands)):
            raise ModelFileError(Finding("L07", "bands of risks do not join", "get the file again"))
        return cls(None if horizon is None else float(horizon), bands)


def risk_bands(
    outcome: SurvivalArrays,
    risk: Floats,
    horizons: Floats,
    weight: Floats | None = None,
    cluster: Integers | None = None,
) -> tuple[RiskBands, ...]:
    """Divide patients into bands by their out-of-fold risk, and observe each.

    As many bands as there can be with at least 50 people and 10 events by the horizon in each, at most 10: of equally
    many people or, where that leaves more bands, of equally many expected events (a rare event is rare in the lower
    half). Both follow the risks and not what happened. Patients of the same risk stay together.

    Parameters
    ----------
    outcome : (n,). risk : (n, h) from models fitted without the patient. horizons : (h,), not a number for a binary
        outcome. weight : (n,) case weights. cluster : (n,) rows that are one patient.
    """
    found = (_bands(outcome, risk[:, k], horizon, weight, cluster) for k, horizon in enumerate(horizons))
    times = (float(horizon) if np.isfinite(horizon) else None for horizon in horizons)
    return tuple(RiskBands(time, bands) for time, bands in zip(times, found, strict=True))


def _bands(
    outcome: SurvivalArrays, risk: Floats, horizon: float, weight: Floats | None, cluster: Integers | None
) -> tuple[RiskBand, ...]:
    counted = np.isfinite(risk) if weight is None else np.isfinite(risk) & (weight > 0)
    if not np.isfinite(risk).all():
        return ()
    rows = np.flatnonzero(counted)
    happened = outcome.event == 1
    happened = happened & (outcome.time <= horizon) if np.isfinite(horizon) else happened
    ways = [(k, share) for k in range(min(MOST, len(rows) // PEOPLE), 1, -1) for share in (np.ones_like(risk), risk)]
    for k, share in ways:
        parts = _cut(risk, rows, k, share)
        people = [len(part) if cluster is None else len(np.unique(cluster[part])) for part in parts]
        if len(parts) < k or min(people) < PEOPLE or min(int(happened[part].sum()) for part in parts) < EVENTS:
            continue
        observed = [_observed(outcome, part, horizon, weight) for part in parts]
        if not np.isfinite(observed).all():
            continue
        edges = _edges(risk, parts)
        events = [int(happened[part].sum()) for part in parts]
        predicted = [float(risk[part].mean()) for part in parts]
        return tuple(
            RiskBand(edges[j], edges[j + 1], people[j], events[j], predicted[j], *observed[j])
            for j in range(len(parts))
        )
    return ()


def _cut(risk: Floats, rows: Integers, k: int, share: Floats) -> list[Integers]:
    """Divide rows into at most k parts of increasing risk and about equal sums of `share`, equal risks together."""
    order = rows[np.argsort(risk[rows], kind="stable")]
    before = np.concatenate([[0.0], np.cumsum(share[order])[:-1]])
    places = np.searchsorted(before, share[order].sum() * np.arange(1, k) / k - 1e-9, side="left")
    cuts = {int(np.searchsorted(risk[order], risk[order][place], side="left")) for place in places[places < len(order)]}
    return np.split(order, sorted(cuts - {0}))


def _edges(risk: Floats, parts: list[Integers]) -> list[float]:
    """Least and largest risk of all, and between two parts the middle of the risks that meet there."""
    between = [(risk[a].max() + risk[b].min()) / 2 for a, b in pairwise(parts)]
    return [float(edge) for edge in (risk[parts[0]].min(), *between, risk[parts[-1]].max())]


def _observed(
    outcome: SurvivalArrays, rows: Integers, horizon: float, weight: Floats | None
) -> tuple[float, float, float]:
    """Share with the event by the horizon, with its limits; not a number where the follow-up ends before."""
    some, own = outcome.take(rows), None if weight is None else weight[rows]
    if not np.isfinite(horizon):
        return wilson(float(np.average(some.event == 1, weights=own)), len(rows))
    with warnings.catch_warnings():
        # that a curve ends early is seen by its number at the horizon
        warnings.simplefilter("ignore", PrognosisWarning)
        if (some.event > 1).any():
            curves = aalen_johansen(some.time, some.event, entry=some.entry, weight=own)
            share = float(curves.at(horizon)[0, 1])
            before = curves.time <= horizon
            low, high = (_last(side[before, 1]) for side in curves.limits())
            return share, min(low, share), max(high, share)
        curve = kaplan_meier(some.time, (some.event == 1).astype(int), entry=some.entry, weight=own)
    share, before = 1.0 - float(curve.at(horizon)), curve.time <= horizon
    low, high = (1.0 - _last(side[before]) for side in curve.limits()[::-1])
    # where nobody is left the upper limit is 1, and the lower one that of the last time with somebody left
    return share, min(low, share), 1.0 if share == 1.0 else max(high, share)


def _last(limits: Floats) -> float:
    """Return the last limit that is a number: the scale of logs has none once the curve has reached 0."""
    known = limits[np.isfinite(limits)]
    return float(known[-1]) if len(known) else float("nan")


def wilson(share: float, n: int, level: float = LEVEL) -> tuple[float, float, float]:
    """Return a share of n with its score interval. Source: Wilson (1927)."""
    z = z_of_level(level)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, max(min(middle - half, share), 0.0), min(max(middle + half, share), 1.0)
