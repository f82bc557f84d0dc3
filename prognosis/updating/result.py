"""What updating a model in another cohort found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cohorts.errors import Finding

if TYPE_CHECKING:
    from prognosis.model import FittedModel


@dataclass(frozen=True, eq=False, repr=False)
class Updating:
    """A model updated in another cohort, and the evidence for it.

    Parameters
    ----------
    model : as it was. updated : as it is now; the original itself where the closed test kept it.
    method : asked for. chosen : ``original``, ``intercept``, ``slope`` or ``refit``.
    cohort, n, events : where. observed, expected : events up to the end of the model's follow-up, and how many the
        original expects; not a number where a model has no such count.
    intercept, intercept_error : log of observed over expected (Cox), or what is added to the log odds, with its
        standard error. slope, slope_error : of the linear predictor. Not a number where not estimated.
    table : likelihoods of the nested models in the new cohort, see `compared`; empty for models without.
    warnings : findings.
    """

    model: FittedModel
    updated: FittedModel
    method: str
    chosen: str
    cohort: str
    n: int
    events: int
    observed: float
    expected: float
    intercept: float
    intercept_error: float
    slope: float
    slope_error: float
    table: pd.DataFrame
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"Updating({self.model.name} in {self.cohort}, {self.n} patients, {self.events} events: {self.chosen})"
