"""Regression of pseudo-values with a complementary log-log link: how observed risk hangs on predicted risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.newton import State, climb, inverse_of, vanished_direction

Floats = NDArray[np.float64]
# Beyond it a probability is 1 to the last bit, and further steps only overflow.
LARGEST_EXPONENT = 300.0


# What a predicted risk of exactly 0 (or 1 less this) counts as: Austin, Harrell and van Klaveren take .9999 for 1.
NEAREST = 1e-4


@dataclass(frozen=True)
class PseudoRegression:
    """Coefficients (p,), their robust covariance (p, p) and the influence of each patient, (n, p)."""

    coefficients: Floats
    covariance: Floats
    influence: Floats


def cloglog(risk: Floats) -> Floats:
    """Complementary log-log of a probability: log(-log(1 - risk)), infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(-np.log1p(-risk)))


def inverse_cloglog(eta: Floats) -> Floats:
    """Probability of a complementary log-log."""
    return np.asarray(-np.expm1(-np.exp(np.minimum(eta, LARGEST_EXPONENT))))


def linked_risk(risk: Floats, horizons: Floats) -> tuple[Floats, tuple[Finding, ...]]:
    """Return the complementary log-log of predicted risks, (n, h), and a warning (V34) where one is exactly 0 or 1."""
    certain = (risk == 0) | (risk == 1)
    if not certain.any():
        return cloglog(risk), ()
    inside = risk[~certain]
    lowest = min(NEAREST, inside.min(initial=1.0))
    highest = max(1 - NEAREST, inside.max(initial=0.0))
    rule = "{} predicted risks at t={:g} are exactly 0 or 1, which no patient's is: they count as {:.2g} or {:.6g}"
    findings = [
        Finding("V34", rule.format(number, time, lowest, highest), severity="warning")
        for time, number in zip(horizons, certain.sum(axis=0), strict=True)
        if number
    ]
    return cloglog(np.clip(risk, lowest, highest)), tuple(findings)


def regress_pseudo_values(values: Floats, design: Floats, offset: Floats | None = None) -> PseudoRegression:
    """Estimate cloglog(risk) = offset + design @ coefficients from pseudo-values of the risk.

    Parameters
    ----------
    values : (n,) pseudo-values at one horizon. design : (n, p), the first column of ones. offset : (n,).

    Raises
    ------
    FitError
        V37 when the equations have no solution.

    Source: Andersen, Klein and Rosthoj (2003): estimating equations of independent rows with constant variance and
    sandwich errors, as ``geepack::geese(mean.link="cloglog", corstr="independence")``.
    """
    fixed = np.zeros(len(values)) if offset is None else offset

    def objective(beta: Floats) -> State:
        residual, slope, bend = _residual(values, design, beta, fixed)
        bent = (design * (residual * bend)[:, None]).T @ design
        return float(-0.5 * residual @ residual), slope.T @ residual, slope.T @ slope - bent

    def step(beta: Floats, at: State) -> Floats:
        # Far from the estimate the curvature may point the wrong way; its expectation never does.
        slope = _residual(values, design, beta, fixed)[1]
        curved = at[2] if np.isfinite(at[2]).all() and np.linalg.eigvalsh(at[2])[0] > 0 else slope.T @ slope
        return np.asarray(inverse_of(curved) @ at[1])

    start = _start(values, design.shape[1], offset)
    found = climb(objective, start, step)
    residual, slope, _ = _residual(values, design, found.beta, fixed)
    before, after = _residual(values, design, start, fixed)[1], slope.T @ slope
    bread = inverse_of(after)
    # Where the fitted risk runs to 0 or 1 nothing changes with the coefficients any more.
    lost = not np.isfinite(bread).all() or vanished_direction(before.T @ before, after) is not None
    if not found.converged or lost:
        rule = "observed risk cannot be described by a curve of the predicted risk"
        raise FitError(Finding("V37", rule, "look at groups of risk, or take a horizon with more events"))
    influence = (slope * residual[:, None]) @ bread
    return PseudoRegression(found.beta, influence.T @ influence, influence)


def _start(values: Floats, p: int, offset: Floats | None) -> Floats:
    """Begin where the mean risk is the observed one: a prediction may be so wrong that its own scale leads nowhere."""
    margin = 0.5 / len(values)
    first = cloglog(np.clip(values.mean(), margin, 1 - margin))
    if offset is not None:
        first = first - cloglog(np.clip(inverse_cloglog(offset).mean(), margin, 1 - margin))
    return np.eye(1, p)[0] * first


def _residual(values: Floats, design: Floats, beta: Floats, offset: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what is left of the values, (n,), and the first two derivatives of the fitted risk.

    The first by the coefficients, (n, p), the second by the linear predictor, (n,).
    """
    eta = np.minimum(offset + design @ beta, LARGEST_EXPONENT)
    hazard = np.exp(eta)
    steepness = np.exp(eta - hazard)
    return values + np.expm1(-hazard), design * steepness[:, None], steepness - np.exp(2 * eta - hazard)
