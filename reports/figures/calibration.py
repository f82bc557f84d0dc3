"""Calibration at one horizon: smooth curve with its band, groups of patients beside it, predicted risks below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.figures.canvas import (
    BAND,
    DASHED,
    DOTTED,
    DOUBLE,
    HINT,
    MODEL,
    PALE,
    SECOND,
    SMALL,
    Picture,
    panel,
    picture,
    write,
)
from reports.figures.readings import Curve, Curves
from reports.fonts import FontChoice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
HEIGHT = 94.0
SIDE, TOP, LEFT, SECOND_LEFT, FACTS_LEFT = 58.0, 6.0, 13.0, 88.0, 152.0
HISTOGRAM, NARROW = 11.0, 115.0


@dataclass(frozen=True)
class CalibrationContent:
    """What a calibration figure shows; risks are probabilities.

    Parameters
    ----------
    predicted, observed, lower, upper : points of the smooth curve with its pointwise band; empty without a curve.
    group_predicted, group_observed, group_lower, group_upper : one point a group of patients with its interval, in
        the order of risk; observed is not a number where the follow-up of the group ends before the horizon.
    edges, patients : histogram of the predicted risks: b + 1 edges, b numbers of patients.
    apparent : the curve before it was corrected for optimism; with it the figure has one panel, without the groups.
    group_patients : in each group, () where that is not said.
    facts : (name, value) of the indexes that are printed beside it. note : what stands in place of a curve.
    """

    predicted: Values
    observed: Values
    lower: Values
    upper: Values
    group_predicted: Values
    group_observed: Values
    group_lower: Values
    group_upper: Values
    edges: Values
    patients: tuple[int, ...]
    facts: tuple[tuple[str, str], ...]
    note: str
    predicted_label: str
    observed_label: str
    curve_label: str
    band_label: str
    ideal_label: str
    groups_label: str
    patients_label: str
    title: str
    alt: str
    apparent: Values = ()
    group_patients: tuple[int, ...] = ()
    apparent_label: str = ""


def calibration_figure(content: CalibrationContent, fonts: FontChoice) -> Picture:
    """Draw observed against predicted risk: the curve, the groups, the distribution of the risks; 180 mm wide.

    A curve that was corrected for optimism stands alone, beside the apparent one, 115 mm wide.

    Both axes have the same range, so that the diagonal is where prediction and observation agree.

    Raises
    ------
    RunError
        R13 a character that no installed font can draw.
    """
    width = NARROW if content.apparent else DOUBLE
    return picture(
        lambda figure: _draw(figure, content), (width, HEIGHT), content.title, content.alt, fonts, _readable(content)
    )


def _readable(content: CalibrationContent) -> dict[str, Curves]:
    across, up = content.predicted_label, content.observed_label
    curve = [Curve(content.curve_label, content.observed, content.lower, content.upper)]
    curve += [Curve(content.apparent_label, content.apparent)] if content.apparent else []
    groups = Curve(
        content.observed_label,
        content.group_observed,
        content.group_lower,
        content.group_upper,
        content.group_patients,
        content.patients_label,
    )
    return {
        "curve": Curves(across, up, content.predicted, tuple(curve)),
        "groups": Curves(across, up, content.group_predicted, (groups,)),
    }


def _draw(figure: Figure, content: CalibrationContent) -> None:
    low, high = shown_range(content)
    smooth = _square(figure, LEFT, content, low, high)
    smooth.set_label("curve")
    smooth.set_ylabel(content.observed_label)
    smooth.tick_params(labelbottom=False)
    _draw_curve(smooth, content)
    _histogram(figure, content, low, high)
    panels, facts_left, key_left = [smooth], LEFT + SIDE + 5.0, LEFT + SIDE + 4.0
    if not content.apparent:
        panels.append(_groups_panel(figure, content, low, high))
        facts_left, key_left = FACTS_LEFT, SECOND_LEFT
    _legend(figure, panels, key_left)
    for number, (name, value) in enumerate(content.facts):
        write(figure, facts_left, TOP + 8.2 * number, name, size=SMALL, color=HINT)
        write(figure, facts_left, TOP + 8.2 * number + 3.0, value)


def _groups_panel(figure: Figure, content: CalibrationContent, low: float, high: float) -> Axes:
    groups = _square(figure, SECOND_LEFT, content, low, high)
    groups.set_label("groups")
    groups.set_xlabel(content.predicted_label)
    groups.set_ylabel(content.observed_label)
    _draw_groups(groups, content)
    return groups


def shown_range(content: CalibrationContent) -> tuple[float, float]:
    """Return the range of both axes, in tenths: from 0, but from higher up where all risks are high.

    The band may reach beyond it: at the ends, where few patients are, it would make all else small.
    """
    ends = [*content.predicted, *content.observed, content.edges[0], content.edges[-1]]
    ends += [value for value in (*content.group_observed, *content.group_lower, *content.group_upper) if value == value]
    tenths = [10 * value for value in ends]
    high = min(-int(-(max(tenths) + 0.01) // 1), 10) / 10
    low = max(int(min(tenths)), 0) / 10
    return (0.0 if low < 0.5 else min(low, high - 0.1)), high


def _square(figure: Figure, left: float, content: CalibrationContent, low: float, high: float) -> Axes:
    axes = panel(figure, left, TOP, SIDE, SIDE)
    axes.plot([low, high], [low, high], color=HINT, linewidth=0.6, linestyle=DASHED, label=content.ideal_label)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    ticks = risk_ticks(low, high)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)
    return axes


def risk_ticks(low: float, high: float) -> list[float]:
    """Return at most seven round risks from low to high, both in tenths."""
    tenths = round(10 * (high - low))
    step = 0.02 if tenths <= 1 else 0.05 if tenths <= 3 else 0.1 if tenths <= 6 else 0.2
    count = int((high - low) / step + 1e-9)
    return [round(low + step * place, 2) for place in range(count + 1)]


def _draw_curve(axes: Axes, content: CalibrationContent) -> None:
    if not content.predicted:
        axes.text(0.02, 0.97, content.note, transform=axes.transAxes, va="top", color=HINT, parse_math=False)
        return
    axes.fill_between(
        content.predicted, content.lower, content.upper, color=BAND, linewidth=0, label=content.band_label, zorder=0
    )
    if content.apparent:
        axes.plot(content.predicted, content.apparent, color=SECOND, linewidth=0.9, linestyle=DOTTED,
                  label=content.apparent_label)  # fmt: skip
    axes.plot(content.predicted, content.observed, color=MODEL, linewidth=1.4, label=content.curve_label)


def _draw_groups(axes: Axes, content: CalibrationContent) -> None:
    if not content.group_predicted:
        return
    rows = zip(content.group_predicted, content.group_lower, content.group_upper, strict=True)
    for predicted, lower, upper in rows:
        axes.plot([predicted, predicted], [lower, upper], color=SECOND, linewidth=0.8, clip_on=False)
    axes.plot(
        content.group_predicted,
        content.group_observed,
        color=SECOND,
        linestyle="none",
        marker="o",
        markersize=3.4,
        clip_on=False,
        label=content.groups_label,
    )


def _histogram(figure: Figure, content: CalibrationContent, low: float, high: float) -> None:
    axes = panel(figure, LEFT, TOP + SIDE + 4.5, SIDE, HISTOGRAM)
    widths = [right - left for left, right in zip(content.edges, content.edges[1:], strict=False)]
    axes.bar(content.edges[:-1], content.patients, widths, align="edge", color=PALE, linewidth=0)
    axes.set_xlim(low, high)
    axes.set_ylim(0, max(content.patients))
    axes.set_xticks(risk_ticks(low, high))
    axes.set_yticks([0, max(content.patients)])
    axes.set_xlabel(content.predicted_label)
    axes.set_ylabel(content.patients_label)


def _legend(figure: Figure, panels: Sequence[Axes], left: float) -> None:
    """Set the key below the second panel, or below the indexes, where nothing is drawn."""
    inches = figure.get_size_inches()
    pairs = [(*pair,) for axes in panels for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    unique = {label: handle for handle, label in pairs}
    place = (left / 25.4 / float(inches[0]), 0.01)
    figure.legend(
        unique.values(), unique.keys(), loc="lower left", bbox_to_anchor=place, ncols=len(panels), columnspacing=1.5
    )
