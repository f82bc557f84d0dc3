"""A score in files: the values as a table, and beside it how it was made, bound together by a digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts.csv_file import read_csv_file
from cohorts.errors import DataContractError, Finding
from cohorts.export import neutralise, restore
from cohorts.folds import Folds
from cohorts.raw_table import file_digest
from cohorts.score import Score
from cohorts.whole_file import write_whole_file

SCHEMA = "bone-prognosis score 1"
PATIENT, FOLD, PLAIN = "patient", "fold", "out_of_fold"
LARGEST = 1 << 20
KEYS = {"schema": str, "name": str, "nested": bool, "k": int, "seed": int, "label": dict, "provenance": str,
        "sha256": str}  # fmt: skip


def about_file(path: Path) -> Path:
    """Return the file beside the table, which says how the score was made: score.csv has score.json."""
    return path.with_suffix(".json")


def write_score(score: Score, path: str | Path) -> None:
    """Write a score: ``NAME.csv`` with the values and ``NAME.json`` with name, folds and provenance.

    Columns: patient, fold, and ``without_0``, ``without_1``, ... (nested: the value where that fold is left out) or
    ``out_of_fold`` (plain). Numbers are written so that reading gives the same bits.

    Raises
    ------
    DataContractError
        L13 another ending than .csv, or an in-sample score, which no study takes.
    """
    path = Path(path)
    if path.suffix != ".csv" or not score.out_of_fold:
        rule = "an in-sample score" if path.suffix == ".csv" else f"a score in a file {path.suffix or 'without ending'}"
        raise DataContractError(Finding("L13", rule, "write a cross-fitted score as NAME.csv", score.name))
    values = pd.DataFrame(score.values, columns=_columns(score.folds.k, score.nested))
    own = score.folds.assignment.loc[list(score.ids)].to_numpy(np.int64)
    table = pd.concat([pd.DataFrame({PATIENT: score.ids, FOLD: own}), values], axis=1)
    content = neutralise(table).to_csv(index=False).encode("utf-8")
    write_whole_file(path, content)
    about = {
        "schema": SCHEMA,
        "name": score.name,
        "nested": score.nested,
        "k": score.folds.k,
        "seed": int(score.folds.seed),
        "label": dict(score.label),
        "provenance": score.provenance,
        "sha256": file_digest(path),
    }
    write_whole_file(about_file(path), (json.dumps(about, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))


def read_score(path: str | Path) -> Score:
    """Read what `write_score` wrote; its folds are those of the patients in the table.

    Raises
    ------
    DataContractError
        L13 a file beside it that is absent, no JSON, of another schema or with impossible entries; a table that was
        changed since it was written; cells that are no numbers; besides what a table (F01 to F18) and a score raise.
    """
    path = Path(path)
    about = _about(path)
    columns = _columns(about["k"], about["nested"])
    frame = read_csv_file(path, ",", None, (PATIENT, FOLD, *columns), is_sealed=True).frame
    if file_digest(path) != about["sha256"]:
        rule = "the table of scores is not the one that was written: its digest differs"
        raise _fault(rule, "a score that was changed by hand is not out of fold any more: make it again", path)
    absent = [name for name in (PATIENT, FOLD, *columns) if name not in frame]
    if absent:
        raise _fault(f"no column {', '.join(absent)}", "give the file that images cross-fit wrote", path)
    # pandas' own reader is off in the last bit of some numbers
    values = np.array([[_number(cell) for cell in frame[name]] for name in columns]).T
    fold = np.array([_number(cell) for cell in frame[FOLD]])
    fold = np.where(np.isfinite(fold), fold, -1)
    ids = [str(patient) for patient in restore(frame[PATIENT])]
    folds = Folds(pd.Series(fold.astype(np.int64), index=pd.Index(ids), name=FOLD), about["k"], about["seed"])
    given: Mapping[str, Any] = {name: about[name] for name in ("nested", "label", "provenance")}
    return Score(about["name"], tuple(ids), values if about["nested"] else values[:, 0], folds, **given)


def _number(cell: object) -> float:
    try:
        return float(str(cell))
    except ValueError:
        return np.nan


def _columns(k: int, nested: bool) -> list[str]:
    return [f"without_{fold}" for fold in range(k)] if nested else [PLAIN]


def _about(path: Path) -> dict[str, Any]:
    file = about_file(path)
    if not file.is_file():
        rule = f"{file.name} is absent: it says how the score was made"
        raise _fault(rule, "keep both files that images cross-fit writes side by side", path)
    if file.stat().st_size > LARGEST:
        raise _fault(f"the file is too large: limit {LARGEST:,} bytes", "give the file that was written", file)
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, UnicodeError):
        raise _fault("the file is no JSON", "give the file that images cross-fit wrote", file) from None
    if not isinstance(about, dict) or about.get("schema") != SCHEMA:
        raise _fault(f"the file is no {SCHEMA}", "make the score again by this version", file)
    wrong = [name for name, kind in KEYS.items() if type(about.get(name)) is not kind]
    if wrong or not 2 <= about["k"] <= 1000:
        raise _fault(f"impossible entries: {', '.join(wrong) or 'k'}", "give the file that was written", file)
    return about


def _fault(rule: str, way_out: str, path: Path) -> DataContractError:
    return DataContractError(Finding("L13", rule, way_out, file=path.name))
