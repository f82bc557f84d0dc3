"""Text tables, read once and strictly: encoding, separator and shape are declared or proven, never guessed."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import pandas as pd

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.export import restore
from cohorts.raw_table import MAX_CELL, RawTable, check_cell_length, check_header, check_size, fail

MAX_LINE = 16 * 1024 * 1024
# Cells held as Python texts at a time; the rest waits on the disk or is packed already.
CHUNK_CELLS = 400_000
FAULTS_SHOWN = 10
SEPARATORS = ",;\t|"
# UTF-32 first: its little-endian mark begins with that of UTF-16.
BOMS = (
    *((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32")),
    *((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")),
)


def read_csv_file(
    path: Path, separator: str, encoding: str | None, wanted: tuple[str, ...], is_sealed: bool = False
) -> RawTable:
    """Read a separated text file; every cell stays text and an empty cell is an empty text.

    Parameters
    ----------
    path : the file.
    separator : one character, declared.
    encoding : declared encoding; None means UTF-8, or what a byte order mark proves.
    wanted : the declared columns; others are checked for shape and left out.
    is_sealed : True where a checksum is declared, so that a cut file cannot pass.

    Raises
    ------
    DataContractError
        F01 empty, F03 encoding, F05 separator, F06 header, F07 ragged rows, F08 torn file, F09 nameless column,
        F10 NUL byte, F15 limits, F18 broken quoting.
    """
    check_size(path)
    encoding = _encoding(path, encoding)
    try:
        with path.open(encoding=encoding, newline="") as handle:
            table = _read(handle, path, separator, wanted, is_sealed)
    except UnicodeError:
        line = _line_of_fault(path, encoding)
        rule = f"line {line} is no {encoding} text"
        way_out = "declare encoding in [file] of the codebook, for example encoding = 'gb18030' for a Chinese export"
        raise fail("F03", rule, way_out, path) from None
    return replace(table, findings=(*table.findings, *_disguised(path, encoding)))


def _encoding(path: Path, declared: str | None) -> str:
    if declared is not None:
        try:
            codecs.lookup(declared)
        except LookupError:
            raise fail("F03", f"unknown encoding {declared!r}", "declare encoding by a known name", path) from None
    with path.open("rb") as handle:
        start = handle.read(4)
    proven = next((name for mark, name in BOMS if start.startswith(mark)), None)
    if proven and declared and not codecs.lookup(declared).name.startswith(proven.removesuffix("-sig")):
        rule = f"line 1 begins with a mark of {proven}, but the declared encoding is {declared}"
        raise fail("F03", rule, "declare encoding as the file is written", path)
    return proven or declared or "utf-8"


def _disguised(path: Path, encoding: str) -> tuple[Finding, ...]:
    """Doubt a declared national encoding where the bytes are valid UTF-8: it would read as other characters."""
    if codecs.lookup(encoding).name.startswith("utf"):
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            plain = all(part.isascii() for part in iter(lambda: handle.read(1 << 20), ""))
    except UnicodeError:
        return ()
    if plain:
        return ()
    rule = f"the file is valid UTF-8, but the declared encoding is {encoding}: its texts may read as other characters"
    way_out = "look at a name or level with signs beyond English, and declare encoding accordingly"
    return (Finding("F03", rule, way_out, file=path.name, severity="warning"),)


class _Lines:
    """Lines of a file with a watch on NUL bytes and length; remembers the last one."""

    def __init__(self, handle: TextIO, path: Path) -> None:
        self.last = ""
        self.number = 0
        self._handle, self._path = handle, path

    def __iter__(self) -> Iterator[str]:
        while line := self._handle.readline(MAX_LINE + 1):
            self.number += 1
            if "\0" in line:
                rule = f"line {self.number} holds a NUL byte"
                way_out = "export again as text; declare encoding if the file is UTF-16"
                raise fail("F10", rule, way_out, self._path)
            if len(line) > MAX_LINE:
                rule = f"line {self.number} is too long: limit {MAX_LINE:,} characters, actual more"
                raise fail("F15", rule, "check the line ends", self._path)
            self.last = line
            yield line

    @property
    def is_closed(self) -> bool:
        """True where the last line ends with a line end."""
        return self.last.endswith(("\n", "\r"))


def _read(handle: TextIO, path: Path, separator: str, wanted: tuple[str, ...], is_sealed: bool) -> RawTable:
    lines = _Lines(handle, path)
    try:
        reader = csv.reader(iter(lines), delimiter=separator, strict=True)
        names = _header(reader, path, separator, wanted)
        places = {name: place for place, name in enumerate(names) if name in wanted}
        columns, count = _records(reader, lines, path, names, places)
    except csv.Error as error:
        raise _broken(error, lines, path) from None
    frame = pd.DataFrame(columns) if columns else pd.DataFrame(index=range(count))
    return RawTable(frame, names, text=True, findings=_open_end(lines, path, is_sealed))


def _header(reader: Any, path: Path, separator: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    first = next((row for row in reader if row), None)
    if first is None:
        raise fail("F01", "the file is empty: it has no header", "export it again", path)
    # A declared UTF-16-LE or -BE leaves the mark in the text.
    names = [first[0].removeprefix("\ufeff"), *first[1:]]
    if len(names) == 1 and len(wanted) > 1:
        seen = [repr(sign) for sign in SEPARATORS if sign != separator and sign in names[0]]
        rule = f"1 column found with the separator {separator!r}"
        rule += f"; the header holds {' and '.join(seen)}" if seen else ""
        raise fail("F05", rule, "declare separator (and decimal, if it is a comma) in [file] of the codebook", path)
    names = restore(pd.Series(names, dtype=object)).tolist()
    check_header(names, path)
    return tuple(names)


class _Shape:
    """Notes every record whose number of fields is not that of the header."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.shown: list[tuple[int, int]] = []
        self.last = self.last_fields = 0
        self._width = width
        self._blank: list[int] = []

    def fits(self, row: list[str], line: int) -> bool:
        """Take note of a record; an empty line counts only where a record follows it."""
        if not row:
            self._blank.append(line)
            return False
        for blank in self._blank:
            self._note(blank, 0)
        self._blank = []
        if len(row) != self._width:
            self._note(line, len(row))
        return len(row) == self._width

    def _note(self, line: int, fields: int) -> None:
        self.count += 1
        self.last, self.last_fields = line, fields
        if self.count <= FAULTS_SHOWN:
            self.shown.append((line, fields))

    def faults(self, lines: _Lines, path: Path) -> list[Finding]:
        """Return F08 for a last line that ends early and F07 for all other ragged lines."""
        findings = []
        shown, count = self.shown, self.count
        if 0 < self.last_fields < self._width and self.last == lines.number and not lines.is_closed:
            fields = self.last_fields
            shown, count = [item for item in shown if item[0] != self.last], count - 1
            findings.append(_torn(f"line {self.last} ends early with {fields} of {self._width} fields", path))
        if count:
            listed = ", ".join(f"line {line} has {fields} fields" for line, fields in shown)
            rule = f"{count} ragged lines, the header has {self._width} fields: {listed}"
            way_out = "put cells that hold the separator in quotes, or correct the lines"
            findings.append(Finding("F07", rule, way_out, file=path.name))
        return findings


