"""The likelihood of a new cohort under a model, and under the same model with its level, slope or columns changed.

Four nested models, each a part of the next: the original, a new level, a new level and slope, all columns anew. For a
binary outcome they are logistic. For a time to event the shape of the model's baseline hazard is kept in all four, so
that the events are Poisson counts with the model's cumulative hazard as exposure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_expit

from cohorts.errors import Finding, FitError
from prognosis.logistic.regression import fit_logistic
from prognosis.newton import climb, inverse_of
from prognosis.shrinkage import intercept_in_the_large

Floats = NDArray[np.float64]
METHODS = ("original", "intercept", "slope", "refit")
SLOPE = ("linear predictor",)


@dataclass(frozen=True)
class Level:
    """One of the nested models in the new cohort.

    Parameters
    ----------
    loglik : log-likelihood, up to a constant that all models share. parameters : number estimated in the new cohort.
    intercept : log of the ratio of hazards (or odds) at the original's linear predictor 0. slope : of the linear
        predictor. intercept_error, slope_error : standard errors, 0 where it is not estimated.
    """

    loglik: float
    parameters: int
    intercept: float = 0.0
    slope: float = 1.0
    intercept_error: float = 0.0
    slope_error: float = 0.0


@dataclass(frozen=True)
class NewRows:
    """Patients of the new cohort under the model.

    Parameters
    ----------
    event : (n,) True for the event. centred : (n, p) design minus the training means. names : (p,).
    linear_predictor : (n,) of the columns. offset : (n,) what is fixed: the model's offset column, and for a binary
        outcome the log odds at the training means.
    exposure : (n,) cumulative baseline hazard over the time observed; None for a binary outcome.
    """

    event: NDArray[np.bool_]
    centred: Floats
    names: tuple[str, ...]
    linear_predictor: Floats
    offset: Floats
    exposure: Floats | None = None

    @property
    def expected(self) -> float:
        """Expected number of events under the original model."""
        eta = self.linear_predictor + self.offset
        if self.exposure is None:
            return float(np.exp(log_expit(eta)).sum())
        return float(np.exp(eta) @ self.exposure)


def nested_models(rows: NewRows, wanted: tuple[str, ...] = METHODS) -> Mapping[str, Level]:
    """Maximise the likelihoods of the models that are asked for.

    Raises
    ------
    FitError
        E04 nobody had the event, or everybody, or none is expected; E05 a likelihood has no maximum; as `fit_logistic`.
    """
    if not rows.event.any() or not rows.expected > 0:
        rule = f"{int(rows.event.sum())} events and {rows.expected:.3g} expected: the level cannot be estimated"
        raise FitError(Finding("E04", rule, "update in a cohort with events"))
    made = {"original": _original, "intercept": _intercept, "slope": _slope, "refit": _refit}
    return {name: made[name](rows) for name in wanted}


def _original(rows: NewRows) -> Level:
    return Level(_loglik(rows, rows.linear_predictor + rows.offset), 0)


def _loglik(rows: NewRows, eta: Floats) -> float:
    if rows.exposure is None:
        return float(np.where(rows.event, log_expit(eta), log_expit(-eta)).sum())
    return float(eta[rows.event].sum() - np.exp(eta) @ rows.exposure)


def _intercept(rows: NewRows) -> Level:
    eta = rows.linear_predictor + rows.offset
    if rows.exposure is None:
        intercept, variance = intercept_in_the_large(rows.event, eta)
        return Level(_loglik(rows, eta + intercept), 1, intercept, 1.0, float(np.sqrt(variance)))
    observed = float(rows.event.sum())
    intercept = float(np.log(observed / rows.expected))
    return Level(_loglik(rows, eta + intercept), 1, intercept, 1.0, 1 / np.sqrt(observed))


def _slope(rows: NewRows) -> Level:
    column = rows.linear_predictor[:, None]
    if rows.exposure is None:
        fit = fit_logistic(column, rows.event, SLOPE, offset=rows.offset)
        moved = np.array([[1.0, -fit.means[0]], [0.0, 1.0]])
        variance = np.diag(moved @ fit.joint_covariance @ moved.T)
        start = fit.intercept - fit.means[0] * fit.coefficients[0]
        found, loglik = np.array([start, fit.coefficients[0]]), fit.loglik[1]
    else:
        found, variance, loglik = _poisson(rows, column, np.array([0.0, 1.0]))
    return Level(loglik, 2, float(found[0]), float(found[1]), *map(float, np.sqrt(variance)))


def _refit(rows: NewRows) -> Level:
    if rows.exposure is None:
        loglik = fit_logistic(rows.centred, rows.event, rows.names, offset=rows.offset).loglik[1]
    else:
        # From the slope's estimate: close enough for Newton, whatever the level.
        start = _slope(rows)
        direction = np.linalg.lstsq(rows.centred, rows.linear_predictor, rcond=None)[0]
        first = np.append(start.intercept, start.slope * direction)
        loglik = _poisson(rows, rows.centred, first)[2]
    return Level(loglik, len(rows.names) + 1, float("nan"), float("nan"), float("nan"), float("nan"))


def _poisson(rows: NewRows, columns: Floats, start: Floats) -> tuple[Floats, Floats, float]:
    """Maximise over a level and coefficients; return them, their variances and the log-likelihood.

    Raises
    ------
    FitError
        E05 no maximum was found.
    """
    scale = columns.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    x = np.column_stack([np.ones(len(columns)), columns / scale])
    exposure = np.asarray(rows.exposure, float)

    def objective(beta: Floats) -> tuple[float, Floats, Floats]:
        eta = x @ beta + rows.offset
        with np.errstate(over="ignore"):
            mean = np.exp(eta) * exposure
        score = x.T @ (rows.event - mean)
        return float(eta[rows.event].sum() - mean.sum()), score, (x * mean[:, None]).T @ x

    units = np.append(1.0, scale)
    found = climb(objective, start * units, lambda _, state: inverse_of(state[2]) @ state[1])
    variance = np.diag(inverse_of(found.curvature)) / units**2
    if not found.converged or not np.isfinite(variance).all():
        rule = "the likelihood of the new cohort has no maximum: a column does not vary there, or separates the events"
        raise FitError(Finding("E05", rule, 'update by "intercept", or in a larger cohort'))
    return found.beta / units, variance, found.value
