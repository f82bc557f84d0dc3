"""How the contribution of one predictor follows its value, with every patient's value as a tick below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reports.figures.beeswarm import swarm
from reports.figures.canvas import (
    FAINT,
    HINT,
    MODEL,
    PALE,
    SINGLE,
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

LEFT, TOP, WIDE, TALL, BELOW = 15.0, 9.0, 66.0, 44.0, 16.0
# a category's dots stand apart sideways, by at most this part of the room between two
SPREAD = 0.8


@dataclass(frozen=True)
class DependenceContent:
    """What the figure shows.

    Parameters
    ----------
    x : (patients,) values of the predictor, or the places of their levels. values : (patients,) contributions, people
        of 100. levels : names of the levels, () for a number. rug : values of the training cohort, () where unknown.
    """

    x: tuple[float, ...]
    values: tuple[float, ...]
    levels: tuple[str, ...]
    rug: tuple[float, ...]
    x_label: str
    y_label: str
    note: tuple[str, ...]
    title: str
    alt: str


def dependence_figure(content: DependenceContent, fonts: FontChoice) -> Picture:
    """Draw one predictor, 85 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    size = (SINGLE, TOP + TALL + BELOW)
    return picture(lambda figure: _draw(figure, content), size, content.title, content.alt, fonts)


def _draw(figure: Figure, content: DependenceContent) -> None:
    axes = panel(figure, LEFT, TOP, WIDE, TALL)
    x, values = np.array(content.x, float), np.array(content.values, float)
    if content.levels:
        x = x + SPREAD * _apart(x, values)
        axes.set_xlim(-0.5, len(content.levels) - 0.5)
        axes.set_xticks(range(len(content.levels)))
        room = WIDE / len(content.levels) - 1
        axes.set_xticklabels([shortened(level, room, SMALL) for level in content.levels], size=SMALL)
    axes.axhline(0, color=PALE, linewidth=0.7, zorder=0)
    axes.scatter(x, values, s=5, color=MODEL, alpha=0.75, linewidths=0, zorder=2)
    _rug(axes, content)
    axes.set_xlabel(shortened(content.x_label, WIDE))
    axes.set_ylabel(content.y_label)
    for line, text in enumerate(content.note):
        write(figure, 3, TOP + TALL + 9.6 + 3.0 * line, shortened(text, SINGLE - 6, SMALL), size=SMALL, color=HINT)
    headline(figure, content.title, 3, SINGLE - 6)


def _apart(x: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return sideways moves of dots by level, at most half of the room on each side."""
    reach = float(np.ptp(values)) or 1.0
    moved = np.zeros(len(x))
    for place in np.unique(x):
        moved[x == place] = swarm(values[x == place], reach)
    return moved


def _rug(axes: Axes, content: DependenceContent) -> None:
    """Draw a tick at the foot of the axes for every value of the cohort."""
    if not content.rug or content.levels:
        return
    axes.plot(content.rug, np.zeros(len(content.rug)), transform=axes.get_xaxis_transform(), linestyle="none",
              marker="|", markersize=5, markeredgewidth=0.4, color=FAINT, zorder=1, clip_on=True)  # fmt: skip
