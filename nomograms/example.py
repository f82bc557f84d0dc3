"""The worked patient of a figure: where it stands on each axis, and the sum in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nomograms.points import Axis, Group, Value, typical_patient
from nomograms.wording import (
    joined,
    label_of,
    label_with_unit,
    measure_text,
    number,
    percent,
    sentence,
    time_text,
    value_text,
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
        printed total. total : exact. risks : probability by horizon. is_typical : made of medians, not a person.
    """

    values: Mapping[str, Value]
    points: Mapping[str, float]
    shown: Mapping[str, str]
    total: float
    risks: Mapping[float, float]
    is_typical: bool

    def fits(self, axis: Axis) -> bool:
        """Whether this axis, among those of an interaction, is the patient's."""
        return all(self.values[partner] == value for partner, value in axis.setting)


def example_of(nomogram: Nomogram, patient: Patient | None) -> Example:
    """Return a patient, or a typical one where none is given, as the figure shows it."""
    values = typical_patient(nomogram.model) if patient is None else nomogram.admitted(patient)
    points = nomogram.points(values)
    total = nomogram.total(values)
    shown = dict(zip(points, rounded_parts(list(points.values())), strict=True))
    risks = {float(horizon): float(risk) for horizon, risk in nomogram.risk(total).items()}
    return Example(values, points, shown, total, risks, patient is None)


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
        sentence("equals", language, label=label_of(codebook[partner], language), value=value_text(value))
        for partner, value in axis.setting
    ]
    return sentence("setting", language, label=label, setting=joined(held, language))


def one_decimal(value: float) -> str:
    """Return points with one decimal."""
    return f"{value:.1f}".replace("-", "−")


def in_words(nomogram: Nomogram, example: Example) -> str:
    """Write the sum of the points and the risks as a sentence."""
    language, unit = nomogram.language, nomogram.model.unit
    parts = " + ".join(_item(nomogram, example, group) for group in nomogram.scale.groups)
    risks = [
        sentence("risk_by", language, risk=percent(risk), time=time_text(horizon, unit, language))
        for horizon, risk in example.risks.items()
    ]
    listed = sentence("risks", language, risks=joined(risks, language))
    who = {} if example.is_typical else {"who": sentence("patient", language)}
    key = "typical" if example.is_typical else "worked"
    return sentence(key, language, sum=parts, total=one_decimal(example.total), risks=listed, **who)


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
    unit = nomogram.model.codebook[name].unit
    value = value_text(example.values[name])
    return f"{value} {measure_text(unit, nomogram.language)}" if unit else value
