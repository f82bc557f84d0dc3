"""The risk curve of a patient's page: the patient, the band, and what was observed in the training cohort.

All patients of a model share everything but their own line and band: matplotlib draws the figure for the first of them,
and the others' lines are put in their place, which costs a hundredth of the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cohorts.errors import Finding, RunError
from reports.figures.canvas import BAND, MODEL, blank, drawing, svg_text
from reports.fonts import FontChoice
from reports.icons import LINE
from reports.patient_content import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 8.0
LEFT, BELOW, RIGHT, ABOVE = 11.0, 16.5, 4.0, 8.8  # of the axes, in millimetres
PATIENT, LIMITS = "patient-line", "patient-band"
PATH = r'(<g id="{}">\s*<path d=")[^"]*(")'


def risk_curve(curve: Curve, fonts: FontChoice, width: float = 72.0, height: float = 48.0) -> str:
    """Return the patient's risk curve with its band, the cohort's observed curve and the numbers at risk.

    Parameters
    ----------
    curve : what to draw; risks are probabilities, drawn as people of 100.
    fonts : fonts for the lettering, which is 8 points at the stated size.
    width, height : size in millimetres.

    Raises
    ------
    RunError
        R13 a character that no font has; R41 the drawing has no place for the patient's line.
    """
    text = _shared(_Shared(curve), fonts, width, height, svg_text)
    place = _Place(curve, width, height)
    line = _steps(curve.time, curve.risk)
    text = _put(text, PATIENT, place.path(line))
    if not curve.lower:
        return text
    band = [*_steps(curve.time, curve.upper), *reversed(_steps(curve.time, curve.lower))]
    return _put(text, LIMITS, place.path(band) + " z")


class _Shared:
    """A curve that is equal to another one where all is equal but the patient's own numbers."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self._same = replace(curve, time=(), risk=(), lower=(), upper=()), bool(curve.lower)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shared) and self._same == other._same

    def __hash__(self) -> int:
        return hash(self._same)


@lru_cache(maxsize=16)
def _shared(shared: _Shared, fonts: FontChoice, width: float, height: float, write: Callable[[Figure], str]) -> str:
    """Draw the figure for the first patient of several."""
    curve = shared.curve
    with drawing(fonts, POINTS, {"svg.fonttype": "path"}):
        figure = blank(width, height)
        size = (1 - (LEFT + RIGHT) / width, 1 - (BELOW + ABOVE) / height)
        axes = figure.add_axes((LEFT / width, BELOW / height, *size))
        _draw_curves(axes, curve)
        _dress(axes, curve)
        _draw_numbers(axes, curve, height * size[1])
        return write(figure)


@dataclass(frozen=True)
class _Place:
    """Where times and risks lie in the drawing, in points from the top left corner."""

    curve: Curve
    width: float
    height: float

    def path(self, points: list[tuple[float, float]]) -> str:
        """Return a path through (time, risk), without points in which it does not bend."""
        time, risk = np.array(points).T
        x = LEFT + (self.width - LEFT - RIGHT) * time / _end(self.curve)
        y = ABOVE + (self.height - ABOVE - BELOW) * (1 - risk)
        at = [f"{a:.2f} {b:.2f}" for a, b in zip(x * 72 / 25.4, y * 72 / 25.4, strict=True)]
        return "M " + " L ".join([at[0], *(b for a, b in pairwise(at) if a != b)])


def _steps(time: tuple[float, ...], risk: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return the corners of a step function."""
    corners = [(time[0], risk[0])]
    for (_, before), (t, after) in pairwise(zip(time, risk, strict=True)):
        corners += [(t, before), (t, after)] if after != before else [(t, after)]
    return corners


def _put(text: str, name: str, path: str) -> str:
    """Put a path in the place of the one of this name."""
    found, count = re.subn(PATH.format(name), lambda match: match[1] + path + match[2], text)
    if count != 1:
        raise RunError(Finding("R41", f"the curve's drawing has {count} places for {name}", "report this"))
    return found


def _end(curve: Curve) -> float:
    """Last time on the axis."""
    return 1.02 * max((*curve.ticks, *curve.horizons))


def _draw_curves(axes: Axes, curve: Curve) -> None:
    def hundred(values: tuple[float, ...]) -> list[float]:
        return [100.0 * value for value in values]

    if curve.lower:
        from matplotlib.patches import Polygon

        band = [*_steps(curve.time, curve.upper), *reversed(_steps(curve.time, curve.lower))]
        corners = np.array(band) * (1.0, 100.0)
        axes.add_patch(Polygon(corners, facecolor=BAND, linewidth=0, label=curve.band_label, gid=LIMITS))
    patient: dict[str, Any] = {"color": MODEL, "linewidth": 1.6, "label": curve.patient_label, "gid": PATIENT}
    axes.step(curve.time, hundred(curve.risk), where="post", **patient)
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
    axes.set_xlim(0, _end(curve))
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
