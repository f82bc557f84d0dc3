"""The answers of the page: the risk at each horizon in words, and the curve with the cohort beside it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from prognosis.model import FittedModel
from prognosis.prediction import Prediction, Remark, RiskCurve
from prognosis.profile import ObservedCurve
from reports.formatting import count, duration, finite, three_digits, unit_text
from reports.frequencies import Frequency, frequency, of_hundred
from reports.patient_content import Answer, Curve
from reports.patient_facts import deaths_name
from reports.patient_kinds import is_published
from reports.patient_similar import similar_band, similar_text
from reports.wording import Wording, visible

FEW_AT_RISK = 10
TICKS = 6
MONTHS_IN_YEARS = 24
# The same sentences about the whole training cohort and about one stratum of it.
WHOLE = {
    "beyond": "beyond_follow_up",
    "share": "cohort_share",
    "few": "few_at_risk",
    "caption": "curve_caption",
    "no_median": "curve_caption_no_median",
}
OF_STRATUM = {
    "beyond": "beyond_follow_up_stratum",
    "share": "cohort_share_stratum",
    "few": "few_at_risk_stratum",
    "caption": "curve_caption_stratum",
    "no_median": "curve_caption_no_median_stratum",
}
ORIGIN_CELLS = 28  # what has room below the axis


@dataclass(frozen=True)
class Asked:
    """What the answers are made from.

    Parameters
    ----------
    model, prediction : of this one patient.
    observed : curve of the training patients that this one is compared with, from ``FittedModel.observed``; None where
        nobody was observed over time (a binary endpoint, a published model).
    others : (h,) probability that a competing event comes first, None where the model does not tell.
    """

    model: FittedModel
    prediction: Prediction
    observed: ObservedCurve | None
    others: tuple[float, ...] | None
    wording: Wording

    @property
    def says(self) -> Mapping[str, str]:
        """Keys of the sentences: about the whole cohort, or about one stratum of it."""
        return OF_STRATUM if self.model.strata_follow_up else WHOLE

    @property
    def competing(self) -> bool:
        """True where other events can come first."""
        return self.model.endpoint.kind == "competing"


def answers(asked: Asked) -> tuple[Answer, ...]:
    """Return one answer per horizon of a prediction for one patient."""
    return tuple(_answer(asked, place) for place in range(len(asked.prediction.horizons)))


def _answer(asked: Asked, place: int) -> Answer:
    prediction, observed, wording = asked.prediction, asked.observed, asked.wording
    horizon = float(prediction.horizons[place])
    risk, lower, upper = (float(part[0, place]) for part in (prediction.risk, prediction.lower, prediction.upper))
    known = math.isfinite(risk)
    other = asked.others[place] if asked.others is not None and known else None
    people = frequency(risk, lower, upper, wording, other) if known else None
    within = observed is not None and horizon <= float(observed.time[-1])
    cohort = finite(1.0 - observed.at(horizon)) if observed is not None and within else _share(asked.model)
    return Answer(
        horizon=finite(horizon),
        horizon_text=when_text(horizon, prediction.unit, wording),
        risk=finite(risk),
        lower=finite(lower),
        upper=finite(upper),
        people=people,
        event_count=wording("of_100", n=people.event_text) if people else "",
        event_interval=_bracketed(people.interval_event, wording) if people else "",
        event_sentence=wording("have_event") if people else "",
        without_count=wording("of_100", n=people.without_text) if people else "",
        without_interval=_bracketed(people.interval_without, wording) if people else "",
        without_sentence=_without(asked, people) if people else "",
        cohort=cohort,
        cohort_text="" if cohort is None else _cohort_text(asked, horizon, cohort),
        reason=None if known else _reason(asked, horizon),
        remarks=_sparse(asked, horizon) if known else (),
        similar=similar_band(asked.model, horizon, risk) if known else None,
        similar_text=similar_text(asked.model, horizon, risk, wording) if known else "",
        icons_alt=_icons_alt(people, asked, horizon) if people else "",
        other=finite(other) if other is not None else None,
        other_count=wording("of_100", n=people.other_text) if people and people.other is not None else "",
        other_sentence=wording("have_other", other=competing_name(asked.model, wording)) if asked.competing else "",
    )


def _cohort_text(asked: Asked, horizon: float, cohort: float) -> str:
    """Say what was observed in all patients (of the stratum), and how many of these events were deaths."""
    model, wording, n = asked.model, asked.wording, of_hundred(cohort)
    deaths = None if model.deaths is None or model.strata_follow_up else model.deaths.at(horizon)
    if deaths is None:
        return wording(asked.says["share"], n=n)
    return wording("cohort_share_parts", n=n, part=of_hundred(deaths), label=deaths_name(model, wording))


def _share(model: FittedModel) -> float | None:
    """Share of the training patients with the event, of a binary endpoint."""
    return model.events / model.n if model.follow_up is None and not is_published(model) else None


def when_text(horizon: float, unit: str, wording: Wording) -> str:
    """Return by when; a binary endpoint has no time."""
    return wording("within", time=duration(horizon, unit, wording)) if math.isfinite(horizon) else wording("ever")


def competing_name(model: FittedModel, wording: Wording) -> str:
    """Return what the competing events are called, as the endpoint declares it."""
    label = getattr(model.endpoint, "competing_label", None) or {}
    words = label.get(wording.language) or label.get("en")
    return visible(words) if words else wording("another_event")


def _bracketed(text: str, wording: Wording) -> str:
    return wording("brackets", text=text) if text else ""


def _without(asked: Asked, people: Frequency) -> str:
    """Say what becomes of those without the event, and whether the model tells them apart."""
    if not asked.competing:
        return asked.wording("have_none")
    name = competing_name(asked.model, asked.wording)
    return asked.wording("have_neither" if people.other is not None else "have_none_or_other", other=name)


def _reason(asked: Asked, horizon: float) -> str:
    """Say why there is no number."""
    unit, wording = asked.prediction.unit, asked.wording
    if asked.observed is not None and horizon > float(asked.observed.time[-1]):
        return wording(asked.says["beyond"], longest=duration(float(asked.observed.time[-1]), unit, wording))
    times = ", ".join(duration(float(time), unit, wording) for time in asked.model.estimate.event_times)
    return wording("only_at", times=times)


def _sparse(asked: Asked, horizon: float) -> tuple[str, ...]:
    if asked.observed is None:
        return ()
    left = asked.observed.number_at_risk(horizon)
    return (asked.wording(asked.says["few"], n=left),) if left < FEW_AT_RISK else ()


def _icons_alt(people: Frequency, asked: Asked, horizon: float) -> str:
    wording, time = asked.wording, when_text(horizon, asked.prediction.unit, asked.wording)
    parts = [wording("icons_event", time=time, n=people.event)]
    if people.other is not None:
        parts.append(wording("icons_other", n=people.other, other=competing_name(asked.model, wording)))
    parts.append(wording("icons_rest", rest=people.without))
    if people.lower is not None:
        parts.append(wording("icons_range", lower=people.lower, upper=people.upper))
    return wording.joined(parts)


def patient_curve(asked: Asked, curve: RiskCurve, level: float) -> Curve | None:
    """Return the risk curve of one patient beside the observed curve of the training cohort, or of the stratum.

    Parameters
    ----------
    curve : step function of the patient from ``FittedModel.curve``. level : of its band.
    """
    model, observed, wording = asked.model, asked.observed, asked.wording
    if observed is None:
        return None
    unit, longest = model.unit, float(observed.time[-1])
    ticks = axis_ticks(model.horizons, longest, unit)
    origin = visible(model.origin)
    says = asked.says
    how = wording("aalen_johansen" if model.endpoint.kind == "competing" else "kaplan_meier")
    caption = (
        wording(says["no_median"], how=how)
        if observed.median is None
        else wording(says["caption"], median=duration(observed.median, unit, wording), how=how)
    )
    band = bool(np.isfinite(curve.lower).all())
    return Curve(
        time=_floats(curve.time),
        risk=_floats(curve.risk),
        lower=_floats(curve.lower) if band else (),
        upper=_floats(curve.upper) if band else (),
        cohort_time=(0.0, *_floats(observed.time)),
        cohort_risk=(0.0, *_floats(1.0 - np.asarray(observed.survival, dtype=float))),
        ticks=ticks,
        at_risk=tuple(observed.number_at_risk(tick) for tick in ticks),
        horizons=tuple(horizon for horizon in model.horizons if horizon <= longest),
        time_label=wording("time_label", unit=unit_text(unit, wording), origin=short_origin(origin)),
        risk_label=wording("risk_label"),
        patient_label=wording("curve_patient"),
        band_label=wording("curve_band", level=three_digits(100 * level)) if band else "",
        cohort_label=wording("curve_cohort", n=count(observed.number_at_risk(0.0), wording)),
        at_risk_label=wording("at_risk"),
        caption=caption if band else wording.joined([caption, wording("curve_no_band")]),
        alt=wording("curve_alt", origin=origin),
    )


def short_origin(text: str) -> str:
    """Return a text cut to the room below the axis (it is printed in full above); Chinese characters count twice."""
    cells = np.cumsum([2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text])
    kept = int(np.searchsorted(cells, ORIGIN_CELLS, side="right"))
    return text if kept == len(text) else f"{text[:kept]}…"


def _floats(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def axis_ticks(horizons: tuple[float, ...], follow_up: float, unit: str) -> tuple[float, ...]:
    """Return evenly spaced times from 0, never past the last horizon or the follow-up, at most `TICKS` steps.

    Every horizon stands on one of them where an even division allows that; else the steps are round numbers.
    """
    end = min(max(horizons), follow_up)
    within = [horizon for horizon in horizons if horizon <= end]
    dividing = [end / steps for steps in range(TICKS, 1, -1)]
    fitting = [step for step in dividing if within and all(_is_whole(h / step) for h in within)]
    # a step of one decimal at most, where there is one
    fitting.sort(key=lambda step: not _is_whole(10 * step))
    step = next(iter(fitting), _round_step(end, unit))
    return tuple(float(step * k) for k in range(int(end / step + 1e-9) + 1))


def _is_whole(number: float) -> bool:
    return math.isclose(number, round(number), abs_tol=1e-9)


def _round_step(end: float, unit: str) -> float:
    """Return the smallest step of 1, 2 or 5 times a power of ten that is enough; for months, that many years."""
    in_years = unit == "months" and end >= MONTHS_IN_YEARS
    exponent = math.floor(math.log10(end / TICKS / (12 if in_years else 1)))
    steps = [m * 10.0**p * (12 if in_years else 1) for p in (exponent, exponent + 1) for m in (1, 2, 5)]
    return next(step for step in steps if end / step <= TICKS)


def patient_remarks(prediction: Prediction) -> tuple[Remark, ...]:
    """Return the remarks that concern the patient as a whole, neither one column nor one horizon."""
    # P06, a column that the model does not use, names a column: it is a warning to the caller, not to the reader
    # nor E19, that a published model has no interval: it is said beside the risks
    return tuple(r for r in prediction.remarks if r.column is None and r.horizon is None and r.code != "E19")
