"""What can be chosen about the drawing of a nomogram, and who can be drawn on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

import pandas as pd

from cohorts.errors import Finding, PredictionError, raise_findings
from nomograms.points import Value
from prognosis.patients import Door
from prognosis.published.columns import Columns

if TYPE_CHECKING:
    from prognosis.model import FittedModel
    from prognosis.patients import Patients

Patient: TypeAlias = Mapping[str, Any] | pd.DataFrame


class Options(TypedDict, total=False):
    """How a nomogram is drawn: the options of `Nomogram`."""

    limits: str
    language: str
    width: float
    bound: float
    median: bool
    score_table: bool | None


class SurrogateOptions(Options, total=False):
    """The same and how a surrogate is made and judged."""

    interactions: Sequence[tuple[str, str]]
    knots: int
    patients: Patients | None


class PublishedOptions(Options, total=False):
    """The same, the horizons, and the columns of a published model."""

    horizons: Sequence[float] | None
    columns: Columns


def one_row(patient: Patient) -> Mapping[str, Any]:
    """Return a frame of one row as a mapping; a mapping stays what it is (P15 for another number of rows)."""
    if not isinstance(patient, pd.DataFrame):
        return patient
    if len(patient) != 1:
        rule = f"{len(patient)} patients given"
        raise PredictionError(Finding("P15", rule, "one patient is drawn on a nomogram: give a frame of one row"))
    return {str(name): value for name, value in patient.iloc[0].items()}


def admitted(model: FittedModel, patient: Patient) -> dict[str, Value]:
    """Return the known predictors of a patient, checked as `FittedModel.predict` checks them (P01, P02, P03, P07)."""
    known = one_row(patient)
    given = {name: known[name] for name in model.predictors if name in known}
    rule = "column {} is missing: an unknown value has no place on an axis"
    gone = [Finding("P02", rule.format(n), "complete it, or use predict", n) for n in given if pd.isna(given[n])]
    raise_findings(gone, PredictionError)
    if not given:
        rule = "the patient has none of the predictors"
        raise PredictionError(Finding("P01", rule, f"the predictors are {', '.join(model.predictors)}"))
    door = Door(model.codebook.only(tuple(given)), model.profile, id_column="")
    row = door.admit(given).frame.iloc[0]
    return {str(name): value if isinstance(value, str) else float(value) for name, value in row.items()}


def own_horizons(model: FittedModel) -> tuple[float, ...]:
    """Return the horizons of the model; one of early relapse answers for its window only."""
    window = getattr(model.estimate, "window", None)
    return model.horizons if window is None else (float(window),)
