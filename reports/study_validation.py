"""The ``[validation]`` table of a study file, done: which plan, which metrics, which figures."""

from __future__ import annotations

from dataclasses import replace

from prognosis import FittedModel, Study
from prognosis.execution import Execution
from prognosis.validation import CrossValidation, GroupCombinations, Plan, Temporal, Validation
from reports.external_run import write_pictures
from reports.figures import Picture
from reports.fonts import choose_fonts
from reports.internal_figures import internal_figures
from reports.output_folder import OutputFolder
from reports.study_file import ValidationTable
from reports.wording import Wording


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
) -> tuple[FittedModel, dict[str, Picture]]:
    """Validate one model and write its figures into ``figures/``.

    Returns
    -------
    The model with its validation, whose warnings say which figure could not be drawn (R20), and the figures by name.

    Raises
    ------
    FitError, PredictionError, LeakageError
        As `Study.validate`.
    """
    validation = validated(study, model, table, execution)
    if not table.figures:
        return model.with_validation(validation), {}
    fonts = choose_fonts(model.name, language)
    drawn = internal_figures(study, model, validation, execution, fonts, Wording(language))
    write_pictures(drawn.pictures, model.created, folder)
    validation = replace(validation, warnings=(*validation.warnings, *drawn.warnings))
    return model.with_validation(validation), dict(drawn.pictures)


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
