"""Which patient of a protocol belongs to which stratum, and how old: read from a table, nothing guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Literal

import pandas as pd

from cohorts.csv_file import read_csv_file
from cohorts.errors import Finding, ImageError, RunError, raise_findings
from cohorts.reading import read_cohort
from imaging_head.index_file import PATIENT
from imaging_head.protocols import BENIGN_MALIGNANT, SCREENING, Contrast
from imaging_head.strata import AGE, STRATUM, patients_of

Asked = Literal["screening", "benign-malignant", "both"]


@dataclass(frozen=True)
class Sides:
    """The column of strata and its levels, by side: normal, benign, malignant, or the two that one task tells apart."""

    column: str
    levels: tuple[tuple[str, ...], ...]

    def contrasts(self, asked: Asked) -> tuple[Contrast, ...]:
        """Return what the tasks tell apart.

        Raises
        ------
        RunError
            I69 a task whose sides are not declared.
        """
        wanted = {"both": (SCREENING, BENIGN_MALIGNANT), SCREENING.name: (SCREENING,)}
        return tuple(self._contrast(published, asked) for published in wanted.get(asked, (BENIGN_MALIGNANT,)))

    def _contrast(self, published: Contrast, asked: Asked) -> Contrast:
        other, *event = self.levels if published is SCREENING else self.levels[-2:]
        if len(self.levels) == 3 or (len(self.levels) == 2 and asked != "both"):
            found = tuple(level for side in event for level in side)
            return Contrast(published.name, found, other, published.test_groups)
        rule = f"{len(self.levels)} sides are declared for the task {asked}"
        raise RunError(Finding("I69", rule, "--strata COLUMN=NORMAL/BENIGN/MALIGNANT, or two sides for one task"))


@dataclass(frozen=True, eq=False)
class Labelled:
    """Patients who take part: index patient, columns stratum and maybe age; and how many do not, by reason."""

    table: pd.DataFrame
    left_out: Mapping[str, int]


def read_sides(text: str) -> Sides:
    """Read ``COLUMN=NORMAL/BENIGN/MALIGNANT``; levels that count as one side are joined by ``+``.

    Raises
    ------
    RunError
        I69 no such declaration, or a level that stands twice.
    """
    column, _, rest = text.partition("=")
    levels = tuple(tuple(level.strip() for level in side.split("+")) for side in rest.split("/"))
    every = [level for side in levels for level in side]
    if not column.strip() or not all(every) or len(levels) not in (2, 3) or len(set(every)) < len(every):
        rule = f"{text!r} does not say which level is on which side"
        raise RunError(Finding("I69", rule, "write COLUMN=NORMAL/BENIGN/MALIGNANT, levels of one side joined by +"))
    return Sides(column.strip(), levels)


def read_labels(
    path: Path, codebook: Path | None, sides: Sides, contrasts: tuple[Contrast, ...], filmed: tuple[str, ...]
) -> Labelled:
    """Read stratum and age of the patients with films.

    Parameters
    ----------
    path : with a codebook a cohort; else a CSV file with the columns patient, that of the strata, and maybe age. A
        patient may have several rows that agree. filmed : patients of the index.

    Raises
    ------
    DataContractError
        A table that is not sound.
    ImageError
        I65 a level that nobody has; I66 films of patients who are not in the table, patients of two strata; I67 ages
        that are missing or none.
    """
    rows = _plain_rows(path, sides.column) if codebook is None else _cohort_rows(path, codebook, sides.column)
    raise_findings(_faults(rows, sides, filmed), ImageError)
    table = rows[~rows.index.duplicated()]
    levels = {level for contrast in contrasts for level in (*contrast.event, *contrast.other)}
    with_film = table.index.isin(filmed)
    taking = with_film & table[STRATUM].isin(levels)
    others = table.loc[with_film & ~taking, STRATUM].replace("", "no stratum").value_counts()
    left_out = {f"{sides.column}: {name}": int(number) for name, number in others.items()}
    if not with_film.all():
        left_out["no film"] = int((~with_film).sum())
    kept = table[taking]
    return Labelled(patients_of(kept[STRATUM], kept[AGE].map(_age) if AGE in kept else None), left_out)


def _plain_rows(path: Path, column: str) -> pd.DataFrame:
    frame = read_csv_file(path, ",", None, (PATIENT, column, AGE)).frame
    absent = [name for name in (PATIENT, column) if name not in frame]
    advice = "one row a patient: patient, stratum, age"
    faults = [Finding("I66", "there is no such column", advice, name, file=path.name) for name in absent]
    raise_findings(faults, ImageError)
    text = frame.map(lambda cell: str(cell).strip())
    kept = [column, AGE] if AGE in text else [column]
    return text.set_index(PATIENT)[kept].rename(columns={column: STRATUM})


def _cohort_rows(path: Path, codebook: Path, column: str) -> pd.DataFrame:
    cohort = read_cohort(path, codebook=codebook)
    absent = column not in cohort.codebook
    faults = [Finding("I66", "the cohort has no such column", "name its column in --strata", column)] if absent else []
    raise_findings(faults, ImageError)
    kept = [column, AGE] if AGE in cohort.codebook else [column]
    view = cohort.view(tuple(kept)).astype(object)
    known = view.where(view.notna(), "")
    text = known.map(lambda cell: str(cell).strip()).rename(columns={column: STRATUM})
    # a level that is a number is named as it was written: 2, not 2.0
    numbers = known[column].map(lambda cell: isinstance(cell, float) and cell.is_integer())
    text.loc[numbers, STRATUM] = known.loc[numbers, column].map(lambda cell: str(int(cell)))
    return text


def _age(text: str) -> float:
    """Return an age to the last bit; what is no number becomes not a number, which `patients_of` names."""
    try:
        return float(text)
    except ValueError:
        return nan


def _faults(rows: pd.DataFrame, sides: Sides, filmed: tuple[str, ...]) -> Iterator[Finding]:
    unknown = tuple(patient for patient in filmed if patient not in set(rows.index))
    if unknown:
        rule = f"{len(unknown)} patients with films are not in the table of strata"
        yield Finding("I66", rule, "add them, or take their films out of the index", PATIENT, unknown)
    for column, code in ((STRATUM, "I66"), (AGE, "I67")):
        if column in rows:
            several = rows.groupby(level=0)[column].nunique()
            torn = tuple(several.index[several > 1])
            if torn:
                rule = f"rows of one patient differ in {sides.column if column == STRATUM else AGE}"
                advice = "a patient belongs to one stratum, with all of his films"
                yield Finding(code, rule, advice, PATIENT, torn)
    found = list(dict.fromkeys(rows[STRATUM]))
    absent = [level for side in sides.levels for level in side if level not in found]
    if absent:
        rule = f"nobody has the level {', '.join(absent)}"
        levels = ", ".join(name for name in found[:12] if name)
        yield Finding("I65", rule, f"the levels are {levels}", sides.column)
