"""Profile likelihood: limits and tests of one coefficient with the others at their best, for any of the likelihoods."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.logistic.likelihood import (
    LAST_SCORING_GAIN,
    BinaryRows,
    FirthLikelihood,
    Flags,
    Likelihood,
    Objective,
    maximise,
)
from prognosis.newton import LAST_GAIN, Maximum, inverse_of
from prognosis.normal import z_of_level

Floats = NDArray[np.float64]

MAX_STEPS = 60
# Of the signed root, a standard normal deviate, at a limit.
TOLERANCE = 1e-11


@dataclass(frozen=True)
class Profile:
    """Profile likelihood of a fitted model on standardised columns.

    Parameters
    ----------
    rows : the training rows. firth : Firth's penalised likelihood, else the plain one.
    """

    rows: BinaryRows
    firth: bool = False

    @cached_property
    def best(self) -> Maximum:
        """The estimate."""
        found = self._maximise(self._likelihood(self.rows), self.rows.start())
        if not found.converged:
            raise _lost("the likelihood")
        return found

    def table(self, level: float = 0.95) -> Floats:
        """Limits, and the signed root of the likelihood ratio statistic for zero, of every term, (1 + p, 3)."""
        roots = [self.deviate(term, 0.0) for term in range(len(self.best.beta))]
        return np.column_stack([self.limits(level), roots])

    def _maximise(self, objective: Objective, start: Floats, free: Flags | None = None) -> Maximum:
        return maximise(objective, start, free, LAST_SCORING_GAIN if self.firth else LAST_GAIN)

    def _likelihood(self, rows: BinaryRows) -> Objective:
        return FirthLikelihood(rows) if self.firth else Likelihood(rows)

    def _seen_from(self, term: int) -> tuple[Objective, Floats]:
        """Likelihood and estimate such that coefficient `term` stands alone; the intercept is that at zero."""
        if term:
            return self._likelihood(self.rows), self.best.beta
        beta = self.best.beta.copy()
        beta[0] -= self.rows.means / self.rows.scales @ beta[1:]
        return self._likelihood(self.rows.uncentred()), beta

    def _unit(self, term: int) -> float:
        return float(self.rows.scales[term - 1]) if term else 1.0

    def deviate(self, term: int, value: float) -> float:
        """Signed root of the likelihood ratio statistic of ``coefficient = value``, on the scale of the given column.

        `term` 0 is the intercept (log odds at zero of all columns), 1 the first column. Its square is referred to the
        chi-squared distribution with one degree of freedom; positive where the estimate is above the value.
        """
        objective, beta = self._seen_from(term)
        fixed = value * self._unit(term)
        root, _, _ = self._root(objective, beta, term, fixed)
        return float(np.sign(beta[term] - fixed) * root)

    def limits(self, level: float = 0.95) -> Floats:
        """Limits of the intercept and every coefficient on the scale of the given columns, (1 + p, 2).

        Raises
        ------
        FitError
            N16 when the search does not end.
        """
        z = z_of_level(level)
        terms = range(len(self.best.beta))
        return np.array([[self._limit(term, side * z) / self._unit(term) for side in (-1, 1)] for term in terms])

    def _limit(self, term: int, z: float) -> float:
        """Value at which the signed root reaches z: Newton's steps, kept between the bounds found so far.

        Where extreme values give the penalised likelihood a second maximum and the profile does not fall far enough
        before it, the limit lies beyond that maximum.
        """
        objective, beta = self._seen_from(term)
        centre, side, wanted = float(beta[term]), np.sign(z), abs(z)
        spread = inverse_of(objective.information(beta))
        if not np.isfinite(spread).all():
            raise _lost("the profile likelihood up to a limit")
        inner, outer = 0.0, np.inf
        distance = wanted * float(np.sqrt(spread[term, term]))
        start = beta
        for _ in range(MAX_STEPS):
            root, slope, start = self._root(objective, start, term, centre + side * distance)
            if abs(root - wanted) < TOLERANCE:
                return float(centre + side * distance)
            inner, outer = (distance, outer) if root < wanted else (inner, distance)
            step = distance + (wanted - root) / slope if slope > 0 else 2 * distance
            step = min(step, 4 * distance)
            if not inner < step < outer:
                step = (inner + outer) / 2
            if step == distance or (np.isfinite(outer) and outer - inner <= 4e-16 * outer):
                return float(centre + side * distance)
            distance = step
        raise _lost("the profile likelihood up to a limit")

    def _root(self, objective: Objective, start: Floats, term: int, value: float) -> tuple[float, float, Floats]:
        """Root of the statistic at a value, its slope there, and the coefficients that maximise the rest."""
        fixed = start.copy()
        fixed[term] = value
        if not np.isfinite(objective(fixed)[0]):
            # Too far for the arithmetic: the search comes back.
            return np.inf, 0.0, start
        found = self._maximise(objective, fixed, np.arange(len(fixed)) != term)
        if not found.converged:
            raise _lost("the profile likelihood")
        root = float(np.sqrt(max(2 * (self.best.value - found.value), 0.0)))
        return root, abs(float(found.score[term])) / root if root > 0 else 0.0, found.beta


def _lost(what: str) -> FitError:
    rule = f"{what} was not maximised: with extreme values it can have more than one maximum"
    return FitError(Finding("N16", rule, "look for wrong values, or use a transform such as log"))
