"""The calculators of a run: one of every regression in it; of other models a warning says why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cohorts.errors import Finding, RunError
from prognosis import FittedModel, Study
from reports.declared_recipes import answering_kind, has_points, recipe_of
from reports.output_folder import OutputFolder
from reports.study_file import StudyFile


def check_calculators(declared: StudyFile, study: Study) -> None:
    """Refuse ``calculator = true`` before the work where no model of the study file can have one.

    Raises
    ------
    RunError
        R60: none of the models is a regression that a calculator computes.
    """
    if not declared.reports.calculator:
        return
    kinds = [answering_kind(recipe_of(table), timed=study.endpoint.kind != "binary") for table in declared.models]
    # causes that compete have no single line of points, and a calculator all the same
    if not any(has_points(kind, competing=False) for kind in kinds):
        rule = f"[reports] calculator = true, but there is no calculator of models of kind {', '.join(kinds)}"
        advice = "add a regression such as cox or logistic"
        raise RunError(Finding("R60", rule, advice))


def write_calculators(declared: StudyFile, models: Sequence[FittedModel], folder: OutputFolder) -> list[Finding]:
    """Write ``calculator_NAME.html`` of every model that has one; return warnings (R60 to R62) for the others."""
    if not declared.reports.calculator:
        return []
    from reports.calculator import Calculator
    from reports.calculator_numbers import refusals_of

    options: dict[str, Any] = {"language": declared.reports.language}
    options |= {"limits": declared.nomogram.limits} if declared.nomogram else {}
    warned: list[Finding] = []
    for model in models:
        if found := refusals_of(model):
            warned += [replace(f, rule=f"{model.name}: {f.rule}", severity="warning") for f in found]
            continue
        folder.write(f"calculator_{model.name}.html", Calculator(model, **options).html())
    return warned
