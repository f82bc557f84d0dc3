"""The nomogram of a calculator: the lines on which it marks the patient, from `Nomogram`; or why there is none."""

from __future__ import annotations

from typing import Any

from cohorts.errors import PredictionError
from nomograms import Nomogram
from nomograms.wording import number, percent_tick, shown_value
from prognosis.model import FittedModel
from reports.patient_answers import when_text
from reports.patient_inputs import LABEL_SHOWN
from reports.wording import Wording, visible


def nomogram_of(model: FittedModel, limits: str, wording: Wording) -> dict[str, Any]:
    """Return lines, total and risks; ``refused`` has the reason of a model that has no points."""
    try:
        nomogram = Nomogram(model, limits=limits, language=wording.language)
    except PredictionError as error:
        return {"refused": visible(error.findings[0].rule, 400)}
    scale, total = nomogram.scale, nomogram.total_ticks
    return {
        "refused": None,
        "per_unit": scale.per_unit,
        "constant": scale.constant,
        "groups": [_group(model, group, drawn=group.has_effect, language=wording.language) for group in scale.groups],
        "total": {"end": float(total[-1]), "ticks": [{"text": number(tick), "at": float(tick)} for tick in total]},
        "risks": [_risk(model, axis, wording) for axis in nomogram.outcomes],
    }


def _group(model: FittedModel, group: Any, *, drawn: bool, language: str) -> dict[str, Any]:
    """Return predictors that share a line, the first being on it, and the design columns that are their points."""
    places = {name: place for place, name in enumerate(model.predictors)}
    own = [k for k, column in enumerate(model.preparation.columns) if set(column.variables) <= set(group.variables)]
    return {
        "variables": [places[name] for name in group.variables],
        "columns": own,
        "minimum": group.minimum,
        "drawn": drawn,
        "lines": [
            {
                "setting": [[places[name], _value(model, name, value)] for name, value in axis.setting],
                "ticks": _ticks(model, axis, language),
            }
            for axis in group.axes
        ],
    }


def _ticks(model: FittedModel, axis: Any, language: str) -> list[dict[str, Any]]:
    variable = model.codebook[axis.variable]
    return [
        {"text": visible(shown_value(variable, value, language), LABEL_SHOWN), "at": float(points)}
        for value, points in zip(axis.values, axis.points, strict=True)
    ]


def _value(model: FittedModel, name: str, value: Any) -> float:
    """Return a value as the form has it: a number, or the place of a level."""
    term = next(term for term in model.preparation.terms if term.variable == name)
    return float(term.levels.index(str(value)) if term.levels is not None else value)


def _risk(model: FittedModel, axis: Any, wording: Wording) -> dict[str, Any]:
    when = when_text(float("nan") if axis.horizon is None else axis.horizon, model.unit, wording)
    return {
        "stratum": axis.stratum,
        "time": axis.horizon,
        "text": wording("calculator_risk_line", time=when),
        "ticks": [
            {"text": percent_tick(float(risk)), "at": float(place), "rank": int(rank)}
            for risk, place, rank in zip(axis.risks, axis.total_points, axis.rank, strict=True)
        ],
    }
