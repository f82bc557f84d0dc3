"""A new cohort under a model, and the model with one change made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from prognosis.cox.estimate import CoxEstimate
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.new_cohort import NewCohort
from prognosis.published.estimate import PublishedHazard, PublishedOdds
from prognosis.updating.cox import Observed, cox_with_level, cox_with_slope, observe_cox
from prognosis.updating.likelihoods import Level, NewRows
from prognosis.updating.logistic import logistic_with_level, logistic_with_slope, observe_logistic
from prognosis.updating.parametric import parametric_with_slope
from prognosis.updating.published import known_hazard, known_odds, published_with_level
from prognosis.updating.renewal import refitted

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """New patients under a model.

    Parameters
    ----------
    new : the patients. design : (n, p) uncentred, averaged over the draws where predictors are imputed. offset : (n,)
        or None. nested : rows of the model's likelihood, None where it has none here. cox : as a Cox model sees them.
    """

    new: NewCohort
    design: Floats
    offset: Floats | None
    nested: NewRows | None = None
    cox: Observed | None = None


class Change(NamedTuple):
    """A changed model with its slope and the error of it, not a number where none was estimated."""

    model: FittedModel
    slope: float = float("nan")
    slope_error: float = float("nan")


def see(model: FittedModel, new: NewCohort) -> Seen:
    """Put new patients under a model."""
    answering, estimate = model.answering, model.estimate
    design, offset = answering.design(new.frame), answering.offset_of(new.frame)
    if isinstance(estimate, PublishedHazard):
        return Seen(new, design, offset, None, observe_cox(known_hazard(estimate), design, new.outcome, None, offset))
    if isinstance(estimate, CoxEstimate):
        observed = observe_cox(estimate, design, new.outcome, answering.stratum(new.frame), offset)
        return Seen(new, design, offset, observed.rows, observed)
    if isinstance(estimate, LogisticEstimate):
        return Seen(new, design, offset, observe_logistic(estimate, design, new.outcome.event == 1, offset))
    return Seen(new, design, offset)


def change(model: FittedModel, seen: Seen, chosen: str, found: Level) -> Change:
    """Make the chosen change; `found` is what the nested likelihoods say of it.

    Raises
    ------
    FitError
        What the fit in the new cohort raises.
    """
    if chosen == "original":
        return Change(model)
    if chosen == "refit":
        return Change(refitted(model, seen.new))
    if chosen == "intercept":
        return Change(_with_estimate(model, _levelled(model.estimate, found)))
    estimate, slope, error = _sloped(model.estimate, seen)
    return Change(_with_estimate(model, estimate), slope, error)


def _levelled(estimate: Any, found: Level) -> Any:
    if isinstance(estimate, PublishedHazard):
        return published_with_level(estimate, found)
    return (logistic_with_level if isinstance(estimate, LogisticEstimate) else cox_with_level)(estimate, found)


def _sloped(estimate: Any, seen: Seen) -> tuple[Any, float, float]:
    if seen.cox is not None:
        return cox_with_slope(known_hazard(estimate) if isinstance(estimate, PublishedHazard) else estimate, seen.cox)
    if seen.nested is not None:
        known = known_odds(estimate) if isinstance(estimate, PublishedOdds) else estimate
        return logistic_with_slope(known, seen.nested)
    return parametric_with_slope(estimate, seen.design, seen.new.outcome, seen.offset)


def _with_estimate(model: FittedModel, estimate: Any) -> FittedModel:
    """Exchange the estimate; without Firth's profile the recipe is no longer Firth's."""
    recipe = model.recipe
    if recipe.get_params().get("penalty") == "firth" and not _has_profile(estimate):
        recipe = clone(recipe).set_params(penalty=None)
    return replace(model, estimate=estimate, recipe=recipe)


def _has_profile(estimate: Any) -> bool:
    profile: Floats | None = estimate.profile
    return profile is not None and len(profile) > 0
