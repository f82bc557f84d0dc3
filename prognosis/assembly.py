"""A fitted recipe and its study, put together into a model that answers for new patients."""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING, Any

from sklearn.base import clone

from cohorts import TimeToEvent
from cohorts.errors import Finding, FitError
from cohorts.version import __version__
from prognosis.model import FittedModel, Training
from prognosis.profile import observe, profile_of
from prognosis.recipe import Recipe

if TYPE_CHECKING:
    from prognosis.study import Study


def assemble(study: Study, fitted: Recipe, name: str) -> FittedModel:
    """Put a fitted recipe and its study together into a model."""
    state: Any = fitted
    outcome, cohort = study.outcome, study.cohort
    if not isinstance(study.endpoint, TimeToEvent):
        raise FitError(Finding("T30", f"a {study.endpoint.kind} endpoint has no follow-up", "declare a time to event"))
    return FittedModel(
        name=name,
        recipe=clone(fitted),
        preparation=state.preparation_,
        estimate=state.estimate_,
        codebook=cohort.codebook.only(study.predictors),
        endpoint=study.endpoint,
        horizons=study.horizons,
        event_label=dict(cohort.codebook[study.endpoint.event].label),
        n=len(outcome.ids),
        events=int((outcome.event == 1).sum()),
        profile=profile_of(study.frame),
        follow_up=observe(outcome.time, outcome.event == 1, outcome.entry),
        seed=study.seed,
        missing=study.missing,
        flow=tuple((str(step), int(n)) for step, n in study.flow.itertuples(index=False)),
        warnings=(*study.warnings, *state.warnings_),
        created=_today(),
        version=__version__,
        id_column=cohort.codebook.id or "id",
        cohort=cohort.name,
        training=Training(outcome.ids, fitted),
    )


def _today() -> str:
    """Date of the fit in UTC; SOURCE_DATE_EPOCH fixes it, so that a run can be repeated to the byte."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = dt.datetime.now(dt.UTC) if epoch is None else dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return now.strftime("%Y-%m-%d")
