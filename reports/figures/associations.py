"""Associations of every pair of columns as a lower triangle, with the value and its measure in each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import (
    DOUBLE,
    HINT,
    INK,
    MODEL,
    PALE,
    SECOND,
    SMALL,
    Picture,
    panel,
    picture,
    shortened,
    write,
)
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEFT, NAME, TOP, RIGHT, FOOT, LINE = 2.0, 38.0, 6.0, 6.0, 4.0, 3.6
LARGEST_CELL, SMALLEST_CELL = 12.0, 8.0
# As many columns as leave every cell its letters.
MOST = int((DOUBLE - LEFT - NAME - RIGHT) / SMALLEST_CELL)
# Strength from which a cell is dark, and its letters white.
DARK = 0.75


@dataclass(frozen=True)
class AssociationCell:
    """One pair: the places of its columns, its value or None, what is printed, and the sign of its measure."""

    row: int
    column: int
    value: float | None
    text: str
    sign: str


@dataclass(frozen=True)
class AssociationContent:
    """What the figure shows: names in order, a cell for each pair, and the legend of the signs."""

    names: tuple[str, ...]
    cells: tuple[AssociationCell, ...]
    legend: tuple[str, ...]
    title: str
    alt: str

    @property
    def side(self) -> float:
        """Side of a cell in millimetres."""
        return min(LARGEST_CELL, (DOUBLE - LEFT - NAME - RIGHT) / len(self.names))


def association_figure(content: AssociationContent, fonts: FontChoice) -> Picture:
    """Draw the triangle, 180 mm wide; the darker a cell, the stronger the association; orange where it is negative.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = TOP + content.side * len(content.names) + FOOT + LINE * len(content.legend) + 2.0
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: AssociationContent) -> None:
    side, k = content.side, len(content.names)
    axes = panel(figure, LEFT + NAME, TOP, side * k, side * k)
    axes.set_xlim(0, k)
    axes.set_ylim(k, 0)
    axes.axis("off")
    for place, name in enumerate(content.names):
        write(figure, LEFT, TOP + side * (place + 0.5), shortened(name, NAME - 2.0), va="center")
        # the name of a column stands in the diagonal's place by its number
        axes.text(place + 0.5, place + 0.5, str(place + 1), ha="center", va="center", fontsize=SMALL, color=HINT)
        write(figure, LEFT + NAME - 1.0, TOP + side * (place + 0.5), str(place + 1), ha="right", va="center",
              size=SMALL, color=HINT)  # fmt: skip
    for cell in content.cells:
        _cell(axes, cell)
    for number, text in enumerate(content.legend):
        write(
            figure, LEFT, TOP + side * k + FOOT + LINE * number, shortened(text, DOUBLE - 2 * LEFT, SMALL), size=SMALL
        )


def _cell(axes: Axes, cell: AssociationCell) -> None:
    from matplotlib.patches import Rectangle

    strength = 0.0 if cell.value is None else min(abs(cell.value), 1.0)
    color = SECOND if (cell.value or 0.0) < 0 else MODEL
    place = (cell.column, cell.row)
    axes.add_patch(Rectangle(place, 1, 1, facecolor=color, alpha=strength, edgecolor="none"))
    axes.add_patch(Rectangle(place, 1, 1, fill=False, edgecolor=PALE, linewidth=0.4))
    ink = "#ffffff" if strength > DARK else INK
    for text, down in ((cell.text, 0.34), (cell.sign, 0.72)):
        axes.text(cell.column + 0.5, cell.row + down, text, ha="center", va="center", fontsize=SMALL, color=ink)
