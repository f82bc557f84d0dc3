"""Proportional subdistribution hazards (Fine and Gray): Newton with step halving on standardised columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.column_checks import check_constant
from prognosis.competing.subdistribution import CompetingRows, Subdistribution
from prognosis.cox.estimability import Estimability
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.kernels.standardise import IN_PLACE, standardised
from prognosis.kernels.subdistribution import competing_sums, over_competing_time
from prognosis.newton import State, climb
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]

REMEDY = "Cox(ridge=1.0), which fits every cause"


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
        C05 if the likelihood has no maximum (a column separates the events); N01 if Newton does not converge;
        C01 a column is constant; C04 columns so nearly dependent that coefficients exceed 1e4 standard deviations;
        N04 values so extreme that hazards cannot be computed.
    """
    names = rows.names
    design, means, scales, _ = standardised(np.ascontiguousarray(rows.design), rows.weight, IN_PLACE)
    check_constant(names, scales)
    offset = np.zeros(len(design)) if rows.offset is None else rows.offset
    checks = Estimability(names, "Fine-Gray likelihood", REMEDY)

    def likelihood(beta: Floats) -> State:
        return evaluate(design, offset, sets, beta, efron)

    start = np.zeros(len(names))
    at_zero = likelihood(start)
    checks.check_independent(at_zero[2])
    found = climb(likelihood, start, lambda beta, at: checks.inverse(at[2], beta) @ at[1], state=at_zero)
    checks.check_converged(found)
    covariance = checks.inverse(found.curvature, found.beta)
    checks.check_known(at_zero[2], found.curvature, found.beta, covariance)
    checks.check_extremes(design, found.beta, offset)
    return FineGrayRegression(
        coefficients=found.beta / scales,
        information=found.curvature * np.outer(scales, scales),
        means=means,
        loglik=(at_zero[0], found.value),
        iterations=found.iterations,
    )
