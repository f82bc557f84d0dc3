"""A fitted recipe and its study, put together into a model that answers for new patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from cohorts.errors import Finding
from cohorts.version import __version__
from prognosis.deaths import deaths_of
from prognosis.environment import today
from prognosis.joint_distance import JointDistance
from prognosis.model import FittedModel
from prognosis.model_record import Training
from prognosis.profile import profile_of
from prognosis.recipe import Recipe
from prognosis.tuning.result import Tuning

if TYPE_CHECKING:
    from prognosis.study import Study


def assemble(study: Study, fitted: Recipe, name: str, warnings: Sequence[Finding] = ()) -> FittedModel:
    """Put a fitted recipe and its study together into a model; `warnings` add to those of the fit."""
    state: Any = fitted
    outcome, cohort = study.outcome, study.cohort
    follow_up, strata_follow_up = fitted.observed()
    return FittedModel(
        name=name,
        recipe=clone(fitted.answering_recipe),
        preparation=state.preparation_,
        estimate=state.estimate_,
        codebook=cohort.codebook.only(state.preparation_.predictors),
        endpoint=study.endpoint,
        horizons=study.horizons,
        event_label=_event_label(study),
        n=len(state.training_.outcome.event),
        events=int((state.training_.outcome.event == 1).sum()),
        profile=profile_of(cohort.view(state.preparation_.predictors)),
        follow_up=follow_up,
        strata_follow_up=strata_follow_up,
        seed=study.seed,
        missing=study.missing,
        flow=tuple((str(step), int(n)) for step, n in study.flow.itertuples(index=False)),
        warnings=(*_about(study), *state.warnings_, *warnings),
        created=today(),
        version=__version__,
        id_column=cohort.codebook.id or "id",
        cohort=cohort.name,
        imputation=getattr(fitted, "imputation_", None),
        pooled=getattr(fitted, "pooled_", None),
        selection=getattr(fitted, "selection_", None),
        tuning=_tuning(fitted),
        distance=_distance(state),
        deaths=deaths_of(study, getattr(fitted.answering_recipe, "weights", None)),
        training=Training(outcome.ids, fitted, study.rows_of(fitted)),
    )


def _event_label(study: Study) -> dict[str, str]:
    """Return what the event is called; the label of a column with competing codes names more than the event."""
    endpoint = study.endpoint
    if endpoint.event_label is not None:
        return dict(endpoint.event_label)
    return {} if endpoint.kind == "competing" else dict(study.cohort.codebook[endpoint.event].label)


def _tuning(fitted: Any) -> Tuning | None:
    """How parameters were chosen, by this recipe or by one that it is fitted around."""
    while fitted is not None and not hasattr(fitted, "tuning_"):
        fitted = getattr(fitted, "fitted_", None)
    return None if fitted is None else fitted.tuning_


def _distance(fitted: Any) -> JointDistance | None:
    """Where the patients of the training without gaps lie; with as many columns every newcomer would lie outside."""
    design = fitted.training_.design
    known = design[~np.isnan(design).any(axis=1)]
    return JointDistance.fit(known + fitted.estimate_.means) if len(known) > design.shape[1] + 1 else None


def _about(study: Study) -> tuple[Finding, ...]:
    """Warnings of the study that concern this model: not those on columns it does not use."""
    used = {*study.predictors, *study.endpoint.columns}
    known = set(study.cohort.codebook)
    return tuple(f for f in study.warnings if f.column is None or f.column not in known or f.column in used)
