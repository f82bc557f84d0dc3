"""The whole figure as a value: rows from top to bottom and the caption, in millimetres, before anything is drawn."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from nomograms.axes import (
    LEFT,
    LENGTH,
    LONG,
    WIDTH,
    Strip,
    place,
    predictor_strips,
    risk_strip,
    ruler_strip,
    turning_points,
)
from nomograms.caption import caption_of
from nomograms.example import Example, axis_label, one_decimal
from nomograms.labels import Measure, broken_to
from nomograms.outcomes import OutcomeAxis
from nomograms.points import LARGEST, Axis, Value
from nomograms.sentences import SENTENCES
from nomograms.wording import (
    LANGUAGES,
    event_name,
    label_with_unit,
    outcome_label,
    percent,
    plain,
    sentence,
    shown_value,
    stratum_text,
    time_text,
    value_text,
)  # fmt: skip
from prognosis.profile import LevelProfile

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram

Kind = Literal["points", "predictor", "total", "risk"]

MARGIN = 2.5
LABEL_WIDTH = LEFT - MARGIN - 4.5  # labels of ticks at the left end stand out to the left
LINE = 3.0  # height of a line of lettering
CAPTION_LINE = 2.85
LEADER = 2.4  # height of the slanted leaders
AIR = 0.5  # between a tick and its label
BETWEEN = 1.7  # free space between rows
BETWEEN_ON_A_PAGE = 0.3  # the same where the figure is a part of a page and has no caption
SECTION = 2.0  # more of it before the total


@dataclass(frozen=True)
class Row:
    """One axis of the figure.

    Parameters
    ----------
    kind : what the axis is. strip : its layout. label, note : lines in the label column; the note is set smaller.
    entry : the example's number on the right. mark : the example's place in millimetres; None off this axis.
    tails : whether values of the cohort lie beyond the left and right end. y : of the line, from the top of the figure.
    """

    kind: Kind
    strip: Strip
    label: tuple[str, ...]
    note: tuple[str, ...] = ()
    entry: str = ""
    mark: float | None = None
    tails: tuple[bool, bool] = (False, False)
    y: float = 0.0

    @property
    def above(self) -> float:
        """Height that the row takes above its line."""
        return max(self._side(up=True), self._text_height / 2)

    @property
    def below(self) -> float:
        """Height that the row takes below its line."""
        return max(self._side(up=False), self._text_height / 2)

    def leader(self, *, up: bool) -> float:
        """Height of the leaders on one side, 0 where no label was moved."""
        return LEADER if any(label.up == up and label.is_moved for label in self.strip.labels) else 0.0

    def _side(self, *, up: bool) -> float:
        lines = max((label.lines for label in self.strip.labels if label.up == up), default=0)
        return LONG + AIR + self.leader(up=up) + lines * LINE if lines else LONG

    @property
    def _text_height(self) -> float:
        return LINE * (len(self.label) + len(self.note))


@dataclass(frozen=True)
class Sheet:
    """Rows, caption lines and height of the figure in millimetres, and the heading of the example's column."""

    rows: tuple[Row, ...]
    caption: tuple[str, ...]
    caption_top: float
    height: float
    heading: str


def texts_of(nomogram: Nomogram, example: Example) -> list[str]:
    """Return everything that the figure may write, to choose a font by."""
    place_of = LANGUAGES.index(nomogram.language)
    codebook = nomogram.model.codebook
    own = [label_with_unit(codebook[name], nomogram.language) for name in nomogram.model.predictors]
    own += [value_text(value) for axis in nomogram.scale.axes for value in axis.values]
    own += [sentence("yes", nomogram.language), sentence("no", nomogram.language)]
    own += [value_text(value) for axis in nomogram.scale.axes for _, value in axis.setting]
    own += [stratum_text(name) for name in nomogram.model.estimate.stratum_names]
    own += [*caption_of(nomogram, example), *(sentences[place_of] for sentences in SENTENCES.values())]
    return [*own, "0123456789.,%<>−+=()"]


