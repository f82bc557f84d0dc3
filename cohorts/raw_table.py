"""A file's cells before any meaning is given to them, and the limits no file may pass."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cohorts.errors import DataContractError, Finding

MAX_BYTES = 1 << 30
MAX_COLUMNS = 5_000
MAX_CELL = 100_000


@dataclass(frozen=True, eq=False)
class RawTable:
    """Cells as read from a file.

    Parameters
    ----------
    frame : the wanted columns, one row a record.
    names : all column names of the file.
    text : True where every cell is text (CSV), False where the file has types.
    findings : doubts about the file that do not stop the reading.
    """

    frame: pd.DataFrame
    names: tuple[str, ...]
    text: bool
    findings: tuple[Finding, ...] = ()


def fail(code: str, rule: str, way_out: str, path: Path, value: str | None = None) -> DataContractError:
    """Return the error of a file that cannot be read at all."""
    return DataContractError(Finding(code, rule, way_out, value=value, file=path.name))


def check_size(path: Path, size: int | None = None) -> None:
    """Refuse a file that is absent (S02), empty (F01) or larger than the limit (F15)."""
    if not path.is_file():
        raise fail("S02", f"there is no file {path}", "check the path", path)
    actual = path.stat().st_size if size is None else size
    if actual == 0:
        raise fail("F01", "the file is empty", "export it again", path)
    if actual > MAX_BYTES:
        rule = f"the file is too large: limit {MAX_BYTES:,} bytes, actual {actual:,}"
        raise fail("F15", rule, "keep the declared columns only, or store it as parquet", path)


def check_header(names: Sequence[str], path: Path) -> None:
    """Refuse too many columns (F15), a name given twice (F06), a column without a name (F09)."""
    if len(names) > MAX_COLUMNS:
        rule = f"too many columns: limit {MAX_COLUMNS:,}, actual {len(names):,}"
        raise fail("F15", rule, "keep the declared columns only", path)
    findings = [
        Finding(
            "F06", f"the column name {name!r} occurs {count} times in the header", "rename one", name, file=path.name
        )
        for name, count in Counter(names).items()
        if count > 1 and name
    ]
    nameless = [str(place) for place, name in enumerate(names, 1) if not name]
    if nameless:
        rule = f"columns without a name: number {', '.join(nameless[:10])}"
        findings.append(Finding("F09", rule, "name them in the header", file=path.name))
    if findings:
        raise DataContractError(*findings)


def check_cell_length(longest: int, column: str, path: Path) -> None:
    """Refuse a cell above the limit (F15)."""
    if longest > MAX_CELL:
        rule = f"a cell is too long: limit {MAX_CELL:,} characters, actual {longest:,}"
        raise DataContractError(Finding("F15", rule, "shorten it", column=column, file=path.name))


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
