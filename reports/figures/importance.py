"""What a model's performance loses when a predictor is dealt out anew: a point and its interval a predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import (
    DASHED,
    DOUBLE,
    HINT,
    MODEL,
    SMALL,
    Picture,
    headline,
    panel,
    picture,
    shortened,
    write,
)
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW, HEAD, FOOT = 5.0, 13.0, 13.0
LEFT, PLOT_LEFT, PLOT, NUMBERS, DEPTH = 2.0, 57.0, 72.0, 132.0, 178.0


@dataclass(frozen=True)
class ImportanceContent:
    """What the figure shows, the most important predictor first.

    Parameters
    ----------
    labels : (k,) predictors. estimate, lower, upper : (k,); limits not a number where they are not known.
    text : (k,) the same as text. depth : (k,) minimal depth as text, () for models without trees of ours.
    axis, depth_label, note : what is drawn, what the last column is, and how to read it.
    """

    labels: tuple[str, ...]
    estimate: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    text: tuple[str, ...]
    depth: tuple[str, ...]
    axis: str
    depth_label: str
    note: str
    title: str
    alt: str


def importance_figure(content: ImportanceContent, fonts: FontChoice) -> Picture:
    """Draw each predictor's importance with its interval, 180 mm wide and as high as the predictors need.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = HEAD + ROW * len(content.labels) + FOOT
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: ImportanceContent) -> None:
    headline(figure, content.title, LEFT, DOUBLE - 2 * LEFT)
    count = len(content.labels)
    axes = panel(figure, PLOT_LEFT, HEAD, PLOT, ROW * count)
    for row, label in enumerate(content.labels):
        middle = HEAD + ROW * (row + 0.5)
        write(figure, LEFT, middle, shortened(label, PLOT_LEFT - LEFT - 3.0), va="center")
        write(figure, NUMBERS, middle, content.text[row], size=SMALL, va="center")
        if content.depth:
            write(figure, DEPTH, middle, content.depth[row], size=SMALL, va="center", ha="right")
    if content.depth:
        write(figure, DEPTH, HEAD - 3.5, content.depth_label, size=SMALL, color=HINT, ha="right")
    _points(axes, content)
    axes.set_xlabel(content.axis)
    write(figure, LEFT, HEAD + ROW * count + FOOT - 3.8, shortened(content.note, DOUBLE - 2 * LEFT, SMALL), size=SMALL)


def _points(axes: Axes, content: ImportanceContent) -> None:
    for row, (estimate, lower, upper) in enumerate(zip(content.estimate, content.lower, content.upper, strict=True)):
        axes.plot([lower, upper], [row, row], color=MODEL, linewidth=0.9)
        axes.plot([estimate], [row], color=MODEL, marker="o", markersize=3.2)
    axes.axvline(0.0, color=HINT, linewidth=0.7, linestyle=DASHED, zorder=0)
    known = [value for value in (0.0, *content.estimate, *content.lower, *content.upper) if value == value]
    air = max(0.06 * (max(known) - min(known)), 1e-4)
    axes.set_xlim(min(known) - air, max(known) + air)
    axes.set_ylim(len(content.labels) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=5)
