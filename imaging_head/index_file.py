"""The index of films: which file shows which patient, from which side, when; checked before a film is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from cohorts.csv_file import read_csv_file
from cohorts.errors import Finding, ImageError, raise_findings

FILM, PATIENT, VIEW, LATERALITY, DATE, CLEARED = "film", "patient", "view", "laterality", "date", "cleared"
COLUMNS = (FILM, PATIENT, VIEW, LATERALITY, DATE, CLEARED)
SIDES = {"r": "R", "right": "R", "l": "L", "left": "L", "b": "B", "both": "B", "": ""}
ANSWERS = {"yes": True, "no": False, "": False}
LATERAL = ("LL", "RL", "ML", "LM", "LAT", "LATERAL")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_index(path: Path) -> pd.DataFrame:
    """Read an index file (CSV): film and patient, and if there, view, laterality, date and cleared.

    Raises
    ------
    DataContractError
        A file that is no sound CSV (F01 to F18, S02).
    ImageError
        I18 all faults of the index at once; see `check_index`.
    """
    raw = read_csv_file(path, ",", None, COLUMNS)
    return check_index(raw.frame)


def check_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the index with the columns film, patient, view, laterality (R, L, B), date (ISO) and cleared (bool).

    Raises
    ------
    ImageError
        I18: a column is absent, no film, a film or patient without a name, a film named twice, and cells of laterality,
        date and cleared that are not R, L, B; YYYY-MM-DD; yes, no.
    """
    absent = [name for name in (FILM, PATIENT) if name not in frame]
    if absent or frame.empty:
        rule = f"the index has no column {' and '.join(absent)}" if absent else "the index names no film"
        raise ImageError(Finding("I18", rule, "one row a film: film, patient, view, laterality, date"))
    text = {name: _cells(frame, name) for name in COLUMNS}
    raise_findings(_faults(text), ImageError)
    sides = text[LATERALITY].str.lower().map(SIDES)
    cleared = text[CLEARED].str.lower().map(ANSWERS).astype(bool)
    checked = {**text, VIEW: text[VIEW].str.upper(), LATERALITY: sides, CLEARED: cleared}
    return pd.DataFrame(checked).reset_index(drop=True)


def same_view(index: str, tag: str) -> bool:
    """Return whether a view of the index and ViewPosition mean the same; all lateral views count as one."""
    return index == tag.upper() or (index in LATERAL and tag.upper() in LATERAL)


@dataclass(frozen=True)
class Place:
    """The folder that films lie in; nothing outside it is opened."""

    root: Path

    def of(self, film: str) -> Path:
        """Return the path of a film.

        Raises
        ------
        ImageError
            I18 it lies outside the folder, also by a link, or does not exist.
        """
        root = self.root.resolve()
        path = (root / film).resolve()
        if not path.is_relative_to(root):
            rule = f"the film lies outside the folder {self.root}"
            raise ImageError(Finding("I18", rule, "name films relative to root, below it", FILM, file=film))
        if not path.is_file():
            raise ImageError(Finding("I18", "there is no such film", "correct the index or root", FILM, file=film))
        return path


def _cells(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as text; a missing cell, or the whole column, is empty."""
    if name not in frame:
        return pd.Series([""] * len(frame), dtype=object)
    cells = frame[name].reset_index(drop=True).astype(object)
    return cells.where(cells.notna(), "").map(lambda cell: _text(cell).strip())


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell.date().isoformat() if isinstance(cell, pd.Timestamp) else str(cell)


def _faults(text: dict[str, pd.Series]) -> Iterator[Finding]:
    rules = (
        (FILM, text[FILM] == "", "the film is not named", "name the file"),
        (PATIENT, text[PATIENT] == "", "the film belongs to nobody", "name the patient as the cohort does"),
        (FILM, text[FILM].duplicated() & (text[FILM] != ""), "the film is listed twice", "list each film once"),
        (LATERALITY, ~text[LATERALITY].str.lower().isin(SIDES), "no side of the body", "write R, L or B"),
        (CLEARED, ~text[CLEARED].str.lower().isin(ANSWERS), "neither yes nor no", "write yes or no"),
        (DATE, ~text[DATE].map(_is_date), "no date", "write YYYY-MM-DD"),
    )
    for column, wrong, rule, way_out in rules:
        if wrong.any():
            rows = tuple(f"row {place + 1}" for place in wrong.index[wrong])
            yield Finding("I18", rule, way_out, column, rows)


def _is_date(cell: str) -> bool:
    if not cell:
        return True
    try:
        return bool(ISO_DATE.fullmatch(cell)) and bool(date.fromisoformat(cell))
    except ValueError:
        return False
