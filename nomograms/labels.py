"""Where the texts of one axis stand, in millimetres: none overlaps another, however wide they are.

The widths come from a `Measure`, so nothing here needs a drawing library.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nomograms.wording import number

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Measure = Callable[[str], float]

GAP = 0.9  # free space between neighbouring labels
SHIFT = 1.2  # a label moved by more than this gets a leader
NEARLY = 4.0  # levels may move so far before they are written on both sides of the line
EVERY = (1, 2, 5, 10, 20)
ENOUGH = 4  # labels of an evenly thinned axis; with fewer, the ends matter more than evenness
ROOMY = 6.0  # finer values are written where the round ones are further apart than this

# one Chinese character with the closing marks behind it, or one word; both with the spaces that follow
PIECES = re.compile(r"[⺀-鿿豈-﫿＀-￯][，。、；：）！？”%]* *|[^ ⺀-鿿豈-﫿＀-￯]+ *| +")


@dataclass(frozen=True)
class Label:
    """A text centred at `x` that belongs to the tick at `anchor`, above the line if `up`."""

    text: str
    x: float
    anchor: float
    up: bool = False

    @property
    def lines(self) -> int:
        """Number of lines of the text."""
        return self.text.count("\n") + 1

    @property
    def is_moved(self) -> bool:
        """Whether a leader must join the label to its tick."""
        return abs(self.x - self.anchor) > SHIFT


def number_labels(values: Floats, x: Floats, main: Flags, up: Flags, measure: Measure) -> tuple[Label, ...]:
    """Choose which numbers of an axis are written.

    An evenly spaced axis gets every value of the grid, or every second, fifth ... that fits. Otherwise both ends are
    written, then the rounder values before the others where there is still room; values between those of the grid only
    where the grid is wide.

    Parameters
    ----------
    values : (m,) all values with a tick, ascending. x : their places. main : those of the labelled grid.
    up : those above the line. measure : width of a text in millimetres.
    """
    texts = [number(value) for value in values]
    widths = np.array([measure(text) for text in texts])
    grid = np.flatnonzero(main)
    steps = np.diff(x[grid])
    if len(steps) and np.allclose(steps, steps[0], rtol=1e-6, atol=1e-9):
        counts = np.rint(values[grid] / (values[grid[1]] - values[grid[0]])).astype(np.int64)
        for every in EVERY:
            chosen = grid[counts % every == 0]
            if len(chosen) >= ENOUGH and _fits(x[chosen], widths[chosen]):
                return written(texts, x, up, chosen)
    rank = roundness(values)
    rank[~main & ~_in_roomy_interval(x, grid)] = -1
    rank[grid[:1]] = rank[grid[-1:]] = 0
    return written(texts, x, up, thinned(x, widths, rank, up))


def _fits(x: Floats, widths: Floats) -> bool:
    order = np.argsort(x)
    room = np.diff(x[order]) - (widths[order][:-1] + widths[order][1:]) / 2
    return bool((room >= GAP).all())


def roundness(values: Floats) -> NDArray[np.int64]:
    """Rank values by roundness: multiples of large powers of ten first, then halves and fifths of them, and so on."""
    smallest = np.abs(np.diff(values)).min() if len(values) > 1 else 1.0
    top = math.ceil(math.log10(np.abs(values).max() or 1.0))
    steps = [m * 10.0**e for e in range(top, math.floor(math.log10(smallest)) - 1, -1) for m in (5, 2, 1)]
    rank = np.full(len(values), len(steps) + 1, dtype=np.int64)
    for place in reversed(range(len(steps))):
        counts = values / steps[place]
        rank[np.abs(counts - np.rint(counts)) < 1e-6] = place + 1
    return rank


def _in_roomy_interval(x: Floats, grid: NDArray[np.intp]) -> Flags:
    if len(grid) < 2:
        return np.ones(len(x), bool)
    interval = np.clip(np.searchsorted(grid, np.arange(len(x)), side="right"), 1, len(grid) - 1)
    return np.asarray(np.abs(x[grid[interval]] - x[grid[interval - 1]]) >= ROOMY)


def written(texts: Sequence[str], x: Floats, up: Flags, chosen: NDArray[np.intp]) -> tuple[Label, ...]:
    """Return the chosen labels, each at its tick."""
    return tuple(Label(texts[i], float(x[i]), float(x[i]), bool(up[i])) for i in chosen)


def thinned(x: Floats, widths: Floats, rank: NDArray[np.int64], up: Flags) -> NDArray[np.intp]:
    """Return which labels can stand without touching another on their side: lower ranks first, negative ones never.

    Nor is one written past a rounder and shorter one that had no room: no 0.32 in place of 0.3.
    """
    taken: list[int] = []
    left_out: list[int] = []
    for place in (int(i) for i in np.lexsort((x, rank)) if rank[i] >= 0):
        rivals = [other for other in taken if up[other] == up[place]]
        has_room = all(abs(x[place] - x[other]) >= (widths[place] + widths[other]) / 2 + GAP for other in rivals)
        shorter = [i for i in left_out if rank[i] < rank[place] and widths[i] < widths[place]]
        if has_room and not _passed_over(x, place, rivals, shorter):
            taken.append(place)
        else:
            left_out.append(place)
    return np.array(sorted(taken), dtype=np.intp)


def _passed_over(x: Floats, place: int, rivals: list[int], others: list[int]) -> bool:
    """Whether one of other values stands between a value and the next written one on either side."""
    below = max((x[other] for other in rivals if x[other] < x[place]), default=-math.inf)
    above = min((x[other] for other in rivals if x[other] > x[place]), default=math.inf)
    return any(below < x[other] < above for other in others)


def level_labels(texts: Sequence[str], x: Floats, measure: Measure, lower: float, upper: float) -> tuple[Label, ...]:
    """Place the labels of levels, none of which may be left out.

    Below the line if they fit where they belong or nearly so; else by turns below and above as rms does; else moved
    apart with leaders; else broken into lines, so that there is always a way.

    Parameters
    ----------
    texts, x : label and place of each level, (m,). measure : width of a text. lower, upper : bounds of the labels.
    """
    order = np.argsort(x, kind="stable")
    turns, below = np.empty(len(x), bool), np.zeros(len(x), bool)
    turns[order] = np.arange(len(x)) % 2 == 1
    # two sides share the width; the gaps between labels and rounding take a little of it
    share = (upper - lower) / -(-len(x) // 2) - GAP - 1e-6
    broken = [broken_to(text, share, measure) for text in texts]
    ways = ((texts, below, NEARLY), (texts, turns, SHIFT), (texts, turns, np.inf), (broken, turns, np.inf))
    for lines, up, farthest in ways:
        placed = _spread_sides(x, _widths(lines, measure), up, (lower, upper))
        if np.abs(placed - x).max() <= farthest:
            return tuple(Label(lines[i], float(placed[i]), float(x[i]), bool(up[i])) for i in range(len(x)))
    raise ValueError(f"{len(texts)} labels do not fit between {lower:g} and {upper:g} mm")


def _widths(texts: Sequence[str], measure: Measure) -> Floats:
    return np.array([max(measure(line) for line in text.split("\n")) for text in texts])


def _spread_sides(x: Floats, widths: Floats, up: Flags, bounds: tuple[float, float]) -> Floats:
    placed = x.copy()
    for side in (False, True):
        rows = np.flatnonzero(up == side)
        rows = rows[np.argsort(x[rows], kind="stable")]
        placed[rows] = spread(x[rows], widths[rows], *bounds)
    return placed


def spread(x: Floats, widths: Floats, lower: float, upper: float) -> Floats:
    """Move centres of labels as little as possible (least squares) so that none overlaps and all stay in bounds.

    Returns NaN where they cannot fit. Source: isotonic regression by pooling adjacent violators.
    """
    if not len(x):
        return x
    apart = np.concatenate(([0.0], np.cumsum((widths[:-1] + widths[1:]) / 2 + GAP)))
    first, last = lower + widths[0] / 2, upper - widths[-1] / 2 - apart[-1]
    if first > last:
        return np.full(len(x), np.nan)
    blocks: list[tuple[float, int]] = []
    for target in x - apart:
        mean, count = float(target), 1
        while blocks and blocks[-1][0] > mean:
            before, size = blocks.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        blocks.append((mean, count))
    pooled = np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])
    return np.clip(pooled, first, last) + apart


def broken_to(text: str, width: float, measure: Measure) -> str:
    """Break a text into lines no wider than `width`: at spaces, at Chinese characters, and inside a word too long."""
    lines, line = [], ""
    for piece in PIECES.findall(text):
        if measure((line + piece).rstrip()) <= width:
            line += piece
            continue
        lines.append(line.rstrip())
        line = piece
        while len(line.rstrip()) > 1 and measure(line.rstrip()) > width:
            fitting = max([k for k in range(1, len(line)) if measure(line[:k]) <= width], default=1)
            lines.append(line[:fitting])
            line = line[fitting:]
    return "\n".join(part for part in [*lines, line.rstrip()] if part)
