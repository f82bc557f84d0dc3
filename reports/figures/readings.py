"""What of a figure can be read off it: where its panels lie, and the curves in them as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = tuple[float, ...]
# More places than these on one panel cannot be told apart by a pointer.
MOST = 61


@dataclass(frozen=True)
class Curve:
    """One curve at the places of its panel; what is unknown is not a number.

    Parameters
    ----------
    label : as in the key of the figure. y, lower, upper : values with their limits, () without limits.
    patients : how many a value rests on, () where that is not said. patients_label : what they are (at risk, say).
    """

    label: str
    y: Values
    lower: Values = ()
    upper: Values = ()
    patients: tuple[int, ...] = ()
    patients_label: str = ""


@dataclass(frozen=True)
class Curves:
    """Curves of one panel at the same places x; `x_label` and `y_label` say what is across and up."""

    x_label: str
    y_label: str
    x: Values
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Reading:
    """One panel: place of its lower left corner and size in millimetres from the top left, ends of its axes, curves."""

    left: float
    top: float
    width: float
    height: float
    x_ends: tuple[float, float]
    y_ends: tuple[float, float]
    shown: Curves

    def across(self, x: float) -> float:
        """Return how many millimetres from the left of the figure a value of x lies."""
        low, high = self.x_ends
        return self.left + self.width * (x - low) / (high - low)

    def down(self, y: float) -> float:
        """Return how many millimetres from the top of the figure a value of y lies."""
        low, high = self.y_ends
        return self.top + self.height * (high - y) / (high - low)


def thinned(shown: Curves, most: int = MOST) -> Curves:
    """Keep at most so many places, evenly among all, the first and the last one too."""
    n = len(shown.x)
    if n <= most:
        return shown
    kept = sorted({round(k * (n - 1) / (most - 1)) for k in range(most)})

    def some(values: Values) -> Values:
        return tuple(values[k] for k in kept) if values else ()

    def fewer(curve: Curve) -> Curve:
        numbers = tuple(curve.patients[k] for k in kept) if curve.patients else ()
        return replace(curve, y=some(curve.y), lower=some(curve.lower), upper=some(curve.upper), patients=numbers)

    curves = tuple(fewer(curve) for curve in shown.curves)
    return Curves(shown.x_label, shown.y_label, some(shown.x), curves)


def readings_of(figure: Figure, readable: Mapping[str, Curves]) -> tuple[Reading, ...]:
    """Return the readings of a drawn figure.

    Parameters
    ----------
    readable : curves by the label of their axes; axes without a curve are left out.
    """
    wide, high = (25.4 * float(inches) for inches in figure.get_size_inches())
    found = [(axes, readable[str(axes.get_label())]) for axes in figure.axes if str(axes.get_label()) in readable]
    return tuple(_reading(axes, thinned(shown), wide, high) for axes, shown in found if shown.x and shown.curves)


def _reading(axes: Axes, shown: Curves, wide: float, high: float) -> Reading:
    box = axes.get_position()
    x, y = axes.get_xlim(), axes.get_ylim()
    left, top, width, height = (
        round(float(value), 4) for value in (box.x0 * wide, (1 - box.y1) * high, box.width * wide, box.height * high)
    )
    ends = ((float(x[0]), float(x[1])), (float(y[0]), float(y[1])))
    return Reading(left, top, width, height, *ends, shown)
