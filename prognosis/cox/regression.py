"""Maximum partial likelihood for the Cox model: Newton with step halving on standardised columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.kernels.cox_likelihood import evaluate
from prognosis.kernels.standardise import standardised
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]

MAX_ITERATIONS = 60
# Predicted gain in log-likelihood at which one last step makes the error negligible (quadratic convergence).
LAST_STEP_DECREMENT = 1e-12
# Information at the estimate over that at zero, in the worst direction: below this the likelihood has no maximum.
# (A collinear direction has little information at both, so the ratio tells it from a separating one.)
MONOTONE_RATIO = 1e-7
# In standard deviations of the column: a larger coefficient or standard error means that nothing was learnt.
LARGEST = 1e4
# Beyond this distance from the mean, a relative hazard comes near the limits of the arithmetic (exp(709)).
FARTHEST = 500.0


@dataclass(frozen=True)
class CoxRegression:
    """Estimates of a Cox model on the scale of the given columns.

    Parameters
    ----------
    coefficients : (p,) log hazard ratios per unit of each column.
    covariance : (p, p) inverse of the (penalised) information.
    means : (p,) weighted column means, the reference profile of the baseline.
    loglik : log partial likelihood at zero and at the estimate, without penalty.
    score_test : Rao's statistic at zero.
    iterations : Newton steps taken.
    """

    coefficients: Floats
    covariance: Floats
    means: Floats
    loglik: tuple[float, float]
    score_test: float
    iterations: int


def fit_cox(
    design: Floats,
    risk_sets: RiskSets,
    names: tuple[str, ...],
    *,
    offset: Floats | None = None,
    efron: bool = True,
    ridge: float = 0.0,
) -> CoxRegression:
    """Estimate a Cox model.

    Columns are centred and scaled inside, so that a column of scale 1e12 or offset 1e9 costs no digits.

    Parameters
    ----------
    design : (n, p) covariates, no missing values. names : (p,) their names, for messages.
    risk_sets : the outcome, sorted.
    offset : (n,) fixed part of the linear predictor.
    efron : Efron's approximation for tied events, else Breslow's.
    ridge : penalty ``ridge / 2 * sum(coefficient^2 * variance of the column)``, as R's ``ridge(scale=TRUE)``.

    Raises
    ------
    FitError
        C05 if the likelihood has no maximum (a column separates the events); N01 if Newton does not converge;
        C01 a column is constant; C04 columns so nearly dependent that coefficients exceed 1e4 standard deviations;
        N04 values so extreme that hazards cannot be computed.
    """
    n, p = design.shape
    columns, means, scales, squares = standardised(design, risk_sets.weight)
    constant = [name for name, width in zip(names, scales, strict=True) if not width > 0]
    if constant:
        raise FitError(*(Finding("C01", f"column {name} is constant", "leave it out", name) for name in constant))
    fixed = np.zeros(n) if offset is None else np.asarray(offset, float)
    variance = squares / max(n - 1, 1)
    penalised = _Objective(columns, risk_sets, fixed, efron, ridge * variance / scales**2)
    start = np.zeros(p)
    at_zero = penalised(start)
    beta, at_end, iterations = _maximise(penalised, start, at_zero, names)
    covariance = _inverse(at_end[2], beta, names)
    if not ridge:
        _check_monotone(at_zero[2], at_end[2], names)
        _check_size(beta, covariance, names)
    _check_extremes(penalised.design, beta, penalised.offset, names)
    penalty = penalised.penalty_at(beta)
    return CoxRegression(
        coefficients=beta / scales,
        covariance=covariance / np.outer(scales, scales),
        means=means,
        loglik=(float(at_zero[0]), float(at_end[0]) + penalty),
        score_test=float(at_zero[1] @ _inverse(at_zero[2], start, names) @ at_zero[1]),
        iterations=iterations,
    )


@dataclass(frozen=True)
class _Objective:
    """Penalised log-likelihood, score and information at a coefficient vector."""

    design: Floats
    risk_sets: RiskSets
    offset: Floats
    efron: bool
    ridge: Floats

    def penalty_at(self, beta: Floats) -> float:
        return 0.5 * float(self.ridge @ beta**2)

    def __call__(self, beta: Floats) -> tuple[float, Floats, Floats]:
        loglik, score, information = evaluate(self.design, self.offset, self.risk_sets, beta, self.efron)
        if self.ridge.any():
            loglik -= self.penalty_at(beta)
            score = score - self.ridge * beta
            information = information + np.diag(self.ridge)
        return float(loglik), score, information


State = tuple[float, Floats, Floats]


def _maximise(objective: _Objective, beta: Floats, state: State, names: tuple[str, ...]) -> tuple[Floats, State, int]:
    """Newton with step halving; stops one full step after the decrement is negligible."""
    for iteration in range(1, MAX_ITERATIONS + 1):
        loglik, score, information = state
        step = _inverse(information, beta, names) @ score
        decrement = float(score @ step)
        candidate, fraction = objective(beta + step), 1.0
        while not candidate[0] >= loglik - 1e-9 * max(1.0, abs(loglik)) and fraction > 1e-4:
            fraction /= 2
            candidate = objective(beta + fraction * step)
        beta, state = beta + fraction * step, candidate
        if decrement < LAST_STEP_DECREMENT:
            return beta, state, iteration
    raise FitError(
        Finding("N01", f"the partial likelihood was not maximised in {MAX_ITERATIONS} Newton steps",
                "look for extreme values; a ridge penalty (ridge=1.0) makes the estimate finite")
    )  # fmt: skip


def _inverse(information: Floats, beta: Floats, names: tuple[str, ...]) -> Floats:
    """Inverse of a symmetric information matrix, or the monotone likelihood that made it singular."""
    try:
        inverse = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        inverse = np.full_like(information, np.nan)
    if not np.isfinite(inverse).all() or (np.diag(inverse) <= 0).any():
        # The information vanishes because one coefficient has run away: it is the largest.
        weight = np.abs(beta) if beta.any() else 1 / np.maximum(np.diag(information), np.finfo(float).tiny)
        raise _monotone([name for name, w in zip(names, weight, strict=True) if w > 0.5 * weight.max()])
    return np.asarray(inverse, float)


def _check_extremes(columns: Floats, beta: Floats, offset: Floats, names: tuple[str, ...]) -> None:
    eta = columns @ beta + offset
    row = int(np.argmax(np.abs(eta)))
    if abs(eta[row]) > FARTHEST:
        column = names[int(np.argmax(np.abs(columns[row] * beta)))]
        rule = f"extreme values: a patient's log hazard lies {eta[row]:.3g} from the mean, most of it from {column}"
        raise FitError(Finding("N04", rule, "look for wrong values, or use a transform such as log", column))


def _check_size(beta: Floats, covariance: Floats, names: tuple[str, ...]) -> None:
    too_large = np.maximum(np.abs(beta), np.sqrt(np.diag(covariance))) > LARGEST
    involved = [name for name, wrong in zip(names, too_large, strict=True) if wrong]
    if len(involved) == 1:
        raise _monotone(involved)
    if involved:
        listed = ", ".join(involved)
        rule = f"columns {listed} are nearly dependent in these risk sets (condition number beyond all use)"
        raise FitError(Finding("C04", rule, "leave one of them out, or use a ridge penalty", listed))


def _check_monotone(at_zero: Floats, at_end: Floats, names: tuple[str, ...]) -> None:
    """Find a direction in which the information has vanished on the way from zero to the estimate."""
    values, axes = np.linalg.eigh(at_zero)
    whiten = axes / np.sqrt(values)
    ratios, directions = np.linalg.eigh(whiten.T @ at_end @ whiten)
    if ratios[0] < MONOTONE_RATIO:
        weight = np.abs(whiten @ directions[:, 0])
        raise _monotone([name for name, w in zip(names, weight, strict=True) if w > 0.05 * weight.max()])


def _monotone(columns: list[str]) -> FitError:
    which = ", ".join(columns)
    return FitError(
        Finding(
            "C05",
            f"{which} separates the events: the likelihood keeps growing as the coefficient goes to infinity "
            "(monotone likelihood)",
            "merge categories, leave the variable out, or use a penalised fit: Cox(penalty='firth')",
            column=which,
        )
    )
