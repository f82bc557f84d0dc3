"""The nomogram without a picture: its points as a table for machines, and as a page of plain text for people.

The page holds everything that the figure does: with a pencil it gives the same risk, and a screen reader can read it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cohorts.export import neutralise
from nomograms.axes import marks
from nomograms.caption import paragraphs_of
from nomograms.example import Example, axis_label, one_decimal
from nomograms.layout import LENGTH
from nomograms.medians import MedianAxis, median_of
from nomograms.points import LARGEST, Axis, Value
from nomograms.pretty import pretty
from nomograms.tails import tails_of
from nomograms.wording import (
    event_name,
    number,
    outcome_label,
    percent,
    sentence,
    shown_value,
    stratum_text,
    time_text,
    unit_text,
)

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram
    from nomograms.outcomes import OutcomeAxis

COLUMNS = 100
LONGEST = 8
TOTALS = 50  # about so many totals with their risk
STRAIGHT = 0.2  # points by which proportions between two labelled values may miss


def points_csv(nomogram: Nomogram) -> str:
    """Return the points of all labelled values and tails, one line each: axis, label, value, points, place.

    `place` is ``axis``, or ``tail`` for a value of the cohort beyond the drawn axis.
    """
    rows = []
    for group in nomogram.scale.groups:
        for axis in group.axes:
            label = axis_label(nomogram.model.codebook, axis, nomogram.language)
            tails = tails_of(nomogram.model, nomogram.scale, group, axis) if group.has_effect else ((), ())
            below, above = ([(value, points, "tail") for value, points in tail] for tail in tails)
            on = [(value, float(points), "axis") for value, points in zip(axis.values, axis.points, strict=True)]
            rows += [(axis.name, label, value, points, place) for value, points, place in (*below, *on, *above)]
    table = pd.DataFrame(rows, columns=["axis", "label", "value", "points", "place"])
    return str(neutralise(table).to_csv(index=False))


def plain_page(nomogram: Nomogram, example: Example) -> str:
    """Return points, totals with their risks, the worked patient and the notes as plain text, 100 columns wide."""
    language = nomogram.language
    title = sentence("title", language, event=event_name(nomogram.model, language))
    lines = [title, "=" * len(title), "", *_wrapped(sentence("page_recipe", language)), ""]
    for group in nomogram.scale.drawn:
        for axis in group.axes:
            variable = nomogram.model.codebook[axis.variable]
            tails = tails_of(nomogram.model, nomogram.scale, group, axis)
            known = [*tails[0], *_told(axis), *tails[1]]
            lines += [axis_label(nomogram.model.codebook, axis, language)]
            lines += [
                f"  {_value(value, shown_value(variable, value, language)):>12}  {one_decimal(float(points)):>7}"
                for value, points in known
            ]
            lines.append("")
    for outcome in nomogram.outcomes:
        lines += [*_wrapped(_label(nomogram, outcome)), *_risks(nomogram, outcome), ""]
    for median in nomogram.medians:
        lines += [*_wrapped(_median_label(nomogram, median)), *_medians(nomogram, median), ""]
    for paragraph in paragraphs_of(nomogram, example):
        lines += [*_wrapped(paragraph), ""]
    return "\n".join(line.rstrip() for line in lines).replace("\u00a0", " ").rstrip() + "\n"


def _told(axis: Axis) -> list[tuple[Value, float]]:
    """Labelled values of an axis, and where points do not go straight between them those with a tick too."""
    labelled = list(zip(axis.values, map(float, axis.points), strict=True))
    if axis.discrete:
        return labelled
    fine = np.array(axis.fine, float)
    straight = np.interp(fine, np.array(axis.values, float), axis.points)
    if np.abs(straight - axis.fine_points).max() <= STRAIGHT:
        return labelled
    marked, x, _ = marks(axis)
    return list(zip(marked, map(float, x * LARGEST / LENGTH), strict=True))


def _value(value: Value, text: str) -> str:
    """Write a value as on the axis; one between the ends of a tail with four digits."""
    return text if isinstance(value, str) or len(text) <= LONGEST else number(float(f"{value:.4g}"))


def _label(nomogram: Nomogram, outcome: OutcomeAxis) -> str:
    model, language = nomogram.model, nomogram.language
    time = None if outcome.horizon is None else time_text(outcome.horizon, model.unit, language)
    return _titled(nomogram, outcome_label(event_name(model, language), time, language), outcome.stratum)


def _titled(nomogram: Nomogram, label: str, stratum: int) -> str:
    names = nomogram.model.estimate.stratum_names
    told = f"{sentence('total', nomogram.language)}: {label}"
    return f"{told} ({stratum_text(names[stratum])})" if names else told


def _median_label(nomogram: Nomogram, axis: MedianAxis) -> str:
    model, language = nomogram.model, nomogram.language
    words = sentence("median", language, event=event_name(model, language), unit=unit_text(model.unit, language))
    return _titled(nomogram, words, axis.stratum)


def _medians(nomogram: Nomogram, axis: MedianAxis) -> list[str]:
    """Total points in even steps with the median time, where it lies within the follow-up."""
    scale, lines = nomogram.scale, []
    for total in pretty(0.0, nomogram.total_ticks[-1], TOTALS):
        median = median_of(nomogram.model, scale.constant + float(total) / scale.per_unit, axis.stratum)
        told = sentence("not_reached", nomogram.language) if median is None else number(float(f"{median:.3g}"))
        lines.append(f"  {number(float(f'{total:.4g}')):>12}  {told:>7}")
    return lines


def _risks(nomogram: Nomogram, outcome: OutcomeAxis) -> list[str]:
    """Total points in even steps with the risk of each."""
    totals = pretty(0.0, nomogram.total_ticks[-1], TOTALS)
    place = nomogram.questions.index(outcome.horizon)
    risks = [nomogram.risk_in(float(total), outcome.stratum).iloc[place] for total in totals]
    return [
        f"  {number(float(f'{total:.4g}')):>12}  {_percent(risk):>7}" for total, risk in zip(totals, risks, strict=True)
    ]


def _percent(risk: float) -> str:
    return percent(risk) if risk < 0.0005 or risk > 0.9995 else f"{100 * risk:.1f}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS)
