"""Maximum likelihood for accelerated failure time models: Newton with step halving on standardised columns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from cohorts.errors import Finding, FitError
from prognosis.column_checks import check_constant
from prognosis.newton import VANISHED, State, climb, vanished_direction
from prognosis.parametric.distributions import Distribution
from prognosis.parametric.likelihood import LOG_ZERO, LogTimes, Pieces, pieces
from prognosis.robust_errors import robust_covariance

Floats = NDArray[np.float64]

# Scale over the spread of the log times: below this the predictors leave nothing to chance.
SMALLEST_SCALE = 1e-7


@dataclass(frozen=True)
class ParametricRegression:
    """Estimates of an accelerated failure time model on the scale of the given columns.

    Parameters
    ----------
    location : of log time at the column means. coefficients : (p,) log time ratios, of R's sign. scale : as R's.
    means : (p,) weighted column means.
    covariance : of (location, coefficients, log scale), model-based or robust; the last only where it is estimated.
    naive_covariance : the same, model-based.
    loglik : log-likelihood of the times (not of their logs) without predictors and at the estimate, as R's.
    iterations : Newton steps taken.
    """

    location: float
    coefficients: Floats
    scale: float
    means: Floats
    covariance: Floats
    naive_covariance: Floats
    loglik: tuple[float, float]
    iterations: int


def fit_parametric(
    design: Floats,
    times: LogTimes,
    distribution: Distribution,
    names: tuple[str, ...],
    *,
    weight: Floats | None = None,
    offset: Floats | None = None,
    cluster: NDArray[np.int64] | None = None,
    robust: bool = False,
) -> ParametricRegression:
    """Estimate an accelerated failure time model, log T = location + x coefficients + offset + scale W.

    Columns are centred and scaled inside. Delayed entry conditions every row on survival to its entry, which R's
    ``survreg`` cannot. Source: Kalbfleisch and Prentice (2002), chapter 3; R's ``survreg``.

    Parameters
    ----------
    design : (n, p) covariates, no missing values. names : (p,) their names, for messages.
    times : the outcome, see `log_times`. weight : (n,) case weights. offset : (n,) fixed part of log time.
    cluster : (n,) index; gives the covariance that is robust to dependence within clusters. robust : the same with
        every row a cluster, as ``survreg(robust=TRUE)``.

    Raises
    ------
    FitError
        C01 a column is constant; C05 a column separates the events; N31 the scale goes to zero; N32 Newton does not
        converge; N33 every event was found at the first visit; C29 no more clusters than parameters.
    """
    n = len(design)
    case = np.ones(n) if weight is None else weight
    means = _column_means(design, case)
    centred = design - means
    widths = np.sqrt(_column_means(centred**2, case))
    check_constant(names, widths)
    centre, spread = _centre(times, case, offset)
    likelihood = _Likelihood(
        np.column_stack([np.ones(n), centred / widths]),
        times.shifted(centre + (0.0 if offset is None else offset)),
        case,
        distribution,
        spread,
    )
    null = replace(likelihood, design=likelihood.design[:, :1])
    at_null, _ = _maximise(null, null.start())
    _check_spread(null, at_null)
    start = np.concatenate([at_null[:1], np.zeros(design.shape[1]), at_null[1:]])
    theta, iterations = _maximise(likelihood, start)
    _check_monotone(likelihood.information_of_table(start), likelihood.information_of_table(theta), names)
    covariance, naive = _covariances(likelihood, theta, robust, cluster)
    units = np.concatenate([[1.0], 1 / widths, np.ones(len(naive) - 1 - len(widths))])
    jacobian = float((case * times.last)[times.exact].sum())
    return ParametricRegression(
        location=float(theta[0] / theta[-1] + centre),
        coefficients=theta[1:-1] / theta[-1] / widths,
        scale=float(1 / theta[-1]),
        means=means,
        covariance=covariance * np.outer(units, units),
        naive_covariance=naive * np.outer(units, units),
        loglik=(null.at(at_null)[0] - jacobian, likelihood.at(theta)[0] - jacobian),
        iterations=iterations,
    )


def _column_means(columns: Floats, weight: Floats) -> Floats:
    return np.asarray(weight @ columns / weight.sum(), float)


def _centre(times: LogTimes, weight: Floats, offset: Floats | None) -> tuple[float, float]:
    """Mean and spread of the log times, to start from; time 0 has no log and does not count."""
    y = times.last - (0.0 if offset is None else offset)
    known = times.last > LOG_ZERO
    if not (times.exact | (times.between & (times.first > LOG_ZERO)) | (known & ~times.between)).any():
        rule = "every event was found at the first visit (last_free 0) and nobody is censored: any short time fits"
        raise FitError(Finding("N33", rule, "use a binary endpoint: present or absent at the visit"))
    centre = float(np.average(y[known], weights=weight[known]))
    spread = float(np.sqrt(np.average((y[known] - centre) ** 2, weights=weight[known])))
    return centre, spread or 1.0


@dataclass(frozen=True)
class _Likelihood:
    """The weighted log-likelihood in theta = (gamma_0, gamma, tau); a fixed scale has no derivative in tau.

    `design` has a column of ones first, the others standardised; log times are centred and have this `spread`.
    """

    design: Floats
    times: LogTimes
    weight: Floats
    distribution: Distribution
    spread: float

    def start(self) -> Floats:
        """Place to begin without predictors: the exponential rate of the times, where a fixed scale cannot adapt."""
        if not self.distribution.fixed_scale:
            return np.array([0.0, 1 / self.spread])
        events = self.weight[self.times.exact | self.times.between].sum()
        return np.array([logsumexp(self.times.last, b=self.weight) - np.log(events), 1.0])

    @property
    def free(self) -> slice:
        """Parameters that are estimated."""
        return slice(None, -1 if self.distribution.fixed_scale else None)

    def whole(self, free: Floats) -> Floats:
        """Return all parameters; a fixed scale is 1."""
        return np.append(free, 1.0) if self.distribution.fixed_scale else free

    def check_scatter(self, free: Floats) -> None:
        """Refuse a scale that goes to zero (N31)."""
        if self.whole(free)[-1] * SMALLEST_SCALE * self.spread > 1:
            raise _no_scatter()

    def pieces_at(self, theta: Floats) -> Pieces:
        """Rows' log-likelihood and derivatives; extreme steps overflow and are halved by the caller."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return pieces(self.times, self.design @ theta[:-1], theta[-1], self.distribution)

    def at(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood, score and information of the free parameters."""
        p = self.pieces_at(theta)
        weight, z = self.weight, self.design
        with np.errstate(over="ignore", invalid="ignore"):
            score = np.append(z.T @ (weight * p.by_eta), weight @ p.by_tau)
            cross = z.T @ (weight * p.eta_tau)
            curvature = np.block(
                [
                    [(z * (weight * p.eta_eta)[:, None]).T @ z, cross[:, None]],
                    [cross[None, :], np.array([[weight @ p.tau_tau]])],
                ]
            )
            return float(weight @ p.value), score[self.free], -curvature[self.free, self.free]

    def scores(self, theta: Floats) -> Floats:
        """Rows' score residuals in (location, coefficients, log scale), without case weights, (n, free parameters)."""
        p = self.pieces_at(theta)
        rows = np.column_stack([self.design * p.by_eta[:, None], p.by_tau])
        return np.asarray(rows[:, self.free] @ self._turn(theta), float)

    def information_of_table(self, theta: Floats) -> Floats:
        """Information of (location, coefficients, log scale)."""
        turn = self._turn(theta)
        return np.asarray(turn.T @ self.at(theta)[2] @ turn, float)

    def _turn(self, theta: Floats) -> Floats:
        """Differentiate theta in (location, coefficients, log scale): gamma = tau beta, tau = exp(-log scale)."""
        turn = theta[-1] * np.eye(len(theta))
        turn[:, -1] = -theta
        return turn[self.free, self.free]


def _maximise(likelihood: _Likelihood, theta: Floats) -> tuple[Floats, int]:
    """Climb in the free parameters, see `climb`."""

    def step_of(free: Floats, state: State) -> Floats:
        likelihood.check_scatter(free)
        return _newton_step(state[1], state[2])

    found = climb(lambda free: _tried(likelihood, likelihood.whole(free)), theta[likelihood.free], step_of)
    likelihood.check_scatter(found.beta)
    if not found.converged:
        rule = "the log-likelihood was not maximised by Newton's steps"
        raise FitError(Finding("N32", rule, "look for extreme values and for predictors that fix the event times"))
    return likelihood.whole(found.beta), found.iterations


def _tried(likelihood: _Likelihood, theta: Floats) -> State:
    """Evaluate, or minus infinity where the scale would be negative."""
    if theta[-1] <= 0:
        return -np.inf, np.empty(0), np.empty((0, 0))
    value, score, information = likelihood.at(theta)
    usable = np.isfinite(score).all() and np.isfinite(information).all()
    return (value if usable else -np.inf), score, information


def _newton_step(score: Floats, information: Floats) -> Floats:
    """Solve for the step, uphill even where truncation bends the likelihood the wrong way."""
    values, axes = np.linalg.eigh(information)
    # An eigenvalue below rounding of the largest one is noise, and its direction too.
    size = np.maximum(np.abs(values), np.finfo(float).eps * np.abs(values).max())
    return np.asarray(axes @ ((axes.T @ score) / size), float)


def _covariances(
    likelihood: _Likelihood, theta: Floats, robust: bool, cluster: NDArray[np.int64] | None
) -> tuple[Floats, Floats]:
    naive: Floats = np.linalg.inv(likelihood.information_of_table(theta)).astype(float)
    if not robust and cluster is None:
        return naive, naive
    return robust_covariance(likelihood.scores(theta), likelihood.weight, naive, cluster), naive


def _check_spread(null: _Likelihood, at_null: Floats) -> None:
    """Without predictors an event should tell about as much of location and scale as one scale is wide."""
    unit = np.array([1 / at_null[-1], 1.0])[null.free]
    events = null.weight[null.times.exact | null.times.between].sum()
    if np.linalg.eigvalsh(null.information_of_table(at_null) * np.outer(unit, unit))[0] < VANISHED * events:
        raise _no_scatter()


def _check_monotone(at_null: Floats, at_end: Floats, names: tuple[str, ...]) -> None:
    """Find a direction in which the information has vanished on the way to the estimate, and name its column."""
    weight = vanished_direction(at_null, at_end)
    if weight is None:
        return
    columns = weight[1 : 1 + len(names)]
    involved = [name for name, size in zip(names, columns, strict=True) if size > 0.05 * weight.max()]
    if not involved or weight[1 + len(names) :].sum() > 0.5 * weight.max():
        raise _no_scatter()
    which = ", ".join(involved)
    rule = f"{which} separates the events: the likelihood keeps growing as the coefficient goes to infinity"
    raise FitError(Finding("C05", rule, "merge categories or leave the variable out", which))


def _no_scatter() -> FitError:
    rule = "the scale goes to zero: predictors or visits fix the event times, so that no scatter is left to estimate"
    return FitError(Finding("N31", rule, "fewer predictors, or an outcome with more than a few distinct times"))
