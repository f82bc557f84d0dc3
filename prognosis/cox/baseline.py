"""Baseline hazard of a Cox model and the survival curves, with intervals, that follow from it.

The hazard matches the ties of the fit (Efron's for an Efron fit), as R's ``survfit(coxph)``; curves are step
functions with S(0) = 1, never interpolated between event times.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.regression import CoxRegression
from prognosis.kernels.cox_likelihood import event_sums
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
Interval = Literal["log", "log-log", "plain"]

# Of a relative hazard: beyond it exp() is no number any more.
LARGEST_EXPONENT = 700.0


@dataclass(frozen=True)
class Baseline:
    """Cumulative baseline hazard of every stratum at the reference profile (the training means).

    Parameters
    ----------
    time : (G,) event times, stratum after stratum. edges : (S + 1,) where each stratum begins.
    cumulative_hazard : (G,) Lambda_0(t) at the training means.
    variance : (G,) its variance for known coefficients.
    mean_hazard : (G, p) cumulated risk-set means times the hazard, for the variance that comes from the coefficients.
    end : (S,) last observed time of each stratum; beyond it nothing is known.
    """

    time: Floats
    edges: NDArray[np.int64]
    cumulative_hazard: Floats
    variance: Floats
    mean_hazard: Floats
    end: Floats

    def position(self, horizons: Floats, stratum: int = 0) -> NDArray[np.int64]:
        """Index of the last event time <= each horizon, -1 before the first."""
        lo, hi = self.edges[stratum], self.edges[stratum + 1]
        within = np.searchsorted(self.time[lo:hi], horizons, side="right")
        return np.where(within > 0, lo + within - 1, -1).astype(np.int64)


def estimate_baseline(
    fit: CoxRegression,
    design: Floats,
    risk_sets: RiskSets,
    end: Floats,
    offset: Floats | None = None,
    efron: bool = True,
) -> Baseline:
    """Estimate the cumulative baseline hazard with its variance; `end` is the last observed time of each stratum.

    Source: Therneau and Grambsch (2000), section 10.2; R's ``survival:::agsurv``.
    """
    centred = np.ascontiguousarray(design - fit.means)
    eta = centred @ fit.coefficients + (0.0 if offset is None else offset)
    return baseline_of(centred, eta, risk_sets, end, efron)


def baseline_of(centred: Floats, eta: Floats, risk_sets: RiskSets, end: Floats, efron: bool) -> Baseline:
    """Cumulative baseline hazard at the origin of the columns and of the linear predictor `eta` (with offset)."""
    r = risk_sets
    _, s1, _, d1, ties = event_sums(centred, eta, risk_sets, efron)
    mean_hazard = ties[:, 3, None] * s1 - ties[:, 4, None] * d1
    edges = np.searchsorted(r.stratum, np.arange(len(end) + 1))
    return Baseline(
        time=r.time,
        edges=edges.astype(np.int64),
        cumulative_hazard=_cumulate(ties[:, 1], edges),
        variance=_cumulate(ties[:, 3], edges),
        mean_hazard=_cumulate(mean_hazard, edges),
        end=end,
    )


def _cumulate(values: Floats, edges: NDArray[np.int64]) -> Floats:
    out = np.empty_like(values)
    for lo, hi in pairwise(edges):
        out[lo:hi] = np.cumsum(values[lo:hi], axis=0)
    return out


def cumulative_hazard(
    baseline: Baseline, centred: Floats, linear_predictor: Floats, covariance: Floats, at: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Cumulative hazard and its standard error for m patients at h positions, both (m, h).

    Parameters
    ----------
    centred : (m, p) covariates minus the training means. linear_predictor : (m,) on that origin.
    at : (h,) indices from `Baseline.position`; -1 gives zero.
    """
    known = at >= 0
    place = np.maximum(at, 0)
    hazard = np.where(known, baseline.cumulative_hazard[place], 0.0)
    variance = np.where(known, baseline.variance[place], 0.0)
    mean_hazard = np.where(known[:, None], baseline.mean_hazard[place], 0.0)
    ratio = np.exp(np.minimum(linear_predictor, LARGEST_EXPONENT))[:, None]
    drift = centred[:, None, :] * hazard[None, :, None] - mean_hazard[None, :, :]
    # A patient beyond all numbers has no limits.
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.einsum("mhp,pq,mhq->mh", drift, covariance, drift, optimize=True)
        return ratio * hazard, ratio * np.sqrt(np.maximum(variance + spread, 0.0))


def risk_with_interval(hazard: Floats, se: Floats, z: float, interval: Interval) -> tuple[Floats, Floats, Floats]:
    """Probability of the event, 1 - exp(-hazard), with lower and upper limits.

    `interval` names the scale of the normal limits for survival: ``log`` (R's default), ``log-log`` or ``plain``.
    """
    survival = np.exp(-hazard)
    # A limit beyond all numbers is clipped below; 0/0 of the log-log scale is the start of the curve.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if interval == "plain":
            high, low = survival + z * se * survival, survival - z * se * survival
        elif interval == "log":
            high, low = np.exp(-hazard + z * se), np.exp(-hazard - z * se)
        else:
            width, start = z * se / hazard, hazard == 0
            high = np.where(start, 1.0, np.exp(-hazard * np.exp(-width)))
            low = np.where(start, 1.0, np.exp(-hazard * np.exp(width)))
    return 1 - survival, 1 - np.clip(high, 0, 1), 1 - np.clip(low, 0, 1)
