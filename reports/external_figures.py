"""Every figure of a validation in other patients, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cohorts import Cohort
from prognosis import FittedModel
from prognosis.evaluation import Evaluation
from prognosis.external.result import ExternalValidation
from prognosis.new_cohort import read_new_cohort
from reports.contents.calibration import calibration_content
from reports.contents.decision import decision_content
from reports.contents.judged import Judged
from reports.contents.observed import risk_groups_content
from reports.contents.over_time import over_time_content, times_to_judge
from reports.contents.subgroups import subgroup_content
from reports.figures import Picture
from reports.figures.calibration import calibration_figure
from reports.figures.decision import decision_figure
from reports.figures.observed import observed_figure
from reports.figures.over_time import over_time_figure
from reports.figures.subgroups import subgroup_figure
from reports.fonts import FontChoice
from reports.wording import Wording


def external_figures(
    model: FittedModel,
    cohort: Cohort,
    external: ExternalValidation,
    thresholds: Sequence[float],
    fonts: FontChoice,
    wording: Wording,
) -> dict[str, Picture]:
    """Draw calibration and decision curve at each horizon, the observed course by risk, measures over time, groups.

    Parameters
    ----------
    cohort : the new patients. thresholds : marked on the decision curves.
    """
    judged = Judged(external.evaluation, model.name, model.unit)
    places = range(external.evaluation.risk.shape[1])
    drawn: dict[str, Picture] = {}
    for place in places:
        suffix = f"_{external.evaluation.horizons[place]:g}" if judged.timed else ""
        drawn[f"calibration{suffix}"] = calibration_figure(calibration_content(judged, place, wording), fonts)
    for place in places:
        suffix = f"_{external.evaluation.horizons[place]:g}" if judged.timed else ""
        content = decision_content(judged, place, wording, thresholds)
        drawn |= {} if content is None else {f"decision{suffix}": decision_figure(content, fonts)}
    if judged.timed and len(places):
        groups = risk_groups_content(judged, model.origin, wording)
        drawn |= {} if groups is None else {"risk_groups": observed_figure(groups, fonts)}
        drawn |= _over_time(model, cohort, external, fonts, wording)
    if not external.subgroups.empty:
        labels = {name: variable.text(wording.language) for name, variable in cohort.codebook.items()}
        drawn["subgroups"] = subgroup_figure(subgroup_content(external, model.unit, labels, wording), fonts)
    return drawn


def _over_time(
    model: FittedModel, cohort: Cohort, external: ExternalValidation, fonts: FontChoice, wording: Wording
) -> Mapping[str, Picture]:
    """Judge the risks at many times; nothing where too few events or patients allow it, or entry is delayed."""
    e = external.evaluation
    times = times_to_judge(e.outcome, float(e.horizons[-1]))
    if not len(times):
        return {}
    # the patients, and their order, of the evaluation: those with a usable outcome
    risk = model.predict(read_new_cohort(model, cohort).cohort, list(times)).risk
    judged = Judged(Evaluation(e.outcome, e.marker, horizons=times, risks=risk), model.name, model.unit)
    content = over_time_content(judged, tuple(map(float, e.horizons)), model.origin, wording)
    return {} if content is None else {"over_time": over_time_figure(content, fonts)}
