"""Horizons of a prediction: positive times, and what must be said where the training cohort knows little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from cohorts.time_words import time_words
from prognosis.prediction import Remark
from prognosis.profile import ObservedCurve

Floats = NDArray[np.float64]

# Fewer patients than this at risk: the risk is given with a remark.
SPARSE = 10
INTERVALS = ("log", "log-log", "plain")


def checked_horizons(horizons: Any) -> Floats:
    """Return horizons as an array.

    Raises
    ------
    PredictionError
        P12 for what is no list of positive numbers.
    """
    values = [horizons] if isinstance(horizons, Real) else horizons
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise PredictionError(Finding("P12", f"horizons={horizons!r} is no list of numbers", "horizons=[12, 24]"))
    values = list(values)
    if any(isinstance(value, bool) or not isinstance(value, Real) for value in values):
        raise PredictionError(Finding("P12", f"horizon among {values!r} is no number", "horizons=[12, 24]"))
    times = np.array(values, float)
    wrong = ~np.isfinite(times) | (times <= 0)
    if wrong.any():
        rule = f"horizon {times[wrong][0]:g} is no positive number"
        raise PredictionError(Finding("P12", rule, "give horizons above 0"))
    if not len(times):
        raise PredictionError(Finding("P12", "no horizon is declared", "give horizons=[...]"))
    return times


def check_interval(level: object, interval: object) -> None:
    """Check level and scale of an interval.

    Raises
    ------
    PredictionError
        S14 for a level that is no number between 0 and 1, or an unknown scale.
    """
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < float(level) < 1:
        rule = f"level={level!r} is not allowed"
        raise PredictionError(Finding("S14", rule, "a number between 0 and 1, 0.95 is usual"))
    if interval not in INTERVALS:
        raise PredictionError(Finding("S14", f"interval={interval!r} is not allowed", "one of log, log-log, plain"))


def check_between(estimate: Any, kind: str, unit: str) -> None:
    """Refuse a curve over time of a model that answers at one time only.

    Raises
    ------
    PredictionError
        W08 naming that time.
    """
    if hasattr(estimate, "window"):
        rule = f"{kind} answers at its window of {time_words(estimate.window, unit)} only: it has no curve over time"
        raise PredictionError(Finding("W08", rule, "use predict at the window, or fit Cox"))


def horizon_remarks(observed: ObservedCurve, times: Floats, unit: str, stratum: str = "") -> list[Remark]:
    """Say which horizons lie beyond the follow-up (P10) or have few patients at risk (P11)."""
    last = float(observed.time[-1])
    where = f" of stratum {stratum}" if stratum else ""
    remarks = []
    for horizon in map(float, times):
        at_risk = observed.number_at_risk(horizon)
        if horizon > last:
            limit = f"the max follow-up of {time_words(last, unit)}{where}"
            remarks.append(
                Remark(
                    "P10", f"horizon {time_words(horizon, unit)} lies beyond {limit}: no risk is given", horizon=horizon
                )
            )
        elif at_risk < SPARSE:
            text = f"horizon {time_words(horizon, unit)}: only n at risk = {at_risk} in the training cohort{where}"
            remarks.append(Remark("P11", text, horizon=horizon))
    return remarks


def stratum_remarks(
    observed: Sequence[ObservedCurve],
    names: Sequence[str],
    patients: Iterable[tuple[str, int]],
    times: Floats,
    unit: str,
) -> list[Remark]:
    """Say the same of each patient's own stratum; `patients` are pairs of id and stratum."""
    return [
        replace(remark, patient=patient)
        for patient, s in patients
        for remark in horizon_remarks(observed[s], times, unit, names[s])
    ]
