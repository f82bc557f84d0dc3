"""The index of films against the table of patients: who has films, on which side, and taken when."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding
from imaging_head.index_file import DATE, FILM, LATERALITY, PATIENT, SIDES
from imaging_head.linking import hashed


def strangers(index: pd.DataFrame, cohort: Cohort) -> Iterator[Finding]:
    """Yield I22: films of patients whom the cohort does not have (an error), patients without a film (a warning)."""
    known, filmed = set(cohort.ids), set(index[PATIENT])
    unknown = [patient for patient in dict.fromkeys(index[PATIENT]) if patient not in known]
    if unknown:
        rule = f"{len(unknown)} patients with films are not in the cohort: #{', #'.join(map(hashed, unknown[:10]))}"
        yield Finding("I22", rule, "leave out their films, or name them as the cohort does", PATIENT)
    without = tuple(row for row in cohort.ids if row not in filmed)
    if without:
        rule = f"{len(without)} patients of the cohort have no film: no score can be made for them"
        yield Finding("I22", rule, "leave them out of the study, with that reason", rows=without, severity="warning")


def other_sides(index: pd.DataFrame, cohort: Cohort, column: str) -> Iterator[Finding]:
    """Yield I10: films of another side than the table says, and cells of the table that name no side."""
    cells = cohort.view((column,))[column].astype(object)
    said = cells.where(cells.notna(), "").map(lambda cell: SIDES.get(str(cell).strip().lower()))
    odd = tuple(map(str, said.index[said.isna()]))
    if odd:
        yield Finding("I10", "no side of the body, expected R, L or B", "recode the column", column, odd)
    for entry in index.to_dict("records"):
        side = said.get(entry[PATIENT])
        if entry[LATERALITY] in ("R", "L") and side in ("R", "L") and side != entry[LATERALITY]:
            rule = f"the film shows side {entry[LATERALITY]}, expected {side} (tag Laterality against the table)"
            yield Finding("I10", rule, "correct the index or the table", column, file=entry[FILM])


def taken_later(index: pd.DataFrame, cohort: Cohort, column: str, days: int) -> Iterator[Finding]:
    """Yield I24: films taken after the moment of prediction (an error), or at an unknown one (a warning)."""
    moments = cohort.view((column,))[column]
    moments = pd.to_datetime(moments) + pd.Timedelta(days=days)
    taken = pd.to_datetime(index[DATE].where(index[DATE] != "", None), format="%Y-%m-%d")
    moment = pd.to_datetime(index[PATIENT].map(moments))
    late, unclear = taken > moment, taken.isna() | moment.isna()
    if late.any():
        rule = f"the film was taken more than {days} days after {column}: it shows what the model is to predict"
        yield Finding("I24", rule, "leave out later films", column, tuple(index[FILM][late]))
    if unclear.any():
        rule = f"it is not known whether the film was taken before {column}"
        rows = tuple(index[FILM][unclear])
        yield Finding("I24", rule, "give date in the index", column, rows, severity="warning")
