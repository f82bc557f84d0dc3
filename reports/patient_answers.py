"""The answers of the page: the risk at each horizon in words, and the curve with the cohort beside it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping

import numpy as np

from prognosis.model import FittedModel
from prognosis.prediction import Prediction, Remark, RiskCurve
from prognosis.profile import ObservedCurve
from reports.formatting import count, duration, finite, three_digits, unit_text
from reports.frequencies import Frequency, frequency, of_hundred
from reports.patient_content import Answer, Curve
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


def answers(
    observed: ObservedCurve, prediction: Prediction, wording: Wording, says: Mapping[str, str]
) -> tuple[Answer, ...]:
    """Return one answer per horizon of a prediction for one patient.

    Parameters
    ----------
    observed : curve of the training patients that this one is compared with, from ``FittedModel.observed``.
    says : keys of the sentences, `WHOLE` or `OF_STRATUM`.
    """
    return tuple(
        _answer(
            observed,
            float(horizon),
            tuple(float(array[0, k]) for array in (prediction.risk, prediction.lower, prediction.upper)),
            prediction.unit,
            wording,
            says,
        )
        for k, horizon in enumerate(prediction.horizons)
    )


def _answer(
    observed: ObservedCurve,
    horizon: float,
    numbers: tuple[float, ...],
    unit: str,
    wording: Wording,
    says: Mapping[str, str],
) -> Answer:
    risk, lower, upper = numbers
    time = duration(horizon, unit, wording)
    known = math.isfinite(risk)
    people = frequency(risk, lower, upper, wording) if known else None
    longest = float(observed.time[-1])
    reason = None if known else wording(says["beyond"], longest=duration(longest, unit, wording))
    cohort = None if horizon > longest else finite(1.0 - observed.at(horizon))
    return Answer(
        horizon=horizon,
        horizon_text=wording("within", time=time),
        risk=finite(risk),
        lower=finite(lower),
        upper=finite(upper),
        people=people,
        event_count=wording("of_100", n=people.event_text) if people else "",
        event_interval=wording("brackets", text=people.interval_event) if people else "",
        event_sentence=wording("have_event") if people else "",
        without_count=wording("of_100", n=people.without_text) if people else "",
        without_interval=wording("brackets", text=people.interval_without) if people else "",
        without_sentence=wording("have_none") if people else "",
        cohort=cohort,
        cohort_text="" if cohort is None else wording(says["share"], n=of_hundred(cohort)),
        reason=reason,
        remarks=_sparse(observed, horizon, wording, says) if known else (),
        icons_alt=_icons_alt(people, time, wording) if people else "",
    )


def _sparse(observed: ObservedCurve, horizon: float, wording: Wording, says: Mapping[str, str]) -> tuple[str, ...]:
    left = observed.number_at_risk(horizon)
    return (wording(says["few"], n=left),) if left < FEW_AT_RISK else ()


def _icons_alt(people: Frequency, time: str, wording: Wording) -> str:
    return wording("icons_alt", n=people.event, time=time, rest=people.without, lower=people.lower, upper=people.upper)


def patient_curve(
    model: FittedModel, observed: ObservedCurve, curve: RiskCurve, level: float, wording: Wording
) -> Curve:
    """Return the risk curve of one patient beside the observed curve of the training cohort, or of the stratum.

    Parameters
    ----------
    observed : curve of the training patients that this one is compared with.
    curve : step function of the patient from ``FittedModel.curve``.
    level : level of its band.
    """
    unit, longest = model.unit, float(observed.time[-1])
    ticks = axis_ticks(model.horizons, longest, unit)
    origin = visible(model.origin)
    says = WHOLE if observed is model.follow_up else OF_STRATUM
    caption = (
        wording(says["no_median"])
        if observed.median is None
        else wording(says["caption"], median=duration(observed.median, unit, wording))
    )
    return Curve(
        time=_floats(curve.time),
        risk=_floats(curve.risk),
        lower=_floats(curve.lower),
        upper=_floats(curve.upper),
        cohort_time=(0.0, *_floats(observed.time)),
        cohort_risk=(0.0, *_floats(1.0 - np.asarray(observed.survival, dtype=float))),
        ticks=ticks,
        at_risk=tuple(observed.number_at_risk(tick) for tick in ticks),
        horizons=tuple(horizon for horizon in model.horizons if horizon <= longest),
        time_label=wording("time_label", unit=unit_text(unit, wording), origin=short_origin(origin)),
        risk_label=wording("risk_label"),
        patient_label=wording("curve_patient"),
        band_label=wording("curve_band", level=three_digits(100 * level)),
        cohort_label=wording("curve_cohort", n=count(observed.number_at_risk(0.0), wording)),
        at_risk_label=wording("at_risk"),
        caption=caption,
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
    return tuple(remark for remark in prediction.remarks if remark.column is None and remark.horizon is None)
