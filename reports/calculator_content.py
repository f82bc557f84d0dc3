"""The content of a calculator's page: what stands on it for every patient, and the data of its script."""

from __future__ import annotations

from typing import Any

from prognosis.imputation.stored import DRAWS
from prognosis.model import FittedModel
from reports.calculator_fields import fields_of
from reports.calculator_horizons import curve_of, horizons_of, strata_of
from reports.calculator_nomogram import nomogram_of
from reports.calculator_numbers import estimate_kind, numbers_of, takes_unknown
from reports.calculator_refusals import PROBE_3, joint_words, nothing_known_words
from reports.patient_answers import competing_name
from reports.patient_facts import about_lines, event_name, limits_of, model_lines
from reports.patient_kinds import no_curve, without_interval
from reports.performance import performance_sentences
from reports.wording import Wording, visible

# Sentences that the script fills or shows: their names there, and here.
SENTENCES = {
    "of_100": "of_100",
    "brackets": "brackets",
    "range": "range",
    "fewer": "fewer_than_one",
    "more": "more_than_99",
    "icons_event": "icons_event",
    "icons_other": "icons_other",
    "icons_rest": "icons_rest",
    "icons_range": "icons_range",
    "points": "calculator_points",
    "total": "calculator_total",
    "waiting": "calculator_waiting",
    "refused": "calculator_refused",
    "ready": "calculator_ready",
    "way_out": "calculator_way_out",
    "curve_alt": "calculator_curve_alt",
    "nomogram_alt": "calculator_nomogram_alt",
    "risk_label": "risk_label",
    "at_risk": "at_risk",
    "semicolon": "calculator_semicolon",
}
# Headings and fixed sentences of the page.
HEADINGS = {
    "inputs": "calculator_heading_inputs",
    "results": "calculator_heading_results",
    "attention": "heading_alerts",
    "curve": "heading_curve",
    "nomogram": "heading_nomogram",
    "performance": "heading_performance",
    "limits": "heading_limits",
    "about": "calculator_heading_about",
    "unknown": "calculator_unknown",
    "reset": "calculator_reset",
    "print": "calculator_print",
    "patient": "calculator_patient",
    "private": "calculator_private",
    "noscript": "calculator_noscript",
    "date": "heading_date",
    "key_event": "heading_key_event",
    "key_none": "heading_key_none",
    "key_range": "calculator_key_range",
}


def content_of(model: FittedModel, limits: str, wording: Wording) -> dict[str, Any]:
    """Return the page's fixed content (``page``) and the script's (``data``).

    Parameters
    ----------
    model : one that the calculator can compute. limits : of the nomogram's lines.
    """
    fields, numbers = fields_of(model, wording), numbers_of(model)
    nomogram = nomogram_of(model, limits, wording)
    return {
        "page": _page(model, fields, nomogram["refused"], numbers, wording),
        "data": {
            "schema": 1,
            "language": wording.language,
            "model": {"name": visible(model.name), "hash": model.hash},
            "words": {name: wording.unfilled(key) for name, key in SENTENCES.items()},
            "fields": [
                {key: value for key, value in field.items() if key not in ("hint", "title")} for field in fields
            ],
            "stratified": bool(model.estimate.strata),
            "numbers": numbers,
            "horizons": horizons_of(model, wording),
            "strata": strata_of(model, wording),
            "joint": _joint(model, wording),
            "nothing_known": _nothing_known(model, wording),
            "curve": curve_of(model, wording),
            "nomogram": nomogram,
            "competing": competing_name(model, wording),
        },
    }


def _without(model: FittedModel, wording: Wording) -> str:
    """Return what is said of people without the event: where events compete, another one may come first."""
    if model.endpoint.kind != "competing":
        return wording("have_none")
    return wording("have_neither" if _in_three(model) else "have_none_or_other", other=competing_name(model, wording))


def _in_three(model: FittedModel) -> bool:
    """Whether the model tells those without any event from those with another one first."""
    return estimate_kind(model) == "causes"


def _page(
    model: FittedModel, fields: list[dict[str, Any]], refused: str | None, numbers: dict[str, Any], wording: Wording
) -> dict[str, Any]:
    other = competing_name(model, wording) if _in_three(model) else ""
    has_interval = numbers["estimate"].get("covariance") is not None
    stratified = bool(model.estimate.strata)
    rule = "calculator_unknown_rule" if takes_unknown(model) else "calculator_required_rule"
    return {
        "language": wording.language,
        "title": wording("calculator_title", event=event_name(model, wording)),
        "headings": {name: wording(key) for name, key in HEADINGS.items()},
        "warning": wording("calculator_warning"),
        "rule": wording(rule, draws=DRAWS) if takes_unknown(model) else wording(rule),
        "choose": wording("calculator_choose"),
        "fields": fields,
        "horizons": horizons_of(model, wording),
        "have_event": wording("have_event"),
        "have_other": wording("have_other", other=other) if other else "",
        "key_other": other,
        "have_none": _without(model, wording),
        "meaning": wording("interval_meaning" if has_interval else without_interval(model)),
        "has_interval": has_interval,
        "no_curve": no_curve(model, wording),
        "key_patient": wording("curve_patient"),
        "key_band": wording("calculator_band"),
        "key_observed": wording("calculator_observed_stratum" if stratified else "calculator_observed"),
        "no_nomogram": "" if refused is None else wording("calculator_no_nomogram", reason=refused),
        "not_drawn": wording("calculator_not_drawn"),
        "about": about_lines(model, wording),
        "model": model_lines(model, wording),
        "performance": performance_sentences(model, wording),
        "limits": limits_of(model, wording),
    }


def _joint(model: FittedModel, wording: Wording) -> dict[str, Any] | None:
    said = joint_words(model)
    if said is None:
        return None
    own = None if wording.language == "en" else wording("remark_joint")
    return {"far": said["far"].split(PROBE_3, 1), "broken": said["broken"], "own": own}


def _nothing_known(model: FittedModel, wording: Wording) -> dict[str, Any] | None:
    if not takes_unknown(model):
        return None
    own = None if wording.language == "en" else wording("calculator_refused_P17")
    told = nothing_known_words(model)
    return told and {**told, "own": own}
