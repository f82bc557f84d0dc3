"""The rows of the page's table: what was entered, what is usual in the training cohort, what it does to the risk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cohorts.variable import Variable
from nomograms.wording import measure_text
from prognosis.model import FittedModel
from prognosis.prediction import Remark
from prognosis.profile import LevelProfile, NumericProfile
from reports.formatting import as_given, clinical, ratio
from reports.patient_content import Input
from reports.wording import Wording, visible

CLOSE_TO_AVERAGE = math.log(1.05)
LABEL_SHOWN = 80


def input_rows(
    model: FittedModel, values: Mapping[str, Any], remarks: Iterable[Remark], wording: Wording
) -> tuple[Input, ...]:
    """Return one row per predictor, the largest contribution first.

    Parameters
    ----------
    model : the model that answered.
    values : the patient's raw predictor values.
    remarks : remarks of this patient's `Prediction`.
    """
    remarks = tuple(remarks)
    contributions = model.contributions(dict(values)).iloc[0]
    flags = {
        name: tuple(remark_text(model, remark, values, wording) for remark in remarks if remark.column == name)
        for name in model.predictors
    }
    rows = [
        _row(model, name, values[name], float(contributions[name]), flags[name], wording) for name in model.predictors
    ]
    extra = [_extra_row(model, name, values[name], wording) for name in model.door.columns[len(rows) :]]
    return (*sorted(rows, key=lambda row: -abs(row.contribution)), *extra)


def _extra_row(model: FittedModel, name: str, value: Any, wording: Wording) -> Input:
    """Return the row of a stratum or an offset: entered, but with no estimated effect."""
    kind = "stratum" if name in model.estimate.strata else "offset"
    label = visible(name, LABEL_SHOWN)
    return Input(label, label, visible(value, LABEL_SHOWN), "", 0.0, 1.0, kind, wording(f"effect_{kind}"), ())


def _row(
    model: FittedModel, name: str, value: Any, contribution: float, flags: tuple[str, ...], wording: Wording
) -> Input:
    variable = model.codebook[name]
    direction = _direction(contribution)
    hazard_ratio = math.exp(contribution)
    return Input(
        name=visible(name, LABEL_SHOWN),
        label=visible(variable.text(wording.language), LABEL_SHOWN),
        value_text=value_text(variable, value, wording),
        typical_text=_typical(model, name, value, wording),
        contribution=contribution,
        hazard_ratio=hazard_ratio,
        direction=direction,
        effect_text=wording(f"effect_{direction}", ratio=ratio(hazard_ratio)),
        flags=flags,
    )


def _direction(contribution: float) -> str:
    if abs(contribution) < CLOSE_TO_AVERAGE:
        return "about"
    return "raises" if contribution > 0 else "lowers"


def value_text(variable: Variable, value: Any, wording: Wording) -> str:
    """Return a value with its unit; an undeclared unit of a number is said, not guessed."""
    if pd.isna(value):
        return wording("value_unknown")
    if variable.is_categorical:
        return visible(value, LABEL_SHOWN)
    if variable.kind == "binary":
        return wording("yes" if float(value) else "no")
    number = as_given(float(value))
    return (
        f"{number} {visible(measure_text(variable.unit, wording.language), LABEL_SHOWN)}" if variable.unit else number
    )


def _typical(model: FittedModel, name: str, value: Any, wording: Wording) -> str:
    """Return the median and central range of the training cohort, or the share that has the patient's level."""
    profile = model.profile[name]
    if pd.isna(value) and not (isinstance(profile, NumericProfile) and model.codebook[name].kind != "binary"):
        return ""
    if isinstance(profile, LevelProfile):
        share = dict(zip(profile.levels, profile.shares, strict=True)).get(str(value), 0.0)
        return wording("typical_level", percent=f"{100 * share:.0f}")
    if model.codebook[name].kind == "binary":
        share = profile.mean if float(value) else 1.0 - profile.mean
        return wording("typical_level", percent=f"{100 * share:.0f}")
    median, low, high = (clinical(number) for number in (profile.median, profile.p1, profile.p99))
    return wording("typical_number", median=median, low=low, high=high)


def remark_text(model: FittedModel, remark: Remark, values: Mapping[str, Any], wording: Wording) -> str:
    """Return a remark in the language of the page; one without a translation is given in its own words."""
    key = f"remark_{remark.code}"
    profile = model.profile.get(remark.column or "")
    if remark.code == "P02":
        return wording(key)
    if not wording.has(key) or remark.column is None or not isinstance(profile, NumericProfile):
        return visible(remark.text)
    return wording(
        key,
        value=value_text(model.codebook[remark.column], values[remark.column], wording),
        low=clinical(profile.p1),
        high=clinical(profile.p99),
    )
