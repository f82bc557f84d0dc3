"""Times that a Cox model predicts for each patient: quantiles of survival and restricted mean survival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.cox.baseline import Baseline, Interval, risk_with_interval
from prognosis.cox.estimate import CoxEstimate
from prognosis.curves.step_curves import quantile_of, restricted_mean_of
from prognosis.kernels.cox_likelihood import event_sums
from prognosis.normal import z_of_level
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]

# Patients times event times that are held at once.
BLOCK = 2_000_000


class SurvivalTimes(NamedTuple):
    """Quantiles of survival with limits, each (m, q); not a number where the curve does not come down that far."""

    time: Floats
    lower: Floats
    upper: Floats


class RestrictedMean(NamedTuple):
    """Mean survival up to tau with its standard error, each (m,)."""

    mean: Floats
    se: Floats


class _Curves(NamedTuple):
    """One block of patients of one stratum: its rows, and the baseline's range of event times."""

    rows: NDArray[np.int64]
    times: slice
    end: float
    centred: Floats
    relative: Floats


def survival_quantiles(
    estimate: CoxEstimate,
    design: Floats,
    probabilities: Floats,
    *,
    offset: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
    level: float = 0.95,
    interval: Interval = "log",
) -> SurvivalTimes:
    """Time by which the event has happened with a given probability (.5: median survival), with its interval.

    Parameters
    ----------
    design : (m, p) uncentred. probabilities : (q,) between 0 and 1. stratum : (m,) index of the stratum.
    level, interval : of the limits of the survival curve, which the limits of the time invert.

    Raises
    ------
    PredictionError
        N27 a probability is not between 0 and 1.

    Notes
    -----
    Source: Brookmeyer and Crowley (1982); R's ``quantile(survfit(coxph))``, its rules included: a curve that stays
    at the level between two events gives the middle of the two. The upper limit of survival may rise again late;
    there R's (and this) upper time is that of its last value below the level.
    """
    p = np.atleast_1d(np.asarray(probabilities, float))
    if not ((p > 0) & (p < 1)).all():
        rule = f"probabilities {p.tolist()}: each must lie between 0 and 1"
        raise PredictionError(Finding("N27", rule, "give .5 for the median"))
    out = SurvivalTimes(*(np.full((len(design), len(p)), np.nan) for _ in range(3)))
    z = z_of_level(level)
    for curves in _blocks(estimate, design, offset, stratum):
        baseline = estimate.baseline
        hazard = curves.relative[:, None] * baseline.cumulative_hazard[curves.times]
        se = curves.relative[:, None] * np.sqrt(_unit_variance(estimate, curves))
        limits = risk_with_interval(hazard, se, z, interval)
        for kept, risk in zip(out, (limits[0], limits[2], limits[1]), strict=True):
            kept[curves.rows] = quantile_of(*_to_the_end(risk, baseline.time[curves.times], curves.end), p)
    return out


def restricted_mean(
    estimate: CoxEstimate,
    design: Floats,
    tau: float,
    *,
    offset: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
) -> RestrictedMean:
    """Mean survival time up to `tau`, the area under the patient's curve, with its standard error.

    The error is that of the estimated curve (delta method through the cumulative hazard, coefficients and baseline
    both uncertain), not the spread of one person's fate. Not a number where `tau` lies beyond the last observed time.

    Raises
    ------
    PredictionError
        N27 tau is not a positive number.

    Notes
    -----
    Source: Zucker (1998). The mean equals R's ``print(survfit(coxph, newdata), rmean = tau)``. The error does not:
    R prints Greenwood's error of the Kaplan-Meier of all rows, run through the patient's curve (see
    `printed_error`), in which neither the covariates nor the coefficients take part.
    """
    mean, se = _empty(design, tau)
    for curves in _blocks(estimate, design, offset, stratum):
        if tau > curves.end:
            continue
        survival, width, time = _steps(estimate, curves, tau)
        area = survival * width
        mean[curves.rows] = restricted_mean_of(time, survival, tau)
        held = slice(curves.times.start, curves.times.start + len(time))
        baseline = estimate.baseline
        # The gradient with respect to the coefficients is the integral of S(t) times that of the hazard.
        drift = curves.centred * (area @ baseline.cumulative_hazard[held])[:, None] - area @ baseline.mean_hazard[held]
        spread = np.einsum("mp,pq,mq->m", drift, estimate.covariance, drift)
        ahead = np.cumsum(area[:, ::-1], axis=1)[:, ::-1]
        steps = np.diff(baseline.variance[held], prepend=0.0)
        se[curves.rows] = curves.relative * np.sqrt(ahead**2 @ steps + spread)
    return RestrictedMean(mean, se)


