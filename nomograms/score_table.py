"""The score table under the lines: points of values and risks of totals in numbers, read more exactly than any line."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nomograms.outcomes import OutcomeAxis
from nomograms.points import Axis, Points, Value
from nomograms.strata import risk_by

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]

# How far proportions between two printed values may miss, in points; the step of the totals; digits of the points. The
# shortest table first: many predictors need a second digit, since their rounding adds up.
GRAINS = (
    *((0.5, step, 1) for step in (20.0, 10.0, 5.0)), (0.2, 5.0, 1), (0.5, 5.0, 2), (0.2, 5.0, 2), (0.1, 5.0, 2),
    (0.05, 2.0, 2),
)  # fmt: skip
# Steps of a grid at which a number is rounder than at others.
ROUND = (5, 2, 1)
RISK_DIGITS = 3
APART = 10.0  # points between neighbouring values, at most, where the axis has values to print between them
FEWEST = 4


@dataclass(frozen=True)
class Scored:
    """The printed values of one axis, ascending, with their points, (m,), printed with so many digits."""

    axis: Axis
    values: tuple[Value, ...]
    points: Floats
    digits: int

    def read(self, values: Floats | Sequence[Value]) -> Floats:
        """Read points as a person does: between two printed values by proportion, to the printed digit."""
        if self.axis.discrete:
            printed = dict(zip(self.values, self.points, strict=True))
            return np.array([printed[value] for value in values])
        between = np.interp(np.asarray(values, float), np.array(self.values, float), self.points)
        return np.round(between, self.digits)


@dataclass(frozen=True)
class ScoreTable:
    """What is printed: points of each axis by its name, and the risk of each outcome axis at even totals.

    Parameters
    ----------
    scored : by name of the axis. totals : (k,). risks : (outcome axes, k) as printed.
    """

    scored: dict[str, Scored]
    totals: Floats
    risks: Floats

    def read_risk(self, outcome: int, total: Floats) -> Floats:
        """Read the risk of totals by proportion, to the printed digit; not a number beyond the printed totals."""
        return np.round(np.interp(total, self.totals, self.risks[outcome], np.nan, np.nan), RISK_DIGITS)


def score_table(
    model: FittedModel, points: Points, outcomes: Sequence[OutcomeAxis], ends: tuple[float, float], grain: int
) -> ScoreTable:
    """Make the table of a grain (see `GRAINS`) for totals between two ends.

    Parameters
    ----------
    ends : smallest and largest total that must be in it.
    """
    bend, step, digits = GRAINS[grain]
    scored = {axis.name: _scored(axis, bend, digits) for group in points.drawn for axis in group.axes}
    first, last = max(0.0, np.floor(ends[0] / step)), np.ceil(ends[1] / step)
    totals = step * np.arange(first, max(last, first + 1) + 1)
    at = points.constant + totals / points.per_unit
    risks = [np.round(risk_by(model, at, outcome.horizon, outcome.stratum), RISK_DIGITS) for outcome in outcomes]
    return ScoreTable(scored, totals, np.array(risks).reshape(len(outcomes), len(totals)))


def _scored(axis: Axis, bend: float, digits: int) -> Scored:
    if axis.discrete:
        return Scored(axis, axis.fine, np.round(axis.fine_points, digits), digits)
    fine, points = np.array(axis.fine, float), axis.fine_points
    grid = [int(place) for place in np.flatnonzero(np.isin(fine, np.array(axis.values, float)))]
    grid = sorted({0, *grid, len(fine) - 1})
    if all(_bend(fine, points, *pair).max() <= bend for pair in itertools.pairwise(grid)):
        kept = _every_few(points, grid, axis.values)
    else:
        kept = grid[:1]
        for left, right in itertools.pairwise(grid):
            kept += [*_between(fine, points, left, right, bend), right]
        kept = _needed(fine, points, kept, bend)
    return Scored(axis, tuple(axis.fine[i] for i in kept), np.round(points[kept], digits), digits)


def _bend(fine: Floats, points: Floats, left: int, right: int) -> Floats:
    """How far proportions between two places miss the points at each place from one to the other."""
    inner = slice(left, right + 1)
    return np.abs(points[inner] - np.interp(fine[inner], fine[[left, right]], points[[left, right]]))


def _every_few(points: Floats, grid: list[int], values: Sequence[Value]) -> list[int]:
    """Thin the grid of a straight axis to rounder values, while neighbours stay near in points; keep the ends."""
    numbers = np.array(values, float)
    if len(grid) != len(numbers) or len(numbers) < FEWEST:
        return grid
    counts = np.rint(numbers / (numbers[1] - numbers[0])).astype(int)
    for every in ROUND:
        kept = [
            grid[0],
            *(i for i, count in zip(grid[1:-1], counts[1:-1], strict=True) if count % every == 0),
            grid[-1],
        ]
        if np.abs(np.diff(points[kept])).max() <= APART:
            return kept
    return grid


def _needed(fine: Floats, points: Floats, places: list[int], bend: float) -> list[int]:
    """Leave out the places of a bent axis that proportions between their neighbours give."""
    kept = places[:1]
    for here, after in itertools.pairwise(places[1:]):
        near = abs(points[after] - points[kept[-1]]) <= APART
        if not near or _bend(fine, points, kept[-1], after).max() > bend:
            kept.append(here)
    return [*kept, places[-1]]


def _between(fine: Floats, points: Floats, left: int, right: int, bend: float) -> list[int]:
    """Places to print between two others, until proportions serve."""
    apart = _bend(fine, points, left, right)
    if apart.max() <= bend:
        return []
    far = left + int(apart.argmax())
    near = (far - far % step + extra for step in ROUND for extra in (0, step))
    split = next(place for place in near if left < place < right)
    return [*_between(fine, points, left, split, bend), split, *_between(fine, points, split, right, bend)]
