"""What each predictor adds to one patient's risk over time, beside the risk itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.figures.canvas import (
    DASHED,
    DOTTED,
    DOUBLE,
    HINT,
    INK,
    MODEL,
    PALE,
    SECOND,
    SMALL,
    Picture,
    headline,
    panel,
    picture,
    shortened,
    time_axis,
    with_value,
    write,
)
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
TOP, TALL, WIDE, LEFT, SECOND_LEFT, BELOW = 20.0, 48.0, 58.0, 14.0, 90.0, 16.0
WIDE_SECOND = 84.0
STYLES: tuple[dict[str, Any], ...] = (
    {"color": MODEL, "linewidth": 1.6},
    {"color": SECOND, "linewidth": 1.2},
    {"color": MODEL, "linewidth": 1.2, "linestyle": DASHED},
    {"color": SECOND, "linewidth": 1.2, "linestyle": DASHED},
    {"color": HINT, "linewidth": 1.2, "linestyle": (0, (6, 1.5, 1, 1.5))},
    {"color": INK, "linewidth": 0.9, "linestyle": DOTTED},
)


@dataclass(frozen=True)
class DecompositionContent:
    """What the figure shows, as people of 100, at ascending times.

    Parameters
    ----------
    time : in the endpoint's unit. risk, base : (times,) of this patient and of the average one. labels : at most six,
        predictors, the last perhaps all others; given : their values. values : (labels, times).
    """

    time: Values
    risk: Values
    base: Values
    labels: tuple[str, ...]
    given: tuple[str, ...]
    values: tuple[Values, ...]
    ticks: Values
    time_label: str
    risk_label: str
    contribution_label: str
    patient_label: str
    base_label: str
    note: tuple[str, ...]
    title: str
    alt: str


def decomposition_figure(content: DecompositionContent, fonts: FontChoice) -> Picture:
    """Draw risk and contributions side by side, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    size = (DOUBLE, TOP + TALL + BELOW)
    return picture(lambda figure: _draw(figure, content), size, content.title, content.alt, fonts)


def _draw(figure: Figure, content: DecompositionContent) -> None:
    risk = panel(figure, LEFT, TOP, WIDE, TALL)
    risk.step(content.time, content.risk, where="post", color=MODEL, linewidth=1.6, label=content.patient_label)
    risk.step(content.time, content.base, where="post", color=HINT, linewidth=1.0, linestyle=DASHED,
              label=content.base_label)  # fmt: skip
    risk.set_ylim(0, 100)
    risk.set_ylabel(content.risk_label)
    parts = panel(figure, SECOND_LEFT, TOP, WIDE_SECOND, TALL)
    for style, name, given, values in zip(STYLES, content.labels, content.given, content.values, strict=False):
        label = with_value(name, given, WIDE_SECOND / 2 - 10, SMALL)
        parts.step(content.time, values, where="post", label=label, **style)
    parts.axhline(0, color=PALE, linewidth=0.7, zorder=0)
    parts.set_ylabel(content.contribution_label)
    for axes, columns in ((risk, 1), (parts, 2)):
        _dress(axes, content, columns)
    for line, text in enumerate(content.note):
        write(figure, 4, TOP + TALL + 9.6 + 3.0 * line, shortened(text, DOUBLE - 8, SMALL), size=SMALL, color=HINT)
    headline(figure, content.title, 4, DOUBLE - 8)


def _dress(axes: Axes, content: DecompositionContent, columns: int) -> None:
    time_axis(axes, content.ticks, max(content.time), content.time_label)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.01), ncols=columns, fontsize=SMALL, columnspacing=1.2)
