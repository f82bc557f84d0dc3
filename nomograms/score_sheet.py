"""Where the numbers of the score table stand under the lines, in millimetres; nothing here needs a drawing library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nomograms.example import axis_label
from nomograms.labels import Measure, broken_to
from nomograms.layout import MARGIN, Layout
from nomograms.outcomes import OutcomeAxis
from nomograms.score_table import Scored, ScoreTable
from nomograms.wording import number, percent, sentence, shown_value, stratum_text, time_text

if TYPE_CHECKING:
    from nomograms.nomogram import Nomogram

LINE = 2.85
BETWEEN = 1.4  # free space between two columns
UNDER = 1.5  # between two blocks, with the rule in the middle
AFTER = 1.0  # between the lines of a block that goes on
WIDEST_LEVEL = 26.0
LABELS = 30.0  # width of the labels beside the numbers
LABELS_STACKED = 22.0  # the same of the totals where other labels stand above their numbers


@dataclass(frozen=True)
class Printed:
    """A text of the table: its place in the middle (or left end) at the top, in millimetres from the table's top."""

    x: float
    y: float
    text: str
    is_left: bool = False
    is_head: bool = False


@dataclass(frozen=True)
class ScoreSheet:
    """All texts, the heights of the rules between blocks, and the height of the whole."""

    texts: tuple[Printed, ...] = ()
    rules: tuple[float, ...] = ()
    height: float = 0.0


@dataclass(frozen=True)
class Block:
    """Numbers that belong together: one label of all, or one a row; columns of a head and the numbers under it."""

    labels: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]

    @property
    def is_table(self) -> bool:
        """Whether each row has its label; columns are then equally wide."""
        return len(self.labels) > 1


def score_sheet(nomogram: Nomogram, measure: Measure) -> ScoreSheet:
    """Lay out the score table of a nomogram that has one; `measure` : width of a text in millimetres."""
    scores = nomogram.scores
    if scores is None:
        return ScoreSheet()
    writer = _Writer(nomogram.layout, measure)
    title = sentence("scores", nomogram.language)
    writer.write_title(title)
    for block in _blocks(nomogram, scores):
        writer.write(block)
    return ScoreSheet(tuple(writer.texts), tuple(writer.rules), writer.top)


def _blocks(nomogram: Nomogram, scores: ScoreTable) -> Iterator[Block]:
    language, codebook = nomogram.language, nomogram.model.codebook
    for group in nomogram.scale.drawn:
        for axis in group.axes:
            scored = scores.scored[axis.name]
            heads = [shown_value(codebook[axis.variable], value, language) for value in scored.values]
            columns = tuple(zip(heads, _points(scored), strict=True))
            yield Block((axis_label(codebook, axis, language),), columns)
    labels = [_risk_label(nomogram, outcome) for outcome in nomogram.outcomes]
    heads = [number(float(total)) for total in scores.totals]
    risks = [[_percent(float(risk)) for risk in row] for row in scores.risks]
    yield Block((sentence("total", language), *labels), tuple(zip(heads, *risks, strict=True)))


def _points(scored: Scored) -> list[str]:
    # adding 0 makes a negative zero a zero
    return [f"{points + 0.0:.{scored.digits}f}".replace("-", "−") for points in scored.points]


def _percent(risk: float) -> str:
    return percent(risk) if risk < 0.0005 or risk > 0.9995 else f"{100 * risk:.1f}"


def _risk_label(nomogram: Nomogram, outcome: OutcomeAxis) -> str:
    language, names = nomogram.language, nomogram.model.estimate.stratum_names
    time = "" if outcome.horizon is None else time_text(outcome.horizon, nomogram.model.unit, language)
    key = "score_risk_short" if nomogram.layout.stacked else "score_risk"
    label = sentence(key if time else "score_risk_binary", language, time=time)
    return sentence("setting", language, label=label, setting=stratum_text(names[outcome.stratum])) if names else label


class _Writer:
    """Sets block under block; `top` is the height that is taken."""

    def __init__(self, layout: Layout, measure: Measure) -> None:
        self.layout, self.measure = layout, measure
        self.right = layout.width - MARGIN
        self.texts: list[Printed] = []
        self.rules: list[float] = []
        self.top = 0.0

    def write_title(self, title: str) -> None:
        """Set the heading of the table."""
        lines = broken_to(title, self.right - MARGIN, self.measure).split("\n")
        self._label(lines)
        self.top += LINE * len(lines) + UNDER

    def write(self, block: Block) -> None:
        """Set a block with a rule above it."""
        beside = block.is_table
        self.rules.append(self.top - UNDER / 2)
        room = LABELS_STACKED if self.layout.stacked else LABELS
        if self.layout.stacked and not beside:
            room = self.right - MARGIN
        labels = [broken_to(label, room, self.measure).split("\n") for label in block.labels]
        start = MARGIN if self.layout.stacked and not beside else MARGIN + room + BETWEEN
        if not beside:
            self._label(labels[0])
            # above the numbers the label takes its own lines
            self.top += LINE * len(labels[0]) if self.layout.stacked else 0.0
        before = self.top
        lines = _lines(block, self.measure, self.right - start)
        for place, line in enumerate(lines):
            self.top += AFTER if place else 0.0
            self._numbers(line, start, labels if beside else [[""]] * len(line[0][1]))
        if not beside and not self.layout.stacked:
            self.top = max(self.top, before + LINE * len(labels[0]))
        self.top += UNDER

    def _label(self, lines: Sequence[str]) -> None:
        self.texts += [Printed(MARGIN, self.top + LINE * k, line, is_left=True) for k, line in enumerate(lines)]

    def _numbers(self, line: Line, start: float, labels: Sequence[Sequence[str]]) -> None:
        """Set columns side by side, rows as high as their labels and heads need."""
        for row, label in enumerate(labels):
            self._label([part for part in label if part])
            x, lines = start, max(1, len(label))
            for width, column in line:
                parts = column[row].split("\n")
                lines = max(lines, len(parts))
                self.texts += [
                    Printed(x + width / 2, self.top + LINE * k, part, is_head=row == 0) for k, part in enumerate(parts)
                ]
                x += width
            self.top += LINE * lines


Line = list[tuple[float, tuple[str, ...]]]


def _lines(block: Block, measure: Measure, room: float) -> list[Line]:
    """Break columns into lines that fit; the width of each with its column."""
    broken = [(broken_to(head, min(WIDEST_LEVEL, room - BETWEEN), measure), *rest) for head, *rest in block.columns]
    widths = [max(measure(part) for text in column for part in text.split("\n")) + BETWEEN for column in broken]
    if block.is_table:
        widths = [max(widths)] * len(widths)
    lines: list[Line] = [[]]
    for width, column in zip(widths, broken, strict=True):
        if lines[-1] and sum(taken for taken, _ in lines[-1]) + width > room:
            lines.append([])
        lines[-1].append((width, column))
    return lines
