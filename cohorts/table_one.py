"""Table 1: who the patients are, by group, with missing counts and standardised differences."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cohorts.columns import level_text
from cohorts.errors import DataContractError, Finding
from cohorts.variable import Codebook, Variable

# Beyond this skewness a mean and standard deviation describe no typical patient.
SKEWED = 1.0
UNKNOWN_GROUP = "(missing)"


def table_one(
    table: pd.DataFrame,
    codebook: Codebook,
    by: str | None = None,
    columns: Sequence[str] | None = None,
    language: str = "en",
) -> pd.DataFrame:
    """Summarise the columns of a checked table.

    Parameters
    ----------
    table, codebook : of a cohort.
    by : categorical, binary or event column that forms groups; rows without a group form the group ``(missing)``.
    columns : what to summarise; default is every column but dates, texts and `by`.
    language : language of the row labels, where the codebook has them.

    Returns
    -------
    DataFrame
        Index (variable, level); columns ``Missing``, ``Overall``, one for each group and, with `by`, the standardised
        mean differences (``SMD (a,b)``, as in the package tableone). All cells are text: mean (SD), or median [Q1,Q3]
        where the skewness exceeds 1 in size; n (%) for categories.

    Raises
    ------
    DataContractError
        A column does not exist (S01), or `by` is a measurement and forms no groups (S09).
    """
    from tableone import TableOne

    described = [name for name in table if codebook[name].kind not in ("date", "text")]
    chosen = list(columns) if columns is not None else described
    _check_columns(table, codebook, by, chosen)
    chosen = [name for name in chosen if name != by]
    numeric = [name for name in chosen if _is_measured(codebook[name])]
    texts = {name: _words(codebook[name], _texts(table[name]), language) for name in chosen if name not in numeric}
    frame = pd.DataFrame({name: texts.get(name, table[name]) for name in chosen})
    if by is not None:
        frame[by] = _texts(table[by]).fillna(UNKNOWN_GROUP)
    with warnings.catch_warnings():
        # tableone divides by zero spreads and empty groups; its cells then show nan, which is the honest answer.
        warnings.filterwarnings("ignore", category=RuntimeWarning)
        made = TableOne(
            frame,
            columns=chosen,
            categorical=list(texts),
            continuous=numeric,
            nonnormal=[name for name in numeric if _is_skewed(table[name])],
            groupby=by,
            order={name: _level_order(codebook[name], texts[name], language) for name in texts},
            rename=_labels(codebook, chosen, language),
            include_null=False,
            smd=by is not None,
            pval=False,
        )
    return _plain(made.tableone)


def _check_columns(table: pd.DataFrame, codebook: Codebook, by: str | None, columns: list[str]) -> None:
    findings = [
        Finding("S01", "the cohort has no such column", f"the cohort has {', '.join(table.columns)}", column=name)
        for name in [*columns, *([by] if by is not None else [])]
        if name not in table.columns
    ]
    if not findings and by is not None and _is_measured(codebook[by]) and table[by].nunique() > 2:
        rule = "a measurement forms no groups"
        findings.append(Finding("S09", rule, "give a column with levels, or cut it into levels first", column=by))
    if findings:
        raise DataContractError(*findings)


def _is_measured(variable: Variable) -> bool:
    return variable.kind in ("numeric", "time")


def _is_skewed(column: pd.Series) -> bool:
    # At the limits of floats the skewness overflows to NaN, and NaN is not skewed.
    return bool(abs(column.skew()) > SKEWED) if column.notna().sum() > 2 else False


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).map(level_text, na_action="ignore")


def _words(variable: Variable, texts: pd.Series, language: str) -> pd.Series:
    """Write levels in the words that the codebook has for them."""
    words = {level: variable.level_text(level, language) for level in variable.levels or ()}
    return texts.replace(words) if any(level != word for level, word in words.items()) else texts


def _level_order(variable: Variable, texts: pd.Series, language: str) -> list[str]:
    present = set(texts.dropna())
    words = [variable.level_text(level, language) for level in variable.levels or ()]
    declared = [word for word in words if word in present]
    return declared or sorted(present)


def _labels(codebook: Codebook, columns: list[str], language: str) -> dict[str, str]:
    labels = {name: codebook[name].text(language) for name in columns}
    labels = {name: f"{text} ({codebook[name].unit})" if codebook[name].unit else text for name, text in labels.items()}
    # tableone would merge two variables of one label.
    return labels if len(set(labels.values())) == len(labels) else {}


def _plain(made: pd.DataFrame) -> pd.DataFrame:
    if isinstance(made.columns, pd.MultiIndex):
        made = made.droplevel(0, axis=1)
    return made.rename_axis(index=["variable", "level"], columns=None).replace({np.nan: ""}).astype(str)
