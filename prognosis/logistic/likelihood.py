"""Log-likelihoods of a binary outcome with score and curvature (plain, ridge, Firth's), and their maximum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from cohorts.errors import Finding, FitError
from prognosis.column_checks import check_constant
from prognosis.newton import LAST_GAIN, Maximum, State, climb

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Objective(Protocol):
    """What is maximised."""

    def __call__(self, beta: Floats) -> State:
        """Value, score and curvature (minus the second derivatives) at some coefficients."""

    def information(self, beta: Floats) -> Floats:
        """Information of the likelihood, positive definite where the curvature need not be."""


# As LAST_GAIN, where the information stands in for the curvature: convergence is linear then, if fast.
LAST_SCORING_GAIN = 1e-20
# Of a coefficient of a standardised column: beyond it the curvature says nothing (logistf's limit).
LONGEST_STEP = 5.0
# Below this the curvature of Firth's penalty is not worth its price.
SMALL_LEVERAGE = 0.05


@dataclass(frozen=True)
class BinaryRows:
    """Rows of a binary outcome on columns of mean 0 and standard deviation 1, an intercept first.

    Parameters
    ----------
    columns : (n, 1 + p). sign : (n,) 1 for an event, -1 without. weight, offset : (n,).
    means, scales : (p,) (weighted) mean and standard deviation of the given columns.
    """

    columns: Floats
    sign: Floats
    weight: Floats
    offset: Floats
    means: Floats
    scales: Floats

    def residuals(self, beta: Floats) -> Floats:
        """Outcome minus probability, (n,), without cancellation where the probability is nearly 0 or 1."""
        return np.asarray(self.sign * expit(-self.sign * self.log_odds(beta)))

    def log_odds(self, beta: Floats) -> Floats:
        """Log odds of each row, (n,), offset included."""
        return self.columns @ beta + self.offset

    def start(self) -> Floats:
        """Coefficients of the model without predictors (exactly so without an offset), (1 + p,)."""
        share = float(self.weight @ (self.sign > 0)) / float(self.weight.sum())
        beta = np.zeros(self.columns.shape[1])
        beta[0] = np.log(share / (1 - share)) - np.average(self.offset, weights=self.weight)
        return beta

    def null(self) -> BinaryRows:
        """Return the rows with the intercept alone."""
        return replace(self, columns=self.columns[:, :1], means=self.means[:0], scales=self.scales[:0])

    def uncentred(self) -> BinaryRows:
        """Return the rows with columns that keep their origin: the intercept belongs to zero of all columns."""
        columns = self.columns.copy()
        columns[:, 1:] += self.means / self.scales
        return replace(self, columns=columns)

    def to_given(self, covariance: Floats) -> Floats:
        """Covariance of (log odds at the means, coefficients of the given columns) from that of ours."""
        scales = np.concatenate([[1.0], self.scales])
        return np.asarray(covariance / np.outer(scales, scales))


def standardise(
    design: Floats, event: Flags, names: tuple[str, ...], weight: Floats | None = None, offset: Floats | None = None
) -> BinaryRows:
    """Centre and scale (n, p) columns.

    Raises
    ------
    FitError
        C31 when all rows have the event or none has; C01 a column is constant.
    """
    n = len(event)
    weights = np.ones(n) if weight is None else np.asarray(weight, float)
    if event.all() or not event.any():
        which = "all" if event.all() else "none"
        rule = f"{which} of n={n} rows {'have' if event.all() else 'has'} the event: there is nothing to compare"
        raise FitError(Finding("C31", rule, "check the event column, its codes and the rows left out"))
    check_constant(names, np.ptp(design, axis=0))
    means = np.average(design, axis=0, weights=weights)
    centred = design - means
    scales = np.sqrt(np.average(centred**2, axis=0, weights=weights))
    return BinaryRows(
        columns=np.column_stack([np.ones(n), centred / scales]),
        sign=np.where(event, 1.0, -1.0),
        weight=weights,
        offset=np.zeros(n) if offset is None else np.asarray(offset, float),
        means=means,
        scales=scales,
    )


@dataclass(frozen=True)
class Likelihood:
    """Log-likelihood with an optional ridge penalty ``sum(ridge * beta^2) / 2``; called with the coefficients."""

    rows: BinaryRows
    ridge: Floats | None = None

    def loglik(self, beta: Floats) -> float:
        """Log-likelihood without penalty."""
        r = self.rows
        return -float(r.weight @ np.logaddexp(0.0, -r.sign * r.log_odds(beta)))

    def information(self, beta: Floats) -> Floats:
        """Information of the likelihood without penalty."""
        r, eta = self.rows, self.rows.log_odds(beta)
        return np.asarray(r.columns.T @ (r.columns * (r.weight * expit(eta) * expit(-eta))[:, None]))

    def __call__(self, beta: Floats) -> State:
        """Value, score and curvature."""
        r = self.rows
        value, information = self.loglik(beta), self.information(beta)
        score = (r.weight * r.residuals(beta)) @ r.columns
        if self.ridge is not None:
            value -= 0.5 * float(self.ridge @ beta**2)
            score, information = score - self.ridge * beta, information + np.diag(self.ridge)
        return value, score, information


@dataclass(frozen=True)
class FirthLikelihood:
    """Log-likelihood plus half the log determinant of the information (Jeffreys' prior), of the given columns.

    Sources: Firth (1993); Heinze and Schemper (2002). The curvature is that of the penalised likelihood itself, so that
    Newton's steps converge quadratically; the information stands in where no row has much leverage.
    """

    rows: BinaryRows

    def information(self, beta: Floats) -> Floats:
        """Information of the likelihood without penalty."""
        return Likelihood(self.rows).information(beta)

    def __call__(self, beta: Floats) -> State:
        """Value, score and curvature."""
        r, eta = self.rows, self.rows.log_odds(beta)
        probability = expit(eta)
        variance = r.weight * probability * expit(-eta)
        information = r.columns.T @ (r.columns * variance[:, None])
        try:
            root = np.linalg.cholesky(information)
            white = r.columns @ np.linalg.inv(root).T
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros(len(beta)), information
        logdet = 2 * np.log(np.diag(root)).sum()
        leverage = variance * (white**2).sum(axis=1)
        value = Likelihood(r).loglik(beta) + 0.5 * float(logdet) + float(np.log(r.scales).sum())
        pull = leverage * (0.5 - probability)
        score = (r.weight * r.residuals(beta) + pull) @ r.columns
        if leverage.max() < SMALL_LEVERAGE:
            return value, score, information
        product = probability * (1 - probability)
        plain = r.columns.T @ (r.columns * (variance - leverage * (0.5 - 3 * product))[:, None])
        bent = _bent(r.columns, white, variance * (1 - 2 * probability))
        return value, score, plain + 0.5 * bent


def _bent(columns: Floats, white: Floats, third: Floats) -> Floats:
    """Part of the penalty's curvature that comes from the change of the information with each coefficient."""
    turned = np.stack([white.T @ (white * (third * column)[:, None]) for column in columns.T])
    flat = turned.reshape(len(turned), -1)
    return np.asarray(flat @ flat.T)


def maximise(objective: Objective, start: Floats, free: Flags | None = None, last: float = LAST_GAIN) -> Maximum:
    """Maximise over all (or the `free`) coefficients, see `climb`."""
    chosen = np.ones(len(start), bool) if free is None else free

    def step_of(beta: Floats, state: State) -> Floats:
        step = np.zeros(len(beta))
        try:
            step[chosen] = np.linalg.solve(_curvature(objective, beta, state, chosen), state[1][chosen])
        except np.linalg.LinAlgError:
            step[chosen] = np.nan
        return step

    return climb(objective, start.astype(float), step_of, last=last, longest=LONGEST_STEP)


def _curvature(objective: Objective, beta: Floats, state: State, chosen: Flags) -> Floats:
    """Curvature in the chosen coefficients, or the information where that is not positive definite."""
    part = np.ix_(chosen, chosen)
    try:
        np.linalg.cholesky(state[2][part])
    except np.linalg.LinAlgError:
        return np.asarray(objective.information(beta)[part])
    return state[2][part]
