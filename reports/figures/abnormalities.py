"""Effects of screened features as a forest plot with the numbers beside it, on a scale of logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import DASHED, DOUBLE, HINT, MODEL, SECOND, SMALL, Picture, panel, picture, shortened, write
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE, AIR, HEAD, FOOT = 3.4, 1.8, 10.0, 9.0
LEFT, NAME, CARRIERS, EVENTS, PLOT_LEFT, PLOT, TEXT, Q = 2.0, 38.0, 57.0, 88.0, 92.0, 40.0, 134.0, 178.0
# Intervals that reach further are cut, with an arrow.
NARROWEST, WIDEST = 0.05, 20.0
TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True)
class Bar:
    """One ratio with its interval; `text`, `q` as printed. `penalised` : by Firth's likelihood, drawn hollow."""

    estimate: float
    lower: float
    upper: float
    text: str
    q: str
    penalised: bool


@dataclass(frozen=True)
class AbnormalityLine:
    """One feature: its name, carriers and events as printed, and one bar, or two with the adjusted one below."""

    name: str
    carriers: str
    events: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class AbnormalityContent:
    """What the figure shows: the lines from top to bottom, the words of its columns, and a note (of several lines)."""

    lines: tuple[AbnormalityLine, ...]
    feature: str
    carriers: str
    events: str
    ratio: str
    q: str
    note: tuple[str, ...]
    title: str
    alt: str

    @property
    def deep(self) -> int:
        """Bars of a feature."""
        return max(len(line.bars) for line in self.lines)


def abnormality_figure(content: AbnormalityContent, fonts: FontChoice) -> Picture:
    """Draw each feature's ratio with its interval, 180 mm wide and as high as the features need.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    height = HEAD + _row(content) * len(content.lines) + FOOT + LINE * len(content.note)
    return picture(lambda figure: _draw(figure, content), (DOUBLE, height), content.title, content.alt, fonts)


def _row(content: AbnormalityContent) -> float:
    return LINE * content.deep + AIR


def _draw(figure: Figure, content: AbnormalityContent) -> None:
    write(figure, LEFT, 3.0, shortened(content.feature, NAME), color=HINT)
    for place, text in ((CARRIERS, content.carriers), (EVENTS, content.events), (Q, content.q)):
        write(figure, place, 3.0, text, color=HINT, ha="right")
    write(figure, TEXT, 3.0, shortened(content.ratio, Q - TEXT - 4.0), color=HINT)
    row = _row(content)
    for number, line in enumerate(content.lines):
        middle = HEAD + row * (number + 0.5)
        write(figure, LEFT, middle, shortened(line.name, NAME), va="center")
        write(figure, CARRIERS, middle, line.carriers, ha="right", va="center", size=SMALL)
        write(figure, EVENTS, middle, line.events, ha="right", va="center", size=SMALL)
        for place, bar in enumerate(line.bars):
            down = middle + _offset(place, len(line.bars))
            write(figure, TEXT, down, bar.text, va="center", size=SMALL)
            write(figure, Q, down, bar.q, ha="right", va="center", size=SMALL)
    _bars(panel(figure, PLOT_LEFT, HEAD, PLOT, row * len(content.lines)), content)
    for number, text in enumerate(content.note):
        top = HEAD + row * len(content.lines) + FOOT - 2.0 + LINE * number
        write(figure, LEFT, top, shortened(text, DOUBLE - 2 * LEFT, SMALL), size=SMALL, color=HINT)


def _offset(place: int, bars: int) -> float:
    """Millimetres below the middle of a line."""
    return LINE * (place - (bars - 1) / 2)


def _bars(axes: Axes, content: AbnormalityContent) -> None:
    low, high = shown_range([bar for line in content.lines for bar in line.bars])
    row = _row(content)
    axes.set_xscale("log")
    axes.axvline(1.0, color=HINT, linewidth=0.7, linestyle=DASHED, zorder=0)
    for number, line in enumerate(content.lines):
        for place, bar in enumerate(line.bars):
            _bar(axes, bar, row * (number + 0.5) + _offset(place, len(line.bars)), (low, high), adjusted=place > 0)
    axes.set_xlim(low, high)
    axes.set_ylim(row * len(content.lines), 0)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(labelsize=SMALL)


def _bar(axes: Axes, bar: Bar, height: float, ends: tuple[float, float], *, adjusted: bool) -> None:
    color, (low, high) = SECOND if adjusted else MODEL, ends
    axes.plot([max(bar.lower, low), min(bar.upper, high)], [height, height], color=color, linewidth=0.9)
    for beyond, place, mark in ((bar.lower < low, low, "<"), (bar.upper > high, high, ">")):
        if beyond:
            axes.plot([place], [height], color=color, marker=mark, markersize=2.5, clip_on=False)
    if low <= bar.estimate <= high:
        inside = "white" if bar.penalised else color
        mark = "D" if adjusted else "o"
        axes.plot([bar.estimate], [height], color=color, marker=mark, markersize=2.8, markerfacecolor=inside,
                  markeredgewidth=0.7, linestyle="none")  # fmt: skip


def shown_range(bars: list[Bar]) -> tuple[float, float]:
    """Return the ends of the scale: all intervals and 1, within what can be read."""
    low = min([1.0, *(bar.lower for bar in bars)])
    high = max([1.0, *(bar.upper for bar in bars)])
    return max(min(low / 1.15, 0.48), NARROWEST), min(max(high * 1.15, 2.1), WIDEST)
