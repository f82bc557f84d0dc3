"""Performance in declared groups of patients, as a forest plot with the numbers beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import DASHED, DOUBLE, HINT, MODEL, SMALL, Picture, panel, picture, shortened, write
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROW, HEAD, FOOT = 5.0, 10.0, 7.0
LEFT, NUMBERS, FIRST, COLUMN, PLOT = 2.0, 52.0, 55.0, 41.5, 17.0


@dataclass(frozen=True)
class SubgroupColumn:
    """One metric in all groups: values not a number (and their text says so) where there are too few events.

    Parameters
    ----------
    name : of the metric. reference : value compared with, or None. estimate, lower, upper, text : one a group.
    """

    name: str
    reference: float | None
    estimate: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    text: tuple[str, ...]


@dataclass(frozen=True)
class SubgroupContent:
    """What the figure shows: the groups (all patients first), their numbers, and up to three metrics."""

    groups: tuple[str, ...]
    numbers: tuple[str, ...]
    columns: tuple[SubgroupColumn, ...]
    group_label: str
    numbers_label: str
    title: str
    alt: str


def subgroup_figure(content: SubgroupContent, fonts: FontChoice) -> Picture:
    """Draw each group's values with intervals, 180 mm wide and as high as the groups need.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = HEAD + ROW * len(content.groups) + FOOT
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: SubgroupContent) -> None:
    write(figure, LEFT, 3.0, content.group_label, color=HINT)
    write(figure, NUMBERS, 3.0, content.numbers_label, color=HINT, ha="right")
    for number, (group, count) in enumerate(zip(content.groups, content.numbers, strict=True)):
        middle = HEAD + ROW * (number + 0.5)
        write(figure, LEFT, middle, shortened(group, NUMBERS - LEFT - 17.0), va="center")
        write(figure, NUMBERS, middle, count, ha="right", va="center")
    for place, column in enumerate(content.columns):
        _column(figure, column, FIRST + place * COLUMN)


def _column(figure: Figure, column: SubgroupColumn, left: float) -> None:
    write(figure, left, 3.0, shortened(column.name, COLUMN - 2.0), color=HINT)
    count = len(column.estimate)
    axes = panel(figure, left + 1.0, HEAD, PLOT, ROW * count)
    for number, (estimate, lower, upper) in enumerate(zip(column.estimate, column.lower, column.upper, strict=True)):
        axes.plot([lower, upper], [number, number], color=MODEL, linewidth=0.9)
        axes.plot([estimate], [number], color=MODEL, marker="D" if number == 0 else "o", markersize=3.2)
        middle = HEAD + ROW * (number + 0.5)
        write(figure, left + PLOT + 2.0, middle, column.text[number], size=SMALL, va="center")
    if column.reference is not None:
        axes.axvline(column.reference, color=HINT, linewidth=0.7, linestyle=DASHED, zorder=0)
    values = [value for value in (*column.lower, *column.upper, *column.estimate) if value == value]
    known = [*values, *([] if column.reference is None else [column.reference])] or [0.0, 1.0]
    air = max(0.08 * (max(known) - min(known)), 0.02)
    axes.set_xlim(min(known) - air, max(known) + air)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.locator_params(axis="x", nbins=3)
    axes.tick_params(labelsize=SMALL)
