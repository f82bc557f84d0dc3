"""Support vector machines as plain numbers: a plane, or the patients near the border with their coefficients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.classifiers.estimate import ClassifierEstimate

Floats = NDArray[np.float64]
# Distances between rows and support vectors computed at a time.
BLOCK = 2_000_000


@dataclass(frozen=True, eq=False)
class Plane:
    """A linear machine: decision value = `constant` + z @ `weights` (columns,)."""

    holds_rows: ClassVar[bool] = False

    weights: Floats
    constant: float
    settled: bool = True

    def decision(self, z: Floats) -> Floats:
        """Decision value, (m,)."""
        return (z * self.weights).sum(axis=1) + self.constant

    def summary(self, columns: pd.DataFrame, variables: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002
        """Table: term, weight on the decision value of one standard deviation, mean, sd."""
        return columns[["term"]].assign(weight=self.weights, mean=columns["mean"], sd=columns["sd"])

    def doubts(self) -> list[Finding]:
        """Warn (B28) of a search that was stopped."""
        return unsettled(self.settled)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights."""
        return {"plane": self.weights}

    def to_dict(self) -> dict[str, Any]:
        """Return the constant."""
        return {"constant": self.constant, "settled": self.settled}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> Plane:
        """Rebuild; raises ValueError where there are not as many weights as columns."""
        (weights,) = (np.asarray(arrays[key], float) for key in ("plane",))
        constant, settled = float(stored["constant"]), stored["settled"]
        if weights.shape != (columns,) or not np.isfinite(constant) or not isinstance(settled, bool):
            raise ValueError("the weights do not fit the columns")
        return cls(weights, constant, settled)


@dataclass(frozen=True, eq=False)
class RadialMachine:
    """A machine with Gaussian kernels: `constant` + sum over support vectors of dual * exp(-gamma * distance^2).

    `support` : (supports, columns) standardised predictors of training patients. `dual` : (supports,).
    """

    holds_rows: ClassVar[bool] = True

    support: Floats
    dual: Floats
    gamma: float
    constant: float
    settled: bool = True

    def decision(self, z: Floats) -> Floats:
        """Decision value, (m,); a row's value does not depend on the rows beside it."""
        size = max(1, BLOCK // len(self.dual))
        blocks = [self._block(z[first : first + size]) for first in range(0, len(z), size)]
        return np.concatenate([np.empty(0), *blocks])

    def _block(self, z: Floats) -> Floats:
        squared = np.zeros((len(z), len(self.dual)))
        for column, supported in zip(z.T, self.support.T, strict=True):
            squared += (column[:, None] - supported) ** 2
        value: Floats = (np.exp(-self.gamma * squared) * self.dual).sum(axis=1) + self.constant
        return value

    def summary(self, columns: pd.DataFrame, variables: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002
        """Table of the columns as the machine sees them: term, mean, sd. It has no number of a single term."""
        return columns

    def doubts(self) -> list[Finding]:
        """Warn (L21) that the numbers hold patients' rows, and (B28) of a search that was stopped."""
        rule = f"the machine holds the predictors of {len(self.dual)} patients (its support vectors)"
        advice = "keep its file as patient data: it is written with store_reference=True only"
        return [Finding("L21", rule, advice, severity="warning"), *unsettled(self.settled)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return support vectors and coefficients."""
        return {"support": self.support, "dual": self.dual}

    def to_dict(self) -> dict[str, Any]:
        """Return width and constant."""
        return {"gamma": self.gamma, "constant": self.constant, "settled": self.settled}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> RadialMachine:
        """Rebuild; raises ValueError where the parts do not fit."""
        support, dual = np.asarray(arrays["support"], float), np.asarray(arrays["dual"], float)
        gamma, constant, settled = float(stored["gamma"]), float(stored["constant"]), stored["settled"]
        sound = 0 < gamma < np.inf and np.isfinite(constant) and isinstance(settled, bool)
        if not sound or not len(dual) or support.shape != (len(dual), columns):
            raise ValueError("the support vectors do not fit the columns")
        return cls(support, dual, gamma, constant, settled)


def unsettled(settled: bool) -> list[Finding]:
    """Warn (B28) of a margin that was not found."""
    if settled:
        return []
    rule = "the widest margin had not been found when the search was stopped"
    return [Finding("B28", rule, "a smaller C", severity="warning")]


class PlaneEstimate(ClassifierEstimate):
    """A linear support vector machine."""

    machine_class: ClassVar[Any] = Plane


class RadialEstimate(ClassifierEstimate):
    """A support vector machine with Gaussian kernels."""

    machine_class: ClassVar[Any] = RadialMachine
