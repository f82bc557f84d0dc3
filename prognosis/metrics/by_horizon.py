"""What the measures at horizons share: risks checked, and each horizon's parts turned into an estimate with error."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import DataContractError, Finding
from prognosis.kernels.horizon_scores import censoring_hazards, spread_censoring
from prognosis.metrics.measured import Measured, from_influence
from prognosis.metrics.weights import CensoringWeights

Floats = NDArray[np.float64]


def checked_risk(risk: ArrayLike, shape: tuple[int, int], *, probability: bool = True) -> Floats:
    """Return risks as (n, h), or (n, 1) where the horizons share them.

    Raises
    ------
    DataContractError
        M01 a risk that is missing or infinite; M09 not one a patient and horizon, or no probability.
    """
    values = np.asarray(risk, float)
    values = values[:, None] if values.ndim == 1 else values
    if values.shape not in (shape, (shape[0], 1)):
        rule = f"risks of shape {np.shape(risk)} for {shape[0]} patients and {shape[1]} horizons"
        raise DataContractError(Finding("M09", rule, f"give an array of shape {shape}"))
    lowest, highest = values.min(), values.max()
    if not np.isfinite(lowest + highest):
        rows = np.flatnonzero((~np.isfinite(values)).any(axis=1))
        rule = f"the score is missing or infinite for {len(rows)} of {len(values)} patients"
        raise DataContractError(Finding("M01", rule, "complete the predictors of these patients", rows=_places(rows)))
    if probability and (lowest < 0 or highest > 1):
        rows = np.flatnonzero(((values < 0) | (values > 1)).any(axis=1))
        rule = f"risks from {lowest:g} to {highest:g} are no probabilities of the event"
        advice = "give the probability of the event by each horizon, from 0 to 1"
        raise DataContractError(Finding("M09", rule, advice, rows=_places(rows)))
    return values


def _places(rows: NDArray[np.int64]) -> tuple[str, ...]:
    """Rows of an array have no ids: their places, from 0."""
    return tuple(str(row) for row in rows)


def measure(
    name: str, weights: CensoringWeights, judged: Iterable[tuple[float, Floats]], *, errors: bool = True
) -> Measured:
    """Build a measure from each horizon's estimate and parts; parts are read before the next horizon is judged.

    Parts (n,), by time: the derivative of the estimate by the log of each patient's weight, times n.
    """
    w, n = weights, len(weights.time)
    estimate = np.empty(len(w.horizons))
    # A row is a horizon: memory is walked straight. R's standard error divides by n - 1.
    influence = np.empty((len(estimate), n if errors else 0))
    scale = np.sqrt(n / (n - 1)) / n if n > 1 else np.nan
    censored, hazards, room = w.event == 0, censoring_hazards(w.event, w.ends), np.empty(n)
    for j, (value, parts) in enumerate(judged):
        estimate[j] = value
        if errors:
            spread_censoring(parts, censored, hazards, w.known[j], w.order, scale, influence[j], room)
    return from_influence(name, w.horizons, estimate, influence.T)
