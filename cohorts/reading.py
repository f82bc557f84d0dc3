"""From a file and its codebook to a checked cohort; nothing about the file is guessed and all findings come at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cohorts.checking import Checked, check_table
from cohorts.cohort import Cohort
from cohorts.csv_file import read_csv_file
from cohorts.diseases.named import DISEASES, disease_named
from cohorts.errors import DataContractError, Finding, raise_findings, warn_findings
from cohorts.raw_table import RawTable, file_digest
from cohorts.typed_files import read_excel_file, read_parquet_file, read_statistics_file
from cohorts.variable import Codebook, FileFormat

TEXT = (".csv", ".txt", ".tsv")
EXCEL = (".xlsx", ".xlsm")
PARQUET = (".parquet", ".pq")
STATISTICS = (".sav", ".zsav", ".dta", ".sas7bdat", ".xpt")


def read_cohort(
    path: str | Path,
    codebook: str | Path | Codebook,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
) -> Cohort:
    """Read a cohort from CSV, Excel, Parquet, SPSS, Stata or SAS.

    Parameters
    ----------
    path : the file; its ending names the format.
    codebook : declaration of the columns, the TOML file with it, or the name of a disease in `cohorts.diseases`, which
        declares those of its columns that the file has.
    encoding, separator, decimal, sheet : how the file is written, where the codebook's ``[file]`` does not say so.
        The defaults for text files are UTF-8 (a byte order mark is proof enough of UTF-16), ``","`` and ``"."``.

    Returns
    -------
    Cohort
        Its `warnings` are also shown as `PrognosisWarning`.

    Raises
    ------
    DataContractError
        All findings together: of the file (F01 to F19), the declarations (S01 to S08), the ids (I01 to I03, R07)
        and the columns (C10 to C27, F12, F13, T01, T05 to T10, T17, T19).
    """
    given = {"encoding": encoding, "separator": separator, "decimal": decimal, "sheet": sheet}
    book, checked, digest = _read(Path(path), codebook, given)
    raise_findings(checked.findings, DataContractError)
    warn_findings(checked.findings)
    return Cohort(checked.frame, book, name=Path(path).name, sha256=digest, warnings=checked.findings)


def check_file(path: str | Path, codebook: str | Path | Codebook, **written: str | None) -> tuple[Finding, ...]:
    """Return everything `read_cohort` finds, errors and warnings, without raising.

    Parameters
    ----------
    path, codebook : as in `read_cohort`.
    written : encoding, separator, decimal, sheet, as in `read_cohort`.
    """
    try:
        _, checked, _ = _read(Path(path), codebook, written)
    except DataContractError as error:
        return error.findings
    return checked.findings


def _read(path: Path, codebook: str | Path | Codebook, given: dict[str, Any]) -> tuple[Codebook, Checked, str]:
    disease = disease_named(codebook) if isinstance(codebook, str) and codebook in DISEASES else None
    if disease is not None:
        book = disease.codebook
    else:
        book = codebook if isinstance(codebook, Codebook) else Codebook.from_toml(codebook)
    layout = _layout(book.file, given)
    raw = _read_raw(path, layout, tuple(book))
    book = book if disease is None else disease.codebook_of(raw.names)
    digest = file_digest(path)
    checked = check_table(raw.frame, book, names=raw.names, text=raw.text, decimal=layout.decimal, file=path.name)
    findings = (*raw.findings, *_broken_seal(layout, len(raw.frame), digest, path), *checked.findings)
    return book, replace(checked, findings=findings), digest


def _layout(declared: FileFormat, given: dict[str, Any]) -> FileFormat:
    """Join what the codebook and the caller say of the file; where both speak they must agree."""
    asked = {key: value for key, value in given.items() if value is not None}
    findings = [
        Finding(
            "S06", f"the codebook declares {key} = {getattr(declared, key)!r}, the call {value!r}", "declare it once"
        )
        for key, value in asked.items()
        if key in declared.model_fields_set and getattr(declared, key) != value
    ]
    raise_findings(findings, DataContractError)
    try:
        layout = FileFormat(**declared.model_dump(exclude_unset=True) | asked)
    except ValidationError as error:
        rule = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())
        raise DataContractError(Finding("S03", rule, "correct the call")) from None
    if len(layout.separator) != 1 or layout.separator in '"\r\n' or layout.separator == layout.decimal:
        rule = f"separator {layout.separator!r} with decimal {layout.decimal!r}"
        raise DataContractError(
            Finding("S03", rule, "declare one separator, other than the decimal sign and the quote")
        )
    return layout


def _read_raw(path: Path, layout: FileFormat, wanted: tuple[str, ...]) -> RawTable:
    ending = path.suffix.lower()
    if ending in TEXT:
        encoding = layout.encoding if "encoding" in layout.model_fields_set else None
        return read_csv_file(path, layout.separator, encoding, wanted, is_sealed=layout.sha256 is not None)
    if ending in EXCEL:
        return read_excel_file(path, layout.sheet, wanted)
    if ending in PARQUET:
        return read_parquet_file(path, wanted)
    if ending in STATISTICS:
        return read_statistics_file(path, wanted)
    known = ", ".join((*TEXT, *EXCEL, *PARQUET, *STATISTICS))
    raise DataContractError(
        Finding("S07", f"unknown file format {ending or path.name!r}", f"give one of {known}", file=path.name)
    )


def _broken_seal(layout: FileFormat, rows: int, digest: str, path: Path) -> list[Finding]:
    """Compare the file with the declared number of rows and checksum (F08)."""
    findings = []
    if layout.rows is not None and layout.rows != rows:
        rule = f"expected rows {layout.rows}, found {rows}: the last line read is record {rows}"
        findings.append(Finding("F08", rule, "export the file again, or correct rows in [file]", file=path.name))
    elif layout.sha256 is not None and layout.sha256.lower() != digest:
        rule = f"expected checksum {layout.sha256[:16]}..., actual {digest[:16]}...: the file has changed"
        findings.append(Finding("F08", rule, "get the right file, or correct sha256 in [file]", file=path.name))
    return findings
