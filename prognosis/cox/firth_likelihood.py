"""Firth's penalised partial likelihood: log-likelihood plus half the log-determinant of the information.

The penalty's gradient needs the third central moments of the covariates in every risk set, contracted with the
inverse information A: with a_i = x_i'A x_i it is

    E[a x] - m E[a] - 2 E[x x'] A m + 2 m (m'A m)      (E over the risk set weighted by risk, m = E[x])

summed over the events (Efron: over the steps of each tie, in which the tied patients count 1 - step / ties). All sums
are those of the ordinary likelihood on more columns; no array has three dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.likelihood import evaluate
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# As a part of the largest: below this an eigenvalue of the information is rounding, and its logarithm noise.
SMALLEST_EIGENVALUE = 1e-12


@dataclass(frozen=True)
class FirthState:
    """Values at coefficients `beta`: the penalised log-likelihood with its score, and the three without penalty."""

    beta: Floats
    penalised: float
    modified_score: Floats
    loglik: float
    score: Floats
    information: Floats


@dataclass(frozen=True)
class FirthLikelihood:
    """Penalised likelihood on (n, p) centred columns.

    Sources: Firth (1993); Heinze and Schemper (2001).
    """

    design: Floats
    risk_sets: RiskSets
    offset: Floats
    efron: bool

    def at(self, beta: Floats) -> FirthState:
        """Evaluate at coefficients; minus infinity where the information cannot be computed or inverted."""
        loglik, score, information = evaluate(self.design, self.offset, self.risk_sets, beta, self.efron)
        nowhere = FirthState(beta, -np.inf, np.full_like(beta, np.nan), float(loglik), score, information)
        if not np.isfinite(information).all() or not np.isfinite(loglik):
            return nowhere
        values = np.linalg.eigvalsh(information)
        if not values[0] > SMALLEST_EIGENVALUE * values[-1]:
            return nowhere
        penalised = float(loglik + 0.5 * np.log(values).sum())
        inverse: Floats = np.asarray(np.linalg.inv(information), float)
        modified = np.asarray(score + 0.5 * self._gradient_of_logdet(beta, inverse), float)
        return FirthState(beta, penalised, modified, float(loglik), score, information)

    def _gradient_of_logdet(self, beta: Floats, inverse: Floats) -> Floats:
        """Trace of the inverse information times its derivative by each coefficient, (p,)."""
        x, r = self.design, self.risk_sets
        p = x.shape[1]
        eta = self.offset + x @ beta
        eta = eta - eta.max()
        leverage = x @ inverse
        a = (leverage * x).sum(axis=1)
        s0, s1, d0, d1, _ = event_sums(np.hstack([x, a[:, None], a[:, None] * x]), eta, r, self.efron)
        g, fraction, weight = self._steps()
        denominator = s0[g] - fraction * d0[g]
        moments = (s1[g] - fraction[:, None] * d1[g]) / denominator[:, None]
        mean, mean_a, mean_ax = moments[:, :p], moments[:, p], moments[:, p + 1 :]
        spread = np.einsum("lj,jk,lk->l", mean, inverse, mean)
        per_step = mean_ax - mean * mean_a[:, None] + 2 * mean * spread[:, None]
        pulled = (weight / denominator)[:, None] * mean
        carried = over_risk_time(_sum_by(g, pulled, len(s0)), r)
        died = r.death >= 0
        carried[died] -= _sum_by(g, fraction[:, None] * pulled, len(s0))[r.death[died]]
        risk = r.weight * np.exp(eta)
        crossed = (risk * (leverage * carried).sum(axis=1)) @ x
        return np.asarray(weight @ per_step - 2 * crossed, float)

    def _steps(self) -> tuple[Integers, Floats, Floats]:
        """Event time, part of the tied patients already gone, and weight of every step of every tie."""
        r = self.risk_sets
        if not self.efron:
            return np.arange(len(r.events)), np.zeros(len(r.events)), r.death_weight
        g = np.repeat(np.arange(len(r.events)), r.events)
        step = np.arange(len(g)) - np.repeat(np.cumsum(r.events) - r.events, r.events)
        return g, step / r.events[g], (r.death_weight / r.events)[g]


def _sum_by(group: Integers, values: Floats, groups: int) -> Floats:
    """Sum rows by group, (groups, k)."""
    out = np.zeros((groups, values.shape[1]))
    np.add.at(out, group, values)
    return out
