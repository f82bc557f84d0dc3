"""What was observed over time: the share of patients with the event, of all or by predicted risk; numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.figures.canvas import (
    BAND,
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
    time_axis,
    write,
)
from reports.figures.readings import Curve, Curves
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
NARROW, TOP, TALL, WIDE, LEFT, KEY_LEFT = 115.0, 6.0, 56.0, 96.0, 15.0, 116.0
BELOW, ROW, KEY_ROW = 16.0, 3.2, 11.0
# told apart without colour: by lightness and by dashes
LINES: tuple[dict[str, Any], ...] = (
    {"color": PALE, "linewidth": 1.2},
    {"color": MODEL, "linewidth": 1.2},
    {"color": SECOND, "linewidth": 1.2, "linestyle": (0, (5, 1.5))},
    {"color": INK, "linewidth": 1.2, "linestyle": (0, (1.5, 1))},
)


@dataclass(frozen=True)
class ObservedGroup:
    """Patients and the share of them that had the event by each time.

    Parameters
    ----------
    label, counts : what they are, and their numbers. time, risk, lower, upper : steps of the curve from time 0 on.
    read, read_lower, read_upper, at_risk : values at the times that are read off. predicted : mean predicted risk at
        the horizons, () without a model. at_ticks : numbers at risk under the ticks.
    """

    label: str
    counts: str
    time: Values
    risk: Values
    lower: Values
    upper: Values
    read: Values
    read_lower: Values
    read_upper: Values
    at_risk: tuple[int, ...]
    at_ticks: tuple[int, ...]
    predicted: Values = ()


@dataclass(frozen=True)
class ObservedContent:
    """What the figure shows: groups of patients, at most four; `times` are those that are read off."""

    groups: tuple[ObservedGroup, ...]
    times: Values
    horizons: Values
    ticks: Values
    time_label: str
    risk_label: str
    band_label: str
    predicted_label: str
    at_risk_label: str
    title: str
    alt: str


def observed_figure(content: ObservedContent, fonts: FontChoice) -> Picture:
    """Draw the observed curves: one with its band 115 mm wide, several beside their key 180 mm wide.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    several = len(content.groups) > 1
    size = (DOUBLE if several else NARROW, TOP + TALL + BELOW + ROW * len(content.groups))
    groups = tuple(
        Curve(g.label, g.read, g.read_lower, g.read_upper, g.at_risk, content.at_risk_label) for g in content.groups
    )
    readable = {"observed": Curves(content.time_label, content.risk_label, content.times, groups)}
    return picture(lambda figure: _draw(figure, content), size, content.title, content.alt, fonts, readable)


def _draw(figure: Figure, content: ObservedContent) -> None:
    axes = panel(figure, LEFT, TOP, WIDE, TALL)
    axes.set_label("observed")
    several = len(content.groups) > 1
    for group, line in zip(content.groups, LINES if several else (LINES[1],), strict=False):
        if not several:
            axes.fill_between(group.time, group.lower, group.upper, step="post", color=BAND, linewidth=0, zorder=0)
        axes.step(group.time, group.risk, where="post", **line)
        if group.predicted:
            axes.plot(content.horizons, group.predicted, linestyle="none", marker="D", markersize=3.4,
                      markerfacecolor="white", markeredgecolor=line["color"], clip_on=False, zorder=3)  # fmt: skip
    _axes(axes, content)
    _numbers(axes, content)
    if several:
        _key(figure, content)
    else:
        write(figure, LEFT + 2.0, TOP, content.band_label, size=SMALL, color=HINT)


def _axes(axes: Axes, content: ObservedContent) -> None:
    bands = content.groups if len(content.groups) == 1 else ()
    tops = [value for group in content.groups for value in (*group.risk, *group.predicted)]
    tops += [value for group in bands for value in group.upper if value == value]
    time_axis(axes, content.ticks, max(content.times, default=0.0), content.time_label)
    axes.set_ylim(0, min(-int(-10.5 * max(*tops, 0.05) // 1) / 10, 1.0))
    axes.set_ylabel(content.risk_label)


def _numbers(axes: Axes, content: ObservedContent) -> None:
    """Write the numbers at risk under the ticks, a row a group."""
    axes.text(0, -9.6 / TALL, content.at_risk_label, transform=axes.transAxes, va="top", color=HINT, size=SMALL,
              parse_math=False)  # fmt: skip
    for number, group in enumerate(content.groups):
        down = -(13.0 + ROW * number) / TALL
        if len(content.groups) > 1:
            axes.text(-8.0 / WIDE, down, str(number + 1), transform=axes.transAxes, va="top", color=HINT, size=SMALL,
                      parse_math=False)  # fmt: skip
        for tick, n in zip(content.ticks, group.at_ticks, strict=True):
            axes.text(tick, down, str(n), transform=axes.get_xaxis_transform(), ha="center", va="top", size=SMALL,
                      parse_math=False)  # fmt: skip


def _key(figure: Figure, content: ObservedContent) -> None:
    """Name the groups beside the panel, highest risk on top as the curves lie."""
    room = DOUBLE - KEY_LEFT - 11.0
    for place, number in enumerate(reversed(range(len(content.groups)))):
        group, top = content.groups[number], TOP + KEY_ROW * place
        axes = panel(figure, KEY_LEFT, top, 8.0, 3.0)
        axes.plot([0, 1], [0.5, 0.5], **LINES[number])
        axes.set_axis_off()
        write(figure, KEY_LEFT + 10.0, top, shortened(group.label, room))
        write(figure, KEY_LEFT + 10.0, top + 3.4, shortened(group.counts, room, SMALL), size=SMALL, color=HINT)
    if any(group.predicted for group in content.groups):
        top = TOP + KEY_ROW * len(content.groups)
        axes = panel(figure, KEY_LEFT, top, 8.0, 3.0)
        axes.plot([0.5], [0.5], linestyle="none", marker="D", markersize=3.4, markerfacecolor="white",
                  markeredgecolor=HINT)  # fmt: skip
        axes.set_axis_off()
        write(figure, KEY_LEFT + 10.0, top, shortened(content.predicted_label, room))
