"""The worked patient of a figure: where it stands on each axis, and the sum in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
    from nomograms.nomogram import Nomogram, Patient


@dataclass(frozen=True)
class Example:
    """A patient with all predictors known.

    Parameters
    ----------
    values : of all predictors. points : exact, by the predictor on the axis. shown : to one decimal, adding up to the
        printed total. total : exact. risks : probability by horizon (None: a binary endpoint), where there is one.
    stratum : number of the patient's stratum. is_typical : made of medians, not a person.
    own : risks of the model that the figure approximates; None where it shows the model itself.
    """

    values: Mapping[str, Value]
    points: Mapping[str, float]
    shown: Mapping[str, str]
    total: float
    risks: Mapping[float | None, float]
    stratum: int
    is_typical: bool
    own: Mapping[float | None, float] | None = None

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
    return Example(values, points, shown, total, risks, stratum, typical, own)


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
    return f"{value:.1f}".replace("-", "−")


def in_words(nomogram: Nomogram, example: Example) -> str:
    """Write the sum of the points and the risks as a sentence."""
    language = nomogram.language
    parts = " + ".join(_item(nomogram, example, group) for group in nomogram.scale.drawn)
    listed = risks_text(nomogram, example.risks)
    names = nomogram.model.estimate.stratum_names
    in_stratum = {"stratum": stratum_text(names[example.stratum])} if names else {}
    told = sentence("risks_in" if names else "risks", language, risks=listed, **in_stratum)
    who = {} if example.is_typical else {"who": sentence("patient", language)}
    key = "typical" if example.is_typical else "worked"
    return sentence(key, language, sum=parts, total=one_decimal(example.total), risks=told, **who)


def risks_text(nomogram: Nomogram, risks: Mapping[float | None, float]) -> str:
    """Write risks with their horizons as a list."""
    return joined([_risk(nomogram, horizon, risk) for horizon, risk in risks.items()], nomogram.language)


def _risk(nomogram: Nomogram, horizon: float | None, risk: float) -> str:
    language, value = nomogram.language, percent(risk)
    if horizon is None:
        return sentence("risk_once", language, risk=value)
    return sentence("risk_by", language, risk=value, time=time_text(horizon, nomogram.model.unit, language))


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
