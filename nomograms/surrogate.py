"""An additive surrogate of any model's risk: splines of each predictor on the log-log or logit scale of the risk.

One linear predictor serves all horizons: each has a level and a slope of its own (a regression of rank one).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cohorts.errors import Finding, PredictionError
from prognosis.cox.baseline import Interval
from prognosis.linear_predictor import linear_predictor_of

Floats = NDArray[np.float64]

STEPS = 50
ENOUGH = 1e-10
# Risks nearer to 0 or 1 than this share count as such: their logarithm would outweigh all others.
NEAREST = 0.002
# A column that tells nothing new keeps a coefficient near 0 and does not upset the others.
RIDGE = 1e-9
STEEPEST = 40.0


@dataclass(frozen=True)
class Surrogate:
    """Risk by each horizon as a function of one linear predictor.

    Parameters
    ----------
    names : (p,) design columns. coefficients : (p,). means : (p,) of the columns, the origin.
    horizons : (h,), not a number for a binary endpoint. level, slope : (h,) of the risk's scale at each horizon.
    odds : True for the logit of the risk, False for the complementary log-log.
    """

    names: tuple[str, ...]
    coefficients: Floats
    means: Floats
    horizons: Floats
    level: Floats
    slope: Floats
    odds: bool
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Linear predictor against the mean of the columns, (m,), higher for a higher risk."""
        return linear_predictor_of(design, self.means, self.coefficients, offset)

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:  # noqa: ARG002
        """Probability of the event by each horizon for uncentred ``design @ coefficients``, (m, h)."""
        centred = np.asarray(linear_predictor, float) - self.means @ self.coefficients
        times = np.asarray(horizons, float)
        known = (self.horizons[None, :] == times[:, None]) | (
            np.isnan(self.horizons)[None, :] & np.isnan(times)[:, None]
        )
        at = known.argmax(axis=1)
        risk, _ = risk_of(self.level[at] + centred[:, None] * self.slope[at], self.odds)
        return np.where(known.any(axis=1), risk, np.nan)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: NDArray[np.int64] | None = None,
        level: float = 0.95,
        interval: Interval = "log",
    ) -> tuple[Floats, Floats, Floats]:
        """Probability of the event by each horizon, (m, h); a surrogate has no limits, which are not a number."""
        del offset, stratum, level, interval
        risk = self.risk_at(design @ self.coefficients, horizons)
        return risk, np.full_like(risk, np.nan), np.full_like(risk, np.nan)


def risk_of(eta: Floats, odds: bool) -> tuple[Floats, Floats]:
    """Return the risk on its own scale, and its derivative."""
    eta = np.clip(eta, -STEEPEST, STEEPEST if odds else np.log(STEEPEST))
    if odds:
        risk = expit(eta)
        return risk, risk * (1 - risk)
    hazard = np.exp(eta)
    return -np.expm1(-hazard), hazard * np.exp(-hazard)


def fit_surrogate(design: Floats, names: tuple[str, ...], risk: Floats, horizons: Floats, *, odds: bool) -> Surrogate:
    """Fit the surrogate by least squares of the risk (Gauss-Newton, by turns in coefficients and in levels and slopes).

    It begins with least squares on the scale of the risk's logarithm. The slopes average 1.

    Parameters
    ----------
    design : (n, p) uncentred columns. names : of the columns. risk : (n, h) of the model, probabilities.
    horizons : (h,). odds : see `Surrogate`.

    Raises
    ------
    PredictionError
        G23 the model gives everybody the same risk, or its horizons order patients against each other.
    """
    means = design.mean(axis=0)
    spread = design.std(axis=0)
    columns = (design - means) / np.where(spread > 0, spread, 1.0)
    inside = np.clip(risk, NEAREST, 1 - NEAREST)
    scaled = np.log(inside / (1 - inside)) if odds else np.log(-np.log1p(-inside))
    level = scaled.mean(axis=0)
    if (risk.std(axis=0) < ENOUGH).any():
        rule = "the model gives everybody the same risk"
        raise PredictionError(Finding("G23", rule, "use predict: there is nothing to draw"))
    # the first direction of the fitted values, as in a regression of reduced rank
    fitted = columns @ _solved(columns, scaled - level, np.ones(len(columns)))
    slope = np.linalg.svd(fitted, full_matrices=False)[2][0]
    slope = slope * np.sign(slope.sum() or 1.0) / np.abs(slope).mean()
    beta = _solved(columns, (scaled - level) @ slope / (slope @ slope), np.ones(len(columns)))
    beta, level, slope = _refined(columns, risk, (beta, level, slope), odds)
    if (slope <= 0).any():
        rule = "the model orders patients otherwise at one horizon than at another: one line of points cannot show both"
        raise PredictionError(Finding("G23", rule, "draw one nomogram a horizon: horizons=[...]"))
    scale, coefficients = slope.mean(), beta / np.where(spread > 0, spread, 1.0)
    return Surrogate(names, coefficients * scale, means, horizons, level, slope / scale, odds)


Parts = tuple[Floats, Floats, Floats]


def _refined(columns: Floats, risk: Floats, start: Parts, odds: bool) -> Parts:
    """Return coefficients, levels and slopes with the least squares of the risk that the steps come to."""
    parts, best, least = start, start, np.inf
    for _ in range(STEPS):
        beta, level, slope = parts
        eta = columns @ beta
        fitted, steep = risk_of(level + eta[:, None] * slope, odds)
        squares = float(((risk - fitted) ** 2).sum())
        if squares < least:
            best, gain, least = parts, least - squares, squares
            if gain < ENOUGH * squares:
                break
        elif squares > 4 * least:
            break
        work = eta[:, None] * slope + (risk - fitted) / np.maximum(steep, 1e-6)
        weight = steep**2
        power = weight @ slope**2
        beta = _solved(columns, (weight * work) @ slope / np.maximum(power, 1e-12), power)
        eta = columns @ beta
        level, slope = _lines(eta, work + level, weight)
        parts = beta, level, slope
    return best


def _solved(columns: Floats, target: Floats, weight: Floats) -> Floats:
    """Weighted least squares with the least of a ridge."""
    crossed = columns.T @ (columns * weight[:, None])
    crossed[np.diag_indices_from(crossed)] += RIDGE * max(float(np.trace(crossed)), RIDGE)
    return np.asarray(np.linalg.solve(crossed, columns.T @ (target.T * weight).T), float)


def _lines(eta: Floats, work: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Level and slope of each horizon's scale on the linear predictor, (h,) each."""
    total = np.maximum(weight.sum(axis=0), 1e-12)
    centre, middle = weight.T @ eta / total, (weight * work).sum(axis=0) / total
    away = eta[:, None] - centre
    slope = (weight * away * (work - middle)).sum(axis=0) / np.maximum((weight * away**2).sum(axis=0), 1e-12)
    return middle - slope * centre, slope
