"""Elastic-net penalised partial likelihood over a decreasing sequence of penalties, as glmnet's family "cox".

    minimise   -loglik(b) / W + penalty * (alpha * sum |b_j s_j| + (1 - alpha) / 2 * sum (b_j s_j)^2)

with W the summed case weight and s_j the (weighted, 1/n) standard deviation of column j. glmnet's documentation writes
2/n times the log-likelihood; what it minimises is this.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.cox.likelihood import evaluate
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.kernels.elastic_net import minimise, violation_of
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MAX_ITERATIONS = 100
# Largest violation of the optimality conditions, as a part of the largest score at zero.
TOLERANCE = 1e-10
# glmnet's: ridge has no largest penalty of its own, so its sequence starts where alpha = 0.001 would.
SMALLEST_ALPHA = 1e-3
SEQUENCE_LENGTH = 100
# glmnet's: the sequence ends where five steps add less than this part of the explained deviance, or nothing is left.
STEPS_COMPARED, SMALLEST_GAIN, MOST_EXPLAINED = 5, 1e-3, 0.99


@dataclass(frozen=True)
class PenalisedPath:
    """Penalised Cox fits over a sequence of penalties.

    Parameters
    ----------
    penalty : (L,) decreasing. coefficients : (L, p) log hazard ratios per unit of each given column.
    explained : (L,) part of the null deviance explained (glmnet's ``dev.ratio``). loglik_null : at zero.
    """

    penalty: Floats
    coefficients: Floats
    explained: Floats
    loglik_null: float

    @property
    def nonzero(self) -> Integers:
        """Number of coefficients that are not zero, (L,)."""
        return np.count_nonzero(self.coefficients, axis=1).astype(np.int64)


@dataclass(frozen=True)
class PenalisedLikelihood:
    """Partial likelihood on standardised columns, divided by the summed case weight.

    Parameters
    ----------
    design : (n, p) columns of mean 0 and standard deviation 1 (a constant column is all 0 and stays out of the fit).
    scales : (p,) standard deviations of the given columns.
    """

    design: Floats
    scales: Floats
    risk_sets: RiskSets
    offset: Floats
    efron: bool

    @property
    def total(self) -> float:
        """Summed case weight."""
        return float(self.risk_sets.weight.sum())

    def loglik(self, beta: Floats) -> float:
        """Log partial likelihood at coefficients of the standardised columns."""
        return log_partial_likelihood(self.offset + self.design @ beta, self.risk_sets, self.efron)

    def score(self, beta: Floats) -> Floats:
        """Score of all columns per unit weight, (p,), through the martingale residuals: no information matrix."""
        eta = self.offset + self.design @ beta
        r, eta = self.risk_sets, eta - eta.max()
        *_, ties = event_sums(np.empty((len(eta), 0)), eta, r, self.efron)
        hazard = over_risk_time(np.ascontiguousarray(ties[:, 1:2]), r)[:, 0]
        died = r.death >= 0
        hazard[died] -= ties[r.death[died], 2]
        residual = r.weight * (died - np.exp(eta) * hazard)
        return np.asarray(residual @ self.design / self.total, float)

    def quadratic(self, working: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood, score and information per unit weight in some of the columns, given as (n, k)."""
        loglik, score, information = evaluate(working, self.offset, self.risk_sets, beta, self.efron)
        return float(loglik) / self.total, score / self.total, information / self.total


def standardise(
    design: Floats, risk_sets: RiskSets, offset: Floats | None = None, efron: bool = False
) -> PenalisedLikelihood:
    """Prepare the likelihood of (n, p) uncentred columns."""
    means = np.average(design, axis=0, weights=risk_sets.weight)
    centred = design - means
    scales = np.sqrt(np.average(centred**2, axis=0, weights=risk_sets.weight))
    varies = np.ptp(design, axis=0) > 0
    scales = np.where(varies, scales, 1.0)
    columns = np.ascontiguousarray(np.where(varies, centred / scales, 0.0))
    return PenalisedLikelihood(columns, scales, risk_sets, np.zeros(len(design)) if offset is None else offset, efron)


def log_partial_likelihood(linear_predictor: Floats, risk_sets: RiskSets, efron: bool) -> float:
    """Log partial likelihood of a given linear predictor, (n,)."""
    died, shift = risk_sets.death >= 0, linear_predictor.max()
    eta = linear_predictor - shift
    *_, ties = event_sums(np.empty((len(eta), 0)), eta, risk_sets, efron)
    return float(risk_sets.weight[died] @ eta[died] - ties[:, 0].sum())


def saturated_loglik(risk_sets: RiskSets, efron: bool) -> float:
    """Log partial likelihood of a model with one parameter a patient, the origin of glmnet's deviance."""
    r = risk_sets
    steps = np.arange(r.events.sum()) - np.repeat(np.cumsum(r.events) - r.events, r.events)
    left = 1 - steps / np.repeat(r.events, r.events) if efron else np.ones(len(steps))
    mean_weight = np.repeat(r.death_weight / r.events, r.events)
    return float(-mean_weight @ np.log(np.repeat(r.death_weight, r.events) * left))


def penalty_sequence(likelihood: PenalisedLikelihood, alpha: float, length: int = SEQUENCE_LENGTH) -> Floats:
    """Penalties from the smallest that leaves every coefficient zero, equally spaced in logs, as glmnet.

    They end at 0.0001 of the largest, at 0.01 of it with more columns than rows.

    Raises
    ------
    FitError
        N22 when no column has any score at zero: nothing could ever enter.
    """
    n, p = likelihood.design.shape
    steepest = float(np.abs(likelihood.score(np.zeros(p))).max())
    if not steepest > 0:
        rule = "no column has any relation to the outcome: the score at zero vanishes"
        raise FitError(Finding("N22", rule, "check the predictors and the outcome"))
    largest = steepest / max(alpha, SMALLEST_ALPHA)
    return np.exp(np.linspace(np.log(largest), np.log(largest * (0.01 if n < p else 1e-4)), length))


def fit_path(
    likelihood: PenalisedLikelihood, alpha: float, penalties: Floats | None = None, *, shorten: bool = True
) -> PenalisedPath:
    """Fit every penalty in turn, each from the one before.

    Parameters
    ----------
    likelihood : from `standardise`. alpha : 1 lasso, 0 ridge, between them the elastic net.
    penalties : decreasing; None: `penalty_sequence`, which ends early as glmnet's where the fit stops improving.

    Raises
    ------
    FitError
        N17 when a penalised fit does not converge.
    """
    sequence = penalty_sequence(likelihood, alpha) if penalties is None else np.asarray(penalties, float)
    solver, rotation = _solver_of(likelihood, alpha)
    beta, score = np.zeros(solver.likelihood.design.shape[1]), None
    null, saturated = likelihood.loglik(np.zeros(len(likelihood.scales))), _saturated(likelihood)
    found, explained = [], []
    previous = np.inf
    for penalty in sequence:
        beta, score = solver.solve(float(penalty), beta, score, previous)
        previous = float(penalty)
        found.append(beta)
        # Where every event is alone in its risk set there is nothing to explain.
        rest = (saturated - solver.likelihood.loglik(beta)) / (saturated - null) if saturated > null else 1.0
        explained.append(1 - rest)
        if penalties is None and shorten and _levelled(explained):
            break
    coefficients = np.array(found) if rotation is None else np.array(found) @ rotation
    return PenalisedPath(sequence[: len(found)], coefficients / likelihood.scales, np.array(explained), null)


def _saturated(likelihood: PenalisedLikelihood) -> float:
    return saturated_loglik(likelihood.risk_sets, likelihood.efron)


def _levelled(explained: list[float]) -> bool:
    if len(explained) < STEPS_COMPARED:
        return False
    gain = explained[-1] - explained[-STEPS_COMPARED]
    return explained[-1] > MOST_EXPLAINED or gain < SMALLEST_GAIN * explained[-1]


def _solver_of(likelihood: PenalisedLikelihood, alpha: float) -> tuple[_Solver, Floats | None]:
    """Ridge with more columns than rows is solved in the row space, where it is the same ridge with n columns."""
    n, p = likelihood.design.shape
    steepest = float(np.abs(likelihood.score(np.zeros(p))).max())
    if alpha > 0 or p <= n:
        return _Solver(likelihood, alpha, steepest * TOLERANCE), None
    left, values, right = np.linalg.svd(likelihood.design, full_matrices=False)
    rotated = PenalisedLikelihood(
        np.ascontiguousarray(left * values),
        np.ones(len(values)),
        likelihood.risk_sets,
        likelihood.offset,
        likelihood.efron,
    )
    return _Solver(rotated, alpha, steepest * TOLERANCE), right


@dataclass(frozen=True)
class _Solver:
    """Newton steps on the columns that may enter; each step is an elastic-net penalised quadratic."""

    likelihood: PenalisedLikelihood
    alpha: float
    tolerance: float

    def solve(self, penalty: float, beta: Floats, score: Floats | None, previous: float) -> tuple[Floats, Floats]:
        """Return coefficients and score at one penalty; `beta`, `score` and `previous` are the step before.

        Source of the columns tried first: the strong rules, Tibshirani et al. (2012); the others are checked after.
        """
        p, l1 = len(beta), penalty * self.alpha
        if score is None:
            score = self.likelihood.score(beta)
            previous = penalty
        tried = (beta != 0) | (np.abs(score) >= self.alpha * (2 * penalty - previous))
        while True:
            columns = np.flatnonzero(tried)
            beta = beta.copy()
            beta[columns] = self._newton(columns, penalty, beta[columns])
            score = self.likelihood.score(beta)
            left_out = ~tried & (np.abs(score) > l1 + self.tolerance)
            if not left_out.any() or len(columns) == p:
                return beta, score
            tried |= left_out

    def _newton(self, columns: Integers, penalty: float, beta: Floats) -> Floats:
        """Minimise over some columns: Newton steps, halved until the penalised likelihood improves."""
        if not len(columns):
            return beta
        working = np.ascontiguousarray(self.likelihood.design[:, columns])
        l1, l2 = np.full(len(columns), penalty * self.alpha), np.full(len(columns), penalty * (1 - self.alpha))

        def cost(loglik: float, at: Floats) -> float:
            return float(l1 @ np.abs(at) + 0.5 * l2 @ at**2) - loglik

        loglik, score, information = self.likelihood.quadratic(working, beta)
        for _ in range(MAX_ITERATIONS):
            violation = violation_of(score, beta, l1, l2)
            if violation <= self.tolerance:
                return beta
            # Far from the optimum the quadratic is no better than this itself.
            enough = max(1e-3 * violation, 0.01 * self.tolerance)
            aim, _ = minimise(information, score + information @ beta, l1, l2, beta, enough)
            here, fraction = cost(loglik, beta), 1.0
            state = self.likelihood.quadratic(working, aim)
            while not cost(state[0], aim) <= here + 1e-12 * max(1.0, abs(here)) and fraction > 1e-6:
                fraction /= 2
                aim = beta + (aim - beta) / 2
                state = self.likelihood.quadratic(working, aim)
            beta, (loglik, score, information) = aim, state
        rule = f"the penalised partial likelihood was not maximised in {MAX_ITERATIONS} steps at penalty {penalty:.3g}"
        raise FitError(Finding("N17", rule, "look for extreme values, or choose a larger penalty"))
