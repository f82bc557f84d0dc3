"""The ``[validation]`` table of a study file, done: which plan, which metrics, which figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from prognosis import FittedModel, Study
from prognosis.execution import Execution
from prognosis.validation import CrossValidation, GroupCombinations, Plan, Temporal, Validation
from prognosis.validation.subgroups import SubgroupPerformance
from reports.external_run import write_pictures
from reports.figures import Picture
from reports.fonts import choose_fonts
from reports.internal_figures import internal_figures
from reports.output_folder import OutputFolder
from reports.study_file import ValidationTable
from reports.subgroups import draw_subgroups, judge_subgroups
from reports.wording import Wording


class Validated(NamedTuple):
    """A model with its validation, its figures by name, and its performance in subgroups, where some are declared."""

    model: FittedModel
    pictures: Mapping[str, Picture]
    subgroups: SubgroupPerformance | None = None


def plan_of(table: ValidationTable) -> str | Plan | None:
    """Return what the table asks of `Study.validate`: a plan where its keys say more than a name does."""
    if table.method == "cross-validation" and table.folds is not None:
        return CrossValidation(table.folds, 10 if table.repeats is None else table.repeats)
    if table.method == "group-combinations" and table.by is not None and table.k is not None:
        return GroupCombinations(table.by, table.k)
    if table.method == "temporal" and table.by is not None and table.after is not None:
        return Temporal(table.by, table.after)
    return table.method


def validate_and_draw(
    study: Study, model: FittedModel, table: ValidationTable, execution: Execution, language: str, folder: OutputFolder
) -> Validated:
    """Validate one model, in the declared subgroups too, and write its figures into ``figures/``.

    Returns
    -------
    The model with its validation, whose warnings say which figure could not be drawn (R20) and which group is too small
    (E15); the figures by name; the subgroups.

    Raises
    ------
    FitError, PredictionError, LeakageError
        As `Study.validate`.
    """
    validation = validated(study, model, table, execution)
    groups, said = judge_subgroups(study, model, validation, table, execution)
    validation = replace(validation, warnings=(*validation.warnings, *said))
    if not table.figures:
        return Validated(model.with_validation(validation), {}, groups)
    wording = Wording(language)
    fonts = choose_fonts(model.name, language)
    drawn = internal_figures(study, model, validation, execution, fonts, wording)
    pictures = dict(drawn.pictures)
    if groups is not None:
        pictures[f"subgroups_{model.name}"] = draw_subgroups(study, groups, fonts, wording)
    write_pictures(pictures, model.created, folder)
    validation = replace(validation, warnings=(*validation.warnings, *drawn.warnings))
    return Validated(model.with_validation(validation), pictures, groups)


def validated(study: Study, model: FittedModel, table: ValidationTable, execution: Execution) -> Validation:
    """Validate one model as the study file says.

    Raises
    ------
    FitError, PredictionError, LeakageError
        As `Study.validate`.
    """
    plan = plan_of(table)
    return study.validate(
        model,
        plan,
        # a plan has its own
        table.repeats if plan is None or isinstance(plan, str) else None,
        metrics=table.metrics,
        thresholds=table.thresholds,
        by=table.by,
        execution=execution,
    )


def describe(table: ValidationTable) -> str:
    """Say in one line what is about to be done."""
    how = table.method or "method chosen by the package"
    return how if table.repeats is None else f"{how}, repeats: {table.repeats}"
