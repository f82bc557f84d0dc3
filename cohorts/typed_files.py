"""Excel, Parquet, SPSS, Stata and SAS files to raw tables; their types are kept, their silent habits are named."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from cohorts.errors import DataContractError, Finding
from cohorts.raw_table import RawTable, check_cell_length, check_header, check_size, fail

# Spreadsheets keep 15 digits of a number.
EXACT = 10**15
SHOWN = 10
SPSS = (".sav", ".zsav")


def read_excel_file(path: Path, sheet: str | None, wanted: tuple[str, ...]) -> RawTable:
    """Read one sheet of an .xlsx workbook: header in the first row, one record a row.

    Raises
    ------
    DataContractError
        F16 a formula without a stored value, F17 the sheet is not declared, F18 damaged, besides F01, F06, F09, F15.
    """
    import openpyxl

    check_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_size(path, sum(item.file_size for item in archive.infolist()))
        with warnings.catch_warnings():
            # openpyxl warns of drop-down lists and styles it does not read; no cell is concerned.
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            chosen = _sheet(book.sheetnames, sheet, path)
            rows = _used(book[chosen].iter_rows(values_only=True))
            book.close()
            uncomputed = _uncomputed(path, chosen) if any(cell is None for row in rows for cell in row) else []
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise _damaged(path, "Excel workbook (.xlsx)", error) from None
    if uncomputed:
        rule = f"formulas without a stored value in cells {', '.join(uncomputed[:SHOWN])}"
        raise fail("F16", rule, "open the workbook in a spreadsheet program and save it", path)
    return _of_cells(rows, wanted, path)


def read_parquet_file(path: Path, wanted: tuple[str, ...]) -> RawTable:
    """Read a Parquet file; only the wanted columns are loaded."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path)
    try:
        file = pq.ParquetFile(path)
        names = tuple(file.schema_arrow.names)
        check_header(names, path)
        size = sum(file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups))
        check_size(path, max(size, 1))
        table = file.read(columns=[name for name in names if name in wanted])
        # The pandas metadata could turn the id column into an index; whole numbers with gaps stay whole.
        frame = table.to_pandas(ignore_metadata=True, integer_object_nulls=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise _damaged(path, "Parquet file", error) from None
    nested = [name for name in frame if pa.types.is_nested(table.schema.field(name).type)]
    if nested:
        raise fail("F18", f"columns {', '.join(nested)} hold lists or records", "store one value a cell", path)
    return RawTable(_not_empty(frame, path), names, text=False)


def read_statistics_file(path: Path, wanted: tuple[str, ...]) -> RawTable:
    """Read an SPSS (.sav, .zsav), Stata (.dta) or SAS (.sas7bdat, .xpt) file; codes stay codes, labels are not applied.

    Notes
    -----
    Values that an SPSS file itself declares as missing become missing; a warning (F19) names the columns.
    """
    import pyreadstat

    check_size(path)
    readers: dict[str, Callable[..., Any]] = {
        ".sav": pyreadstat.read_sav,
        ".zsav": pyreadstat.read_sav,
        ".dta": pyreadstat.read_dta,
        ".sas7bdat": pyreadstat.read_sas7bdat,
        ".xpt": pyreadstat.read_xport,
    }
    try:
        frame, meta = readers[path.suffix.lower()](str(path))
        own_missing = _own_missing(path) if path.suffix.lower() in SPSS else ()
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError, OSError) as error:
        raise _damaged(path, f"{path.suffix} file", error) from None
    names = tuple(map(str, meta.column_names))
    check_header(names, path)
    kept = [name for name in names if name in wanted]
    declared = [name for name in kept if name in own_missing]
    findings: tuple[Finding, ...] = ()
    if declared:
        rule = f"the file itself declares values as missing in the columns {', '.join(declared)}"
        way_out = "check them in the data dictionary; they are read as missing"
        findings = (Finding("F19", rule, way_out, file=path.name, severity="warning"),)
    return RawTable(_not_empty(frame, path)[kept], names, text=False, findings=findings)


def _own_missing(path: Path) -> tuple[str, ...]:
    """Return the columns in which an SPSS file declares values as missing; pyreadstat tells only when asked so."""
    import pyreadstat

    _, meta = pyreadstat.read_sav(str(path), metadataonly=True, user_missing=True)
    return tuple(meta.missing_ranges)


def _sheet(names: list[str], sheet: str | None, path: Path) -> str:
    if sheet is None and len(names) == 1:
        return names[0]
    if sheet in names:
        return str(sheet)
    rule = f"the workbook has the sheets {', '.join(map(repr, names))}"
    rule += f", but not {sheet!r}" if sheet is not None else "; which one to read is not declared"
    raise fail("F17", rule, "declare sheet in [file] of the codebook", path)


def _used(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the rows without the empty ones at the end, which formatting leaves behind."""
    kept: list[tuple[Any, ...]] = []
    used = 0
    for row in rows:
        kept.append(row)
        if any(cell is not None for cell in row):
            used = len(kept)
    return kept[:used]


def _uncomputed(path: Path, sheet: str) -> list[str]:
    """Return the places of formulas whose result the file does not hold: they would silently read as missing."""
    import openpyxl

    written = openpyxl.load_workbook(path, read_only=True)
    formulas = [(cell.row, cell.column) for row in written[sheet].iter_rows() for cell in row if cell.data_type == "f"]
    written.close()
    if not formulas:
        return []
    stored = openpyxl.load_workbook(path, read_only=True, data_only=True)
    rows = list(stored[sheet].iter_rows(values_only=True))
    stored.close()
    letter = openpyxl.utils.get_column_letter
    return [f"{letter(column)}{row}" for row, column in formulas if rows[row - 1][column - 1] is None]


def _of_cells(rows: list[tuple[Any, ...]], wanted: tuple[str, ...], path: Path) -> RawTable:
    if len(rows) < 2:
        raise fail("F01", "the sheet is empty: it has no rows under the header", "export it again", path)
    width = max(len(row) for row in rows)
    while all(len(row) < width or row[width - 1] is None for row in rows):
        width -= 1
    padded = [tuple(row[:width]) + (None,) * (width - len(row)) for row in rows]
    names = tuple("" if cell is None else str(cell) for cell in padded[0])
    check_header(names, path)
    columns = dict(zip(names, zip(*padded[1:], strict=True), strict=True))
    kept = {name: pd.Series([_cell(x) for x in columns[name]], dtype=object) for name in names if name in wanted}
    for name, cells in kept.items():
        check_cell_length(max((len(cell) for cell in cells if isinstance(cell, str)), default=0), name, path)
    frame = pd.DataFrame(kept) if kept else pd.DataFrame(index=range(len(rows) - 1))
    return RawTable(frame, names, text=False)


def _cell(cell: Any) -> Any:
    # A float says to the reader of ids that the last digits cannot be trusted.
    if isinstance(cell, int) and not isinstance(cell, bool) and abs(cell) >= EXACT:
        return float(cell)
    return cell


def _not_empty(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    if len(frame) == 0:
        raise fail("F01", "the file is empty: it has columns but no rows", "export it again", path)
    return frame


def _damaged(path: Path, kind: str, error: Exception) -> DataContractError:
    if isinstance(error, DataContractError):
        return error
    return fail("F18", f"the file cannot be read as {kind}: {error}", "export it again", path)
