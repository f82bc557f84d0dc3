"""Performance in the groups that a study file declares: judged, drawn, and told as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cohorts.errors import Finding, PrognosisError
from prognosis import FittedModel, Study
from prognosis.execution import Execution
from prognosis.validation import Validation
from prognosis.validation.subgroups import SubgroupPerformance, group_columns, subgroup_performance
from reports.contents.subgroups import subgroup_content
from reports.external_results import lines_with_reasons
from reports.figures import Picture
from reports.figures.subgroups import subgroup_figure
from reports.fonts import FontChoice
from reports.study_file import StudyFile, ValidationTable
from reports.wording import Wording


def check_subgroups(declared: StudyFile, study: Study) -> None:
    """Refuse groups that cannot be made before any fit; raises as `subgroup_performance`."""
    if declared.validation is not None and declared.validation.subgroups:
        group_columns(study, declared.validation.subgroups, declared.validation.cuts)


def judge_subgroups(
    study: Study, model: FittedModel, validation: Validation, table: ValidationTable, execution: Execution
) -> tuple[SubgroupPerformance | None, tuple[Finding, ...]]:
    """Judge a model in the declared groups; None with the reason (G35) where its folds cannot be fitted."""
    if not table.subgroups:
        return None, ()
    try:
        found = subgroup_performance(
            study, model, table.subgroups, cuts=table.cuts, validation=validation, execution=execution
        )
    except PrognosisError as error:
        rule = f"model {model.name}: not judged in subgroups: {error.findings[0].rule}"
        return None, (Finding("G35", rule, error.findings[0].way_out, severity="warning"),)
    return found, found.warnings


def draw_subgroups(study: Study, found: SubgroupPerformance, fonts: FontChoice, wording: Wording) -> Picture:
    """Draw the groups of one model."""
    labels = {name: variable.text(wording.language) for name, variable in study.cohort.codebook.items()}
    content = subgroup_content(found, getattr(study.endpoint, "unit", ""), labels, wording)
    return subgroup_figure(content, fonts)


def subgroup_results(found: Sequence[SubgroupPerformance | None], study: Study) -> dict[str, Any]:
    """Return what was found for ``results.json``, by model; a number that does not exist is null with a reason."""
    timed, codebook = study.endpoint.kind != "binary", study.cohort.codebook
    return {
        each.model: {
            "source": each.source,
            "labels": {name: dict(codebook[name].label) for name in dict.fromkeys(each.subgroups["column"])},
            "groups": lines_with_reasons(each.subgroups, each.warnings, timed),
            "all": lines_with_reasons(each.table, each.warnings, timed),
        }
        for each in found
        if each is not None
    }