def printed_error(
    estimate: CoxEstimate,
    design: Floats,
    tau: float,
    risk_sets: RiskSets,
    *,
    offset: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
) -> Floats:
    """Return the restricted mean's standard error as R prints it, (m,), for comparison only (see `restricted_mean`).

    `risk_sets` are those of the training rows. Source: ``survival:::survmean``.
    """
    _, se = _empty(design, tau)
    ones = np.zeros(len(risk_sets.weight))
    at_risk = event_sums(np.empty((len(ones), 0)), ones, risk_sets, False)[0]
    events = risk_sets.death_weight
    left = np.maximum(at_risk - events, 0.0)
    greenwood = np.divide(events, at_risk * left, out=np.zeros_like(left), where=left > 0)
    for curves in _blocks(estimate, design, offset, stratum):
        if tau > curves.end:
            continue
        survival, width, time = _steps(estimate, curves, tau)
        ahead = np.cumsum((survival * width)[:, ::-1], axis=1)[:, ::-1]
        held = slice(curves.times.start, curves.times.start + len(time))
        se[curves.rows] = np.sqrt(ahead**2 @ greenwood[held])
    return se


def _empty(design: Floats, tau: float) -> RestrictedMean:
    if not (np.isfinite(tau) and tau > 0):
        raise PredictionError(Finding("N27", f"tau {tau} is not a positive time", "give a time within follow-up"))
    return RestrictedMean(np.full(len(design), np.nan), np.full(len(design), np.nan))


def _blocks(
    estimate: CoxEstimate, design: Floats, offset: Floats | None, stratum: NDArray[np.int64] | None
) -> Iterator[_Curves]:
    """Patients stratum by stratum, as many at once as fit."""
    baseline: Baseline = estimate.baseline
    relative = np.exp(estimate.linear_predictor(design, offset))
    strata = np.zeros(len(design), np.int64) if stratum is None else stratum
    for s in np.unique(strata):
        times = slice(int(baseline.edges[s]), int(baseline.edges[s + 1]))
        rows = np.flatnonzero(strata == s)
        size = max(1, BLOCK // max(1, times.stop - times.start))
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            centred = design[some] - estimate.means
            yield _Curves(some, times, float(baseline.end[s]), centred, relative[some])


def _unit_variance(estimate: CoxEstimate, curves: _Curves) -> Floats:
    """Variance of the cumulative hazard over the squared relative hazard, (m, G): the square written out."""
    baseline, at = estimate.baseline, curves.times
    hazard, drift = baseline.cumulative_hazard[at], baseline.mean_hazard[at]
    turned = curves.centred @ estimate.covariance
    own = np.einsum("mp,mp->m", turned, curves.centred)
    fixed = baseline.variance[at] + np.einsum("gp,pq,gq->g", drift, estimate.covariance, drift)
    return np.asarray(np.maximum(fixed - 2 * hazard * (turned @ drift.T) + own[:, None] * hazard**2, 0.0))


def _to_the_end(risk: Floats, time: Floats, end: float) -> tuple[Floats, Floats]:
    """Return times and survival of each curve with the last observed time, to which a flat piece reaches."""
    if len(time) and end <= time[-1]:
        return time, 1 - risk
    last = risk[:, -1:] if len(time) else np.zeros((len(risk), 1))
    return np.append(time, end), 1 - np.hstack([risk, last])


def _steps(estimate: CoxEstimate, curves: _Curves, tau: float) -> tuple[Floats, Floats, Floats]:
    """Survival from each event time before `tau` on, (m, g), how long it lasts, (g,), and the event times, (g,)."""
    baseline = estimate.baseline
    time = baseline.time[curves.times]
    time = time[time < tau]
    held = slice(curves.times.start, curves.times.start + len(time))
    survival = np.exp(-curves.relative[:, None] * baseline.cumulative_hazard[held])
    return survival, np.diff(time, append=tau), time
