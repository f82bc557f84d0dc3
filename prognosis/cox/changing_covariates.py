"""Risk of a patient whose covariates change over time, along a path given as intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError, raise_findings
from prognosis.cox.baseline import Interval, risk_with_interval
from prognosis.cox.estimate import CoxEstimate
from prognosis.normal import z_of_level

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PathRisk:
    """Probability of the event by each time along a path, for a patient free of it at the start of the path.

    Parameters
    ----------
    time : (k,) event times of the training within the path. risk, lower, upper : (k,) from that time on.
    start, end : where the path begins, and where the knowledge ends: the end of the path, or the last observed time.
    """

    time: Floats
    risk: Floats
    lower: Floats
    upper: Floats
    start: float
    end: float

    def at(self, horizons: Floats) -> tuple[Floats, Floats, Floats]:
        """Risk, lower and upper limit by each horizon, (h,); not a number before the path and beyond its end."""
        when = np.asarray(horizons, float)
        place = np.searchsorted(self.time, when, side="right")
        known = (when >= self.start) & (when <= self.end)
        risk, lower, upper = (
            np.where(known, np.append(0.0, curve)[place], np.nan) for curve in (self.risk, self.lower, self.upper)
        )
        return risk, lower, upper


def risk_along(
    estimate: CoxEstimate,
    design_rows: Floats,
    starts: Floats,
    stops: Floats,
    *,
    offset: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
    level: float = 0.95,
    interval: Interval = "log",
) -> PathRisk:
    """Estimate the risk of one patient along a path of covariates.

    Parameters
    ----------
    design_rows : (k, p) uncentred covariates on each interval (starts[i], stops[i]], in order and without gaps.
    starts, stops : (k,) on the time axis of the model. offset, stratum : (k,).

    Raises
    ------
    PredictionError
        N28 the intervals are empty, overlap or leave gaps.

    Notes
    -----
    Source: Therneau and Grambsch (2000), section 10.2.4; R's ``survfit(coxph, newdata, id =)``. The path must be
    known beforehand (a planned treatment): for covariates that only a living patient has, such as a laboratory value
    in the future, no probability of the event follows from the model. A plain prediction from a model with
    time-varying covariates is that of a profile that never changes.
    The variance is that of the sum of the hazards passed; R (3.5) takes at each time the covariate part as if the
    present values had held since time zero, so that standard errors agree only while the path is constant. Times
    stay on the model's axis; R counts them from the start of the path.
    """
    starts, stops = np.asarray(starts, float), np.asarray(stops, float)
    raise_findings(_check_path(starts, stops, len(design_rows)), PredictionError)
    b = estimate.baseline
    relative = np.exp(estimate.linear_predictor(design_rows, offset))
    strata = np.zeros(len(starts), np.int64) if stratum is None else stratum
    places = [_within(estimate, int(s), a, z) for s, a, z in zip(strata, starts, stops, strict=True)]
    row = np.repeat(np.arange(len(starts)), [len(place) for place in places])
    at = np.concatenate(places).astype(np.int64)
    hazard, variance, mean_hazard = (
        _increments(b.edges, v, at) for v in (b.cumulative_hazard, b.variance, b.mean_hazard)
    )
    steps = relative[row] * hazard
    centred = (design_rows - estimate.means)[row]
    drift = np.cumsum(relative[row, None] * (centred * hazard[:, None] - mean_hazard), axis=0)
    spread = np.einsum("kp,pq,kq->k", drift, estimate.covariance, drift)
    se = np.sqrt(np.maximum(np.cumsum(relative[row] ** 2 * variance) + spread, 0.0))
    risk, lower, upper = risk_with_interval(np.cumsum(steps), se, z_of_level(level), interval)
    ends = np.minimum(stops, b.end[strata])
    beyond = np.flatnonzero(ends < stops)
    end = float(ends[beyond[0]]) if len(beyond) else float(stops[-1])
    known = b.time[at] <= end
    return PathRisk(b.time[at][known], risk[known], lower[known], upper[known], float(starts[0]), end)


def _within(estimate: CoxEstimate, stratum: int, start: float, stop: float) -> NDArray[np.int64]:
    """Places of the stratum's event times in (start, stop]."""
    lo, hi = (int(edge) for edge in estimate.baseline.edges[stratum : stratum + 2])
    first, last = np.searchsorted(estimate.baseline.time[lo:hi], [start, stop], side="right")
    return np.arange(lo + first, lo + last)


def _increments(edges: NDArray[np.int64], cumulated: Floats, at: NDArray[np.int64]) -> Floats:
    """Return the steps of a curve that was cumulated within strata, at some places."""
    before = np.where(np.isin(at, edges[:-1]).reshape(-1, *[1] * (cumulated.ndim - 1)), 0.0, cumulated[at - 1])
    return np.asarray(cumulated[at] - before)


def _check_path(starts: Floats, stops: Floats, rows: int) -> list[Finding]:
    way_out = "give one row for each interval (start, stop], in order, each starting where the one before stops"
    if not 0 < rows == len(starts) == len(stops):
        return [Finding("N28", f"a path of {rows} rows with {len(starts)} starts and {len(stops)} stops", way_out)]
    if not (np.isfinite(starts).all() and np.isfinite(stops).all() and (starts < stops).all() and starts[0] >= 0):
        return [Finding("N28", "an interval of the path is empty, infinite or starts before time zero", way_out)]
    wrong = np.flatnonzero(starts[1:] != stops[:-1])
    if not len(wrong):
        return []
    a, b = stops[wrong[0]], starts[wrong[0] + 1]
    return [Finding("N28", f"the path {'has a gap' if b > a else 'overlaps itself'} between {a:g} and {b:g}", way_out)]
