"""A table of new patients, read by the codebook that the model holds."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from cohorts import Cohort
    from prognosis import FittedModel


def read_patients(model: FittedModel, path: Path, separator: str, decimal: str, encoding: str) -> Cohort:
    """Read new patients by the model's own codebook.

    Raises
    ------
    RunError
        U07 the model needs columns that a table of patients cannot declare, besides what reading a cohort raises.
    """
    from cohorts import Codebook, FileFormat, Variable
    from cohorts.errors import Finding, PrognosisWarning, RunError
    from cohorts.reading import read_cohort

    if decimal not in (".", ","):
        raise typer.BadParameter("--decimal must be '.' or ','")
    if any(name not in model.codebook for name in model.door.columns):
        rule = "this model needs columns of strata or offset, which a table of patients cannot declare"
        raise RunError(Finding("U07", rule, "predict in Python with model.predict(frame)"))
    declared = {model.id_column: Variable(name=model.id_column, kind="id"), **model.codebook}
    layout = FileFormat(separator=separator, decimal="," if decimal == "," else ".", encoding=encoding)
    with warnings.catch_warnings():
        # Warnings on a cohort's make-up (rare levels, identical rows) say nothing about single new patients.
        warnings.simplefilter("ignore", PrognosisWarning)
        return read_cohort(path, codebook=Codebook(declared, layout))
