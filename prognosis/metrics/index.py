"""What a metric of a validation is: a name, what it needs, and a function of an evaluation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError, PrognosisError
from prognosis.evaluation import Evaluation
from prognosis.metrics.binary_calibration import binary_calibration
from prognosis.metrics.measured import Measured

Floats = NDArray[np.float64]
TIMED = ("time_to_event", "competing")
EVERY = (*TIMED, "binary")
# Fewer horizons than this are no grid to integrate over.
FINE = 20


@dataclass(frozen=True)
class Reading:
    """Values of a metric at its k places: horizons, and within them thresholds.

    Parameters
    ----------
    estimate : (k,). lower, upper : (k,) 95 % limits, not a number where errors were not asked for or are not known.
    influence : (n, k) of each patient on the estimate, for paired differences; no rows where it is not known.
    """

    estimate: Floats
    lower: Floats
    upper: Floats
    influence: Floats


@dataclass(frozen=True)
class Index:
    """A metric of a validation.

    Parameters
    ----------
    name : key in tables and files. measure : function of an evaluation and of whether errors are wanted.
    rank : place in tables. endpoints : kinds it is defined for.
    by_horizon, by_threshold : one value a horizon, a threshold.
    internal, external : part of the default set inside the cohort, in other cohorts.
    perfect : value of a perfect prediction, None where it depends on the cohort.
    higher_is_better : None where the perfect value lies between.
    fixed_when_apparent : the apparent value follows from the fit itself (a calibration slope of 1), so that its
        spread is that of the original model in the resamples.
    bounds : smallest and largest possible value; limits stop there.
    pooled : of no use in single folds (a smooth curve of some patients is mostly noise): where patients are left out,
        it is measured in all of them together. grid : needs as many horizons as a grid has.
    no_information : value of predictions that have nothing to do with the outcome, at each place, for the .632+ rule.
    """

    name: str
    measure: Callable[[Evaluation, bool], Reading]
    rank: int
    endpoints: tuple[str, ...] = EVERY
    by_horizon: bool = False
    by_threshold: bool = False
    internal: bool = False
    external: bool = True
    perfect: float | None = None
    higher_is_better: bool | None = None
    fixed_when_apparent: bool = False
    bounds: tuple[float, float] = (-np.inf, np.inf)
    pooled: bool = False
    grid: bool = False
    no_information: Callable[[Evaluation], Floats] | None = None

    def places(self, horizons: Floats, thresholds: tuple[float, ...]) -> list[tuple[float, float]]:
        """List horizon and threshold of each value; not a number where the metric has none."""
        nothing = (float("nan"),)
        times = tuple(map(float, horizons)) if self.by_horizon else nothing
        return [(h, t) for h in times for t in (thresholds if self.by_threshold else nothing)]

    def count(self, evaluation: Evaluation) -> int:
        """Count the values, one a place."""
        times = len(evaluation.horizons) if self.by_horizon else 1
        return times * (len(evaluation.thresholds) if self.by_threshold else 1)

    def values(self, evaluation: Evaluation) -> Floats:
        """Measure at every place, without errors; what cannot be measured is not a number, each horizon for itself."""
        if not (known := self.count(evaluation)) or not len(evaluation.marker):
            return np.full(known, np.nan)
        try:
            return np.asarray(self.measure(evaluation, False).estimate, float)
        except PrognosisError:
            if not self.by_horizon or len(evaluation.horizons) == 1:
                return np.full(known, np.nan)
        return np.concatenate([self.values(evaluation.at(place)) for place in range(len(evaluation.horizons))])

    def without_information(self, evaluation: Evaluation) -> Floats:
        """Value at each place of predictions that know nothing; not a number where that cannot be known."""
        places = self.places(evaluation.horizons, evaluation.thresholds)
        try:
            value = np.array(np.nan) if self.no_information is None else self.no_information(evaluation)
        except PrognosisError:
            value = np.array(np.nan)
        return np.broadcast_to(value, (len(places),)).astype(float)


def bare(estimate: Floats) -> Reading:
    """Wrap values without errors."""
    unknown, nobody = _unknown(len(estimate))
    return Reading(estimate, unknown, unknown, nobody)


@cache
def _unknown(count: int) -> tuple[Floats, Floats]:
    """Limits and influence of values without errors; read-only, since all of them share it."""
    unknown, nobody = np.full(count, np.nan), np.empty((0, count))
    unknown.setflags(write=False)
    nobody.setflags(write=False)
    return unknown, nobody


def reading(found: Measured, errors: bool = True) -> Reading:
    """Take over a measure with its limits."""
    return Reading(found.estimate, *found.limits(), found.influence) if errors else bare(found.estimate)


def binary_reading(evaluation: Evaluation, name: str) -> Reading:
    """Take over a measure of `binary_calibration`, for risks of a binary outcome."""
    found = binary_calibration(evaluation.outcome.event, evaluation.risk[:, 0])
    at = [found.names.index(name)]
    lower, upper = found.limits()
    return Reading(found.estimate[at], lower[at], upper[at], found.influence[:, at])


def refuse_weights(evaluation: Evaluation, name: str) -> None:
    """Refuse case weights, which a metric at a horizon does not count.

    Raises
    ------
    PredictionError
        M11 case weights.
    """
    if evaluation.weight is not None:
        rule = f"{name} at a horizon does not count case weights"
        raise PredictionError(Finding("M11", rule, "ask for harrell_c and calibration_slope, or fit without weights"))