def _records(
    reader: Any, lines: _Lines, path: Path, names: tuple[str, ...], places: dict[str, int]
) -> tuple[dict[str, pd.Series], int]:
    """Read all records in chunks, so that only compact text columns are held in memory."""
    parts: dict[str, list[Any]] = {name: [] for name in places}
    shape = _Shape(len(names))
    chunk: list[list[str]] = []
    size = max(1, CHUNK_CELLS // len(names))
    count = 0
    for row in reader:
        if shape.fits(row, reader.line_num):
            chunk.append(row)
            count += 1
            if len(chunk) == size:
                _store(chunk, parts, places, path)
                chunk = []
    raise_findings(shape.faults(lines, path), DataContractError)
    if not count:
        raise fail("F01", "the file is empty: it has a header but no rows", "export it again", path)
    if chunk:
        _store(chunk, parts, places, path)
    return {name: _text_column(arrays) for name, arrays in parts.items()}, count


def _store(chunk: list[list[str]], parts: dict[str, list[Any]], places: dict[str, int], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = list(zip(*chunk, strict=True))
    for name, place in places.items():
        cells = pa.array(columns[place], pa.large_string())
        check_cell_length(pc.max(pc.utf8_length(cells)).as_py(), name, path)
        parts[name].append(cells)


def _text_column(arrays: list[Any]) -> pd.Series:
    import pyarrow as pa

    return pd.Series(pd.array(pa.chunked_array(arrays), dtype="string[pyarrow]"))


def _broken(error: csv.Error, lines: _Lines, path: Path) -> DataContractError:
    if "field larger" in str(error):
        rule = f"line {lines.number}: a cell is too long: limit {MAX_CELL:,} characters, actual more"
        return fail("F15", rule, "shorten it, or check the quotes", path)
    if "unexpected end" in str(error):
        return DataContractError(_torn(f"line {lines.number}: a quoted cell is still open at the end", path))
    return fail("F18", f"line {lines.number}: broken quoting ({error})", "correct the quotes", path)


def _torn(rule: str, path: Path) -> Finding:
    way_out = "export the file again; declare the expected rows or checksum in [file] (rows, sha256) to be safe"
    return Finding("F08", f"{rule}: the file is torn", way_out, file=path.name)


def _open_end(lines: _Lines, path: Path, is_sealed: bool) -> tuple[Finding, ...]:
    if lines.is_closed or is_sealed:
        return ()
    rule = f"line {lines.number} is the last one and has no line end: nothing proves that the file is whole"
    way_out = "end the last line, or declare the checksum in [file] of the codebook (sha256)"
    return (Finding("F08", rule, way_out, file=path.name, severity="warning"),)


def _line_of_fault(path: Path, encoding: str) -> int:
    """Return the number of the first line that does not decode; UTF-16 has no byte lines, so decode up to the fault."""
    if codecs.lookup(encoding).name.startswith("utf-16"):
        decoded = path.read_bytes().decode(encoding, errors="replace")
        return decoded.split("\ufffd")[0].count("\n") + 1
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                return number
    return number
