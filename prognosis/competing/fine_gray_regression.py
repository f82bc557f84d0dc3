"""Proportional subdistribution hazards (Fine and Gray): Newton with step halving on standardised columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.competing.subdistribution import CompetingRows, Subdistribution
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.kernels.subdistribution import competing_sums, over_competing_time
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
State = tuple[float, Floats, Floats]

MAX_ITERATIONS = 60
# Predicted gain in log-likelihood at which one last step makes the error negligible (quadratic convergence).
LAST_STEP_DECREMENT = 1e-12
# Information at the estimate over that at zero, in the worst direction: below this the likelihood has no maximum.
MONOTONE_RATIO = 1e-7
# In standard deviations of the column: a larger coefficient or standard error means that nothing was learnt.
LARGEST = 1e4
# Beyond this distance from the mean, a relative hazard comes near the limits of the arithmetic (exp(709)).
FARTHEST = 500.0


@dataclass(frozen=True)
class FineGrayRegression:
    """Coefficients of a Fine-Gray model on the scale of the given columns.

    Parameters
    ----------
    coefficients : (p,) log subdistribution hazard ratios. information : (p, p) minus the second derivative.
    means : (p,) weighted column means. loglik : log pseudo-likelihood at zero and at the estimate.
    iterations : Newton steps taken.
    """

    coefficients: Floats
    information: Floats
    means: Floats
    loglik: tuple[float, float]
    iterations: int


@dataclass(frozen=True)
class RiskSums:
    """Sums over the weighted risk sets at a linear predictor.

    Parameters
    ----------
    risk : (n,) weight times relative hazard. s0, s1 : (G,), (G, p) over everybody at risk.
    d0, d1 : over the tied events. ties : (G, 6) of each event time with q = 1 / denominator and f = l / m: the sums of
        log denominator, q, f q, q^2, f q^2, f^2 q^2, times the mean weight of the tied events (f = 0 without Efron).
    """

    risk: Floats
    s0: Floats
    s1: Floats
    d0: Floats
    d1: Floats
    ties: Floats


def risk_sums(design: Floats, eta: Floats, sets: Subdistribution, efron: bool) -> RiskSums:
    """Sum over the risk sets of all event times, those after a competing event with their weight."""
    r = sets.risk_sets
    risk = r.weight * np.exp(eta)
    s0, s1, d0, d1, _ = event_sums(design, eta, r, False)
    more0, more1 = competing_sums(design, risk, sets.competing)
    return RiskSums(risk, s0 + more0, s1 + more1, d0, d1, _tie_sums(s0 + more0, d0, r, efron))


def _tie_sums(s0: Floats, d0: Floats, r: RiskSets, efron: bool) -> Floats:
    place = np.repeat(np.arange(len(s0)), r.events)
    begin = np.cumsum(r.events) - r.events
    f = (np.arange(len(place)) - begin[place]) / r.events[place] if efron else np.zeros(len(place))
    denominator = s0[place] - f * d0[place]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = 1 / denominator
        columns = np.column_stack([np.log(denominator), q, f * q, q * q, f * q * q, f * f * q * q])
    summed = np.add.reduceat(columns, begin, axis=0)
    return np.asarray(summed * (r.death_weight / r.events)[:, None], float)


def over_time(values: Floats, sets: Subdistribution) -> Floats:
    """Sum ``values`` (G, k) over the event times at which each row is at risk, weighted, (n, k)."""
    out = over_risk_time(np.ascontiguousarray(values), sets.risk_sets)
    out[sets.competing.row] += over_competing_time(np.ascontiguousarray(values), sets.competing)
    return np.asarray(out, float)


def evaluate(design: Floats, offset: Floats, sets: Subdistribution, beta: Floats, efron: bool) -> State:
    """Log pseudo-likelihood, score (p,) and information (p, p); not finite where risks lie too far apart."""
    r = sets.risk_sets
    eta = design @ beta + offset
    eta -= eta.max()
    with np.errstate(over="ignore", invalid="ignore"):
        sums = risk_sums(design, eta, sets, efron)
        died, ties = r.death >= 0, sums.ties
        weight = r.weight[died]
        loglik = float(weight @ eta[died] - ties[:, 0].sum())
        score = weight @ design[died] - ties[:, 1] @ sums.s1 + ties[:, 2] @ sums.d1
        fold = ties[:, 4] / ties[:, 3]
        first = np.sqrt(ties[:, 3])[:, None] * (sums.s1 - fold[:, None] * sums.d1)
        second = np.sqrt(np.maximum(ties[:, 5] - ties[:, 4] * fold, 0.0))[:, None] * sums.d1
        own = over_time(ties[:, 1:2], sets)[:, 0]
        own[died] -= ties[r.death[died], 2]
        information = design.T @ (design * (sums.risk * own)[:, None]) - first.T @ first - second.T @ second
    return loglik, score, information


def fit_fine_gray(rows: CompetingRows, sets: Subdistribution, efron: bool = False) -> FineGrayRegression:
    """Estimate the proportional subdistribution hazards model of Fine and Gray (1999).

    Parameters
    ----------
    rows : the covariates. sets : risk sets of the cause, from `build_subdistribution`. efron : Efron's approximation
        for tied events, else Breslow's (as R's ``cmprsk::crr``).

    Raises
    ------
    FitError
        N11 if Newton does not converge; N12 if the likelihood has no maximum (a column separates the events); N13
        columns so nearly dependent that coefficients exceed 1e4 standard deviations; N14 values so extreme that
        hazards cannot be computed; C01 a column is constant.
    """
    names = rows.names
    constant = [name for name, width in zip(names, np.ptp(rows.design, axis=0), strict=True) if not width > 0]
    if constant:
        raise FitError(*(Finding("C01", f"column {name} is constant", "leave it out", name) for name in constant))
    means = np.average(rows.design, axis=0, weights=rows.weight)
    centred = rows.design - means
    scales = np.sqrt(np.average(centred**2, axis=0, weights=rows.weight))
    design = np.ascontiguousarray(centred / scales)
    offset = np.zeros(len(design)) if rows.offset is None else rows.offset
    at_zero = evaluate(design, offset, sets, np.zeros(len(names)), efron)
    beta, at_end, iterations = _maximise(design, offset, sets, at_zero, efron, names)
    _check_estimate(beta, at_zero[2], at_end[2], names)
    _check_extremes(design * beta, offset, names)
    return FineGrayRegression(
        coefficients=beta / scales,
        information=at_end[2] * np.outer(scales, scales),
        means=means,
        loglik=(at_zero[0], at_end[0]),
        iterations=iterations,
    )


def _maximise(
    design: Floats, offset: Floats, sets: Subdistribution, state: State, efron: bool, names: tuple[str, ...]
) -> tuple[Floats, State, int]:
    """Newton with step halving; stops one full step after the decrement is negligible."""
    beta = np.zeros(design.shape[1])
    for iteration in range(1, MAX_ITERATIONS + 1):
        loglik, score, information = state
        step = _solve(information, score, beta, names)
        candidate, fraction = evaluate(design, offset, sets, beta + step, efron), 1.0
        while not candidate[0] >= loglik - 1e-9 * max(1.0, abs(loglik)) and fraction > 1e-4:
            fraction /= 2
            candidate = evaluate(design, offset, sets, beta + fraction * step, efron)
        beta, state = beta + fraction * step, candidate
        if score @ step < LAST_STEP_DECREMENT:
            return beta, state, iteration
    rule = f"the Fine-Gray likelihood was not maximised in {MAX_ITERATIONS} Newton steps"
    raise FitError(Finding("N11", rule, "look for extreme values, or use a transform such as log"))


def _solve(information: Floats, score: Floats, beta: Floats, names: tuple[str, ...]) -> Floats:
    try:
        step = np.linalg.solve(information, score)
    except np.linalg.LinAlgError:
        step = np.full_like(score, np.nan)
    if not np.isfinite(step).all() or (np.diag(information) <= 0).any():
        # The information vanishes because one coefficient has run away: it is the largest.
        weight = np.abs(beta) if beta.any() else 1 / np.maximum(np.diag(information), np.finfo(float).tiny)
        raise _monotone([name for name, w in zip(names, weight, strict=True) if w > 0.5 * weight.max()])
    return np.asarray(step, float)


def _check_estimate(beta: Floats, at_zero: Floats, at_end: Floats, names: tuple[str, ...]) -> None:
    """Find a direction in which the information has vanished on the way from zero, or never was."""
    values, axes = np.linalg.eigh(at_zero)
    whiten = axes / np.sqrt(np.maximum(values, np.finfo(float).tiny))
    ratios, directions = np.linalg.eigh(whiten.T @ at_end @ whiten)
    if ratios[0] < MONOTONE_RATIO:
        weight = np.abs(whiten @ directions[:, 0])
        raise _monotone([name for name, w in zip(names, weight, strict=True) if w > 0.05 * weight.max()])
    variance = np.diag(np.linalg.inv(at_end))
    too_large = ~((np.abs(beta) <= LARGEST) & (variance > 0) & (variance <= LARGEST**2))
    involved = [name for name, wrong in zip(names, too_large, strict=True) if wrong]
    if len(involved) == 1:
        raise _monotone(involved)
    if involved:
        listed = ", ".join(involved)
        rule = f"columns {listed} are nearly dependent in these risk sets (condition number beyond all use)"
        raise FitError(Finding("N13", rule, "leave one of them out", listed))


def _check_extremes(parts: Floats, offset: Floats, names: tuple[str, ...]) -> None:
    eta = parts.sum(axis=1) + offset
    row = int(np.argmax(np.abs(eta)))
    if abs(eta[row]) > FARTHEST:
        column = names[int(np.argmax(np.abs(parts[row])))]
        rule = f"extreme values: a patient's log hazard lies {eta[row]:.3g} from the mean, most of it from {column}"
        raise FitError(Finding("N14", rule, "look for wrong values, or use a transform such as log", column))


def _monotone(columns: list[str]) -> FitError:
    which = ", ".join(columns)
    rule = f"{which} separates the events: the likelihood keeps growing as the coefficient goes to infinity"
    advice = "merge categories, leave the variable out, or fit every cause with a penalty: Cox(ridge=1.0)"
    return FitError(Finding("N12", f"{rule} (monotone likelihood)", advice, which))
