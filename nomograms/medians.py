"""The axis of the median time to the event: where the risk by a time is one half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from nomograms.outcomes import STEPS
from nomograms.points import Points
from nomograms.pretty import pretty
from nomograms.strata import risk_by
from nomograms.wording import number

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]

HALF = 0.5
# Numbers of intervals whose ends get ticks, the roundest first.
GRIDS = (5, 10, 20, 50, 100)
HALVINGS = 60


@dataclass(frozen=True)
class MedianAxis:
    """Median time to the event along the total points.

    Parameters
    ----------
    times : with a tick, falling as points rise, (m,). total_points : their places, (m,). rank : 0 for the roundest.
    stratum : number of the stratum whose median this is; 0 without strata.
    """

    times: Floats
    total_points: Floats
    rank: NDArray[np.int64]
    stratum: int = 0

    @property
    def texts(self) -> list[str]:
        """What is written at each tick."""
        return [number(float(f"{time:.6g}")) for time in self.times]


def why_no_median(model: FittedModel) -> list[Finding]:
    """Refuse a median of a binary or competing endpoint, and of models that answer at some times only (G27)."""
    at_times = any(hasattr(model.estimate, name) for name in ("window", "horizons"))
    if model.endpoint.kind == "time_to_event" and not model.published and not at_times:
        return []
    rule = "no median time: " + (
        "where events compete, half of the patients may never have this one"
        if model.endpoint.kind == "competing"
        else "the model does not answer at every time"
    )
    return [Finding("G27", rule, "leave median out, and draw risks by horizons")]


def median_axes(model: FittedModel, points: Points, ruler_end: float) -> tuple[MedianAxis, ...]:
    """Make the axes of all strata in which any median on the ruler lies within the follow-up."""
    made = (median_axis(model, points, ruler_end, s) for s in range(max(1, len(model.estimate.stratum_names))))
    return tuple(axis for axis in made if len(axis.times) > 1)


def median_axis(model: FittedModel, points: Points, ruler_end: float, stratum: int) -> MedianAxis:
    """Find the places of round times: there the risk by this time is one half.

    Where a curve is a step function, a time stands where the median comes to lie at or before it.
    """
    end = _end(model, stratum)
    ranks: dict[float, int] = {}
    for rank, intervals in enumerate(GRIDS):
        for time in pretty(0.0, end, intervals):
            if 0 < time <= end:
                ranks.setdefault(float(time), rank)
    grid = np.linspace(points.constant, points.constant + ruler_end / points.per_unit, STEPS)
    found: list[tuple[float, float]] = []
    for time in sorted(ranks):
        risk = risk_by(model, grid, time, stratum)
        if risk[0] <= HALF <= risk[-1]:
            found.append((time, float((np.interp(HALF, risk, grid) - points.constant) * points.per_unit)))
    times = np.array([time for time, _ in found])
    rounded = np.array([ranks[time] for time in times], dtype=np.int64)
    return MedianAxis(times, np.array([place for _, place in found]), rounded, stratum)


def median_of(model: FittedModel, linear_predictor: float, stratum: int) -> float | None:
    """Return the median time of a patient; None where the risk does not reach one half within the follow-up."""
    at, low, high = np.array([linear_predictor]), 0.0, _end(model, stratum)
    if not risk_by(model, at, high, stratum)[0] >= HALF:
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if risk_by(model, at, middle, stratum)[0] >= HALF else (middle, high)
    return high


def _end(model: FittedModel, stratum: int) -> float:
    """Last observed time (of the stratum)."""
    curves = model.strata_follow_up
    return float(curves[stratum].time[-1]) if curves else float(model.max_follow_up or 0.0)
