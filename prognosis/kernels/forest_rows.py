"""What the growth of a survival tree reads and writes: rows, rule, and scratch.

Numba does not notice an edit here in the cached kernels of `forest_growth`: after one, touch that file too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BYTE = 256
# Rows fetched at a time; rows of a node from which on it is copied together: what is below it stays in the cache.
AHEAD, NEAR = 128, 32_768


class Sample(NamedTuple):
    """Training rows in time order: codes of the features, ranges of their values, and the outcome.

    Parameters
    ----------
    code : (p, n) number of each row's value among those of the feature. codes : (p,) how many there are; the next
    number is that of a missing value. gaps : (p,) 1 where there are some, else 0.
    low, high : (p, most codes) smallest and largest value of a code. place : (n,) index of the last event time that is
    not after the row's time, -1 before the first. event : (n,) 0 censored, j of cause j.
    """

    code: NDArray[np.uint16]
    codes: NDArray[np.int64]
    gaps: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    place: NDArray[np.int32]
    event: NDArray[np.int32]


class Rule(NamedTuple):
    """How a tree grows: features drawn a node, fewest different rows of a leaf, weight of each cause in the split."""

    draws: int
    leaf: int
    cause: NDArray[np.float64]


class Node(NamedTuple):
    """Scratch of the node in hand.

    Parameters
    ----------
    row : (m, 4) weight, residual, part of the variance alone, and number of event times outlived, side by side since
    they are read in the order of a feature. at_risk, factor, summed : by event time, one more for the running sums.
    """

    row: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    factor: NDArray[np.float64]
    summed: NDArray[np.float64]


class Order(NamedTuple):
    """Scratch of a feature.

    Parameters
    ----------
    code, by, half : (m,) code of each row, order of the rows by it, and half-way there. counts : of a byte.
    moved : sums over event times. next_row, next_code : what comes next, fetched together so that reads overlap.
    """

    code: NDArray[np.int32]
    by: NDArray[np.int32]
    half: NDArray[np.int32]
    counts: NDArray[np.int32]
    moved: NDArray[np.float64]
    next_row: NDArray[np.float64]
    next_code: NDArray[np.int32]


class Room(NamedTuple):
    """Where one tree is grown.

    Parameters
    ----------
    near, near_weight : rows of small nodes, copied next to each other. origin : (m,) who they are. spare : (m,).
    """

    near: Sample
    near_weight: NDArray[np.float64]
    origin: NDArray[np.int32]
    spare: NDArray[np.int32]
    node: Node
    order: Order


def room_for(sample: Sample, m: int) -> Room:
    """Return room for a tree on m rows; nothing is copied where all rows are few."""
    copied = m if len(sample.place) > NEAR else 0
    code = np.empty((len(sample.codes), copied), np.uint16)
    near = sample._replace(code=code, place=np.empty(copied, np.int32), event=np.empty(copied, np.int32))
    whole, times = np.empty((5, m), np.int32), np.empty((3, m + 1))
    counts, moved = np.empty(BYTE + 1, np.int32), np.empty(2 * m + 4)
    order = Order(whole[0], whole[1], whole[2], counts, moved, np.empty((AHEAD, 3)), np.empty((AHEAD + 1, 2), np.int32))
    return Room(near, np.empty(copied), whole[3], whole[4], Node(np.empty((m, 4)), *times), order)
