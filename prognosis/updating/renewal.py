"""An updated model as a model of its own: its rows, follow-up and name, and what no longer holds left out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cohorts.errors import Finding, FitError, warn_findings
from prognosis.curves.observed import observe
from prognosis.joint_distance import JointDistance
from prognosis.model_record import Training
from prognosis.new_cohort import NewCohort
from prognosis.profile import ObservedCurve, profile_of
from prognosis.regression import Regression

if TYPE_CHECKING:
    from prognosis.model import FittedModel

NAMED = {"intercept": "new level", "slope": "new slope", "refit": "refitted"}
Curves = tuple[ObservedCurve | None, tuple[ObservedCurve, ...]]


def refitted(model: FittedModel, new: NewCohort, *, quiet: bool = False) -> FittedModel:
    """Fit the model's recipe to the new cohort, with the columns (levels, scales, knots) that the model has.

    With `quiet` its warnings are kept and not shown.

    Raises
    ------
    FitError
        E07 a recipe that cannot take given columns; what its fit raises.
    """
    if not isinstance(model.recipe, Regression):
        rule = f"{type(model.recipe).__name__} has no columns that could be kept"
        raise FitError(Finding("E07", rule, "fit a model to the new cohort with a Study"))
    recipe: Any = model.recipe.fresh().prepared(model.preparation)
    columns = [*model.predictors, *(name for name in recipe.auxiliary if name in new.frame.columns)]
    others = [name for name in recipe.auxiliary if name not in columns]
    X = pd.concat([new.frame[columns], new.cohort.view(others)], axis=1)
    fitted = recipe.fit(X, new.endpoint.outcome(new.cohort).to_structured())
    warn_findings(() if quiet else fitted.warnings_, stacklevel=6)
    follow_up, strata_follow_up = fitted.observed()
    design = fitted.training_.design + fitted.estimate_.means
    return replace(
        model,
        estimate=fitted.estimate_,
        profile=profile_of(new.frame[list(model.predictors)]),
        follow_up=follow_up,
        strata_follow_up=strata_follow_up,
        n=len(fitted.training_.outcome.event),
        events=int((fitted.training_.outcome.event == 1).sum()),
        flow=tuple((str(step), int(n)) for step, n in new.cohort.flow.itertuples(index=False)),
        cohort=new.cohort.name,
        pooled=None,
        distance=JointDistance.fit(design) if len(design) > design.shape[1] + 1 else None,
        deaths=None,
        training=Training(new.ids, fitted),
        warnings=(*model.warnings, *fitted.warnings_),
    )


def renewed(model: FittedModel, new: NewCohort, chosen: str, notes: tuple[Finding, ...]) -> FittedModel:
    """Give a changed model its name and notes; the validation of the model it was no longer holds.

    With a new slope the baseline is that of the new cohort, and so are the observed curves and numbers at risk. Number
    of patients and distribution of the predictors stay those that the coefficients come from.
    """
    follow_up, strata_follow_up = (model.follow_up, model.strata_follow_up)
    if chosen == "slope":
        follow_up, strata_follow_up = _curves(model, new)
    return replace(
        model,
        name=f"{model.name} ({NAMED[chosen]})",
        follow_up=follow_up,
        strata_follow_up=strata_follow_up,
        validation=None,
        external=(),
        # of those whose observed curve it is
        deaths=model.deaths if chosen == "intercept" else None,
        pooled=model.pooled if chosen == "intercept" and model.follow_up is not None else None,
        training=model.training if chosen == "refit" else None,
        verified=False,
        warnings=(*model.warnings, *notes),
    )


def _curves(model: FittedModel, new: NewCohort) -> Curves:
    outcome, stratum = new.outcome, model.answering.stratum(new.frame)
    if not outcome.timed:
        return None, ()
    everybody = np.ones(len(outcome.event), bool)
    groups = [everybody] + [stratum == s for s in range(len(model.strata_follow_up))] if stratum is not None else []
    parts = [outcome.take(rows) for rows in groups or [everybody]]
    curves = [observe(part.time, part.event, part.entry) for part in parts]
    return curves[0], tuple(curves[1:])
