"""Cells to numbers by a strict grammar: what is not plainly a number is named, never coerced to missing."""

from __future__ import annotations

import datetime as dt
import numbers
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import Finding
from cohorts.variable import Variable

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# RE2 and re agree on these; [0-9] and not \d, so that full-width digits are no digits here.
GRAMMAR = {
    ".": r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$",
    ",": r"^[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]{1,2})?$",
}
DETECTION_LIMIT = re.compile(r"^\s*[<>≤≥＜＞]")
INFINITE = re.compile(r"^\s*[+-]?inf(inity)?\s*$", re.IGNORECASE)
# Digits with commas, points, blanks or apostrophes between them, full-width digits, and dates.
DRESSED = re.compile(r"^\s*[+\-－]?[\d０-９][\d０-９\s.,'’．，/:\-]*\s*%?$")
VALUES_SHOWN = 3


def numbers_of_text(column: pd.Series, variable: Variable, decimal: str = ".") -> tuple[FloatArray, list[Finding]]:
    """Return the numbers of a column of texts; an empty cell and the declared missing codes are NaN.

    Parameters
    ----------
    column : texts by row id.
    variable : its declaration (missing codes, name).
    decimal : the declared decimal sign, ``"."`` or ``","``; thousands separators are never accepted.

    Returns
    -------
    numbers : float64, NaN where missing or unreadable.
    findings : C10, C14, C27, F13, one for each kind of unreadable cell.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pc.utf8_trim_whitespace(pa.array(column, type=pa.string(), from_pandas=True))
    absent = pc.fill_null(pc.is_in(cells, value_set=pa.array(["", *variable.missing_codes])), True)
    readable = pc.fill_null(pc.match_substring_regex(cells, GRAMMAR[decimal]), False)
    chosen = pc.if_else(pc.and_(readable, pc.invert(absent)), cells, pa.scalar(None, pa.string()))
    plain = pc.utf8_ltrim(pc.replace_substring(chosen, decimal, "."), "+")
    values = np.array(pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    unreadable = np.asarray(pc.invert(pc.or_(absent, readable)))
    return _without_codes(values, variable), _unreadable(column, unreadable, variable.name)


def numbers_of_values(column: pd.Series, variable: Variable) -> tuple[FloatArray, list[Finding]]:
    """Return the numbers of a typed column (a frame, Excel, Parquet, SPSS, Stata, SAS).

    Numbers stored as text are a fault (C10) unless the variable declares ``stored_as_text``.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        return _finite(column, column.to_numpy(dtype=np.float64, na_value=np.nan), variable)
    cells = column.astype(object)
    absent = cells.isna().to_numpy() | cells.isin(["", *variable.missing_codes]).to_numpy()
    text = np.fromiter((isinstance(cell, str) for cell in cells), bool, len(cells)) & ~absent
    number = np.fromiter((_is_number(cell) for cell in cells), bool, len(cells)) & ~absent
    values = np.full(len(cells), np.nan)
    values[number] = [float(cell) for cell in cells[number]]
    values, findings = _finite(column, values, variable)
    if text.any() and variable.stored_as_text:
        values[text], faults = numbers_of_text(cells[text], variable)
        findings += faults
    elif text.any():
        findings += _stored_as_text(cells, text, variable.name)
    other = ~(absent | text | number)
    if other.any():
        way_out = "store the column as numbers; spreadsheets turn entries such as 3-4 into dates"
        rule = "the cell is no number"
        findings.append(_fault("F13", rule, way_out, cells, other, variable.name))
    return values, findings


def _is_number(cell: Any) -> bool:
    return isinstance(cell, numbers.Real | Decimal) and not isinstance(cell, dt.timedelta)


def _finite(column: pd.Series, values: FloatArray, variable: Variable) -> tuple[FloatArray, list[Finding]]:
    infinite = np.isinf(values)
    if not infinite.any():
        return _without_codes(values, variable), []
    rule = "the value is infinite"
    return values, [_fault("C27", rule, "correct it, or leave the cell empty", column, infinite, variable.name)]


def _without_codes(values: FloatArray, variable: Variable) -> FloatArray:
    """Numeric missing codes also match in another spelling: 999 and 999.0 are one number."""
    codes = [float(code) for code in variable.missing_codes if re.match(GRAMMAR["."], code)]
    if codes:
        values[np.isin(values, codes)] = np.nan
    return values


def _stored_as_text(cells: pd.Series, text: Mask, name: str) -> list[Finding]:
    readable = cells[text].str.strip().str.match(GRAMMAR["."]).to_numpy(dtype=bool)
    place = np.flatnonzero(text)
    findings = []
    if readable.any():
        stored = np.zeros(len(cells), dtype=bool)
        stored[place[readable]] = True
        rule = f"numbers stored as text (string dtype) in {readable.sum()} rows"
        way_out = "store them as numbers, or declare stored_as_text = true for this column"
        findings.append(_fault("C10", rule, way_out, cells, stored, name))
    if not readable.all():
        strange = np.zeros(len(cells), dtype=bool)
        strange[place[~readable]] = True
        findings += _unreadable(cells, strange, name)
    return findings


def _unreadable(column: pd.Series, unreadable: Mask, name: str) -> list[Finding]:
    if not unreadable.any():
        return []
    cells = column[unreadable].astype(str)
    kinds = np.array([_kind_of_fault(cell) for cell in cells])
    place = np.flatnonzero(unreadable)
    findings = []
    for code, (rule, way_out) in _FAULTS.items():
        chosen = np.zeros(len(column), dtype=bool)
        chosen[place[kinds == code]] = True
        if chosen.any():
            findings.append(_fault(code, rule, way_out, column, chosen, name))
    return findings


_FAULTS = {
    "C14": (
        "detection limits in a numeric column",
        "decide on a rule (for example half the limit), write numbers, or declare these texts as missing_codes",
    ),
    "C27": ("the value is infinite", "correct it, or leave the cell empty"),
    "F13": (
        "not a plain number (another decimal sign, thousands separator, full-width digits, per cent or date)",
        "declare decimal in [file] if it is the decimal sign; otherwise write plain digits",
    ),
    "C10": (
        "text in a numeric column (string dtype)",
        "correct the cells; if they mean missing, declare them in missing_codes",
    ),
}


def _kind_of_fault(cell: str) -> str:
    if DETECTION_LIMIT.match(cell):
        return "C14"
    if INFINITE.match(cell):
        return "C27"
    return "F13" if DRESSED.match(cell) else "C10"


def _fault(code: str, rule: str, way_out: str, column: pd.Series, chosen: Mask, name: str) -> Finding:
    rows = tuple(str(row) for row in column.index[chosen])
    return Finding(code, rule, way_out, column=name, rows=rows, value=show_cells(column[chosen]))


def show_cells(cells: Iterable[Any]) -> str:
    """Write the first few distinct cells for a message, in quotes where they are text."""
    texts = list(dict.fromkeys(repr(cell[:40]) if isinstance(cell, str) else str(cell) for cell in cells))
    return ", ".join(texts[:VALUES_SHOWN]) + (", ..." if len(texts) > VALUES_SHOWN else "")
