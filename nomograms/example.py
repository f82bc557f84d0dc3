"""The worked patient of a figure: where it stands on each axis, and the sum in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nomograms.intervals import has_limits, limits_of
from nomograms.medians import median_of
from nomograms.points import Axis, Group, Value, typical_patient
from nomograms.strata import commonest_stratum
from nomograms.wording import (
    joined,
    label_of,
    label_with_unit,
    measure_text,
    number,
    percent,
    sentence,
    shown_value,
    stratum_text,
    time_text,
)

if TYPE_CHECKING:
    from cohorts import Codebook
    from nomograms.nomogram import Nomogram
    from nomograms.options import Patient


@dataclass(frozen=True)
class Example:
    """A patient with all predictors known.

    Parameters
    ----------
    values : of all predictors. points : exact, by the predictor on the axis. shown : to one decimal, adding up to the
        printed total. total : exact. risks : probability by horizon (None: a binary endpoint), where there is one.
    stratum : number of the patient's stratum. is_typical : made of medians, not a person.
    limits : 95 % limits of the risks, by horizon, where the model has any.
    own : risks of the model that the figure approximates; None where it shows the model itself.
    median : time to the event, where it is drawn and reached.
    """

    values: Mapping[str, Value]
    points: Mapping[str, float]
    shown: Mapping[str, str]
    total: float
    risks: Mapping[float | None, float]
    stratum: int
    is_typical: bool
    limits: Mapping[float | None, tuple[float, float]]
    own: Mapping[float | None, float] | None = None
    median: float | None = None

    def fits(self, axis: Axis) -> bool:
        """Whether this axis, among those of an interaction, is the patient's."""
        return all(self.values[partner] == value for partner, value in axis.setting)


def example_of(nomogram: Nomogram, patient: Patient | None) -> Example:
    """Return a patient, or a typical one where none is given, as the figure shows it."""
    typical = patient is None
    values = typical_patient(nomogram.model) if patient is None else nomogram.admitted(patient)
    stratum = commonest_stratum(nomogram.model) if patient is None else nomogram.stratum(patient)
    points = nomogram.points(values)
    total = nomogram.total(values)
    drawn = [group.variables[0] for group in nomogram.scale.drawn]
    shown = dict(zip(drawn, rounded_parts([points[name] for name in drawn]), strict=True))
    found = zip(nomogram.questions, nomogram.risk_in(total, stratum), strict=True)
    risks = {horizon: float(risk) for horizon, risk in found if np.isfinite(risk)}
    near = nomogram.approximation
    own = None if near is None else near.own_risk(values, nomogram.questions)
    limits = limits_of(nomogram, values, stratum) if has_limits(nomogram) else {}
    eta = nomogram.scale.constant + total / nomogram.scale.per_unit
    median = median_of(nomogram.model, eta, stratum) if nomogram.median else None
    return Example(values, points, shown, total, risks, stratum, typical, limits, own, median)


def rounded_parts(parts: Sequence[float]) -> list[str]:
    """Return numbers with one decimal that add up to their rounded sum (largest remainders)."""
    tenths = np.asarray(parts, float) * 10
    down = np.floor(tenths).astype(int)
    spare = round(float(tenths.sum())) - int(down.sum())
    down[np.argsort(down - tenths, kind="stable")[:spare]] += 1
    return [number(float(tenth) / 10) if tenth % 10 else f"{number(float(tenth) / 10)}.0" for tenth in down]


def axis_label(codebook: Codebook, axis: Axis, language: str) -> str:
    """Return the label of an axis with its unit and, for an interaction, the setting: ``Age, years (Sex = F)``."""
    label = label_with_unit(codebook[axis.variable], language)
    if not axis.setting:
        return label
    held = [
        sentence(
            "equals",
            language,
            label=label_of(codebook[partner], language),
            value=shown_value(codebook[partner], value, language),
        )
        for partner, value in axis.setting
    ]
    return sentence("setting", language, label=label, setting=joined(held, language))


def one_decimal(value: float) -> str:
    """Return points with one decimal."""
    # adding 0 makes a negative zero a zero
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "−")


def in_words(nomogram: Nomogram, example: Example) -> str:
    """Write the sum of the points and the risks as a sentence."""
    language = nomogram.language
    parts = " + ".join(_item(nomogram, example, group) for group in nomogram.scale.drawn)
    listed = risks_text(nomogram, example.risks, example.limits)
    if nomogram.median:
        listed = joined([listed, _median(nomogram, example.median)], language)
    names = nomogram.model.estimate.stratum_names
    in_stratum = {"stratum": stratum_text(names[example.stratum])} if names else {}
    told = sentence("risks_in" if names else "risks", language, risks=listed, **in_stratum)
    who = {} if example.is_typical else {"who": sentence("patient", language)}
    key = "typical" if example.is_typical else "worked"
    return sentence(key, language, sum=parts, total=one_decimal(example.total), risks=told, **who)


def _median(nomogram: Nomogram, median: float | None) -> str:
    if median is None:
        return sentence("median_beyond", nomogram.language)
    time = time_text(float(f"{median:.3g}"), nomogram.model.unit, nomogram.language)
    return sentence("median_is", nomogram.language, time=time)


def risks_text(
    nomogram: Nomogram,
    risks: Mapping[float | None, float],
    limits: Mapping[float | None, tuple[float, float]] | None = None,
) -> str:
    """Write risks with their limits and horizons as a list."""
    known = limits or {}
    return joined([_risk(nomogram, horizon, risk, known.get(horizon)) for horizon, risk in risks.items()],
                  nomogram.language)  # fmt: skip


def _risk(nomogram: Nomogram, horizon: float | None, risk: float, limits: tuple[float, float] | None) -> str:
    language = nomogram.language
    value = sentence("risk_once", language, risk=percent(risk))
    if limits is not None:
        value = sentence("risk_interval", language, risk=value, limits=limits_text(limits, language))
    if horizon is None:
        return value
    return sentence("risk_by", language, risk=value, time=time_text(horizon, nomogram.model.unit, language))


def limits_text(limits: tuple[float, float], language: str) -> str:
    """Write the limits of a risk in percent: ``28 to 41``."""
    return sentence("limits", language, lower=percent(limits[0]), upper=percent(limits[1]))


def _item(nomogram: Nomogram, example: Example, group: Group) -> str:
    language, (first, *partners) = nomogram.language, group.variables
    named = [
        f"{label_of(nomogram.model.codebook[name], language)} {_measured(nomogram, example, name)}" for name in partners
    ]
    return sentence(
        "item_group" if partners else "item",
        language,
        label=label_of(nomogram.model.codebook[first], language),
        value=_measured(nomogram, example, first),
        partners=joined(named, language),
        points=example.shown[first],
    )


def _measured(nomogram: Nomogram, example: Example, name: str) -> str:
    variable = nomogram.model.codebook[name]
    value = shown_value(variable, example.values[name], nomogram.language)
    return f"{value} {measure_text(variable.unit, nomogram.language)}" if variable.unit else value
