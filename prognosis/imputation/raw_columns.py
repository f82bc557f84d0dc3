"""Raw predictors as an imputation sees them: numbers, or categories by the place of their level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings

Floats = NDArray[np.float64]
Kind = Literal["number", "yes_no", "category"]


@dataclass(frozen=True)
class RawColumn:
    """One raw predictor.

    Parameters
    ----------
    name : its column. kind : ``number``, ``yes_no`` (0 or 1, boolean) or ``category``.
    levels : what a category can be, reference first (0 and 1 for yes-no); () for a number.
    values : (n,) numbers, or places of levels; not a number where missing.
    """

    name: str
    kind: Kind
    levels: tuple[Any, ...]
    values: Floats

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where nothing is known, (n,)."""
        return np.isnan(self.values)

    @property
    def width(self) -> int:
        """Number of covariate columns it makes."""
        return len(self.levels) - 1 if self.levels else 1

    def block(self, values: Floats) -> Floats:
        """Covariate columns of some values, (m, width): dummies of a category."""
        if not self.levels:
            return values[:, None]
        return (values[:, None] == np.arange(1, len(self.levels))).astype(float)

    def filled(self, column: pd.Series, values: Floats) -> pd.Series:
        """Return the column with its missing cells filled from `values` (n,); its dtype stays."""
        cells = [self.levels[int(place)] for place in values[self.missing]] if self.levels else values[self.missing]
        out = column.copy()
        out.iloc[np.flatnonzero(self.missing)] = pd.array(cells, dtype=column.dtype)
        return out


def raw_columns(frame: pd.DataFrame) -> tuple[RawColumn, ...]:
    """Read a frame of raw predictors: numbers, booleans or 0/1, pd.Categorical (ordered or not).

    Raises
    ------
    DataContractError
        All findings at once: C35 a column without any value, C38 text or dates, C27 infinite values.
    """
    findings: list[Finding] = []
    columns = []
    for name in map(str, frame.columns):
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            places = np.where(column.isna(), np.nan, column.cat.codes.to_numpy(float))
            columns.append(RawColumn(name, "category", tuple(column.cat.categories), places))
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
            values = column.to_numpy(float, na_value=np.nan)
            binary = set(np.unique(values[~np.isnan(values)])) == {0.0, 1.0}
            kind: Kind = "yes_no" if binary else "number"
            columns.append(RawColumn(name, kind, (0.0, 1.0) if binary else (), values))
        else:
            rule = f"a column of dtype {column.dtype} cannot be imputed"
            findings.append(Finding("C38", rule, "declare numbers or categories in the codebook", name))
    findings += [fault for column in columns for fault in _faults(column, frame.index)]
    raise_findings(findings, DataContractError)
    return tuple(columns)


def _faults(column: RawColumn, index: pd.Index) -> list[Finding]:
    findings = []
    if column.missing.all():
        rule = f"no patient has a value of {column.name}: there is nothing to impute it from"
        findings.append(Finding("C35", rule, "leave the predictor out", column.name))
    infinite = np.isinf(column.values)
    if infinite.any():
        findings.append(
            Finding("C27", "the value is infinite", "correct it", column.name, tuple(map(str, index[infinite])))
        )
    return findings
