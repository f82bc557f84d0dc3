"""Cells that a spreadsheet would run as formulas: neutralised on the way out, restored on the way in."""

from __future__ import annotations

import pandas as pd

# One apostrophe more on the way out and one less on the way in is exact for every text.
RISKY = r"^('*[=+\-@\t\r])"
NEUTRALISED = r"^'('*[=+\-@\t\r])"


def neutralise(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose text cells no spreadsheet takes for a formula.

    Text cells, column names and index labels that begin with ``= + - @``, TAB or CR get an apostrophe in front.
    Numeric columns are not touched. `read_cohort` takes the apostrophe away again. Cells with a bare CR need quotes
    in the file besides: write with ``quoting=csv.QUOTE_NONNUMERIC``.
    """
    safe = frame.copy()
    for place in range(safe.shape[1]):
        column = safe.iloc[:, place]
        if not pd.api.types.is_numeric_dtype(column.dtype):
            safe.isetitem(place, column.map(_safe_cell, na_action="ignore"))
    safe.columns = safe.columns.map(_safe_cell)
    safe.index = safe.index.map(_safe_cell)
    return safe


def restore(cells: pd.Series) -> pd.Series:
    """Take away the apostrophe that `neutralise` put before a risky cell; `cells` are texts."""
    # Few files hold such a cell, and looking for one is cheaper than rewriting all.
    if not cells.str.startswith("'").any():
        return cells
    return cells.str.replace(NEUTRALISED, r"\1", regex=True)


def _safe_cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.lstrip("'")[:1] in tuple("=+-@\t\r") else cell
