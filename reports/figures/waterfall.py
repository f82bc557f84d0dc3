"""From the risk of the average patient to that of this one, a bar for each predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import (
    DOTTED,
    DOUBLE,
    HINT,
    INK,
    MODEL,
    PALE,
    SMALL,
    Picture,
    headline,
    panel,
    picture,
    shortened,
    with_value,
    write,
)
from reports.fonts import FontChoice
from reports.icons import LOWERS, RAISES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, TOP, WIDE, ROW, BELOW = 70.0, 10.0, 102.0, 6.2, 16.0
# room of a number beyond the end of its bar, as a part of the width of the axis
ROOM = 0.09


@dataclass(frozen=True)
class WaterfallContent:
    """What the figure shows, as people of 100.

    Parameters
    ----------
    labels : predictors, from the largest contribution down; given : their values. values : what each adds. texts : the
        same as printed. start, end : risk of the average patient and of this one.
    note : what an average is taken over, and that nothing is said of causes.
    """

    labels: tuple[str, ...]
    given: tuple[str, ...]
    values: tuple[float, ...]
    texts: tuple[str, ...]
    start: float
    end: float
    start_label: str
    end_label: str
    axis_label: str
    note: tuple[str, ...]
    title: str
    alt: str


def waterfall_figure(content: WaterfallContent, fonts: FontChoice) -> Picture:
    """Draw one patient, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = TOP + ROW * (len(content.labels) + 2) + BELOW
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: WaterfallContent) -> None:
    rows = len(content.labels) + 2
    axes = panel(figure, LEFT, TOP, WIDE, ROW * rows)
    axes.set_ylim(rows - 0.5, -0.5)
    at = content.start
    ends = [at]
    axes.plot([at, at], [-0.45, 1.4 if content.labels else 0.4], color=HINT, linewidth=0.6, linestyle=DOTTED)
    for row, value in enumerate(content.values, start=1):
        axes.barh(
            row, value, left=at, height=0.62, color=RAISES if value > 0 else LOWERS, edgecolor=MODEL, linewidth=0.5
        )
        at += value
        ends.append(at)
        axes.plot([at, at], [row - 0.31, row + 1.31], color=HINT, linewidth=0.6, linestyle=DOTTED)
    low, high = min(ends), max(ends)
    spare = ROOM * max(high - low, 2.0) / (1 - 2 * ROOM) + 0.01 * max(high - low, 2.0)
    axes.set_xlim(low - spare, high + spare)
    _marks(axes, content, ends)
    _dress(axes, content)
    for line, text in enumerate(content.note):
        write(
            figure, 4, TOP + ROW * rows + 9.6 + 3.0 * line, shortened(text, DOUBLE - 8, SMALL), size=SMALL, color=HINT
        )
    headline(figure, content.title, 4, DOUBLE - 8)


def _marks(axes: Axes, content: WaterfallContent, ends: list[float]) -> None:
    """Mark start and end, and write each contribution beyond the end of its bar."""
    for row, place in ((0, content.start), (len(content.labels) + 1, content.end)):
        axes.plot([place], [row], marker="D", markersize=4, color=INK, clip_on=False)
    for row, (value, text) in enumerate(zip(content.values, content.texts, strict=True), start=1):
        right = value >= 0
        axes.annotate(text, (ends[row], row), (2 if right else -2, 0), textcoords="offset points", va="center",
                      ha="left" if right else "right", parse_math=False, annotation_clip=False)  # fmt: skip


def _dress(axes: Axes, content: WaterfallContent) -> None:
    named = (with_value(*pair, LEFT - 6) for pair in zip(content.labels, content.given, strict=True))
    labels = (content.start_label, *named, content.end_label)
    axes.set_yticks(range(len(labels)))
    axes.set_yticklabels(labels)
    for label in axes.get_yticklabels()[:: len(labels) - 1]:
        label.set_color(MODEL)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=PALE, linewidth=0.3, alpha=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(content.axis_label)
