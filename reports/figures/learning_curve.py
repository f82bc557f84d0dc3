"""A metric in patients left out by the number of patients that a model learnt from, one line a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import DASHED, DOUBLE, HINT, SMALL, Picture, panel, picture, shortened, write
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = tuple[float, ...]
HEIGHT, TOP, TALL, WIDE, LEFT, LEGEND = 86.0, 9.0, 58.0, 112.0, 16.0, 1.03
# Told apart in grey too: by marks and dashes besides colours.
MARKS = ("o", "s", "^", "D", "v", "P")
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000")


@dataclass(frozen=True)
class LearningLine:
    """One model at ascending sizes; what is unknown at a size is not a number."""

    label: str
    mean: Values
    lower: Values
    upper: Values


@dataclass(frozen=True)
class LearningContent:
    """What the figure shows.

    Parameters
    ----------
    sizes : training patients. lines : one a model, at most six. reference : value without knowledge, or None.
    """

    sizes: tuple[int, ...]
    lines: tuple[LearningLine, ...]
    reference: float | None
    size_label: str
    metric_label: str
    note: str
    title: str
    alt: str


def learning_figure(content: LearningContent, fonts: FontChoice) -> Picture:
    """Draw the lines with their spread between samples, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    return picture(lambda figure: _draw(figure, content), (DOUBLE, HEIGHT), content.title, content.alt, fonts)


def _draw(figure: Figure, content: LearningContent) -> None:
    axes = panel(figure, LEFT, TOP, WIDE, TALL)
    if content.reference is not None:
        axes.axhline(content.reference, color=HINT, linewidth=0.8, linestyle=DASHED, zorder=0)
    step = (content.sizes[-1] - content.sizes[0] or content.sizes[0]) / 100
    for place, line in enumerate(content.lines):
        # side by side, so that spreads do not hide each other
        x = [size + step * (place - (len(content.lines) - 1) / 2) for size in content.sizes]
        colour, mark = COLOURS[place % len(COLOURS)], MARKS[place % len(MARKS)]
        axes.vlines(x, line.lower, line.upper, color=colour, linewidth=0.8, alpha=0.6)
        axes.plot(x, line.mean, color=colour, marker=mark, markersize=3.6, linewidth=1.2, label=line.label)
    axes.set_xticks(content.sizes)
    axes.set_xticklabels([str(size) for size in content.sizes])
    axes.set_xlabel(content.size_label)
    axes.set_ylabel(content.metric_label)
    axes.legend(loc="upper left", bbox_to_anchor=(LEGEND, 1.0))
    write(figure, 2.0, HEIGHT - 4.5, shortened(content.note, DOUBLE - 4.0, SMALL), size=SMALL, color=HINT)
