"""Every figure of an internal validation, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from cohorts.errors import Finding, PrognosisError
from prognosis import FittedModel, Study
from prognosis.evaluation import Evaluation
from prognosis.execution import Execution
from prognosis.outcome import read_outcome
from prognosis.validation import HeldOut, Validation
from reports.contents.calibration import calibration_content
from reports.contents.corrected_calibration import corrected_content
from reports.contents.decision import decision_content
from reports.contents.importance import forest_importance_content
from reports.contents.instability import instability_content
from reports.contents.judged import Judged
from reports.contents.observed import risk_groups_content
from reports.contents.optimism import optimism_content
from reports.contents.over_time import over_time_content
from reports.figures import Picture
from reports.figures.calibration import calibration_figure
from reports.figures.decision import decision_figure
from reports.figures.importance import importance_figure
from reports.figures.instability import instability_figure
from reports.figures.observed import observed_figure
from reports.figures.optimism import optimism_figure
from reports.figures.over_time import over_time_figure
from reports.fonts import FontChoice
from reports.wording import Wording


class Drawn(NamedTuple):
    """Figures by name, and why one of them was left out (R20)."""

    pictures: Mapping[str, Picture]
    warnings: tuple[Finding, ...] = ()


def internal_figures(
    study: Study, model: FittedModel, validation: Validation, execution: Execution, fonts: FontChoice, wording: Wording
) -> Drawn:
    """Draw what a validation of one model found.

    Every method: apparent and corrected indexes, and of a forest the importance of its predictors. Bootstrap: the
    corrected calibration curve and the instability of the risks at the last horizon, each from as many resamples as the
    validation (no such curve is made of a binary outcome). Patients left out: calibration and decision curve of their
    risks at each horizon, the observed course of groups by risk, and both measures over several horizons.

    Parameters
    ----------
    validation : of the model in its own study. execution : where the resamples run.
    """
    name = model.name
    optimism = optimism_figure(optimism_content(validation, name, model.unit, wording), fonts)
    asked = _asked(model, fonts, wording)
    drawn = {f"optimism_{name}": optimism, **asked.pictures}
    if name in validation.held_out:
        return Drawn({**drawn, **_left_out(study, model, validation.held_out[name], fonts, wording)}, asked.warnings)
    if validation.method != "bootstrap" or not (study.horizons or study.endpoint.kind == "binary"):
        return Drawn(drawn, asked.warnings)
    more = _resampled(study, model, validation, execution, fonts, wording)
    return Drawn({**drawn, **more.pictures}, (*asked.warnings, *more.warnings))


def _asked(model: FittedModel, fonts: FontChoice, wording: Wording) -> Drawn:
    """Draw which predictors a forest rests on, out of its bags; nothing of other models."""
    if not hasattr(model.freshly_fitted(), "importance"):
        return Drawn({})
    try:
        content = forest_importance_content(model, wording)
    except PrognosisError as error:
        rule = f"model {model.name}: no importance of its predictors: {error.findings[0].rule}"
        return Drawn({}, (Finding("R20", rule, error.findings[0].way_out, severity="warning"),))
    return Drawn({f"importance_{model.name}": importance_figure(content, fonts)})


def _resampled(
    study: Study, model: FittedModel, validation: Validation, execution: Execution, fonts: FontChoice, wording: Wording
) -> Drawn:
    found = study.instability(model, repeats=validation.repeats, execution=execution)
    shown = instability_figure(instability_content(found, model.unit, wording), fonts)
    drawn = {f"instability_{model.name}": shown}
    if study.endpoint.kind == "binary":
        return Drawn(drawn)
    try:
        curve = study.calibration(model, repeats=validation.repeats, execution=execution)
    except PrognosisError as error:
        rule = f"model {model.name}: no calibration curve corrected for optimism: {error.findings[0].rule}"
        return Drawn(drawn, (Finding("R20", rule, error.findings[0].way_out, severity="warning"),))
    content = corrected_content(curve, validation, model.unit, wording)
    return Drawn({f"calibration_{model.name}": calibration_figure(content, fonts), **drawn})


def _left_out(
    study: Study, model: FittedModel, held: HeldOut, fonts: FontChoice, wording: Wording
) -> dict[str, Picture]:
    """Draw the risks of patients by models that were fitted without them."""
    outcome = read_outcome(study.outcome.to_structured(), timed=study.endpoint.kind != "binary")
    known = np.isfinite(held.risk).all(axis=0)
    risk, horizons = held.risk[:, known], held.horizons[known]
    if not len(horizons):
        return {}
    judged = Judged(Evaluation(outcome, risk[:, -1], horizons=horizons, risks=risk), model.name, model.unit)
    drawn: dict[str, Picture] = {}
    for place in range(len(horizons)):
        suffix = f"{model.name}_{horizons[place]:g}" if judged.timed else model.name
        shown = calibration_content(judged, place, wording)
        shown = replace(shown, title=wording("figure_title_left_out", title=shown.title))
        drawn[f"calibration_{suffix}"] = calibration_figure(shown, fonts)
        benefit = decision_content(judged, place, wording)
        if benefit is not None:
            benefit = replace(benefit, title=wording("figure_title_left_out", title=benefit.title))
            drawn[f"decision_{suffix}"] = decision_figure(benefit, fonts)
    return drawn | (_over_time(study, model, judged, fonts, wording) if judged.timed else {})


def _over_time(
    study: Study, model: FittedModel, judged: Judged, fonts: FontChoice, wording: Wording
) -> dict[str, Picture]:
    """Draw the observed course of groups by predicted risk, and both measures where there are horizons to compare."""
    drawn: dict[str, Picture] = {}
    groups = risk_groups_content(judged, model.origin, wording)
    if groups is not None:
        shown = replace(groups, title=wording("figure_title_left_out", title=groups.title))
        drawn[f"risk_groups_{judged.model}"] = observed_figure(shown, fonts)
    measures = over_time_content(judged, study.horizons, model.origin, wording)
    if measures is not None and len(measures.time) > 1:
        shown_measures = replace(measures, title=wording("figure_title_left_out", title=measures.title))
        drawn[f"over_time_{judged.model}"] = over_time_figure(shown_measures, fonts)
    return drawn
