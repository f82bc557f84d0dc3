"""Elastic-net penalised logistic regression over a decreasing sequence of penalties, as glmnet's family "binomial".

    minimise   -loglik(a, b) / W + penalty * (alpha * sum |b_j s_j| + (1 - alpha) / 2 * sum (b_j s_j)^2)

with W the summed case weight, s_j the (weighted, 1/n) standard deviation of column j, and the intercept a free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cohorts.errors import Finding, FitError
from prognosis.kernels.elastic_net import minimise, violation_of
from prognosis.logistic.likelihood import BinaryRows, Likelihood, maximise, standardise
from prognosis.penalised.penalty_choice import PenaltyCurve, loss_curve

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

MAX_ITERATIONS = 100
# Largest violation of the optimality conditions, as a part of the largest score of the null model.
TOLERANCE = 1e-10
# glmnet's: ridge has no largest penalty of its own, so its sequence starts where alpha = 0.001 would.
SMALLEST_ALPHA = 1e-3
SEQUENCE_LENGTH = 100
# glmnet's: the sequence ends where a step adds less than this to the explained deviance, or nothing is left.
FEWEST_STEPS, SMALLEST_GAIN, MOST_EXPLAINED = 5, 1e-5, 0.999


@dataclass(frozen=True)
class LogisticPath:
    """Penalised logistic fits over a sequence of penalties.

    Parameters
    ----------
    penalty : (L,) decreasing. intercept : (L,) log odds at zero of all columns. coefficients : (L, p) log odds ratios
    per unit of each given column. explained : (L,) part of the null deviance explained (glmnet's ``dev.ratio``).
    loglik_null : without predictors. means : (p,) weighted column means.
    """

    penalty: Floats
    intercept: Floats
    coefficients: Floats
    explained: Floats
    loglik_null: float
    means: Floats

    @property
    def nonzero(self) -> Integers:
        """Number of coefficients that are not zero, (L,)."""
        return np.count_nonzero(self.coefficients, axis=1).astype(np.int64)


@dataclass(frozen=True)
class PathRows:
    """Rows of a binary outcome as arrays, which can be divided into folds.

    Parameters
    ----------
    design : (n, p) uncentred. event, weight : (n,). offset : (n,) or None. names : (p,) for messages.
    """

    design: Floats
    event: Flags
    weight: Floats
    names: tuple[str, ...]
    offset: Floats | None = None

    @property
    def ordering(self) -> Floats:
        """Values that put the rows into one order, wherever they stand in the table."""
        return np.column_stack([self.event, self.weight, *([] if self.offset is None else [self.offset]), self.design])

    def take(self, rows: Flags) -> PathRows:
        """Return some of the rows."""
        offset = None if self.offset is None else self.offset[rows]
        return PathRows(self.design[rows], self.event[rows], self.weight[rows], self.names, offset)

    def standardised(self) -> BinaryRows:
        """Rows on standardised columns; a column that is constant in these rows is all zero and stays out."""
        varies = np.ptp(self.design, axis=0) > 0
        kept = tuple(name for name, varying in zip(self.names, varies, strict=True) if varying)
        rows = standardise(self.design[:, varies], self.event, kept, self.weight, self.offset)
        columns = np.zeros((len(self.event), 1 + len(varies)))
        columns[:, np.append(True, varies)] = rows.columns
        means, scales = self.design.mean(axis=0), np.ones(len(varies))
        means[varies], scales[varies] = rows.means, rows.scales
        return BinaryRows(columns, rows.sign, rows.weight, rows.offset, means, scales)

    def deviance(self, intercept: Floats, coefficients: Floats) -> Floats:
        """Mean deviance of these rows at each of L fits, (L,)."""
        eta = intercept[:, None] + coefficients @ self.design.T
        eta += 0.0 if self.offset is None else self.offset
        loss = np.logaddexp(0.0, np.where(self.event, -eta, eta))
        return np.asarray(2 * np.average(loss, axis=1, weights=self.weight))


def penalty_sequence(rows: BinaryRows, alpha: float, length: int = SEQUENCE_LENGTH) -> Floats:
    """Penalties from the smallest that leaves every coefficient zero, equally spaced in logs, as glmnet.

    They end at 0.0001 of the largest, at 0.01 of it with more columns than rows.

    Raises
    ------
    FitError
        N22 when no column has any score in the null model: nothing could ever enter.
    """
    n, q = rows.columns.shape
    steepest = float(np.abs(_Solver(rows, alpha).score(_null(rows)))[1:].max())
    if not steepest > 1e-12:
        rule = "no column has any relation to the outcome: the score of the null model vanishes"
        raise FitError(Finding("N22", rule, "check the predictors and the outcome"))
    largest = steepest / max(alpha, SMALLEST_ALPHA)
    return np.exp(np.linspace(np.log(largest), np.log(largest * (0.01 if n < q - 1 else 1e-4)), length))


def fit_path(data: PathRows, alpha: float, penalties: Floats | None = None) -> LogisticPath:
    """Fit every penalty in turn, each from the one before.

    Parameters
    ----------
    data : the rows. alpha : 1 lasso, 0 ridge, between them the elastic net.
    penalties : decreasing; None: `penalty_sequence`, which ends early as glmnet's where the fit stops improving.

    Raises
    ------
    FitError
        N17 when a penalised fit does not converge; C31 all rows have the event or none has; N22 nothing can enter.
    """
    rows = data.standardised()
    sequence = penalty_sequence(rows, alpha) if penalties is None else np.asarray(penalties, float)
    solver, likelihood = _Solver(rows, alpha), Likelihood(rows)
    beta = _null(rows)
    null = likelihood.loglik(beta)
    found, explained = [], []
    for penalty in sequence:
        beta = solver.solve(float(penalty), beta)
        found.append(beta)
        explained.append(1 - likelihood.loglik(beta) / null)
        if penalties is None and _levelled(explained):
            break
    fits = np.array(found)
    coefficients = fits[:, 1:] / rows.scales
    intercept = fits[:, 0] - coefficients @ rows.means
    return LogisticPath(sequence[: len(found)], intercept, coefficients, np.array(explained), null, rows.means)


def cross_validate(data: PathRows, path: LogisticPath, alpha: float, fold: Integers) -> PenaltyCurve:
    """Estimate the mean deviance of every penalty of a path in patients who had no part in the fit.

    Parameters
    ----------
    fold : (n,) from `deal_folds`. Everything that is learnt, standard deviations too, is learnt without the fold.

    Notes
    -----
    ``cv.glmnet(type.measure = "deviance")`` gives the same values when it is handed ``lambda``; left to itself it fits
    every fold at penalties of the fold's own and interpolates.
    """
    folds = int(fold.max()) + 1
    loss, weight = np.empty((folds, len(path.penalty))), np.empty(folds)
    for k in range(folds):
        fitted = fit_path(data.take(fold != k), alpha, path.penalty)
        weight[k] = data.weight[fold == k].sum()
        loss[k] = data.take(fold == k).deviance(fitted.intercept, fitted.coefficients)
    return loss_curve(path.penalty, path.nonzero, loss, weight)


def _null(rows: BinaryRows) -> Floats:
    beta = np.zeros(rows.columns.shape[1])
    beta[:1] = maximise(Likelihood(rows.null()), rows.null().start()).beta
    return beta


def _levelled(explained: list[float]) -> bool:
    if len(explained) < FEWEST_STEPS:
        return False
    return explained[-1] > MOST_EXPLAINED or explained[-1] - explained[-2] < SMALLEST_GAIN


@dataclass(frozen=True)
class _Solver:
    """Newton steps on the columns that may enter; each step is an elastic-net penalised quadratic."""

    rows: BinaryRows
    alpha: float

    def score(self, beta: Floats) -> Floats:
        """Score of intercept and all columns per unit weight, (1 + p,)."""
        r = self.rows
        return np.asarray((r.weight * r.residuals(beta)) @ r.columns / r.weight.sum())

    def solve(self, penalty: float, beta: Floats) -> Floats:
        """Coefficients at one penalty, from those of a penalty nearby: columns enter until none wants to."""
        tolerance = TOLERANCE * max(float(np.abs(self.score(_flat(beta))).max()), 1e-3)
        score = self.score(beta)
        entered = beta != 0
        entered[0] = True
        entered |= np.abs(score) >= penalty * self.alpha
        while True:
            columns = np.flatnonzero(entered)
            beta = beta.copy()
            beta[columns] = self._newton(columns, penalty, beta[columns], tolerance)
            left_out = ~entered & (np.abs(self.score(beta)) > penalty * self.alpha + tolerance)
            if not left_out.any():
                return beta
            entered |= left_out

    def _newton(self, columns: Integers, penalty: float, beta: Floats, tolerance: float) -> Floats:
        """Minimise over some columns: Newton steps, halved until the penalised likelihood improves."""
        r, total = self.rows, self.rows.weight.sum()
        working = np.ascontiguousarray(r.columns[:, columns])
        l1 = np.where(columns > 0, penalty * self.alpha, 0.0)
        l2 = np.where(columns > 0, penalty * (1 - self.alpha), 0.0)

        def cost(at: Floats) -> float:
            loss = r.weight @ np.logaddexp(0.0, -r.sign * (working @ at + r.offset)) / total
            return float(loss + l1 @ np.abs(at) + 0.5 * l2 @ at**2)

        here = cost(beta)
        for _ in range(MAX_ITERATIONS):
            eta = working @ beta + r.offset
            score = (r.weight * r.sign * expit(-r.sign * eta)) @ working / total
            if violation_of(score, beta, l1, l2) <= tolerance:
                return beta
            information = working.T @ (working * (r.weight * expit(eta) * expit(-eta) / total)[:, None])
            aim, _ = minimise(information, score + information @ beta, l1, l2, beta, 0.01 * tolerance)
            there, fraction = cost(aim), 1.0
            while not there <= here + 1e-12 * max(1.0, abs(here)) and fraction > 1e-6:
                fraction /= 2
                aim = beta + (aim - beta) / 2
                there = cost(aim)
            beta, here = aim, there
        rule = f"the penalised likelihood was not maximised in {MAX_ITERATIONS} steps at penalty {penalty:.3g}"
        raise FitError(Finding("N17", rule, "look for extreme values, or choose a larger penalty"))


def _flat(beta: Floats) -> Floats:
    flat = np.zeros_like(beta)
    flat[0] = beta[0]
    return flat
