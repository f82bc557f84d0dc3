"""Cox regression with Firth's penalty: finite estimates where a covariate separates the events, and less bias."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from cohorts.errors import Finding, FitError
from prognosis.column_checks import check_constant
from prognosis.cox.firth_likelihood import FirthLikelihood, FirthState
from prognosis.cox.regression import CoxRegression
from prognosis.normal import z_of_level
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAX_ITERATIONS = 500
MAX_HALVINGS = 40
# Gain in penalised log-likelihood that the next step promises: below this the estimate has its digits.
LAST_DECREMENT = 1e-20
# In standard deviations of the column, as coxphf: a longer step leaves the region where the likelihood is quadratic.
LONGEST_STEP = 0.5
# In standard deviations of the column: a profile that has not fallen far enough by here has no limit.
FARTHEST = 200.0


@dataclass(frozen=True)
class FirthCox:
    """Estimates of a Cox model with Firth's penalty, on the scale of the given columns.

    Parameters
    ----------
    regression : coefficients, covariance (inverse of the unpenalised information at the estimate, as coxphf), means,
        and the log-likelihood without penalty at zero and at the estimate. `score_test` is the ordinary one.
    penalised_loglik : at zero and at the estimate, columns scaled to standard deviation 1.
    lower, upper : (p,) profile penalised-likelihood limits of the log hazard ratios; infinite where there is none.
    chi_square, p : (p,) penalised likelihood-ratio test of each coefficient, one degree of freedom.
    """

    regression: CoxRegression
    penalised_loglik: tuple[float, float]
    lower: Floats
    upper: Floats
    chi_square: Floats
    p: Floats

    @property
    def likelihood_ratio(self) -> tuple[float, int, float]:
        """Penalised likelihood-ratio test of the whole model: statistic, degrees of freedom, p."""
        statistic, df = 2 * (self.penalised_loglik[1] - self.penalised_loglik[0]), len(self.p)
        return statistic, df, float(chdtrc(df, statistic))


def fit_firth_cox(
    design: Floats,
    risk_sets: RiskSets,
    names: tuple[str, ...],
    *,
    offset: Floats | None = None,
    efron: bool = True,
    level: float = 0.95,
) -> FirthCox:
    """Estimate a Cox model by Firth's penalised likelihood, with profile limits and tests.

    Parameters
    ----------
    design : (n, p) covariates, no missing values. names : (p,) their names, for messages.
    risk_sets : the outcome, sorted. offset : (n,) fixed part of the linear predictor.
    efron : Efron's approximation for tied events, else Breslow's (coxphf has no other). level : of the limits.

    Raises
    ------
    FitError
        C01 a column is constant; C04 columns depend on each other; N17 the search does not converge.

    Notes
    -----
    In a profile the determinant stays that of the information of all columns, as in coxphf and logistf.
    Sources: Heinze and Schemper (2001); R's coxphf.
    """
    check_constant(names, np.ptp(design, axis=0))
    means = np.average(design, axis=0, weights=risk_sets.weight)
    centred = design - means
    scales = np.sqrt(np.average(centred**2, axis=0, weights=risk_sets.weight))
    columns = np.ascontiguousarray(centred / scales)
    search = _Search(FirthLikelihood(columns, risk_sets, np.zeros(len(design)) if offset is None else offset, efron))
    p = design.shape[1]
    at_zero = search.likelihood.at(np.zeros(p))
    if not np.isfinite(at_zero.penalised):
        listed = ", ".join(names)
        rule = f"columns {listed} depend on each other in these risk sets: their information has no inverse"
        raise FitError(Finding("C04", rule, "leave one of them out", listed))
    best, iterations = search.maximise(at_zero, np.ones(p, bool))
    limits = np.array([[search.limit(best, j, side, level) for side in (-1, 1)] for j in range(p)])
    chi_square = np.array([search.test(best, j) for j in range(p)])
    return FirthCox(
        regression=_regression(at_zero, best, scales, means, iterations),
        penalised_loglik=(at_zero.penalised, best.penalised),
        lower=limits[:, 0] / scales,
        upper=limits[:, 1] / scales,
        chi_square=chi_square,
        p=np.asarray(chdtrc(1, chi_square), float),
    )


def _regression(at_zero: FirthState, best: FirthState, scales: Floats, means: Floats, iterations: int) -> CoxRegression:
    return CoxRegression(
        coefficients=best.beta / scales,
        covariance=np.linalg.inv(best.information) / np.outer(scales, scales),
        means=means,
        loglik=(at_zero.loglik, best.loglik),
        score_test=float(at_zero.score @ np.linalg.solve(at_zero.information, at_zero.score)),
        iterations=iterations,
    )


@dataclass(frozen=True)
class _Search:
    """Maximisation over some of the coefficients, and the profiles that rest on it."""

    likelihood: FirthLikelihood

    def maximise(self, state: FirthState, free: Flags) -> tuple[FirthState, int]:
        """Scoring with the modified score, steps bounded and halved; the coefficients that are not free stay.

        The information is not the curvature of the penalised likelihood: the curvature met on the last step, as a
        multiple of it, scales the next (Barzilai and Borwein, 1988).
        """
        multiple = 1.0
        for iteration in range(MAX_ITERATIONS if np.isfinite(state.penalised) else 0):
            step = np.zeros(len(free))
            step[free] = np.linalg.solve(state.information[np.ix_(free, free)], state.modified_score[free])
            if float(step @ state.modified_score) < LAST_DECREMENT:
                return state, iteration
            step /= max(multiple, float(np.abs(step).max()) / LONGEST_STEP)
            new = self._improve(state, step)
            step = new.beta - state.beta
            bent, known = step @ (state.modified_score - new.modified_score), step @ state.information @ step
            multiple, state = float(np.clip(bent / known, 0.5, 5.0)) if known > 0 else 1.0, new
        raise _not_maximised()

    def _improve(self, state: FirthState, step: Floats) -> FirthState:
        """Take the step, halved until the penalised likelihood does not fall (but for its own rounding)."""
        lowest = state.penalised - 1e-11 * max(1.0, abs(state.penalised))
        for _ in range(MAX_HALVINGS):
            new = self.likelihood.at(state.beta + step)
            if new.penalised >= lowest:
                return new
            step = step / 2
        raise _not_maximised()

    def at_value(self, start: FirthState, j: int, value: float) -> FirthState:
        """Maximise over the other coefficients with coefficient j at a value."""
        beta = start.beta.copy()
        beta[j] = value
        free = np.ones(len(beta), bool)
        free[j] = False
        return self.maximise(self.likelihood.at(beta), free)[0]

    def test(self, best: FirthState, j: int) -> float:
        """Penalised likelihood-ratio statistic of coefficient j against zero."""
        return max(2 * (best.penalised - self.at_value(best, j, 0.0).penalised), 0.0)

    def limit(self, best: FirthState, j: int, side: int, level: float) -> float:
        """Where the signed root of the profile's likelihood-ratio statistic is the normal quantile of the level.

        That root is nearly a straight line in the coefficient, so a few Newton steps on it find the place; its slope
        is the modified score of coefficient j. Kept between the bounds found so far.
        """
        z = z_of_level(level)
        width = float(np.sqrt(np.linalg.inv(best.information)[j, j]))
        near, far = 0.0, np.inf
        distance, state = z * width, best
        while near < FARTHEST and far - near > 1e-9 * width:
            try:
                state = self.at_value(state, j, best.beta[j] + side * distance)
            except FitError:
                # So far out that the information cannot be inverted: the limit lies nearer.
                far, distance = distance, 0.5 * (near + distance)
                continue
            root = float(np.sqrt(max(2 * (best.penalised - state.penalised), 0.0)))
            if abs(root - z) < 1e-10:
                return float(best.beta[j] + side * distance)
            near, far = (distance, far) if root < z else (near, distance)
            slope = -side * state.modified_score[j] / root if root > 0 else 0.0
            following = distance + (z - root) / slope if slope > 0 else np.inf
            widest = 0.5 * (near + far) if np.isfinite(far) else 2 * near
            distance = following if near < following < min(far, 2 * near + width) else widest
        if near < FARTHEST:
            raise _not_maximised()
        return side * np.inf


def _not_maximised() -> FitError:
    rule = "Firth's penalised likelihood could not be maximised: too few events for these columns"
    return FitError(Finding("N17", rule, "fewer predictors, or columns that depend less on each other"))
