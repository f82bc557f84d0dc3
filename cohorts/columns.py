"""One column to typed values by its declared kind; nothing is coerced, everything unreadable is named."""

from __future__ import annotations

import datetime as dt
import numbers
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import Finding
from cohorts.event_codes import code_events, show_value, show_values
from cohorts.export import restore
from cohorts.numeric_cells import GRAMMAR, numbers_of_text, numbers_of_values, show_cells
from cohorts.variable import Variable

Typed = tuple[pd.Series, list[Finding]]
Mask = npt.NDArray[np.bool_]
SERIAL = re.compile(r"\s*[0-9]{5}(\.[0-9]+)?\s*")


def typed_column(column: pd.Series, variable: Variable, text: bool, decimal: str = ".") -> Typed:
    """Return one column in the type of its kind, with all findings.

    Parameters
    ----------
    column : cells by row id.
    variable : its declaration.
    text : True where every cell is text as in a CSV file; False for a table that has types.
    decimal : decimal sign of a text file.

    Returns
    -------
    values : float64 (numeric, time, binary without levels), Categorical (levels), datetime64 (date), object (event,
        text).
    findings : C10, C14, C21, C23, C27, F12, F13, T01, T05, T06, T07, T10.
    """
    if variable.is_categorical:
        return _levels(column, variable, text)
    if variable.kind == "date":
        return _dates(column, variable)
    if variable.kind == "event":
        return _events(column, variable, text)
    if variable.kind == "text":
        return _texts(column, variable, text), []
    values, findings = _numeric(column, variable, text, decimal)
    if variable.kind == "binary":
        return values, _not_zero_one(values, variable, findings)
    if variable.kind == "time":
        findings += _negative(values, variable)
    return values, findings


def _numeric(column: pd.Series, variable: Variable, text: bool, decimal: str) -> Typed:
    if text:
        values, findings = numbers_of_text(column, variable, decimal)
    else:
        values, findings = numbers_of_values(column, variable)
    return pd.Series(values, index=column.index, name=variable.name), findings


def _negative(values: pd.Series, variable: Variable) -> list[Finding]:
    negative = values[values < 0]
    if negative.empty:
        return []
    rule = "negative time: follow-up cannot end before the origin"
    way_out = "correct the dates or the time"
    return [Finding("T01", rule, way_out, variable.name, _rows(negative), show_values(negative.unique()))]


def _not_zero_one(values: pd.Series, variable: Variable, findings: list[Finding]) -> list[Finding]:
    """Text or other numbers in a binary column mean one thing: its levels are not declared."""
    other = values[values.notna() & ~values.isin([0, 1])]
    worded = [finding for finding in findings if finding.code == "C10"]
    if other.empty and not worded:
        return findings
    shown = [finding.value for finding in worded] + ([show_values(other.unique())] if len(other) else [])
    rows = _rows(other) + tuple(row for finding in worded for row in finding.rows)
    rule = "a binary variable without declared levels holds 0 and 1 only"
    way_out = "declare its two levels, the reference first"
    undeclared = Finding("C21", rule, way_out, variable.name, rows, ", ".join(filter(None, shown)))
    return [*(finding for finding in findings if finding.code != "C10"), undeclared]


def _levels(column: pd.Series, variable: Variable, text: bool) -> Typed:
    cells = restore(column) if text else column.astype(object).map(level_text, na_action="ignore")
    absent = (cells.isna() | cells.isin(["", *variable.missing_codes])).to_numpy(dtype=bool)
    known = list(variable.levels or ())
    values = pd.Categorical(cells.where(~absent, None), categories=known, ordered=variable.kind == "ordinal")
    typed = pd.Series(values, index=column.index, name=variable.name)
    strange = (values.codes < 0) & ~absent
    if not strange.any():
        return typed, []
    shown = show_cells(cells[strange])
    rule = f"value not among the known levels {', '.join(map(repr, known))}"
    way_out = "correct the cells, or declare the value as a level or as a missing code"
    return typed, [Finding("C23", rule, way_out, variable.name, _rows(cells[strange]), shown)]


