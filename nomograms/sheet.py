"""The whole figure as a value: rows from top to bottom and the caption, in millimetres, before anything is drawn."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nomograms.axes import Strip, place, predictor_strips, risk_strip, ruler_strip, turning_points
from nomograms.caption import caption_of
from nomograms.crowd import crowd_of
from nomograms.example import Example, axis_label, limits_text, one_decimal
from nomograms.intervals import total_at
from nomograms.labels import Measure, broken_to
from nomograms.layout import MARGIN, Layout
from nomograms.medians import MedianAxis
from nomograms.outcomes import OutcomeAxis
from nomograms.points import LARGEST, Axis, Value
from nomograms.rows import Row, Span
from nomograms.score_sheet import ScoreSheet, score_sheet
from nomograms.sentences import SENTENCES
from nomograms.wording import (
    LANGUAGES,
    event_name,
    label_with_unit,
    number,
    outcome_label,
    percent,
    plain,
    sentence,
    shown_value,
    stratum_text,
    time_text,
    unit_text,
    value_text,
)
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram

CAPTION_LINE = 2.85
BETWEEN = 1.7  # free space between rows
BETWEEN_ON_A_PAGE = 0.3  # the same where the figure is a part of a page and has no caption
SECTION = 2.0  # more of it before the total and before each stratum


@dataclass(frozen=True)
class Sheet:
    """Rows, caption lines, layout and height of the figure in millimetres, and the heading of the example's column.

    The score table stands under the rows, from `scores_top` on.
    """

    rows: tuple[Row, ...]
    caption: tuple[str, ...]
    caption_top: float
    height: float
    heading: str
    layout: Layout
    scores: ScoreSheet
    scores_top: float


def texts_of(nomogram: Nomogram, example: Example, *, caption: bool = True) -> list[str]:
    """Return everything that the figure may write, with its caption or without, to choose a font by."""
    place_of = LANGUAGES.index(nomogram.language)
    codebook = nomogram.model.codebook
    own = [label_with_unit(codebook[name], nomogram.language) for name in nomogram.model.predictors]
    own += [
        shown_value(codebook[axis.variable], value, nomogram.language)
        for axis in nomogram.scale.axes
        for value in axis.values
    ]
    own += [sentence("yes", nomogram.language), sentence("no", nomogram.language)]
    own += [value_text(value) for axis in nomogram.scale.axes for _, value in axis.setting]
    own += [stratum_text(name) for name in nomogram.model.estimate.stratum_names]
    own += [sentences[place_of] for sentences in SENTENCES.values()]
    return [
        *own,
        *(caption_of(nomogram, example) if caption else [event_name(nomogram.model, nomogram.language)]),
        plain(nomogram.model.unit),
        "0123456789.,%<>−+=()",
    ]


def sheet_of(nomogram: Nomogram, example: Example, measure: Measure, caption_measure: Measure | None) -> Sheet:
    """Lay out the figure.

    Parameters
    ----------
    nomogram, example : what is drawn.
    measure, caption_measure : width in millimetres of a text on the axes and in the caption; without the second the
        figure has no caption, distributions and intervals, and its rows stand closer, to be a part of a page.
    """
    layout, whole = nomogram.layout, caption_measure is not None
    rows = _rows(nomogram, example, measure, whole)
    placed, top = [], MARGIN
    between = BETWEEN if whole else BETWEEN_ON_A_PAGE
    for row, opens in rows:
        top += SECTION if opens else 0.0
        placed.append(replace(row, y=top + row.above))
        top += row.above + row.below + between
    lines = [
        line
        for paragraph in (caption_of(nomogram, example) if whole else ())
        for line in broken_to(paragraph, layout.width - 2 * MARGIN, caption_measure or measure).split("\n")
    ]
    scores, scores_top = score_sheet(nomogram, caption_measure) if caption_measure else ScoreSheet(), top + SECTION
    caption_top = scores_top + scores.height + (SECTION if scores.height else 0.0)
    height = caption_top + len(lines) * CAPTION_LINE + MARGIN
    heading = sentence("example" if example.is_typical else "patient", nomogram.language)
    return Sheet(tuple(placed), tuple(lines), caption_top, height, heading, layout, scores, scores_top)


def _rows(nomogram: Nomogram, example: Example, measure: Measure, whole: bool) -> list[tuple[Row, bool]]:
    """Make the rows from top to bottom, each with whether it opens a section.

    A part of a patient's page has the risk lines of the patient's stratum only.
    """
    outcomes = [axis for axis in nomogram.outcomes if whole or axis.stratum == example.stratum]
    medians = [axis for axis in nomogram.medians if whole or axis.stratum == example.stratum]
    predictors = [
        row
        for group in nomogram.scale.drawn
        for axis in group.axes
        for row in _predictor_rows(nomogram, axis, example, measure, whole)
    ]
    rows = [(row, False) for row in (_points_row(nomogram, measure), *predictors)]
    rows.append((_total_row(nomogram, example, measure), True))
    before = outcomes[0].stratum if outcomes else 0
    for outcome in outcomes:
        rows.append((_risk_row(nomogram, outcome, example, measure, whole), outcome.stratum != before))
        before = outcome.stratum
    return rows + [(_median_row(nomogram, axis, example, measure), place == 0)
                   for place, axis in enumerate(medians)]  # fmt: skip


def _in_column(text: str, measure: Measure, layout: Layout) -> tuple[str, ...]:
    return tuple(broken_to(text, layout.label_width, measure).split("\n"))


def _points_row(nomogram: Nomogram, measure: Measure) -> Row:
    layout = nomogram.layout
    label = _in_column(sentence("points", nomogram.language), measure, layout)
    return Row("points", ruler_strip(LARGEST, measure, layout, up=True), label, stacked=layout.stacked)


def _predictor_rows(nomogram: Nomogram, axis: Axis, example: Example, measure: Measure, whole: bool) -> list[Row]:
    language, profile, layout = nomogram.language, nomogram.model.profile[axis.variable], nomogram.layout
    texts = partial(shown_value, nomogram.model.codebook[axis.variable], language=language)
    note: tuple[str, ...] = ()
    if isinstance(profile, LevelProfile):
        note = _in_column(sentence("reference", language, level=texts(profile.levels[0])), measure, layout)
    between = sentence("range", language, first="{first}", last="{last}")
    strips = predictor_strips(axis, measure, between, texts, layout)
    mine = _line_of(example.values[axis.variable], strips) if example.fits(axis) else -1
    label = _in_column(axis_label(nomogram.model.codebook, axis, language), measure, layout)
    return [
        Row(
            "predictor",
            strip,
            label if line == 0 else (sentence("continued", language),),
            note,
            entry=example.shown[axis.variable] if line == mine else "",
            mark=float(place(example.points[axis.variable], layout)) if line == mine else None,
            tails=_tails(nomogram, axis),
            crowd=crowd_of(nomogram.model, axis, layout) if whole else (),
            stacked=layout.stacked,
        )
        for line, strip in enumerate(strips)
    ]


def _line_of(value: Value, strips: tuple[Strip, ...]) -> int:
    """Which of the lines of a folded axis a value stands on."""
    return 0 if isinstance(value, str) else bisect.bisect_left([strip.last for strip in strips[:-1]], value)


def _tails(nomogram: Nomogram, axis: Axis) -> tuple[bool, bool]:
    profile = nomogram.model.profile[axis.variable]
    folds = turning_points(place(axis.fine_points, nomogram.layout))
    if axis.discrete or isinstance(profile, LevelProfile) or folds:
        return False, False
    below, above = profile.minimum < float(axis.fine[0]), profile.maximum > float(axis.fine[-1])
    rises = axis.fine_points[-1] >= axis.fine_points[0]
    return (below, above) if rises else (above, below)


def _total_row(nomogram: Nomogram, example: Example, measure: Measure) -> Row:
    end, layout = nomogram.total_ticks[-1], nomogram.layout
    label = _in_column(sentence("total", nomogram.language), measure, layout)
    strip = ruler_strip(end, measure, layout, up=False)
    mark = example.total * layout.length / end
    return Row("total", strip, label, entry=one_decimal(example.total), mark=mark, stacked=layout.stacked)


def _risk_row(nomogram: Nomogram, outcome: OutcomeAxis, example: Example, measure: Measure, whole: bool) -> Row:
    end, layout, language = nomogram.total_ticks[-1], nomogram.layout, nomogram.language
    scale = layout.length / end
    mine = outcome.stratum == example.stratum
    usual = nomogram.intervals.get((outcome.stratum, outcome.horizon), ()) if whole else ()
    limits = example.limits.get(outcome.horizon) if mine and whole else None
    own = None
    if limits is not None:
        places = total_at(nomogram, outcome, np.array(limits)) * scale
        own = Span(example.total * scale, float(places[0]), float(places[1]))
    return Row(
        "risk",
        risk_strip(outcome, end, measure, layout),
        _in_column(_risk_label(nomogram, outcome), measure, layout),
        entry=f"{percent(example.risks[outcome.horizon])} %" if mine else "",
        entry_note=f"({limits_text(limits, language)})" if limits is not None else "",
        mark=example.total * scale if mine else None,
        spans=tuple(Span(each.total * scale, each.lower * scale, each.upper * scale) for each in usual),
        own=own,
        stacked=layout.stacked,
    )


def _median_row(nomogram: Nomogram, axis: MedianAxis, example: Example, measure: Measure) -> Row:
    model, language, layout, end = nomogram.model, nomogram.language, nomogram.layout, nomogram.total_ticks[-1]
    label = sentence("median", language, event=event_name(model, language), unit=unit_text(model.unit, language))
    mine = axis.stratum == example.stratum
    entry = sentence("not_reached", language) if example.median is None else number(float(f"{example.median:.3g}"))
    return Row(
        "risk",
        risk_strip(axis, end, measure, layout),
        _in_column(_in_stratum(nomogram, label, axis.stratum), measure, layout),
        entry=entry if mine else "",
        mark=example.total * layout.length / end if mine else None,
        stacked=layout.stacked,
    )


def _risk_label(nomogram: Nomogram, outcome: OutcomeAxis) -> str:
    model, language = nomogram.model, nomogram.language
    time = None if outcome.horizon is None else time_text(outcome.horizon, model.unit, language)
    label = outcome_label(event_name(model, language), time, language)
    return _in_stratum(nomogram, label, outcome.stratum)


def _in_stratum(nomogram: Nomogram, label: str, stratum: int) -> str:
    names = nomogram.model.estimate.stratum_names
    if not names:
        return label
    return sentence("setting", nomogram.language, label=label, setting=stratum_text(names[stratum]))
