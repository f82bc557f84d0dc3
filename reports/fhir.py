"""FHIR RiskAssessment of one patient, R4B or R5: risks by horizon, what they rest on, and what they are not."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from cohorts import Binary
from cohorts.errors import Finding, RunError
from cohorts.variable import Variable
from prognosis import FittedModel
from prognosis.prediction import Prediction
from reports.filenames import id_digest
from reports.wording import Wording, visible

Release = Literal["R4B", "R5"]
RELEASES: tuple[Release, ...] = get_args(Release)
UCUM = {"days": "d", "weeks": "wk", "months": "mo", "years": "a"}
UNITS_OF_MEASURE = "http://unitsofmeasure.org"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
# Of a risk in percent: more digits than that are none.
DIGITS = 1


def risk_assessment(
    model: FittedModel, prediction: Prediction, patient: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a RiskAssessment as plain values; the same fields stand in R4B and R5.

    Parameters
    ----------
    prediction : of some patients. patient : id of one of them. values : by predictor, missing ones None.

    Notes
    -----
    Probabilities are percentages, as FHIR has them, to one decimal. The status is ``preliminary``: nobody has looked at
    it. Inputs are contained Observations. There is no mitigation: a risk is no advice. Units of times are UCUM. FHIR
    has no place for the time origin, and reads a prediction without ``when`` as one for life: the rationale says
    from when time is counted, and that a binary outcome has no time.
    """
    place = prediction.ids.index(patient)
    subject = {"type": "Patient", "identifier": {"value": visible(patient, 1000)}}
    # a column of strata is no predictor: the model holds its values, and no declaration of it
    told = {name: model.codebook.get(name) or Variable(name=name, kind="text") for name in values}
    observed = [_observation(k, told[name], values[name], subject) for k, name in enumerate(values, 1)]
    predictions = [_prediction(model, prediction, place, k) for k in range(len(prediction.horizons))]
    notes = _notes(prediction, patient)
    return {
        "resourceType": "RiskAssessment",
        "text": {"status": "generated", "div": _narrative(predictions, notes)},
        "contained": observed,
        "identifier": [{"value": f"{model.hash}-{id_digest(patient)}"}],
        "status": "preliminary",
        "method": {"text": _method(model)},
        "code": {"text": f"Predicted risk: {visible(model.endpoint.name)}"},
        "subject": subject,
        "basis": [{"reference": f"#{item['id']}"} for item in observed],
        "prediction": predictions,
        "note": [{"text": text} for text in notes],
    }


def check_release(release: str) -> None:
    """Refuse another release than R4B and R5 (R70)."""
    if release not in RELEASES:
        raise RunError(Finding("R70", f"FHIR {release!r} is not written", f"choose one of {', '.join(RELEASES)}"))


def validate(resource: Mapping[str, Any], release: Release) -> bool:
    """Validate a resource by fhir.resources; False where that library is not installed.

    Raises
    ------
    RunError
        R71 the resource is none of that release.
    """
    place = "fhir.resources.riskassessment" if release == "R5" else "fhir.resources.R4B.riskassessment"
    try:
        standard: Any = import_module(place)
    except ImportError:
        return False
    try:
        standard.RiskAssessment.model_validate(dict(resource))
    except ValueError as error:
        rule = f"the RiskAssessment is not valid FHIR {release}: {str(error).splitlines()[0]}"
        raise RunError(Finding("R71", rule, "report it: the package made it")) from None
    return True


def _method(model: FittedModel) -> str:
    competing = model.kind == "cox" and model.endpoint.kind == "competing"
    key = "kind_cause_specific" if competing else f"kind_{model.kind}"
    kind = Wording("en")(key) if not model.published else "published model"
    return f"{kind}; model {visible(model.name)}, hash {model.hash}, bone-prognosis {model.version}"


def _prediction(model: FittedModel, prediction: Prediction, place: int, k: int) -> dict[str, Any]:
    """One horizon; without a risk there is no probability, and the rationale says so."""
    risk, lower, upper = (float(part[place, k]) for part in (prediction.risk, prediction.lower, prediction.upper))
    found: dict[str, Any] = {"outcome": {"text": visible(model.endpoint.name)}}
    horizon = float(prediction.horizons[k])
    if isinstance(model.endpoint, Binary):
        when = "The outcome is present or absent, as it is defined: this is no risk for life."
    else:
        found["whenRange"] = {"low": _time(0.0, prediction.unit), "high": _time(horizon, prediction.unit)}
        when = f"Time is counted from: {visible(model.endpoint.origin)}."
    if math.isnan(risk):
        return found | {"rationale": f"No risk is given here: the model does not know it. {when}"}
    found["probabilityDecimal"] = round(100 * risk, DIGITS)
    if math.isnan(lower) or math.isnan(upper):
        return found | {"rationale": f"This model has no interval. {when}"}
    limits = f"{100 * lower:.{DIGITS}f} to {100 * upper:.{DIGITS}f} %"
    level = f"{100 * prediction.level:g} %"
    return found | {
        "rationale": f"{level} interval {limits}: the uncertainty of the model's estimate, not of the person's fate. "
        f"{when}"
    }


def _time(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UNITS_OF_MEASURE, "code": UCUM[unit]}


def _observation(number: int, variable: Variable, value: Any, subject: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "id": f"input-{number}",
        "status": "preliminary",
        "code": {"text": visible(variable.text("en"))},
        "subject": dict(subject),
    }
    if value is None or pd.isna(value):
        return found | {"dataAbsentReason": {"coding": [{"system": ABSENT, "code": "unknown"}]}}
    if variable.is_categorical or isinstance(value, str):
        return found | {"valueString": visible(str(value))}
    return found | {"valueQuantity": {"value": float(value)} | ({"unit": variable.unit} if variable.unit else {})}


def _notes(prediction: Prediction, patient: str) -> list[str]:
    english = Wording("en")
    remarks = [visible(remark.text, 400) for remark in prediction.remarks_on(patient)]
    place = prediction.ids.index(patient)
    meaning = ["interval_meaning"] if np.isfinite(prediction.lower[place]).any() else []
    return [*(english(key) for key in ("limit_treatment", *meaning)), *dict.fromkeys(remarks)]


def _narrative(predictions: list[dict[str, Any]], notes: list[str]) -> str:
    """Return what a person reads where the resource is shown; every text is escaped."""
    lines = []
    for one in predictions:
        high = one.get("whenRange", {}).get("high")
        when = f" within {high['value']:g} {high['unit']}" if high else ""
        risk = f"{one['probabilityDecimal']:g} %" if "probabilityDecimal" in one else "no risk given"
        lines.append(f"{one['outcome']['text']}{when}: {risk}. {one['rationale']}")
    items = "".join(f"<p>{html.escape(text)}</p>" for text in (*lines, *notes))
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{items}</div>'
