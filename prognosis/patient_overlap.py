"""Is a patient of the training also among the patients that a model is tested on? By id, and by equal rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd
from pandas.util import hash_pandas_object

from cohorts.errors import Finding


def patient_overlap(
    training: pd.DataFrame, test: pd.DataFrame, identical_rows: Literal["error", "warning"] = "error"
) -> list[Finding]:
    """Find patients (C25) who are in both tables.

    Parameters
    ----------
    training, test : predictors and outcome of each patient, index = ids as text. A patient under two ids is found by
        a row equal in all columns that both tables have, unless several training patients share it.
    identical_rows : severity of equal rows under different ids; with few or coarse columns they may be chance.

    Returns
    -------
    Findings for `LeakageError`: one for shared ids, one for equal rows.
    """
    ids = sorted(set(training.index.astype(str)) & set(test.index.astype(str)))
    findings = []
    if ids:
        rule = f"{len(ids)} shared ids: patients of the training are in the test"
        findings.append(Finding("C25", rule, "take them out of one of the two", rows=tuple(ids)))
    shared = [name for name in training.columns if name in test.columns]
    if not shared:
        return findings
    others = test[~test.index.astype(str).isin(ids)]
    twins = others.index[_row_hashes(others, shared).isin(_distinctive(_row_hashes(training, shared)))]
    if len(twins):
        rule = f"{len(twins)} patients of the test have rows identical to one of the training ({', '.join(shared)})"
        way_out = "look whether they are the same patients under two ids, and take them out of one of the two"
        findings.append(Finding("C25", rule, way_out, rows=tuple(map(str, twins)), severity=identical_rows))
    return findings


def _row_hashes(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """Hash the values as text, so that 1 and 1.0 and a category agree."""
    texts = pd.DataFrame({name: _as_text(frame[name]) for name in columns}, index=frame.index)
    return pd.Series(hash_pandas_object(texts, index=False).to_numpy(), index=frame.index)


def _as_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.astype(float).map(repr)
    return column.astype(object).map(str)


def _distinctive(hashes: pd.Series) -> pd.Series:
    """Keep rows that occur once: where several patients are equal, equality says nothing."""
    return hashes[~hashes.duplicated(keep=False)]
