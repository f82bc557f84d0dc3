"""Whose risks a figure judges, and how it names the time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.evaluation import Evaluation
from prognosis.outcome import SurvivalArrays
from reports.formatting import duration
from reports.wording import Wording, visible

Floats = NDArray[np.float64]
NAME_SHOWN = 24
# Where a binary outcome stands as an outcome without censoring: events at 1, the others free of it at 2.
BINARY_HORIZON = 1.5


@dataclass(frozen=True)
class Judged:
    """Risks of a model beside what happened.

    Parameters
    ----------
    evaluation : outcome, horizons and risks. model : its name. unit : of time, "" for a binary endpoint.
    """

    evaluation: Evaluation
    model: str
    unit: str

    @property
    def shown_name(self) -> str:
        """The model's name as it is printed."""
        return visible(self.model, NAME_SHOWN)

    @property
    def timed(self) -> bool:
        """False for a binary outcome."""
        return self.evaluation.outcome.timed

    def when(self, place: int, wording: Wording) -> str:
        """Return the horizon with its unit; "" for a binary outcome."""
        return duration(float(self.evaluation.horizons[place]), self.unit, wording) if self.timed else ""

    def title(self, key: str, without_time: str, place: int, wording: Wording) -> str:
        """Return the title of a figure at a horizon; by another key for a binary outcome."""
        if not self.timed:
            return wording(without_time, model=self.shown_name)
        return wording(key, model=self.shown_name, time=self.when(place, wording))

    def at(self, place: int) -> tuple[SurvivalArrays, Floats, Floats]:
        """Return outcome, risks (n, 1) and horizon (1,); a binary outcome as one without censoring.

        Shares, curves and net benefit are those of the binary outcome then, since nobody is censored.
        """
        e = self.evaluation
        if self.timed:
            return e.outcome, e.risk[:, [place]], e.horizons[[place]]
        happened = e.outcome.event == 1
        outcome = SurvivalArrays(np.where(happened, 1.0, 2.0), happened.astype(np.int64))
        return outcome, e.risk[:, [0]], np.array([BINARY_HORIZON])


def with_limits(value: float, lower: float, upper: float, wording: Wording, digits: int = 2) -> str:
    """Return a number with its interval, or that it is not known."""
    if not math.isfinite(value):
        return wording("figure_unknown")
    shown, low, high = (_rounded(number, digits) for number in (value, lower, upper))
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return shown
    return wording("figure_value_interval", value=shown, lower=low, upper=high)


def _rounded(value: float, digits: int) -> str:
    """Round without a sign before nought."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def floats(values: Floats) -> tuple[float, ...]:
    """Return an array as plain numbers."""
    return tuple(float(value) for value in values)
