"""Maximum partial likelihood for the Cox model: Newton with step halving on standardised columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.column_checks import REMEDY, check_constant
from prognosis.cox.estimability import Estimability
from prognosis.cox.likelihood import evaluate
from prognosis.cox.ordered_likelihood import ordered_likelihood
from prognosis.kernels.cox_likelihood import workspace
from prognosis.kernels.standardise import standardise, standardise_columns
from prognosis.newton import State, climb
from prognosis.risk_sets import RiskSets, in_time_order

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


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
    order, sets = in_time_order(risk_sets)
    columns = np.empty_like(design, order="C")
    means, scales, squares = _standardise(design, risk_sets.weight, order, columns)
    check_constant(names, scales)
    fixed = np.zeros(n) if offset is None else np.asarray(offset, float)
    variance = squares / max(n - 1, 1)
    fixed = fixed[order] if len(order) and offset is not None else fixed
    likelihood = _likelihood(columns, fixed, sets, efron, ordered=len(order) > 0 and not sets.delayed)
    penalised = _Objective(likelihood, ridge * variance / scales**2)
    checks = Estimability(names, "partial likelihood", REMEDY)
    start = np.zeros(p)
    at_zero = penalised(start)
    if not ridge:
        checks.check_independent(at_zero[2])
    found = climb(penalised, start, lambda beta, at: checks.inverse(at[2], beta) @ at[1], state=at_zero)
    checks.check_converged(found)
    beta = found.beta
    covariance = checks.inverse(found.curvature, beta)
    if not ridge:
        checks.check_known(at_zero[2], found.curvature, beta, covariance)
    checks.check_extremes(columns, beta, fixed)
    penalty = penalised.penalty_at(beta)
    return CoxRegression(
        coefficients=beta / scales,
        covariance=covariance / np.outer(scales, scales),
        means=means,
        loglik=(at_zero[0], found.value + penalty),
        score_test=float(at_zero[1] @ checks.inverse(at_zero[2], start) @ at_zero[1]),
        iterations=found.iterations,
    )


def _standardise(design: Floats, weight: Floats, order: Integers, columns: Floats) -> tuple[Floats, Floats, Floats]:
    """Write the standardised columns, row by row in memory, from whichever way round the design lies there."""
    if design.flags.f_contiguous and not design.flags.c_contiguous and not len(order):
        return standardise_columns(design, weight, columns)
    return standardise(np.ascontiguousarray(design), weight, order, columns)


def _likelihood(
    design: Floats, offset: Floats, sets: RiskSets, efron: bool, *, ordered: bool
) -> Callable[[Floats], State]:
    """Return the log-likelihood with its derivatives, the sums of the risk sets stored unless rows are in order."""
    if ordered:
        return ordered_likelihood(design, offset if offset.any() else None, sets, efron=efron)
    room = workspace(design, sets)
    return lambda beta: evaluate(design, offset, sets, beta, efron, room)


@dataclass(frozen=True)
class _Objective:
    """Penalised log-likelihood, score and information at a coefficient vector."""

    likelihood: Callable[[Floats], State]
    ridge: Floats

    def penalty_at(self, beta: Floats) -> float:
        return 0.5 * float(self.ridge @ beta**2)

    def __call__(self, beta: Floats) -> State:
        loglik, score, information = self.likelihood(beta)
        if self.ridge.any():
            loglik -= self.penalty_at(beta)
            score = score - self.ridge * beta
            information = information + np.diag(self.ridge)
        return float(loglik), score, information