def sheet_of(nomogram: Nomogram, example: Example, measure: Measure, caption_measure: Measure | None) -> Sheet:
    """Lay out the figure.

    Parameters
    ----------
    nomogram, example : what is drawn.
    measure, caption_measure : width in millimetres of a text on the axes and in the caption; without the second the
        figure has no caption and its rows stand closer, to be a part of a page.
    """
    rows = [
        _points_row(nomogram, measure),
        *(
            row
            for group in nomogram.scale.drawn
            for axis in group.axes
            for row in _predictor_rows(nomogram, axis, example, measure)
        ),
        _total_row(nomogram, example, measure),
        *(_risk_row(nomogram, outcome, example, measure) for outcome in nomogram.outcomes),
    ]
    placed, top = [], MARGIN
    between = BETWEEN_ON_A_PAGE if caption_measure is None else BETWEEN
    for row in rows:
        top += SECTION if row.kind == "total" else 0.0
        placed.append(replace(row, y=top + row.above))
        top += row.above + row.below + between
    paragraphs = caption_of(nomogram, example) if caption_measure is not None else []
    lines = [
        line
        for paragraph in paragraphs
        for line in broken_to(paragraph, WIDTH - 2 * MARGIN, caption_measure or measure).split("\n")
    ]
    caption_top = top + SECTION
    height = caption_top + len(lines) * CAPTION_LINE + MARGIN
    heading = sentence("example" if example.is_typical else "patient", nomogram.language)
    return Sheet(tuple(placed), tuple(lines), caption_top, height, heading)


def _in_column(text: str, measure: Measure) -> tuple[str, ...]:
    return tuple(broken_to(text, LABEL_WIDTH, measure).split("\n"))


def _points_row(nomogram: Nomogram, measure: Measure) -> Row:
    label = _in_column(sentence("points", nomogram.language), measure)
    return Row("points", ruler_strip(LARGEST, measure, up=True), label)


def _predictor_rows(nomogram: Nomogram, axis: Axis, example: Example, measure: Measure) -> list[Row]:
    language, profile = nomogram.language, nomogram.model.profile[axis.variable]
    note: tuple[str, ...] = ()
    if isinstance(profile, LevelProfile):
        note = _in_column(sentence("reference", language, level=plain(profile.levels[0])), measure)
    texts = partial(shown_value, nomogram.model.codebook[axis.variable], language=language)
    strips = predictor_strips(axis, measure, sentence("range", language, first="{first}", last="{last}"), texts)
    mine = _line_of(example.values[axis.variable], strips) if example.fits(axis) else -1
    label = _in_column(axis_label(nomogram.model.codebook, axis, language), measure)
    return [
        Row(
            "predictor",
            strip,
            label if line == 0 else (sentence("continued", language),),
            note,
            entry=example.shown[axis.variable] if line == mine else "",
            mark=float(place(example.points[axis.variable])) if line == mine else None,
            tails=_tails(nomogram, axis),
        )
        for line, strip in enumerate(strips)
    ]


def _line_of(value: Value, strips: tuple[Strip, ...]) -> int:
    """Which of the lines of a folded axis a value stands on."""
    return 0 if isinstance(value, str) else bisect.bisect_left([strip.last for strip in strips[:-1]], value)


def _tails(nomogram: Nomogram, axis: Axis) -> tuple[bool, bool]:
    profile = nomogram.model.profile[axis.variable]
    if axis.discrete or isinstance(profile, LevelProfile) or turning_points(place(axis.fine_points)):
        return False, False
    below, above = profile.minimum < float(axis.fine[0]), profile.maximum > float(axis.fine[-1])
    rises = axis.fine_points[-1] >= axis.fine_points[0]
    return (below, above) if rises else (above, below)


def _total_row(nomogram: Nomogram, example: Example, measure: Measure) -> Row:
    end = nomogram.total_ticks[-1]
    label = _in_column(sentence("total", nomogram.language), measure)
    strip = ruler_strip(end, measure, up=False)
    return Row("total", strip, label, entry=one_decimal(example.total), mark=example.total * LENGTH / end)


def _risk_row(nomogram: Nomogram, outcome: OutcomeAxis, example: Example, measure: Measure) -> Row:
    model, language, end = nomogram.model, nomogram.language, nomogram.total_ticks[-1]
    time = None if outcome.horizon is None else time_text(outcome.horizon, model.unit, language)
    label = outcome_label(event_name(model, language), time, language)
    names = model.estimate.stratum_names
    if names:
        label = sentence("setting", language, label=label, setting=stratum_text(names[outcome.stratum]))
    mine = outcome.stratum == example.stratum
    entry = f"{percent(example.risks[outcome.horizon])} %" if mine else ""
    return Row("risk", risk_strip(outcome, end, measure), _in_column(label, measure), entry=entry,
               mark=example.total * LENGTH / end if mine else None)  # fmt: skip
