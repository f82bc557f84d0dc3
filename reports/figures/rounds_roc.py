"""ROC curves of the rounds of a protocol: each one thin, their mean thick, what needs no film dashed, chance dotted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import (
    DASHED,
    DOTTED,
    FAINT,
    HINT,
    INK,
    MODEL,
    SECOND,
    SINGLE,
    Picture,
    headline,
    panel,
    picture,
)
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
HEIGHT, TOP, SIDE, LEFT = 105.0, 9.0, 70.0, 13.0


@dataclass(frozen=True)
class Curve:
    """One ROC curve: 1 - specificity and sensitivity, both rising from 0 to 1, and its text in the legend."""

    false_positive: Values
    sensitivity: Values
    label: str = ""


@dataclass(frozen=True)
class RoundsRocContent:
    """What the figure shows.

    Parameters
    ----------
    rounds : the curve of each round. mean : their mean. age : mean curve of age alone, or None where ages are unknown.
    """

    rounds: tuple[Curve, ...]
    mean: Curve
    age: Curve | None
    rounds_label: str
    chance_label: str
    false_positive_label: str
    sensitivity_label: str
    title: str
    alt: str


def rounds_roc_figure(content: RoundsRocContent, fonts: FontChoice) -> Picture:
    """Draw the curves, 85 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    return picture(lambda figure: _draw(figure, content), (SINGLE, HEIGHT), content.title, content.alt, fonts)


def _draw(figure: Figure, content: RoundsRocContent) -> None:
    headline(figure, content.title, LEFT, SIDE)
    axes = panel(figure, LEFT, TOP, SIDE, SIDE)
    for place, curve in enumerate(content.rounds):
        label = content.rounds_label if place == 0 else None
        axes.plot(curve.false_positive, curve.sensitivity, color=FAINT, linewidth=0.6, label=label)
    mean = content.mean
    axes.plot(mean.false_positive, mean.sensitivity, color=MODEL, linewidth=1.8, label=mean.label)
    if content.age is not None:
        axes.plot(content.age.false_positive, content.age.sensitivity, color=SECOND, linewidth=1.2, linestyle=DASHED,
                  label=content.age.label)  # fmt: skip
    axes.plot((0, 1), (0, 1), color=HINT, linewidth=0.8, linestyle=DOTTED, label=content.chance_label, zorder=1)
    _frame(axes, content)


def _frame(axes: Axes, content: RoundsRocContent) -> None:
    # curves that run along the edges stay visible
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    for set_ticks in (axes.set_xticks, axes.set_yticks):
        set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel(content.false_positive_label, color=INK)
    axes.set_ylabel(content.sensitivity_label, color=INK)
    # below: inside no corner is free for every set of curves
    axes.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.115))
