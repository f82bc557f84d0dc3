"""The layout of one axis in millimetres: its line, its ticks, its labels.

Positions run from 0 at the left end of the Points ruler to the `length` of the layout at its right end.
Which ticks are drawn does not depend on lettering, so that the reading error can be computed without drawing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nomograms.labels import Flags, Floats, Label, Measure, level_labels, number_labels, thinned, written
from nomograms.layout import CLOSEST, LAYOUT, Layout
from nomograms.medians import MedianAxis
from nomograms.outcomes import OutcomeAxis
from nomograms.points import LARGEST, Axis, Value
from nomograms.pretty import pretty
from nomograms.wording import number, value_text

OVERHANG = 4.0  # how far labels may stand out beyond the rulers
ROUND_STEPS = (1, 2, 5, 10, 20)
LABELLED = 2.6  # distance of a tick that stands alone, so that it can be labelled
FOLD = 0.5  # a curve that turns back by less looks straight
HALVED = 0.5 / CLOSEST  # of the smallest distance, for a single tick in the middle of a bent interval
SHORTEST = 2.5  # an axis below this length is one place for the reader
LONG, MIDDLE, SHORT = 1.3, 0.9, 0.6
WRITTEN = 3  # risks of this rank or less may get a label


@dataclass(frozen=True)
class Tick:
    """A mark at `x` of a length in millimetres, above the line if `up`."""

    x: float
    length: float = LONG
    up: bool = False


@dataclass(frozen=True)
class Strip:
    """One laid out line from `start` to `end` with its ticks and labels; `last` is the largest number on it."""

    start: float
    end: float
    ticks: tuple[Tick, ...]
    labels: tuple[Label, ...]
    last: float = math.inf


def place(points: Floats | float, layout: Layout = LAYOUT) -> Floats:
    """Return where points lie on the Points ruler, in millimetres."""
    return np.asarray(points, float) * layout.length / LARGEST


def marks(axis: Axis, layout: Layout = LAYOUT) -> tuple[tuple[Value, ...], Floats, Flags]:
    """Return the values that get a tick, their places, and whether each is a main one.

    Main values are those of the labelled grid and those where a curve folds back. Each interval between them is divided
    into as many equal round steps as can be told apart, and the parts again where the axis is stretched. Where values
    crowd together, main ones are left out too.
    """
    x = place(axis.fine_points, layout)
    if axis.discrete:
        return axis.fine, x, np.ones(len(x), bool)
    main = np.isin(np.array(axis.fine, float), np.array(axis.values, float))
    main[turning_points(x)] = True
    ends = [int(end) for end in np.flatnonzero(main)]
    kept = _told_apart(x, [0, *_each_divided(x, ends, layout.closest)], layout.closest)
    return tuple(axis.fine[i] for i in kept), x[kept], main[kept]


def _told_apart(x: Floats, ticks: list[int], closest: float) -> NDArray[np.intp]:
    """Leave out ticks that stand on their neighbour on the same side of the line, never the two ends."""
    stretch = np.searchsorted(turning_points(x), np.arange(len(x)))
    last, kept = ticks[-1], ticks[:1]
    for tick in ticks[1:-1]:
        rivals = [other for other in (kept[-1], last) if stretch[other] == stretch[tick]]
        if all(abs(x[tick] - x[other]) >= HALVED * closest for other in rivals):
            kept.append(tick)
    return np.array([*kept, last], dtype=np.intp)


def _divided(x: Floats, left: int, right: int, closest: float) -> list[int]:
    """Ticks after `left` up to `right`, by places in the fine grid, whose multiples of 10, 5 and 2 are round values."""
    for step in ROUND_STEPS:
        inner = list(range(left, right + 1, step))
        if step < right - left and (right - left) % step == 0 and _can_be_read(np.abs(np.diff(x[inner])), closest):
            return _each_divided(x, inner, closest)
    for step in reversed(ROUND_STEPS):
        # no even division can be told apart: a single value with room for its label
        for i in range(left + step - left % step, right, step):
            if min(abs(x[i] - x[left]), abs(x[right] - x[i])) >= LABELLED:
                return _each_divided(x, [left, i, right], closest)
    return [right]


def _can_be_read(distances: Floats, closest: float) -> bool:
    # one tick in the middle of a bent interval may come closer to its end: it shows where the curve bends
    is_bend = len(distances) == 2 and distances.max() >= 2 * closest
    return bool(distances.min() >= (HALVED * closest if is_bend else closest))


def _each_divided(x: Floats, ticks: list[int], closest: float) -> list[int]:
    return [tick for pair in itertools.pairwise(ticks) for tick in _divided(x, *pair, closest)]


def turning_points(x: Floats) -> list[int]:
    """Return where the places along an axis turn back by more than `FOLD`; smaller waves cannot be seen."""
    turns: list[int] = []
    far, way = 0, 0.0
    for i in range(1, len(x)):
        if (x[i] - x[far]) * way > 0 or (way == 0 and abs(x[i] - x[far]) >= FOLD):
            far, way = i, float(np.sign(x[i] - x[far]))
        elif (x[far] - x[i]) * way >= FOLD:
            turns.append(far)
            far, way = i, -way
    return turns


def predictor_strips(
    axis: Axis,
    measure: Measure,
    between: str,
    texts: Callable[[Value], str] = value_text,
    layout: Layout = LAYOUT,
) -> tuple[Strip, ...]:
    """Lay out the axis of a predictor: one line, or more where a curve folds back more than once.

    A stretch that folds back is written above the line, as rms does; a third stretch gets a line of its own.

    Parameters
    ----------
    axis : the predictor's axis. measure : width of a text in millimetres.
    between : template with ``{first}`` and ``{last}`` for an axis too short for two labels. texts : words of a level.
    """
    values, x, main = marks(axis, layout)
    if axis.discrete:
        ticks = tuple(Tick(float(where)) for where in x)
        labels = _levels([texts(value) for value in values], x, measure, layout)
        return (Strip(float(x.min()), float(x.max()), ticks, labels),)
    numbers, whole = np.array(values, float), place(axis.fine_points, layout)
    if np.ptp(whole) < SHORTEST:
        text = between.format(first=number(numbers[0]), last=number(numbers[-1]))
        return (_short_strip(whole, text, measure, layout),)
    fine = np.array(axis.fine, float)
    ends = [float(fine[0]), *(float(fine[turn]) for turn in turning_points(whole)), float(fine[-1])]
    strips = []
    for first in range(0, len(ends) - 1, 2):
        low, fold, high = ends[first], ends[first + 1], ends[min(first + 2, len(ends) - 1)]
        line, drawn = whole[(fine >= low) & (fine <= high)], (numbers >= low) & (numbers <= high)
        up = numbers[drawn] > fold
        ticks = tuple(
            Tick(float(where), LONG if big else SHORT, bool(side))
            for where, big, side in zip(x[drawn], main[drawn], up, strict=True)
        )
        labels = number_labels(numbers[drawn], x[drawn], main[drawn], up, measure)
        strips.append(Strip(float(line.min()), float(line.max()), ticks, labels, high))
    return tuple(strips)


def _short_strip(whole: Floats, text: str, measure: Measure, layout: Layout) -> Strip:
    """Lay out an axis too short to tell its values apart: one label names its range."""
    start, end = float(whole.min()), float(whole.max())
    labels = _levels([text], np.array([(start + end) / 2]), measure, layout)
    return Strip(start, end, (Tick(start), Tick(end)), labels)


def _levels(texts: list[str], x: Floats, measure: Measure, layout: Layout) -> tuple[Label, ...]:
    return level_labels(texts, x, measure, -OVERHANG, layout.length + OVERHANG)


def ruler_strip(largest: float, measure: Measure, layout: Layout = LAYOUT, *, up: bool) -> Strip:
    """Lay out an evenly divided ruler from 0 to `largest` points that takes the whole length."""
    values, scale = pretty(0.0, largest), layout.length / largest
    ticks = {float(v): LONG for v in values}
    for parts, length in ((2, MIDDLE), (10, SHORT), (5, SHORT)):
        finer = np.linspace(0.0, largest, (len(values) - 1) * parts + 1)
        if finer[1] * scale >= layout.closest:
            ticks = {float(v): length for v in finer} | ticks
            if length == SHORT:
                break
    x = values * scale
    labels = number_labels(values, x, np.ones(len(x), bool), np.full(len(x), up), measure)
    drawn = tuple(Tick(v * scale, length, up) for v, length in sorted(ticks.items()))
    return Strip(0.0, layout.length, drawn, labels)


def risk_marks(outcome: OutcomeAxis | MedianAxis, largest: float, layout: Layout = LAYOUT) -> Flags:
    """Return which risks (or times) get a tick on a total ruler that ends at `largest`: the roundest first."""
    x = outcome.total_points * layout.length / largest
    taken: list[int] = []
    for i in np.lexsort((x, outcome.rank)):
        if all(abs(x[i] - x[other]) >= layout.closest for other in taken):
            taken.append(int(i))
    return np.isin(np.arange(len(x)), taken)


def risk_strip(outcome: OutcomeAxis | MedianAxis, largest: float, measure: Measure, layout: Layout = LAYOUT) -> Strip:
    """Lay out the risk axis of one horizon, or that of the median time, under a total ruler that ends at `largest`."""
    kept = risk_marks(outcome, largest, layout)
    x, rank = outcome.total_points[kept] * layout.length / largest, outcome.rank[kept]
    texts = [text for text, is_kept in zip(outcome.texts, kept, strict=True) if is_kept]
    widths = np.array([measure(text) for text in texts])
    one_side = np.zeros(len(x), bool)
    lengths = np.where(rank == 0, LONG, np.where(rank <= WRITTEN, MIDDLE, SHORT))
    ticks = tuple(Tick(float(where), float(length)) for where, length in zip(x, lengths, strict=True))
    chosen = thinned(x, widths, np.where(rank <= WRITTEN, rank, -1), one_side)
    return Strip(float(x.min()), float(x.max()), ticks, written(texts, x, one_side, chosen))
