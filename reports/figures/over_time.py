"""AUC and Brier score over time with bands, beside what no predictor at all would reach; numbers at risk below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import BAND, DASHED, DOUBLE, HINT, MODEL, SMALL, Picture, panel, picture, time_axis
from reports.figures.readings import Curve, Curves
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
HEIGHT, TOP, TALL, WIDE, LEFT, SECOND_LEFT = 79.0, 13.5, 46.0, 70.0, 14.0, 106.0

SINGLE_TIMES = 5


@dataclass(frozen=True)
class OverTimeContent:
    """What the figure shows, at ascending times; what is unknown at a time is not a number.

    Parameters
    ----------
    time : in the endpoint's unit. auc, brier, each with lower and upper. null_brier : of giving everybody the observed
        risk. ticks, at_risk : times under the axis and the patients at risk just before them. followed : at `time`.
    """

    time: Values
    auc: Values
    auc_lower: Values
    auc_upper: Values
    brier: Values
    brier_lower: Values
    brier_upper: Values
    null_brier: Values
    ticks: Values
    at_risk: tuple[int, ...]
    time_label: str
    auc_label: str
    brier_label: str
    model_label: str
    band_label: str
    chance_label: str
    null_label: str
    at_risk_label: str
    title: str
    alt: str
    followed: tuple[int, ...] = ()


def over_time_figure(content: OverTimeContent, fonts: FontChoice) -> Picture:
    """Draw both measures side by side, 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    return picture(
        lambda figure: _draw(figure, content), (DOUBLE, HEIGHT), content.title, content.alt, fonts, _readable(content)
    )


def _readable(content: OverTimeContent) -> dict[str, Curves]:
    followed = (content.followed, content.at_risk_label)
    auc = Curve(content.model_label, content.auc, content.auc_lower, content.auc_upper, *followed)
    brier = Curve(content.model_label, content.brier, content.brier_lower, content.brier_upper, *followed)
    across = content.time_label
    return {
        "auc": Curves(across, content.auc_label, content.time, (auc,)),
        "brier": Curves(
            across, content.brier_label, content.time, (brier, Curve(content.null_label, content.null_brier))
        ),
    }


def _draw(figure: Figure, content: OverTimeContent) -> None:
    auc = panel(figure, LEFT, TOP, WIDE, TALL)
    _measure(auc, content, content.auc, (content.auc_lower, content.auc_upper))
    auc.axhline(0.5, color=HINT, linewidth=0.8, linestyle=DASHED, label=content.chance_label)
    lowest = min([value for value in (*content.auc_lower, *content.auc) if value == value], default=0.5)
    auc.set_ylim(min(0.4, int(10 * lowest) / 10), 1.0)
    auc.set_ylabel(content.auc_label)
    brier = panel(figure, SECOND_LEFT, TOP, WIDE, TALL)
    _measure(brier, content, content.brier, (content.brier_lower, content.brier_upper))
    brier.plot(content.time, content.null_brier, color=HINT, linewidth=0.9, linestyle=DASHED, label=content.null_label)
    known = (*content.brier_upper, *content.brier, *content.null_brier)
    brier.set_ylim(0, 1.05 * max([value for value in known if value == value], default=0.25))
    brier.set_ylabel(content.brier_label)
    for axes, name in ((auc, "auc"), (brier, "brier")):
        axes.set_label(name)
        axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.01))
        _numbers(axes, content)


def _measure(axes: Axes, content: OverTimeContent, values: Values, band: tuple[Values, Values]) -> None:
    axes.fill_between(content.time, *band, color=BAND, linewidth=0, label=content.band_label, zorder=0)
    # between a few times the line is only there to lead the eye
    mark = "o" if len(content.time) <= SINGLE_TIMES else None
    axes.plot(content.time, values, color=MODEL, linewidth=1.4, marker=mark, markersize=3.2, label=content.model_label)
    time_axis(axes, content.ticks, max(content.time), content.time_label)


def _numbers(axes: Axes, content: OverTimeContent) -> None:
    """Write the numbers at risk under the ticks, below the axis label."""
    axes.text(0, -9.6 / TALL, content.at_risk_label, transform=axes.transAxes, va="top", color=HINT, size=SMALL,
              parse_math=False)  # fmt: skip
    for tick, number in zip(content.ticks, content.at_risk, strict=True):
        axes.text(tick, -13.0 / TALL, str(number), transform=axes.get_xaxis_transform(), ha="center", va="top",
                  size=SMALL, parse_math=False)  # fmt: skip
