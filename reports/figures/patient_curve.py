"""The risk curve of a patient's page: the patient, the band, and what was observed in the training cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.figures.canvas import BAND, MODEL, blank, drawing, svg_text
from reports.fonts import FontChoice
from reports.icons import LINE
from reports.patient_content import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 8.0


def risk_curve(curve: Curve, fonts: FontChoice, width: float = 72.0, height: float = 48.0) -> str:
    """Return the patient's risk curve with its band, the cohort's observed curve and the numbers at risk.

    Parameters
    ----------
    curve : what to draw; risks are probabilities, drawn as people of 100.
    fonts : fonts for the lettering, which is 8 points at the stated size.
    width, height : size in millimetres.
    """
    with drawing(fonts, POINTS, {"svg.fonttype": "path"}):
        figure = blank(width, height)
        left, bottom, right, top = 11 / width, 16.5 / height, 4 / width, 8.8 / height
        axes = figure.add_axes((left, bottom, 1 - left - right, 1 - bottom - top))
        _draw_curves(axes, curve)
        _dress(axes, curve)
        _draw_numbers(axes, curve, height * (1 - bottom - top))
        return svg_text(figure)


def _draw_curves(axes: Axes, curve: Curve) -> None:
    def hundred(values: tuple[float, ...]) -> list[float]:
        return [100.0 * value for value in values]

    step: dict[str, Any] = {"step": "post", "linewidth": 0}
    if curve.lower:
        axes.fill_between(
            curve.time, hundred(curve.lower), hundred(curve.upper), color=BAND, label=curve.band_label, **step
        )
    axes.step(curve.time, hundred(curve.risk), where="post", color=MODEL, linewidth=1.6, label=curve.patient_label)
    axes.step(
        curve.cohort_time,
        hundred(curve.cohort_risk),
        where="post",
        color="#555555",
        linewidth=1.0,
        linestyle=(0, (4, 2)),
        label=curve.cohort_label,
    )
    for horizon in curve.horizons:
        axes.axvline(horizon, color=LINE, linewidth=0.5, linestyle=(0, (1, 2)), zorder=0)


def _dress(axes: Axes, curve: Curve) -> None:
    end = max((*curve.ticks, *curve.horizons))
    axes.set_xlim(0, end * 1.02)
    axes.set_ylim(0, 100)
    axes.set_xticks(curve.ticks)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_xlabel(curve.time_label, labelpad=2)
    axes.set_ylabel(curve.risk_label, labelpad=2)
    axes.tick_params(width=0.6, length=2.5, pad=2)
    axes.spines[["top", "right"]].set_visible(False)
    # above the axes: inside them no corner is free of curves for every patient
    handles, labels = axes.get_legend_handles_labels()
    order = [1, 2, 0] if curve.lower else [0, 1]
    axes.legend(
        [handles[k] for k in order],
        [labels[k] for k in order],
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        frameon=False,
        ncols=2 if curve.lower else 1,
        handlelength=1.6,
        columnspacing=1.2,
        labelspacing=0.25,
        borderaxespad=0.2,
        borderpad=0.1,
    )


def _draw_numbers(axes: Axes, curve: Curve, axes_height: float) -> None:
    """Write the numbers at risk under the ticks, below the axis label."""
    down = -12.9 / axes_height
    for tick, number in zip(curve.ticks, curve.at_risk, strict=True):
        axes.text(
            tick, down, str(number), transform=axes.get_xaxis_transform(), ha="center", va="top", parse_math=False
        )
    heading = -9.6 / axes_height
    axes.text(0, heading, curve.at_risk_label, transform=axes.transAxes, ha="left", va="top", color="#444444")