def _texts(column: pd.Series, variable: Variable, text: bool) -> pd.Series:
    cells = restore(column) if text else column.astype(object).map(level_text, na_action="ignore")
    trimmed = cells.map(str.strip, na_action="ignore").astype(object)
    absent = trimmed.isna() | trimmed.isin(["", *variable.missing_codes])
    return trimmed.where(~absent, None).rename(variable.name)


def level_text(cell: Any) -> str:
    """Write a level or code as the codebook would: text as it is, 1.0 as ``1``."""
    return cell if isinstance(cell, str) else show_value(cell)


def _dates(column: pd.Series, variable: Variable) -> Typed:
    cells = column.astype(object)
    absent = (cells.isna() | cells.isin(["", *variable.missing_codes])).to_numpy(dtype=bool)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _without_zone(column, variable), []
    values = pd.Series(pd.NaT, index=column.index, name=variable.name, dtype="datetime64[ns]")
    written = _mask(cells, str) & ~absent
    dated = _mask(cells, dt.date) & ~absent
    if dated.any():
        values[dated] = pd.to_datetime(cells[dated], errors="coerce")
    if written.any():
        trimmed = cells[written].str.strip()
        values[written] = pd.to_datetime(trimmed, format=variable.date_format, exact=True, errors="coerce")
    bad = values.isna().to_numpy() & ~absent
    return values, _date_faults(cells, bad, written, variable)


def _date_faults(cells: pd.Series, bad: Mask, written: Mask, variable: Variable) -> list[Finding]:
    serial = bad & (~written | cells.astype(str).str.fullmatch(SERIAL).to_numpy(dtype=bool))
    findings = []
    if serial.any():
        rule = "numbers in a date column: these look like spreadsheet serial dates"
        way_out = f"write the dates as text in the declared format {variable.date_format}"
        shown = show_cells(cells[serial])
        findings.append(Finding("F13", rule, way_out, variable.name, _rows(cells[serial]), shown))
    other = bad & ~serial
    if other.any():
        rule = f"no date in the declared format {variable.date_format}"
        way_out = "correct the cells, declare date format (date_format), or declare them as missing codes"
        shown = show_cells(cells[other])
        findings.append(Finding("F12", rule, way_out, variable.name, _rows(cells[other]), shown))
    return findings


def _without_zone(column: pd.Series, variable: Variable) -> pd.Series:
    naive = column.dt.tz_localize(None) if column.dt.tz is not None else column
    return naive.astype("datetime64[ns]").rename(variable.name)


def _events(column: pd.Series, variable: Variable, text: bool) -> Typed:
    cells = column.astype(object)
    absent = (cells.isna() | cells.isin(["", *variable.missing_codes])).to_numpy(dtype=bool)
    words = {code for code in _declared(variable) if isinstance(code, str)}
    meaning = {cell: _event_code(cell, words, text) for cell in cells[~absent].unique()}
    typed = cells.map(meaning).astype(object).where(~absent, None).rename(variable.name)
    if variable.values is None:
        return typed, []
    _, findings = code_events(typed, variable.values, variable.name)
    # A missing event concerns only the endpoint that needs it; the gate speaks of it.
    return typed, [finding for finding in findings if finding.code != "T08"]


def _event_code(cell: Any, words: set[str], text: bool) -> Any:
    """Read a code: a declared word stays a word, and in a text file 1 and 1.0 are the number 1."""
    if isinstance(cell, str):
        plain = cell.strip()
        if not text or cell in words or not re.match(GRAMMAR["."], plain):
            return cell
        cell = float(plain)
    if isinstance(cell, numbers.Real) and float(cell).is_integer():
        return int(float(cell))
    return cell


def _declared(variable: Variable) -> list[Any]:
    codes = (variable.values or {}).values()
    return [item for code in codes for item in (code if isinstance(code, tuple) else (code,))]


def _mask(cells: pd.Series, kind: type) -> Mask:
    return np.fromiter((isinstance(cell, kind) for cell in cells), bool, len(cells))


def _rows(cells: pd.Series) -> tuple[str, ...]:
    return tuple(str(row) for row in cells.index)
