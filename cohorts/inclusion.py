"""Whom a cohort was drawn from by protocol: inclusion criteria of single columns, and who does not meet them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import Finding
from cohorts.variable import Variable


def inclusion_text(variable: Variable) -> str:
    """Return the criterion in words, ``18 to 75 years`` or ``M``; "" where none is declared."""
    allowed = variable.inclusion
    if allowed is None:
        return ""
    if isinstance(allowed[0], str):
        return " or ".join(map(str, allowed))
    return f"{allowed[0]:g} to {allowed[1]:g}" + (f" {variable.unit}" if variable.unit else "")


def not_included(column: pd.Series, variable: Variable) -> npt.NDArray[np.bool_]:
    """Tell which known values, (n,), break the inclusion criterion of their column."""
    allowed = variable.inclusion
    if allowed is None:
        return np.zeros(len(column), bool)
    if isinstance(allowed[0], str):
        met = column.astype(object).map(str).isin(allowed)
    else:
        met = column.astype(float).between(*allowed)
    return np.asarray(~met & column.notna())


def inclusion_faults(column: pd.Series, variable: Variable) -> list[Finding]:
    """Patients of a cohort who break its own inclusion criterion (C40): the value or the criterion is wrong."""
    wrong = not_included(column, variable)
    if not wrong.any():
        return []
    rule = f"{wrong.sum()} patients do not meet the inclusion criterion {inclusion_text(variable)}"
    advice = "correct the values, leave the patients out by name, or correct the criterion in the codebook"
    return [Finding("C40", rule, advice, variable.name, tuple(str(row) for row in column.index[wrong]))]
