"""How much a patient's risk depends on who happened to be in the training cohort: risks from bootstrap models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.figures.calibration import risk_ticks
from reports.figures.canvas import BAND, DASHED, DOUBLE, FAINT, HINT, MODEL, SMALL, Picture, panel, picture
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
HEIGHT, TOP, SIDE, LEFT, SECOND_LEFT, WIDE = 78.0, 8.0, 58.0, 13.0, 92.0, 80.0


@dataclass(frozen=True)
class InstabilityContent:
    """What the figure shows, by rising risk of the original model; risks are probabilities.

    Parameters
    ----------
    risk, lower, upper : of the patients shown: the original model's risk, and the 2.5th and 97.5th centile of the
        bootstrap models' risks. resampled_at, resampled : single risks of some bootstrap models.
    error : mean absolute difference of the bootstrap models' risks from the original's, of every patient shown.
    mean_error : of all patients.
    """

    risk: Values
    lower: Values
    upper: Values
    resampled_at: Values
    resampled: Values
    error: Values
    mean_error: float
    risk_label: str
    resampled_label: str
    dots_label: str
    band_label: str
    same_label: str
    error_label: str
    mean_label: str
    title: str
    alt: str


def instability_figure(content: InstabilityContent, fonts: FontChoice) -> Picture:
    """Draw the bootstrap models' risks and the mean absolute prediction error against the risk, 180 mm wide.

    Source: Riley and Collins (2023), prediction instability plot and MAPE plot.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    return picture(lambda figure: _draw(figure, content), (DOUBLE, HEIGHT), content.title, content.alt, fonts)


def _draw(figure: Figure, content: InstabilityContent) -> None:
    high = min(-int(-10 * max((*content.risk, *content.upper, *content.resampled)) // 1) / 10, 1.0)
    spread = panel(figure, LEFT, TOP, SIDE, SIDE)
    spread.fill_between(content.risk, content.lower, content.upper, color=BAND, linewidth=0, label=content.band_label)
    dots: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0, "markersize": 1.0}
    spread.plot(content.resampled_at, content.resampled, color=FAINT, label=content.dots_label, **dots)
    spread.plot([0, high], [0, high], color=MODEL, linewidth=0.8, linestyle=DASHED, label=content.same_label)
    spread.set_ylim(0, high)
    spread.set_yticks(risk_ticks(0.0, high))
    spread.set_ylabel(content.resampled_label)
    error = panel(figure, SECOND_LEFT, TOP, WIDE, SIDE)
    error.plot(content.risk, content.error, color=MODEL, **{**dots, "markersize": 2.0})
    error.axhline(content.mean_error, color=HINT, linewidth=0.8, linestyle=DASHED, label=content.mean_label)
    error.set_ylim(0, max(1.1 * max(content.error), 0.01))
    error.set_ylabel(content.error_label)
    for axes in (spread, error):
        _finish(axes, high, content)


def _finish(axes: Axes, high: float, content: InstabilityContent) -> None:
    axes.set_xlim(0, high)
    axes.set_xticks(risk_ticks(0.0, high))
    axes.set_xlabel(content.risk_label)
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3, columnspacing=1.0, fontsize=SMALL)
