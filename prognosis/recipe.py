"""What every model recipe is: a scikit-learn estimator of plain parameters that fits raw predictors to an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from cohorts.errors import DataContractError, Finding, FitError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What a metric sees of a fitted model in some rows: outcome and linear predictor, (n,) each.

    `stratum`: pairs and risk sets are compared within strata only. `efron`: the ties of the model.
    """

    time: Floats
    event: NDArray[np.bool_]
    linear_predictor: Floats
    entry: Floats | None = None
    weight: Floats | None = None
    stratum: NDArray[np.int64] | None = None
    efron: bool = True


@dataclass(frozen=True)
class Bounds:
    """Allowed range of a numeric parameter; the lower bound is included."""

    lower: float
    upper: float = float("inf")

    def allows(self, value: object) -> bool:
        """Tell whether a value is a number in the range."""
        return isinstance(value, int | float) and not isinstance(value, bool) and self.lower <= value <= self.upper

    def __str__(self) -> str:
        return f"a number of at least {self.lower:g}"


@dataclass(frozen=True)
class Choice:
    """Allowed values of a parameter."""

    values: tuple[str, ...]

    def allows(self, value: object) -> bool:
        """Tell whether a value is one of the choices."""
        return value in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(self.values)}"


class Recipe(BaseEstimator):
    """A model before it has seen data.

    A new model is one file in ``prognosis/models`` with a subclass that sets `kind`, `endpoints` and
    `estimate_class`, and whose ``fit(X, y)`` sets ``preparation_``, ``estimate_``, ``warnings_`` and ``training_``.
    """

    kind: ClassVar[str] = ""
    endpoints: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Mapping[str, Bounds | Choice]] = {}
    estimate_class: ClassVar[Any] = None

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors: strata, weights, cluster, offset."""
        return ()

    @property
    def selects(self) -> bool:
        """True when fitting chooses among predictors, so that the optimism bootstrap would flatter it."""
        return False

    def evaluation(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Evaluation:
        """Return outcome and linear predictor in some rows, for the metrics."""
        outcome = read_outcome(y)
        return Evaluation(outcome.time, outcome.event == 1, self.predict(X), outcome.entry)

    def check_parameters(self) -> None:
        """Check every parameter that has a declared limit.

        Raises
        ------
        FitError
            S14 naming all parameters out of their limits.
        """
        faults = [
            Finding(
                "S14",
                f"{type(self).__name__}: {name}={getattr(self, name)!r} is not allowed",
                f"{name} must be {limit}",
            )
            for name, limit in self.limits.items()
            if not limit.allows(getattr(self, name))
        ]
        if faults:
            raise FitError(*faults)


def as_frame(X: pd.DataFrame | Floats) -> pd.DataFrame:
    """Return raw predictors as a frame; columns of an array become x0, x1, ..."""
    if isinstance(X, pd.DataFrame):
        return X
    values = np.asarray(X, float)
    return pd.DataFrame(values, columns=[f"x{j}" for j in range(values.shape[1])])


@dataclass(frozen=True)
class SurvivalArrays:
    """The outcome as arrays: time, event code (0 censored, 1 event, 2 and more competing) and delayed entry."""

    time: Floats
    event: NDArray[np.int64]
    entry: Floats | None


def read_outcome(y: NDArray[Any]) -> SurvivalArrays:
    """Read a structured outcome with the fields ``event``, ``time`` and optionally ``entry``.

    Raises
    ------
    DataContractError
        T04 if it has other fields.
    """
    names = y.dtype.names or ()
    if not {"event", "time"} <= set(names) or set(names) - {"event", "time", "entry"}:
        rule = f"the outcome has the fields ({', '.join(names)})"
        raise DataContractError(
            Finding("T04", rule, "a structured array with the fields event, time and optionally entry")
        )
    entry = y["entry"].astype(float) if "entry" in names else None
    return SurvivalArrays(y["time"].astype(float), y["event"].astype(np.int64), entry)
