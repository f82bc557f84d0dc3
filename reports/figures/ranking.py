"""Models from the best to the worst: each with its interval, and its paired difference to the best beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import DASHED, DOUBLE, HINT, INK, MODEL, SMALL, Picture, panel, picture, shortened, write
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, HEAD, FOOT = 5.0, 9.0, 12.0
LEFT, FIRST, FIRST_WIDE, FIRST_TEXT = 2.0, 36.0, 34.0, 104.0
SECOND, SECOND_WIDE, SECOND_TEXT = 108.0, 26.0, 178.0


@dataclass(frozen=True)
class RankedRow:
    """One model: values are not a number where they do not exist; texts are what is printed beside them."""

    label: str
    estimate: float
    lower: float
    upper: float
    difference: float
    difference_lower: float
    difference_upper: float
    text: str
    difference_text: str


@dataclass(frozen=True)
class RankingContent:
    """What the figure shows.

    Parameters
    ----------
    rows : the best first. reference : value that a model without knowledge has, or None.
    estimate_label, difference_label : what the two panels show. note : how differences were tested.
    """

    rows: tuple[RankedRow, ...]
    reference: float | None
    estimate_label: str
    difference_label: str
    note: str
    title: str
    alt: str


def ranking_figure(content: RankingContent, fonts: FontChoice) -> Picture:
    """Draw estimates and differences as two forest plots side by side, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = HEAD + ROW * len(content.rows) + FOOT
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: RankingContent) -> None:
    rows, tall = content.rows, ROW * len(content.rows)
    write(figure, FIRST, 3.0, shortened(content.estimate_label, FIRST_TEXT - FIRST), color=HINT)
    write(figure, SECOND, 3.0, shortened(content.difference_label, SECOND_TEXT - SECOND), color=HINT)
    for number, row in enumerate(rows):
        middle = HEAD + ROW * (number + 0.5)
        write(figure, LEFT, middle, shortened(row.label, FIRST - LEFT - 2.0), va="center")
        write(figure, FIRST_TEXT, middle, row.text, ha="right", va="center")
        write(figure, SECOND_TEXT, middle, row.difference_text, ha="right", va="center")
    axes = panel(figure, FIRST, HEAD, FIRST_WIDE, tall)
    _forest(axes, [(row.estimate, row.lower, row.upper) for row in rows], content.reference)
    axes = panel(figure, SECOND, HEAD, SECOND_WIDE, tall)
    _forest(axes, [(row.difference, row.difference_lower, row.difference_upper) for row in rows], 0.0)
    write(figure, LEFT, HEAD + tall + FOOT - 4.5, shortened(content.note, DOUBLE - 4.0, SMALL), size=SMALL, color=HINT)


def _forest(axes: Axes, values: Sequence[tuple[float, float, float]], reference: float | None) -> None:
    if reference is not None:
        axes.axvline(reference, color=HINT, linewidth=0.7, linestyle=DASHED, zorder=0)
    for number, (estimate, lower, upper) in enumerate(values):
        axes.plot([lower, upper], [number, number], color=MODEL, linewidth=0.9)
        # the best has no difference to itself: a bare mark
        bare = lower != lower
        marker, colour, size = ("|", INK, 5.0) if bare else ("o", MODEL, 3.6)
        axes.plot([estimate], [number], linestyle="none", marker=marker, color=colour, markersize=size)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(*_range(values, reference))
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(labelsize=SMALL)


def _range(values: Sequence[tuple[float, float, float]], reference: float | None) -> tuple[float, float]:
    """Hold the reference and all values, with some air."""
    known = [number for row in values for number in row if number == number]
    known += [] if reference is None else [reference]
    low, high = min(known, default=0.0), max(known, default=1.0)
    air = max(0.06 * (high - low), 0.005)
    return low - air, high + air
