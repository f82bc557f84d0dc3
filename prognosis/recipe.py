"""What every model recipe is: a scikit-learn estimator of plain parameters that fits raw predictors to an outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.limits import Limit
from prognosis.profile import ObservedCurve, observe

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What a metric sees of a fitted model in some rows: outcome and linear predictor, (n,) each.

    `stratum`: pairs and risk sets are compared within strata only. With competing events nobody who had one is ever
    overtaken: `time` lies after all others there. A binary outcome has time 0 for events and 1 for the others, so
    that each pair of an event and a non-event counts. `slope` refits the model's own likelihood to the linear
    predictor alone.
    """

    time: Floats
    event: NDArray[np.bool_]
    linear_predictor: Floats
    entry: Floats | None = None
    weight: Floats | None = None
    stratum: NDArray[np.int64] | None = None
    slope: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        unusable = int((~np.isfinite(self.linear_predictor)).sum())
        if unusable:
            rule = f"the score is missing or infinite for {unusable} of {len(self.linear_predictor)} patients"
            raise DataContractError(Finding("M01", rule, "complete the predictors of these patients"))


class Recipe(BaseEstimator):
    """A model before it has seen data.

    A new model is one file in ``prognosis/models`` with a subclass that sets `kind`, `endpoints` and
    `estimate_class` (a class, or several where the endpoint decides), and whose ``fit(X, y)`` sets ``preparation_``,
    ``estimate_``, ``warnings_`` and ``training_``.
    """

    kind: ClassVar[str] = ""
    endpoints: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Mapping[str, Limit]] = {}
    estimate_class: ClassVar[Any] = None
    # True when the likelihood can use an event that is only known to lie between two visits.
    interval_censoring: ClassVar[bool] = False

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
        outcome = read_outcome(y, timed="binary" not in self.endpoints)
        return Evaluation(*pairs_of(outcome), self.predict(X), outcome.entry)

    def observed(self) -> tuple[ObservedCurve | None, tuple[ObservedCurve, ...]]:
        """Observed curve of the training rows, weighted as the fit, and one a stratum (none without strata).

        Kaplan-Meier; with competing events 1 minus the Aalen-Johansen incidence; None for a binary outcome.
        """
        kept: Any = self
        training = kept.training_
        outcome, weight, stratum = training.outcome, training.weight, training.stratum
        if not outcome.timed:
            return None, ()

        def curve(rows: NDArray[Any] | slice) -> ObservedCurve:
            part = outcome.take(rows)
            return observe(part.time, part.event, part.entry, weight[rows])

        strata = () if stratum is None else tuple(curve(stratum == s) for s in range(stratum.max() + 1))
        return curve(slice(None)), strata

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
    """Return raw predictors as a frame with names of text; columns of an array become x0, x1, ...

    Raises
    ------
    DataContractError
        C02 when two columns bear one name.
    """
    if isinstance(X, pd.DataFrame):
        names = [str(name) for name in X.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise_findings(
            (Finding("C02", f"columns {name} and {name} bear one name", "rename one", name) for name in twice),
            DataContractError,
        )
        return X.set_axis(names, axis="columns")
    values = np.empty((0, 0)) if issparse(X) else np.asarray(X)
    raise_findings(_array_faults(X, values), DataContractError)
    return pd.DataFrame(values.astype(float), columns=[f"x{j}" for j in range(values.shape[1])])


def _array_faults(X: Any, values: NDArray[Any]) -> list[Finding]:
    if issparse(X):
        return [Finding("C10", "a sparse matrix is not supported", "give a dense one: X.toarray()")]
    if values.ndim != 2:
        rule = f"an array of {values.ndim} dimension(s) for a table of patients and predictors"
        return [Finding("S18", rule, "Reshape your data: X.reshape(-1, 1) for one predictor")]
    if values.dtype.kind == "c":
        return [Finding("C10", "Complex data not supported", "give real numbers")]
    if values.dtype.kind in "USV" or (values.dtype == object and any(isinstance(cell, str) for cell in values.flat)):
        return [Finding("C10", "string dtype in an array of predictors", "give numbers, or a frame with categories")]
    return []


@dataclass(frozen=True)
class SurvivalArrays:
    """The outcome as arrays, (n,) each.

    Parameters
    ----------
    time : follow-up; all not a number for a binary outcome.
    event : 0 censored (or no event), 1 event, 2 and more competing events.
    entry : delayed entry. last_free : last time known to be free of the event, where the event was found at a visit.
    """

    time: Floats
    event: NDArray[np.int64]
    entry: Floats | None = None
    last_free: Floats | None = None

    @property
    def timed(self) -> bool:
        """False for a binary outcome."""
        return not np.isnan(self.time).any()

    def take(self, rows: NDArray[Any] | slice) -> SurvivalArrays:
        """Return the outcome of some rows."""
        parts = (None if part is None else part[rows] for part in (self.entry, self.last_free))
        return SurvivalArrays(self.time[rows], self.event[rows], *parts)


def pairs_of(outcome: SurvivalArrays) -> tuple[Floats, NDArray[np.bool_]]:
    """Return time and event as concordance compares them; see `Evaluation`. Source: Wolbers et al. (2009)."""
    happened = outcome.event == 1
    if not outcome.timed:
        return np.where(happened, 0.0, 1.0), happened
    competed = outcome.event > 1
    if not competed.any():
        return outcome.time, happened
    return np.where(competed, 2 * outcome.time.max() + 1, outcome.time), happened


FIELDS = ("event", "time", "entry", "last_free")


def read_outcome(y: NDArray[Any], timed: bool = True) -> SurvivalArrays:
    """Read a structured outcome with the fields ``event``, ``time`` and optionally ``entry`` and ``last_free``.

    With ``timed=False`` the outcome is binary: a field ``event`` alone, or a plain array of 0 and 1.

    Raises
    ------
    DataContractError
        S18 if it has other fields; as `cohorts` does for a table: T03 time missing, T04 infinite, T01 negative,
        T08 event missing, T10 event no whole number from 0, T21 entry not before the time.
    """
    if not timed:
        return _read_binary(np.asarray(y))
    names = getattr(y, "dtype", np.dtype(float)).names or ()
    if not {"event", "time"} <= set(names) or set(names) - set(FIELDS):
        rule = f"the outcome has the fields ({', '.join(names)})"
        raise DataContractError(
            Finding("S18", rule, "a structured array with the fields event, time and optionally entry")
        )
    time = y["time"].astype(float)
    entry, last_free = (y[name].astype(float) if name in names else None for name in FIELDS[2:])
    raise_findings([*_time_faults(time, entry), *_event_faults(y["event"])], DataContractError)
    return SurvivalArrays(time, y["event"].astype(np.int64), entry, last_free)


def _read_binary(y: NDArray[Any]) -> SurvivalArrays:
    names = y.dtype.names or ()
    if names not in ((), ("event",)) or y.ndim != 1:
        rule = f"a binary outcome of shape {y.shape} with the fields ({', '.join(names)})"
        raise DataContractError(Finding("S18", rule, "give one 0 or 1 a row, as an array or as the field event"))
    event = y["event"] if names else y
    raise_findings(_event_faults(event), DataContractError)
    if (event > 1).any():
        rule = "a binary outcome is 0 or 1"
        raise DataContractError(Finding("T10", rule, "correct the outcome", rows=_places(event > 1)))
    return SurvivalArrays(np.full(len(event), np.nan), event.astype(np.int64))


def _time_faults(time: Floats, entry: Floats | None) -> list[Finding]:
    absent, infinite = np.isnan(time), np.isinf(time)
    negative = np.isfinite(time) & (time < 0)
    faults = [("T03", "time missing", absent), ("T04", "infinite time", infinite), ("T01", "negative time", negative)]
    if entry is not None:
        faults.append(("T21", "entry>=exit (or entry missing)", ~(entry < time) & ~absent))
    return [Finding(code, rule, "correct the outcome", rows=_places(rows)) for code, rule, rows in faults if rows.any()]


def _event_faults(event: NDArray[Any]) -> list[Finding]:
    if event.dtype.kind not in "biuf":
        return [Finding("T07", f"event codes of {event.dtype} dtype", "give whole numbers, 0 for censored")]
    absent = np.isnan(event) if event.dtype.kind == "f" else np.zeros(len(event), bool)
    wrong = ~absent & ((event < 0) | (event != np.floor(event)))
    faults = [("T08", "event missing", absent), ("T10", "event code that is no whole number from 0", wrong)]
    return [Finding(code, rule, "correct the outcome", rows=_places(rows)) for code, rule, rows in faults if rows.any()]


def _places(rows: NDArray[np.bool_]) -> tuple[str, ...]:
    """Rows of an array have no ids: their places, from 0."""
    return tuple(str(place) for place in np.flatnonzero(rows))
