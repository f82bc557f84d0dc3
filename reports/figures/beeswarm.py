"""Contributions of the predictors in many patients, a dot each, dark where the patient's value is high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reports.figures.canvas import DOUBLE, HINT, MODEL, PALE, SMALL, Picture, headline, panel, picture, shortened, write
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
LEFT, TOP, WIDE, ROW, BELOW = 62.0, 13.5, 112.0, 8.0, 16.0
# one hue from light to dark, far apart in grey too; what has no order is neither
LOW, HIGH, NO_ORDER = "#cfe0ee", MODEL, "#b5651d"
BINS = 60
DOT = 1.7


@dataclass(frozen=True)
class BeeswarmContent:
    """What the figure shows, as people of 100.

    Parameters
    ----------
    labels : predictors, the most important first. values : (rows, patients) contributions. level : (rows, patients)
        place of each patient's value among the patients, 0 to 1; not a number where values have no order.
    """

    labels: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    level: tuple[tuple[float, ...], ...]
    axis_label: str
    low_label: str
    high_label: str
    unordered_label: str
    note: tuple[str, ...]
    title: str
    alt: str


def beeswarm_figure(content: BeeswarmContent, fonts: FontChoice) -> Picture:
    """Draw all patients, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = TOP + ROW * len(content.labels) + BELOW
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _draw(figure: Figure, content: BeeswarmContent) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    shade = LinearSegmentedColormap.from_list("value", [LOW, HIGH])
    rows = len(content.labels)
    axes = panel(figure, LEFT, TOP, WIDE, ROW * rows)
    reach = max((abs(value) for row in content.values for value in row), default=1.0) or 1.0
    for row, (values, level) in enumerate(zip(content.values, content.level, strict=True)):
        places = np.array(level)
        unordered = np.isnan(places)
        colours = shade(np.where(unordered, 0.0, places))
        colours[unordered] = _rgba(NO_ORDER)
        axes.scatter(values, row + swarm(np.array(values), 2 * reach), s=DOT**2, c=colours, linewidths=0.15,
                     edgecolors=HINT, zorder=2)  # fmt: skip
    axes.axvline(0, color=HINT, linewidth=0.7)
    axes.set_xlim(-1.08 * reach, 1.08 * reach)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_yticks(range(rows))
    axes.set_yticklabels([shortened(label, LEFT - 6) for label in content.labels])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.3, alpha=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(content.axis_label)
    _key(figure, content)
    for line, text in enumerate(content.note):
        write(
            figure, 4, TOP + ROW * rows + 9.6 + 3.0 * line, shortened(text, DOUBLE - 8, SMALL), size=SMALL, color=HINT
        )
    headline(figure, content.title, 4, DOUBLE - 8)


def _key(figure: Figure, content: BeeswarmContent) -> None:
    """Write what the colours mean above the axes."""
    key = panel(figure, LEFT, 8.0, WIDE, 3.4)
    key.set_axis_off()
    key.set_xlim(0, WIDE)
    key.set_ylim(0, 1)
    for place, colour, label in ((1, LOW, content.low_label), (36, HIGH, content.high_label),
                                 (71, NO_ORDER, content.unordered_label)):  # fmt: skip
        key.plot([place], [0.5], marker="o", markersize=3.2, color=colour, markeredgecolor=HINT, markeredgewidth=0.3)
        key.text(place + 2, 0.45, shortened(label, 32, SMALL), va="center", size=SMALL, parse_math=False)


def _rgba(colour: str) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgba

    red, green, blue, alpha = to_rgba(colour)
    return red, green, blue, alpha


def swarm(values: Floats, reach: float) -> Floats:
    """Return how far each dot moves from its line, (n,), so that dots of one place stand apart; at most .38."""
    place = np.round(values / reach * BINS).astype(int)
    moved = np.zeros(len(values))
    crowd = max(np.bincount(place - place.min()).max(), 1) if len(values) else 1
    step = min(0.1, 0.76 / crowd)
    for one in np.unique(place):
        inside = np.flatnonzero(place == one)
        # from the middle outwards, up and down in turn
        rank = np.arange(len(inside))
        moved[inside] = step * np.where(rank % 2 == 0, rank // 2, -(rank + 1) // 2)
    return moved
