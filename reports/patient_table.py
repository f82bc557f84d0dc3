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
        U07 the model needs an offset, or strata by several columns: it holds the levels of one column of strata only;
        besides, what reading a cohort raises.
    """
    from cohorts import Codebook, FileFormat, Variable
    from cohorts.errors import Finding, PrognosisWarning, RunError
    from cohorts.reading import read_cohort
    from prognosis.harmonisation.preparation import levels_besides

    if decimal not in (".", ","):
        raise typer.BadParameter("--decimal must be '.' or ','")
    strata = stratum_levels(model.estimate.strata, model.estimate.stratum_names)
    besides = levels_besides(model.preparation)
    if any(name not in {*model.codebook, *strata, *besides} for name in model.door.columns):
        rule = "this model needs a column of an offset, or of strata by two columns, which a table cannot declare"
        raise RunError(Finding("U07", rule, "predict in Python with model.predict(frame)"))
    declared = {model.id_column: Variable(name=model.id_column, kind="id"), **model.codebook}
    for name, levels in (strata | besides).items():
        declared[name] = Variable(name=name, kind="nominal" if levels else "numeric", levels=levels)
    layout = FileFormat(separator=separator, decimal="," if decimal == "," else ".", encoding=encoding)
    with warnings.catch_warnings():
        # Warnings on a cohort's make-up (rare levels, identical rows) say nothing about single new patients.
        warnings.simplefilter("ignore", PrognosisWarning)
        return read_cohort(path, codebook=Codebook(declared, layout))


def stratum_levels(columns: tuple[str, ...], names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Return the levels of a column of strata, which the model names ``grade=1-2``; {} for none and for several."""
    if len(columns) != 1:
        return {}
    return {columns[0]: tuple(name.removeprefix(f"{columns[0]}=") for name in names)}
