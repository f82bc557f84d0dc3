"""What a statistician asks of a fitted model beyond risks: residuals, tests, survival times, shrinkage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cohorts.errors import Finding, FitError, PredictionError
from prognosis.cox.baseline import Interval
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.hypothesis_tests import wald_tests
from prognosis.cox.survival_times import restricted_mean, survival_quantiles
from prognosis.estimate import require_coefficients
from prognosis.patients import Patients
from prognosis.shrinkage import heuristic_shrinkage

if TYPE_CHECKING:
    from prognosis.model import FittedModel

SLOPE = "calibration_slope"


def asked_of_fit(model: FittedModel, name: str, *arguments: Any, **options: Any) -> Any:
    """Ask the freshly fitted recipe; its methods are the diagnostics that need the training rows.

    Raises
    ------
    FitError
        N03 after loading, or when this kind of model has no such diagnostic.
    """
    fitted: Any = model.freshly_fitted()
    if model.selection is not None or model.tuning is not None:
        fitted = fitted.answering_recipe
    if not hasattr(fitted, name):
        what = {"proportional_hazards": "proportional hazards test"}.get(name, name)
        rule = f"{model.kind} models have no {what}" + (" after imputation" if model.pooled is not None else "")
        raise FitError(Finding("N03", rule, "fit complete cases with Cox" if model.pooled is not None else "fit Cox"))
    return getattr(fitted, name)(*arguments, **options)


def anova(model: FittedModel) -> pd.DataFrame:
    """Wald tests by term: all columns of a variable together, non-linear parts, interactions; as ``rms::anova``."""
    require_coefficients(model.estimate, "Wald tests")
    return wald_tests(model.estimate, model.preparation)


def survival_times(
    model: FittedModel, patients: Patients, probability: float, level: float, interval: Interval
) -> pd.DataFrame:
    """See `FittedModel.survival_time`."""
    table = model.door.admit(patients)
    _refuse_gaps(table.frame)
    design, estimate = model.preparation.design(table.frame), model.estimate
    offset, stratum = model.answering.offset_of(table.frame), model.answering.stratum(table.frame)
    if isinstance(estimate, CoxEstimate):
        found = survival_quantiles(
            estimate, design, np.array([probability]), offset=offset, stratum=stratum, level=level, interval=interval
        )
        columns = [part[:, 0] for part in found]
    elif hasattr(estimate, "quantile"):
        columns = [part.ravel() for part in estimate.quantile(design, probability, offset=offset, level=level)]
    else:
        rule = f"a {model.kind} model of a {model.endpoint.kind} endpoint has no survival time"
        raise FitError(Finding("N03", rule, "use predict, which gives the probability of the event by each horizon"))
    return pd.DataFrame({"id": table.ids} | dict(zip(("time", "lower", "upper"), columns, strict=True)))


def restricted_means(model: FittedModel, patients: Patients, tau: float) -> pd.DataFrame:
    """See `FittedModel.restricted_mean`."""
    if not isinstance(model.estimate, CoxEstimate):
        rule = f"no restricted mean survival time of a {model.kind} model of a {model.endpoint.kind} endpoint"
        raise FitError(Finding("N03", rule, "fit Cox to a time to event"))
    table = model.door.admit(patients)
    _refuse_gaps(table.frame)
    if tau > (model.max_follow_up or 0.0):
        rule = f"tau {tau:g} {model.unit} lies beyond the max follow-up of {model.max_follow_up:g} {model.unit}"
        raise PredictionError(Finding("P10", rule, "give an earlier time: nobody was observed that long"))
    found = restricted_mean(
        model.estimate,
        model.preparation.design(table.frame),
        tau,
        offset=model.answering.offset_of(table.frame),
        stratum=model.answering.stratum(table.frame),
    )
    return pd.DataFrame({"id": table.ids, "mean": found.mean, "se": found.se})


def shrunken(model: FittedModel, slope: float | None) -> FittedModel:
    """See `FittedModel.shrunken`."""
    require_coefficients(model.estimate, "uniform shrinkage")
    factor, source = (slope, "as given") if slope is not None else _slope_of(model)
    estimate = asked_of_fit(model, "shrunken", factor)
    rule = f"coefficients are multiplied by {factor:.4g} (uniform shrinkage, {source}); the baseline is estimated anew"
    note = Finding("Z06", rule, "the validation of the unshrunken model is not attached", severity="warning")
    # without its training rows: the recipe in them is the unshrunken one, whose residuals are not this model's
    warned = (*model.warnings, note)
    return replace(model, estimate=estimate, validation=None, external=(), training=None, warnings=warned)


def _slope_of(model: FittedModel) -> tuple[float, str]:
    if model.validation is None:
        factor = heuristic_shrinkage(model.loglik, len(model.estimate.coefficients))
        return factor, "heuristic of van Houwelingen and le Cessie"
    table = model.validation.of(model.name).set_index("metric")
    return min(float(table.loc[SLOPE, "corrected"]), 1.0), "corrected calibration slope"


def _refuse_gaps(frame: pd.DataFrame) -> None:
    gone = frame.isna().any(axis=1)
    if gone.any():
        rows: Sequence[str] = tuple(str(row) for row in frame.index[gone])
        rule = "survival times are not averaged over imputed values"
        raise PredictionError(Finding("P02", rule, "complete the values, or use predict", rows=tuple(rows)))
