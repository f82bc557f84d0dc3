"""The two losses that are boosted: Cox's partial likelihood and the logistic likelihood, both exact in the weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from prognosis.kernels.boosted_cox import cox_loss
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import RiskSets, build_risk_sets

Floats = NDArray[np.float64]
Derivatives = tuple[Floats, Floats]
# Of a row: a smaller one is none, and a leaf of such rows would have any value.
SMALLEST_CURVATURE = 1e-16


class Loss(Protocol):
    """A negative log likelihood of n rows in their margins."""

    @property
    def weight(self) -> Floats:
        """Case weights, (n,)."""

    @property
    def start(self) -> float:
        """Margin of everybody before the first tree."""

    def derivatives(self, margin: Floats) -> Derivatives:
        """Gradient and curvature (diagonal of the Hessian) in the margin of each row, (n,) each."""

    def value(self, margin: Floats) -> float:
        """Negative log likelihood."""

    def take(self, rows: NDArray[np.bool_]) -> Loss:
        """Return the loss of some rows by themselves."""


@dataclass(frozen=True)
class CoxLoss:
    """Negative log partial likelihood; xgboost's own knows no weights in the risk sets and misses part of the ties.

    Parameters
    ----------
    outcome : (n,); events other than `cause` leave at their time, delayed entry counts. cause : code of the event.
    weight : (n,). efron : ties, else Breslow's.
    """

    outcome: SurvivalArrays
    cause: int
    weight: Floats
    efron: bool
    start: float = 0.0

    @cached_property
    def risk_sets(self) -> RiskSets:
        """Who is at risk when."""
        outcome = self.outcome
        return build_risk_sets(outcome.time, outcome.event == self.cause, outcome.entry, None, self.weight)

    def derivatives(self, margin: Floats) -> Derivatives:
        """Gradient and curvature, (n,) each."""
        out = np.empty((2, len(margin)))
        self._evaluate(margin, out)
        return out[0], np.maximum(out[1], SMALLEST_CURVATURE)

    def value(self, margin: Floats) -> float:
        """Negative log partial likelihood."""
        return self._evaluate(margin, np.empty((2, len(margin))))

    def _evaluate(self, margin: Floats, out: Floats) -> float:
        r = self.risk_sets
        sets = (r.first, r.last, r.death, r.weight, r.events, r.death_weight)
        return float(cox_loss(margin, sets, self.efron, out))

    def take(self, rows: NDArray[np.bool_]) -> CoxLoss:
        """Return the loss of some rows, in risk sets of their own."""
        return CoxLoss(self.outcome.take(rows), self.cause, self.weight[rows], self.efron)


@dataclass(frozen=True)
class LogisticLoss:
    """Negative log likelihood of a binary outcome. `event` : (n,). `weight` : (n,)."""

    event: NDArray[np.bool_]
    weight: Floats

    @cached_property
    def start(self) -> float:
        """Log odds of the event without any predictor."""
        share = float(np.average(self.event, weights=self.weight))
        return float(np.log(share / (1 - share)))

    def derivatives(self, margin: Floats) -> Derivatives:
        """Gradient and curvature, (n,) each."""
        p = expit(margin)
        return self.weight * (p - self.event), self.weight * np.maximum(p * (1 - p), SMALLEST_CURVATURE)

    def value(self, margin: Floats) -> float:
        """Negative log likelihood."""
        return float(self.weight @ np.logaddexp(0.0, np.where(self.event, -margin, margin)))

    def take(self, rows: NDArray[np.bool_]) -> LogisticLoss:
        """Return the loss of some rows."""
        return LogisticLoss(self.event[rows], self.weight[rows])
