"""The rows of the page's table: what was entered, what is usual in the training cohort, what it does to the risk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cohorts.variable import Variable
from nomograms.wording import measure_text, measured
from prognosis.harmonisation.preparation import needed_besides
from prognosis.model import FittedModel
from prognosis.patients import PatientTable
from prognosis.prediction import Prediction, Remark
from prognosis.profile import LevelProfile, NumericProfile
from prognosis.validation.risk_bands import PEOPLE
from reports.formatting import clinical, ratio
from reports.patient_content import Input
from reports.patient_kinds import effect_manner, effect_scale, is_published, printed_ratio
from reports.wording import Wording, visible

CLOSE_TO_AVERAGE = math.log(1.05)
LABEL_SHOWN = 80


def input_rows(
    model: FittedModel, table: PatientTable, values: Mapping[str, Any], remarks: Iterable[Remark], wording: Wording
) -> tuple[Input, ...]:
    """Return one row per predictor, the largest contribution first.

    Parameters
    ----------
    model : the model that answered. table : the patient as its door let him in.
    values : the patient's raw predictor values.
    remarks : remarks of this patient's `Prediction`.
    """
    remarks = tuple(remarks)
    contributions = _contributions(model, table)
    flags = {
        name: (
            *(remark_text(model, remark, values, wording) for remark in remarks if remark.column == name),
            *_few(model, name, values[name], wording),
        )
        for name in model.predictors
    }
    rows = [_row(model, name, values[name], contributions[name], flags[name], wording) for name in model.predictors]
    extra = [_extra_row(model, name, values[name], wording) for name in model.door.columns[len(rows) :]]
    return (*sorted(rows, key=lambda row: -abs(row.contribution or 0.0)), *extra)


def _contributions(model: FittedModel, table: PatientTable) -> Mapping[str, float | None]:
    """Return what each predictor adds to the linear predictor; None where the model has no coefficients."""
    if effect_scale(model) is None:
        return dict.fromkeys(model.predictors)
    found = model.contributions(table).iloc[0]
    return {name: float(found[name]) for name in model.predictors}


def together_ratio(model: FittedModel, prediction: Prediction) -> float | None:
    """Return the ratio of hazards, odds or times against the average patient; None without coefficients."""
    # the linear predictor of a Prediction is centred on the average patient of the training cohort
    scale = effect_scale(model)
    return None if scale is None else printed_ratio(float(prediction.linear_predictor[0]), scale)


def together_text(model: FittedModel, prediction: Prediction, wording: Wording) -> str:
    """Say what all values together do; that nothing can be said in one number where there are no coefficients."""
    found, scale = together_ratio(model, prediction), effect_scale(model)
    if found is None or scale is None:
        return wording("together_none")
    of = wording("reference_published" if is_published(model) else "reference_average")
    return wording(f"together_{scale}", ratio=ratio(found), of=of)


def _extra_row(model: FittedModel, name: str, value: Any, wording: Wording) -> Input:
    """Return the row of a stratum, an offset or a scanner: entered, but with no estimated effect."""
    other = "harmonised" if name in needed_besides(model.preparation) else "offset"
    kind = "stratum" if name in model.estimate.strata else other
    label = visible(name, LABEL_SHOWN)
    return Input(label, label, visible(value, LABEL_SHOWN), "", 0.0, 1.0, kind, wording(f"effect_{kind}"), ())


def _row(
    model: FittedModel, name: str, value: Any, contribution: float | None, flags: tuple[str, ...], wording: Wording
) -> Input:
    variable, scale = model.codebook[name], effect_scale(model)
    direction = _direction(contribution)
    found = None if contribution is None or scale is None else printed_ratio(contribution, scale)
    known = {} if found is None else {"ratio": ratio(found)}
    return Input(
        name=visible(name, LABEL_SHOWN),
        label=visible(variable.text(wording.language), LABEL_SHOWN),
        value_text=value_text(variable, value, wording),
        typical_text=_typical(model, name, value, wording),
        contribution=contribution,
        hazard_ratio=found,
        direction=direction,
        effect_text=wording(f"effect_{direction}{effect_manner(model)}" if known else "effect_unknown", **known),
        flags=flags,
    )


def _direction(contribution: float | None) -> str:
    if contribution is None:
        return "unknown"
    if abs(contribution) < CLOSE_TO_AVERAGE:
        return "about"
    return "raises" if contribution > 0 else "lowers"


def value_text(variable: Variable, value: Any, wording: Wording) -> str:
    """Return a value with its unit; an undeclared unit of a number is said, not guessed."""
    if pd.isna(value):
        return wording("value_unknown")
    if variable.is_categorical:
        return visible(variable.level_text(str(value), wording.language), LABEL_SHOWN)
    if variable.kind == "binary":
        return wording("yes" if float(value) else "no")
    number = measured(float(value))
    return (
        f"{number} {visible(measure_text(variable.unit, wording.language), LABEL_SHOWN)}" if variable.unit else number
    )


def _few(model: FittedModel, name: str, value: Any, wording: Wording) -> tuple[str, ...]:
    """Say where few patients of the training cohort have the patient's category."""
    share = _share_of(model, name, value)
    if share is None or share * model.n >= PEOPLE:
        return ()
    return (wording("few_of_level", n=round(share * model.n)),)


def _share_of(model: FittedModel, name: str, value: Any) -> float | None:
    """Share of the training cohort with the patient's category; None for numbers and what is not known."""
    profile = model.profile[name]
    if pd.isna(value) or not profile_known(profile):
        return None
    if isinstance(profile, LevelProfile):
        return dict(zip(profile.levels, profile.shares, strict=True)).get(str(value), 0.0)
    if model.codebook[name].kind != "binary":
        return None
    return profile.mean if float(value) else 1.0 - profile.mean


def _typical(model: FittedModel, name: str, value: Any, wording: Wording) -> str:
    """Return the median and central range of the training cohort, or the share that has the patient's level."""
    profile = model.profile[name]
    if not profile_known(profile):
        return _published_range(profile, wording)
    if pd.isna(value) and not (isinstance(profile, NumericProfile) and model.codebook[name].kind != "binary"):
        return ""
    share = _share_of(model, name, value)
    if share is not None or isinstance(profile, LevelProfile):
        return wording("typical_level", percent=f"{100 * (share or 0.0):.0f}")
    median, low, high = (clinical(number) for number in (profile.median, profile.p1, profile.p99))
    return wording("typical_number", median=median, low=low, high=high)


def profile_known(profile: NumericProfile | LevelProfile) -> bool:
    """Tell whether the distribution of a predictor is known, and not only its range (of a published model)."""
    return bool(profile.shares if isinstance(profile, LevelProfile) else profile.density)


def _published_range(profile: NumericProfile | LevelProfile, wording: Wording) -> str:
    if isinstance(profile, LevelProfile) or profile.values:
        return wording("typical_unknown")
    return wording("typical_range", low=clinical(profile.minimum), high=clinical(profile.maximum))


def remark_text(model: FittedModel, remark: Remark, values: Mapping[str, Any], wording: Wording) -> str:
    """Return a remark in the language of the page; one without a translation is given in its own words."""
    key = f"remark_{remark.code}"
    profile = model.profile.get(remark.column or "")
    if remark.code in ("P02", "F29", "P16"):
        return wording(key)
    if not wording.has(key) or remark.column is None or not isinstance(profile, NumericProfile):
        return visible(remark.text)
    return wording(
        key,
        value=value_text(model.codebook[remark.column], values[remark.column], wording),
        low=clinical(profile.p1),
        high=clinical(profile.p99),
    )
