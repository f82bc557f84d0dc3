"""What a metric sees of a model's answers in some patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding
from prognosis.metrics.weights import CensoringWeights, censoring_weights
from prognosis.outcome import SurvivalArrays, pairs_of

Floats = NDArray[np.float64]
NONE = np.empty(0)


class Recalibration(NamedTuple):
    """A model's own likelihood refitted to its linear predictor alone.

    `slope` : coefficient of the linear predictor. `null`, `given`, `refitted` : log (partial) likelihoods without it,
    with it as it is (slope 1), and with the slope; not a number where the model has no such likelihood. `std_err` : of
    the slope, model-based.
    """

    slope: float
    null: float = np.nan
    given: float = np.nan
    refitted: float = np.nan
    std_err: float = np.nan


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Outcome and answers of a model in n patients.

    Parameters
    ----------
    outcome : of the patients. marker : (n,) orders them by risk. linear_predictor : (n,), default the marker.
    horizons : (h,) of the risks; one that is not a number for a binary outcome. risks : (n, h) probability of the
        event, or what gives it when a metric asks for it.
    weight : (n,) case weights. stratum : (n,) pairs and risk sets are compared within strata only.
    recalibrate : refits the model's own likelihood to the linear predictor.
    thresholds : risks above which a patient counts as positive, for the metrics that need one.
    quick_concordance, quick_censoring : give the same Harrell's C and weights for censoring from what is known of all
        rows of a study, where that is possible.

    Raises
    ------
    DataContractError
        M01 a score that is missing or infinite.
    """

    outcome: SurvivalArrays
    marker: Floats
    linear_predictor: Floats = field(default_factory=lambda: NONE)
    horizons: Floats = field(default_factory=lambda: NONE)
    risks: Floats | Callable[[], Floats] = field(default_factory=lambda: np.empty((0, 0)))
    weight: Floats | None = None
    stratum: NDArray[np.int64] | None = None
    recalibrate: Callable[[], Recalibration] | None = None
    thresholds: tuple[float, ...] = ()
    quick_concordance: Callable[[], float] | None = None
    quick_censoring: Callable[[], CensoringWeights] | None = None

    def __post_init__(self) -> None:
        unusable = int((~np.isfinite(self.marker)).sum())
        if unusable:
            rule = f"the score is missing or infinite for {unusable} of {len(self.marker)} patients"
            raise DataContractError(Finding("M01", rule, "complete the predictors of these patients"))

    @property
    def score(self) -> Floats:
        """Linear predictor, or the marker where a model has none, (n,)."""
        return self.linear_predictor if len(self.linear_predictor) else self.marker

    @cached_property
    def risk(self) -> Floats:
        """Probability of the event by each horizon, (n, h)."""
        return self.risks() if callable(self.risks) else self.risks

    @cached_property
    def pairs(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Time and event as concordance compares them.

        With competing events nobody who had one is ever overtaken: the time lies after all others there. A binary
        outcome has time 0 for events and 1 for the others, so that each pair of an event and a non-event counts.
        """
        return pairs_of(self.outcome)

    @cached_property
    def censoring(self) -> CensoringWeights:
        """Weights for censoring at the horizons; raises as `censoring_weights`."""
        return self.quick_censoring() if self.quick_censoring else censoring_weights(self.outcome, self.horizons)

    @cached_property
    def recalibration(self) -> Recalibration:
        """The refit of the linear predictor; only a slope that is not a number where the model offers none."""
        return self.recalibrate() if self.recalibrate else Recalibration(np.nan)

    def at(self, place: int) -> Evaluation:
        """Return the same at one horizon."""
        horizons, risk = self.horizons[place : place + 1], self.risk[:, place : place + 1]
        return replace(self, horizons=horizons, risks=risk, quick_censoring=None)
