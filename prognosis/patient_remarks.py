"""What must be said of a patient who is let in: outside the usual range or the population, or not wholly known."""

from __future__ import annotations

import pandas as pd

from cohorts import Variable
from cohorts.errors import Finding, warn_findings
from cohorts.inclusion import inclusion_text, not_included
from prognosis.imputation.stored import DRAWS
from prognosis.prediction import Remark
from prognosis.profile import LevelProfile, NumericProfile


def imputed(raw: pd.DataFrame) -> list[Remark]:
    """Say of every unknown predictor what stands in its place."""
    return [
        Remark(
            "P02",
            f"{name} is not known: imputed from the other predictors, the risk averaged over {DRAWS} draws; the "
            "interval does not cover what the unknown value adds",
            patient=str(row),
            column=str(name),
        )
        for name, row in _gaps(raw)
    ]


def not_known(raw: pd.DataFrame) -> list[Remark]:
    """Say of every unknown predictor (F29) that the trees of the model answer without it."""
    text = (
        "is not known: where a tree asks for it, the patient goes to the side of the training patients who lack it, or "
        "to the larger side where none of them did"
    )
    return [Remark("F29", f"{name} {text}", patient=str(row), column=str(name)) for name, row in _gaps(raw)]


def _gaps(raw: pd.DataFrame) -> list[tuple[object, object]]:
    """Column and row of every missing value, column by column."""
    gone = raw.isna().to_numpy()
    return [(name, row) for name, rows in zip(raw.columns, gone.T, strict=True) for row in raw.index[rows]]


def other_population(column: pd.Series, variable: Variable) -> list[Remark]:
    """Warn (P16) of patients whom the training cohort would not have included."""
    others = column.index[not_included(column, variable)]
    text = f"outside the population of the model: inclusion criterion {variable.text()} {inclusion_text(variable)}"
    if len(others):
        advice = "the risk is that of other patients; look for a model made from patients like this one"
        rows = tuple(map(str, others))
        warn_findings([Finding("P16", text, advice, str(column.name), rows, severity="warning")], stacklevel=6)
    return [Remark("P16", text, patient=str(row), column=str(column.name)) for row in others]


def outside(x: pd.Series, profile: NumericProfile | LevelProfile, variable: Variable) -> list[Remark]:
    """Say (P08) whose number lies outside the 1st to 99th percentile of the training."""
    if isinstance(profile, LevelProfile):
        return []
    unit = f" {variable.unit}" if variable.unit else ""
    values = x.to_numpy()
    far = (values < profile.p1) | (values > profile.p99)
    return [
        Remark(
            "P08",
            f"{variable.text()} {value:g}{unit} lies outside the training 1st-99th percentile "
            f"({profile.p1:g} to {profile.p99:g}{unit})",
            patient=str(row),
            column=str(x.name),
        )
        for row, value in zip(x.index[far], values[far], strict=True)
    ]
