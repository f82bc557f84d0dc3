"""Binary features as presence and absence: which value means present, and who could not be assessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Cohort
from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.study_checks import Endpoint, check_predictors

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Presence:
    """One feature of n patients.

    Parameters
    ----------
    name, label : of the column. present : the value that counts as present.
    value : (n,) 1 present, 0 absent, not a number where it was not assessable.
    """

    name: str
    label: str
    present: str
    value: Floats

    @property
    def assessed(self) -> NDArray[np.bool_]:
        """Patients in whom it is known, (n,)."""
        return ~np.isnan(self.value)


def read_presence(
    cohort: Cohort, endpoint: Endpoint, names: Sequence[str], allowed: tuple[str, ...]
) -> tuple[Presence, ...]:
    """Read features: 0 and 1, booleans, or categories of two levels, of which the first declared one means absent.

    Raises
    ------
    DataContractError
        W11 a column that is not binary; those of a study's predictors: S15, C02, S01, C08, S17, L11.
    """
    raise_findings(check_predictors(cohort, endpoint, tuple(names), allowed), DataContractError)
    frame = cohort.view(tuple(names))
    raise_findings([found for name in names for found in _not_binary(name, frame[name])], DataContractError)
    return tuple(_presence(cohort, name, frame[name]) for name in names)


def _not_binary(name: str, column: pd.Series) -> list[Finding]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        found, binary = f"{len(column.cat.categories)} levels", len(column.cat.categories) == 2
    else:
        values = pd.unique(column.dropna())
        found, binary = f"{len(values)} values", set(map(float, values)) <= {0.0, 1.0}
    if binary:
        return []
    rule = f"a screened feature is present or absent (0 and 1, or two levels); this column has {found}"
    return [Finding("W11", rule, "make one binary column a level, or leave it out", name)]


def _presence(cohort: Cohort, name: str, column: pd.Series) -> Presence:
    label = cohort.codebook[name].label.get("en") or name
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return Presence(name, label, "1", column.to_numpy(float, na_value=np.nan))
    value = np.where(column.isna(), np.nan, column.cat.codes.to_numpy(float))
    return Presence(name, label, str(column.cat.categories[1]), value)
