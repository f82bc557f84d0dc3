"""What stands on a patient's page, as values: every number and sentence, before any renderer sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from prognosis.validation.risk_bands import RiskBand
from reports.frequencies import Frequency


@dataclass(frozen=True)
class Answer:
    """The risk at one horizon.

    Parameters
    ----------
    horizon : time since the origin, in the endpoint's unit; None for an endpoint without time.
    risk, lower, upper : probability of the event by the horizon and its interval; None where there is none.
    other : probability that a competing event comes first; None where there is none or the model does not tell.
    people : the same as people of 100; None where there is none.
    reason : in words, why there is no number.
    cohort : observed share with the event in the training cohort, one minus Kaplan-Meier; None beyond follow-up.
    similar : what was observed in patients of a similar out-of-fold risk; None where that is not known.
    """

    horizon: float | None
    horizon_text: str
    risk: float | None
    lower: float | None
    upper: float | None
    people: Frequency | None
    event_count: str
    event_interval: str
    event_sentence: str
    without_count: str
    without_interval: str
    without_sentence: str
    cohort: float | None
    cohort_text: str
    reason: str | None
    remarks: tuple[str, ...]
    icons_alt: str
    other: float | None = None
    other_count: str = ""
    other_sentence: str = ""
    similar: RiskBand | None = None
    similar_text: str = ""


@dataclass(frozen=True)
class Input:
    """One predictor of this patient and what it does to the risk.

    Parameters
    ----------
    contribution : distance from the average patient on the scale of the linear predictor (of a Cox model the log
        hazard); None where the model has no coefficients.
    hazard_ratio : the ratio of hazards, odds or times that belongs to it.
    direction : ``raises``, ``lowers`` or ``about``; ``unknown`` where the model has no coefficients; ``stratum`` and
        ``offset`` for columns that are no predictors.
    flags : doubts about the value, for example outside the range of the training patients.
    people : what it adds to the risk, of 100 people, where an explanation was given; None else.
    """

    name: str
    label: str
    value_text: str
    typical_text: str
    contribution: float | None
    hazard_ratio: float | None
    direction: str
    effect_text: str
    flags: tuple[str, ...]
    people: float | None = None


@dataclass(frozen=True)
class Curve:
    """The patient's risk over time with its band, and what was observed in the training cohort.

    Parameters
    ----------
    time, risk, lower, upper : step function of the patient, starting at (0, 0); no limits where there is no interval.
    cohort_time, cohort_risk : one minus Kaplan-Meier of the training cohort; Aalen-Johansen where events compete.
    ticks, at_risk : times under the axis and the training patients at risk just before them.
    """

    time: tuple[float, ...]
    risk: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    cohort_time: tuple[float, ...]
    cohort_risk: tuple[float, ...]
    ticks: tuple[float, ...]
    at_risk: tuple[int, ...]
    horizons: tuple[float, ...]
    time_label: str
    risk_label: str
    patient_label: str
    band_label: str
    cohort_label: str
    at_risk_label: str
    caption: str
    alt: str


@dataclass(frozen=True)
class FilmPart:
    """The radiograph of the page.

    Parameters
    ----------
    height, width : of the pictures, in pixels. side : R, L, B or "".
    film, heat : PNG as base64: the film, and the film under its heat map, None without one.
    described : which film it is. score_value : as printed. score_text : the score among those of training patients.
    caption : what the colours mean, and do not mean. raised, lowered : words of the two colours.
    """

    heading: str
    height: int
    width: int
    side: str
    film: str
    film_alt: str
    heat: str | None
    heat_alt: str
    described: str
    score_value: str
    score_text: str
    caption: str
    raised: str
    lowered: str


@dataclass(frozen=True)
class PatientPage:
    """One patient's page. `headings` are the fixed words, by name; `about` and `model` are (label, text) lines.

    `no_curve` says why there is no curve over time, where there is none; `intervals` tells whether the risks have one;
    `key_other` names the competing events where figures of 100 people stand for them, else "".
    """

    language: str
    patient_id: str
    date: str
    headings: Mapping[str, str]
    about: tuple[tuple[str, str], ...]
    model: tuple[tuple[str, str], ...]
    created: str
    model_hash: str
    verified: bool
    alerts: tuple[str, ...]
    answers: tuple[Answer, ...]
    answers_note: str
    intervals: bool
    key_other: str
    curve: Curve | None
    no_curve: str
    inputs: tuple[Input, ...]
    together_ratio: float | None
    together_text: str
    inputs_note: str
    nomogram: str | None
    nomogram_alt: str
    nomogram_height: float
    performance: tuple[str, ...]
    limits: tuple[str, ...]
    footer: str
    radiograph: FilmPart | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the page as plain values for JSON; what does not exist is None, never NaN."""
        return {**asdict(self), "headings": dict(self.headings)}
