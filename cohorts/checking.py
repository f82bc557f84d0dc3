"""A raw table and its codebook to typed, checked values; every finding of the table is collected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from cohorts.columns import level_text, typed_column
from cohorts.errors import Finding
from cohorts.identity import personal_columns, row_ids
from cohorts.inclusion import inclusion_faults
from cohorts.plausibility import identical_rows, outside_limits, rare_levels, sentinels
from cohorts.units import unit_faults
from cohorts.variable import Codebook, Kind, Variable


@dataclass(frozen=True)
class Checked:
    """Typed values (index = row ids) and everything found on the way."""

    frame: pd.DataFrame
    findings: tuple[Finding, ...]


def check_table(
    raw: pd.DataFrame,
    codebook: Codebook,
    *,
    id_column: str | None = None,
    names: Sequence[str] | None = None,
    text: bool = False,
    decimal: str = ".",
    file: str | None = None,
) -> Checked:
    """Read every declared column by its kind and check it alone and against the others.

    Parameters
    ----------
    raw : table as read.
    codebook : declaration of the columns.
    id_column : name of the id column where the caller gives one; it must be the codebook's.
    names : all column names of the file, where `raw` holds the declared ones only.
    text : True where all cells are text (CSV).
    decimal : decimal sign of a text file.
    file : file name for the messages.

    Returns
    -------
    Checked
        The typed columns in the codebook's order. Findings of severity ``error`` mean that the frame is not to be used.
    """
    present = [str(name) for name in (raw.columns if names is None else names)]
    findings = [*_missing_declarations(present, codebook, id_column), *personal_columns(present)]
    key = codebook.id
    if key is None or key not in raw.columns:
        return Checked(pd.DataFrame(), _located(findings, file))
    ids, faults = row_ids(raw[key], text)
    findings += faults
    index = pd.Index(ids, name=key, dtype=object)
    typed: dict[str, pd.Series] = {}
    for name, variable in codebook.items():
        if variable.kind != "id" and name in raw.columns:
            column = raw[name].set_axis(index)
            typed[name], faults = typed_column(column, variable, text, decimal)
            findings += faults or list(_column_faults(typed[name], variable))
    frame = pd.DataFrame(typed, index=index)
    findings += _date_order(frame, codebook)
    findings += _after_lock(frame, codebook)
    findings += rare_levels(frame, codebook)
    # An id given twice is one fault; that its rows are alike needs no second finding.
    if not any(finding.code == "I01" for finding in findings):
        findings += identical_rows(frame)
    return Checked(frame, _located(findings, file))


def codebook_of_dtypes(frame: pd.DataFrame, id_column: str) -> tuple[Codebook, list[Finding]]:
    """Declare columns by their dtypes alone, for exploration; object columns are refused (C10, C21)."""
    variables: dict[str, Variable] = {}
    findings: list[Finding] = []
    if id_column not in frame.columns:
        rule = "the frame has no such column to take row ids from"
        findings.append(Finding("S05", rule, "name it with id=...", column=id_column))
    for name in map(str, frame.columns):
        column = frame[name]
        if name == id_column:
            variables[name] = Variable(name=name, kind="id")
        elif (kind := _kind_of(column)) is not None:
            levels = None
            if isinstance(column.dtype, pd.CategoricalDtype):
                levels = tuple(map(level_text, column.cat.categories))
            date_format = "%Y-%m-%d" if kind == "date" else None
            if levels and len(set(levels)) < len(levels):
                rule = "a level is declared twice: two categories read alike"
                findings.append(Finding("S03", rule, "rename one of them", column=name))
                continue
            variables[name] = Variable(name=name, kind=kind, levels=levels, date_format=date_format)
        else:
            findings.append(_refused(column, name))
    return Codebook(variables), findings


def _kind_of(column: pd.Series) -> Kind | None:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return ("ordinal" if column.cat.ordered else "nominal") if len(column.cat.categories) else None
    if pd.api.types.is_bool_dtype(column.dtype):
        return "binary"
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    return "numeric" if pd.api.types.is_numeric_dtype(column.dtype) else None


def _refused(column: pd.Series, name: str) -> Finding:
    texts = column.dropna().astype(str)
    if len(texts) and pd.to_numeric(texts, errors="coerce").notna().all():
        rule = "numbers stored as text (string dtype)"
        return Finding("C10", rule, "convert the column to numbers, or give a codebook", column=name)
    rule = f"a column of dtype {column.dtype} without declared levels"
    return Finding("C21", rule, "make it a category, or give a codebook that declares its levels", column=name)


def _missing_declarations(present: list[str], codebook: Codebook, id_column: str | None) -> Iterator[Finding]:
    keys = [name for name, variable in codebook.items() if variable.kind == "id"]
    if len(keys) != 1:
        rule = f"the codebook declares {len(keys)} id columns {keys or ''}".strip()
        yield Finding("S05", rule, 'declare exactly one column with kind = "id"')
    elif id_column not in (None, keys[0]) and id_column in present:
        rule = f"the codebook's id column is {keys[0]}, not {id_column}"
        yield Finding("S06", rule, "name the same column", column=id_column)
    for name in codebook:
        if name not in present:
            way_out = f"correct the codebook or the table, which has {', '.join(present[:30])}"
            yield Finding("S01", "declared in the codebook but absent", way_out, column=name)
    extra = [name for name in present if name not in codebook]
    if extra:
        rule = f"{len(extra)} columns are not declared in the codebook and left out: {', '.join(extra[:30])}"
        yield Finding("S04", rule, "declare them to use them", severity="warning")


def _column_faults(values: pd.Series, variable: Variable) -> Iterator[Finding]:
    """Check a readable column; a unit that explains the outliers is told once, as the unit."""
    yield from inclusion_faults(values, variable)
    if variable.kind not in ("numeric", "time"):
        return
    wrong_unit = unit_faults(values, variable) if variable.kind == "numeric" else []
    yield from wrong_unit or outside_limits(values, variable)
    yield from sentinels(values, variable)


def _date_order(frame: pd.DataFrame, codebook: Codebook) -> Iterator[Finding]:
    for name, variable in codebook.items():
        earlier = variable.not_before
        if earlier is None or name not in frame:
            continue
        if earlier not in frame or not pd.api.types.is_datetime64_dtype(frame[earlier].dtype):
            yield Finding("S01", f"not_before names {earlier}, which is no date column", "correct it", column=name)
            continue
        wrong = frame.index[frame[name] < frame[earlier]]
        if len(wrong):
            rule = f"patient ids with {name} < {earlier}"
            yield Finding("T17", rule, "correct the dates", column=name, rows=tuple(map(str, wrong)))


def _after_lock(frame: pd.DataFrame, codebook: Codebook) -> Iterator[Finding]:
    """Find dates after the declared data lock; without one, dates in the future."""
    lock = codebook.file.data_lock
    try:
        last = dt.date.fromisoformat(lock) if lock else dt.date.today()
    except ValueError:
        yield Finding("S03", f"data_lock {lock!r} is no date", "write it as YYYY-MM-DD")
        return
    declared = f"data lock date {last}" if lock else f"data lock date (none is declared, so today, {last})"
    for name, column in frame.items():
        if not pd.api.types.is_datetime64_dtype(column.dtype):
            continue
        late = column[column >= pd.Timestamp(last) + pd.Timedelta(days=1)]
        if len(late):
            rule, value = f"date after the {declared}", str(late.max().date())
            way_out = "correct the dates or data_lock in [file]"
            yield Finding("T19", rule, way_out, str(name), tuple(map(str, late.index)), value)


def _located(findings: list[Finding], file: str | None) -> tuple[Finding, ...]:
    return tuple(replace(finding, file=finding.file or file) for finding in findings)
