"""What a calculator says of each horizon and stratum, whoever the patient is: words, remarks, the observed curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from prognosis.horizons import horizon_remarks, stratum_remarks
from prognosis.model import QUIET, FittedModel
from prognosis.prediction import Remark
from prognosis.profile import ObservedCurve
from reports.calculator_numbers import times_of
from reports.formatting import duration, unit_text
from reports.frequencies import of_hundred
from reports.patient_answers import FEW_AT_RISK, OF_STRATUM, WHOLE, axis_ticks, short_origin, when_text
from reports.patient_kinds import no_curve
from reports.wording import Wording, visible


def horizons_of(model: FittedModel, wording: Wording) -> list[dict[str, Any]]:
    """Return the horizons; a binary endpoint has one question without a time."""
    times = times_of(model) or (math.nan,)
    return [
        {"time": None if math.isnan(time) else time, "text": when_text(time, model.unit, wording)} for time in times
    ]


def strata_of(model: FittedModel, wording: Wording) -> list[dict[str, Any]]:
    """Return what is known of each stratum (of the whole cohort where there are none)."""
    curves: tuple[ObservedCurve | None, ...] = model.strata_follow_up or (model.follow_up,)
    return [
        {
            "remarks": [_plain(remark, wording) for remark in stratum_words(model, stratum)],
            "horizons": [_at(model, curve, time, wording) for time in times_of(model) or (math.nan,)],
            "observed": _observed(model, curve),
        }
        for stratum, curve in enumerate(curves)
    ]


def stratum_words(model: FittedModel, stratum: int) -> list[Remark]:
    """Return the remarks that hold for every patient of a stratum, as `FittedModel.predict` gives them."""
    times, estimate = np.array(times_of(model)), model.estimate
    if model.follow_up is None:
        return []
    if model.published:
        remarks: list[Remark] = estimate.remarks(times, model.unit)
        return remarks
    own = estimate.remarks(times, model.unit) if hasattr(estimate, "window") else []
    if not estimate.strata:
        return [*own, *horizon_remarks(model.follow_up, times, model.unit)]
    names, quiet = estimate.stratum_names, model.strata_follow_up[stratum].survival[-1] == 1.0
    said = [Remark("C28", QUIET.format(names[stratum]))] if quiet else []
    return own + said + stratum_remarks(model.strata_follow_up, names, [("", stratum)], times, model.unit)


def _plain(remark: Remark, wording: Wording) -> dict[str, Any]:
    key = f"remark_{remark.code}"
    own = wording(key) if wording.language != "en" and wording.has(key) else None
    return {"code": remark.code, "text": visible(remark.text, 400), "own": own, "horizon": remark.horizon}


def _at(model: FittedModel, curve: ObservedCurve | None, time: float, wording: Wording) -> dict[str, Any]:
    """Return the observed share, and why there is no number or why it is uncertain."""
    says = OF_STRATUM if model.strata_follow_up else WHOLE
    told: dict[str, Any] = {"cohort": "", "reason": "", "few": ""}
    if curve is None or model.published:
        if model.published and model.estimate.hazard_at(np.array([time])) != model.estimate.hazard_at(np.array([time])):
            told["reason"] = _only_at(model, wording)
        return told
    last = float(curve.time[-1])
    if time > last:
        return told | {"reason": wording(says["beyond"], longest=duration(last, model.unit, wording))}
    told["cohort"] = wording(says["share"], n=of_hundred(1.0 - curve.at(time)))
    if curve.number_at_risk(time) < FEW_AT_RISK:
        told["few"] = wording(says["few"], n=curve.number_at_risk(time))
    if hasattr(model.estimate, "window"):
        told["reason"] = _only_at(model, wording)
    return told


def _only_at(model: FittedModel, wording: Wording) -> str:
    times = ", ".join(duration(float(time), model.unit, wording) for time in model.estimate.event_times)
    return wording("only_at", times=times)


def _observed(model: FittedModel, curve: ObservedCurve | None) -> dict[str, Any] | None:
    if curve is None or model.published:
        return None
    return {
        "time": [0.0, *map(float, curve.time)],
        "risk": [0.0, *(1.0 - float(share) for share in curve.survival)],
        "at_risk": [curve.number_at_risk(tick) for tick in curve_ticks(model)],
    }


def curve_ticks(model: FittedModel) -> tuple[float, ...]:
    """Return the labelled times of the curve."""
    return axis_ticks(model.horizons, float(model.max_follow_up or 0.0), model.unit) if times_of(model) else ()


def curve_of(model: FittedModel, wording: Wording) -> dict[str, Any] | None:
    """Return labels and ticks of the curve over time; None where the model has none."""
    if no_curve(model, wording):
        return None
    origin = short_origin(visible(model.origin))
    return {
        "ticks": list(curve_ticks(model)),
        "until": max(curve_ticks(model)),
        "time_label": wording("time_label", unit=unit_text(model.unit, wording), origin=origin),
    }
