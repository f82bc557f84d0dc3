"""Harrell's concordance in O(n log n), with R's treatment of ties, case weights, strata and delayed entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ConcordanceCounts:
    """Weighted numbers of pairs, named as in R's ``survival::concordance``.

    A pair is comparable when the one with the shorter time had the event. `concordant`: that one has the higher
    marker; `tied_marker`: equal markers (R: tied.x). `comparable`: all three together.
    """

    concordant: float
    discordant: float
    tied_marker: float

    @property
    def comparable(self) -> float:
        """Number of comparable pairs."""
        return self.concordant + self.discordant + self.tied_marker

    @property
    def concordance(self) -> float:
        """Harrell's C: concordant pairs plus half the tied ones, of the comparable; not a number without any."""
        return (self.concordant + 0.5 * self.tied_marker) / self.comparable if self.comparable else float("nan")


class TimeOrdered(NamedTuple):
    """Patients as the kernels take them, all (n,) in the order of time.

    `rank` is that of the marker, from 1 without gaps. `entry` is empty where nobody enters late; else `by_entry` sorts
    it.
    """

    time: Floats
    event: NDArray[np.bool_]
    rank: NDArray[np.int64]
    weight: Floats
    entry: Floats
    by_entry: NDArray[np.int64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _ranks(marker, order):
    """Rank of each value from 1, equal values alike; `order` sorts them."""
    rank = np.empty(order.size, np.int64)
    reached = 0
    for place in range(order.size):
        if place == 0 or marker[order[place]] > marker[order[place - 1]]:
            reached += 1
        rank[order[place]] = reached
    return rank


def ranks_of(marker: Floats) -> NDArray[np.int64]:
    """Rank of each value from 1 without gaps, (n,); equal values have one rank."""
    found: NDArray[np.int64] = _ranks(marker, np.argsort(marker))
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add(tree, count, rank, weight):
    """Enter (or, with a negative weight, take out) one patient of the risk set."""
    count[rank] += weight
    j = rank
    while j < tree.size:
        tree[j] += weight
        j += j & -j


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _below(tree, rank):
    """Weight of the patients in the risk set with a lower rank."""
    total = tree[0]
    j = rank - 1
    while j > 0:
        total += tree[j]
        j -= j & -j
    return total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _later_pairs(rows, time_weight, trees, sums):
    """Weigh each event's comparable partners, back in time; the trees hold those at risk after the event.

    Parameters
    ----------
    rows : `TimeOrdered`. time_weight : (n,) of an event's pairs; empty for 1. trees : zeros, sums by and at each rank.
    sums : (n, 3), the weight of concordant, discordant and tied (marker) partners is added to it; no rows where only
        the totals are asked for.

    Returns
    -------
    Weighted numbers of concordant, discordant and tied pairs: the later one is below, above and at the rank.
    """
    time, event, rank, weight, entry, by_entry = rows
    tree, count = trees
    above, below, same, total = 0.0, 0.0, 0.0, tree[0]
    high, leaving = time.size, by_entry.size - 1
    while high > 0:
        t, low = time[high - 1], high - 1
        while low > 0 and time[low - 1] == t:
            low -= 1
        # Those censored at the time of an event come in before it is counted, those with an event after it.
        for i in range(low, high):
            if not event[i]:
                _add(tree, count, rank[i], weight[i])
                total += weight[i]
        while leaving >= 0 and entry[by_entry[leaving]] >= t:
            i = by_entry[leaving]
            leaving -= 1
            _add(tree, count, rank[i], -weight[i])
            total -= weight[i]
        for i in range(low, high):
            if event[i]:
                factor = time_weight[i] if time_weight.size else 1.0
                lower, equal = _below(tree, rank[i]), count[rank[i]]
                higher = total - lower - equal
                above += weight[i] * factor * higher
                below += weight[i] * factor * lower
                same += weight[i] * factor * equal
                if sums.size:
                    sums[i, 0] += factor * lower
                    sums[i, 1] += factor * higher
                    sums[i, 2] += factor * equal
        for i in range(low, high):
            if event[i]:
                _add(tree, count, rank[i], weight[i])
                total += weight[i]
        high = low
    return below, above, same


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _earlier_pairs(rows, time_weight, trees, sums):
    """Add to `sums` (n, 3) the events that each patient outlived under observation, forth in time.

    The trees hold the events so far; parameters as in `_later_pairs`. An earlier partner is concordant when above.
    """
    time, event, rank, weight, entry, by_entry = rows
    tree, count = trees
    total, low, entering = tree[0], 0, 0
    while low < time.size:
        t, high = time[low], low + 1
        while high < time.size and time[high] == t:
            high += 1
        while entering < by_entry.size and entry[by_entry[entering]] < t:
            i = by_entry[entering]
            entering += 1
            _outlived(sums, i, -1.0, tree, total, count[rank[i]], rank[i])
        for i in range(low, high):
            if event[i]:
                _outlived(sums, i, 1.0, tree, total, count[rank[i]], rank[i])
        for i in range(low, high):
            if event[i]:
                added = weight[i] * time_weight[i] if time_weight.size else weight[i]
                _add(tree, count, rank[i], added)
                total += added
        for i in range(low, high):
            if not event[i]:
                _outlived(sums, i, 1.0, tree, total, count[rank[i]], rank[i])
        low = high


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _outlived(sums, i, factor, tree, total, same, rank):
    """Add the weight above, below and at the rank of patient `i` to its concordant, discordant and tied partners."""
    below = _below(tree, rank)
    sums[i, 0] += factor * (total - below - same)
    sums[i, 1] += factor * below
    sums[i, 2] += factor * same


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def counted_pairs(order, run, died, rank, counts):
    """Count the pairs of rows that stand for several patients each, or for none.

    Parameters
    ----------
    order : (n,) rows by time. run, died : (n,) in that order: index of the distinct time, and whether it is an event.
    rank, counts : (n,) of each row: rank of its marker from 1, and how often it counts.

    Returns
    -------
    Numbers of concordant, discordant and tied pairs, as `_later_pairs`.
    """
    size = rank.max() + 1
    tree, count = np.zeros(size, np.int64), np.zeros(size, np.int64)
    below, above, same, total = 0.0, 0.0, 0.0, 0
    high = order.size
    while high > 0:
        low = high - 1
        while low > 0 and run[low - 1] == run[high - 1]:
            low -= 1
        for i in range(low, high):
            times = counts[order[i]]
            if times > 0 and not died[i]:
                _add(tree, count, rank[order[i]], times)
                total += times
        for i in range(low, high):
            row = order[i]
            if counts[row] > 0 and died[i]:
                lower, equal = _below(tree, rank[row]), count[rank[row]]
                below += float(counts[row]) * lower
                same += float(counts[row]) * equal
                above += float(counts[row]) * (total - lower - equal)
        for i in range(low, high):
            times = counts[order[i]]
            if times > 0 and died[i]:
                _add(tree, count, rank[order[i]], times)
                total += times
        high = low
    return below, above, same


def _trees(rows: TimeOrdered, *, counted: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    """Room for the sums by and at each rank; whole numbers of half the size where every patient counts once."""
    size, kind = int(rows.rank.max(initial=0)) + 1, np.int32 if counted and (rows.weight == 1).all() else np.float64
    return np.zeros(size, kind), np.zeros(size, kind)


def pair_sums(rows: TimeOrdered, time_weight: Floats) -> Floats:
    """Weight of each patient's concordant, discordant and tied (marker) partners, (n, 3), within one stratum.

    Parameters
    ----------
    rows : n patients. time_weight : (n,) of a pair whose earlier event is this patient's; empty for 1.

    Notes
    -----
    The sum of ``weight * sums`` counts every pair twice. Cost O(n log n).
    """
    sums = np.zeros((len(rows.time), 3))
    _later_pairs(rows, time_weight, _trees(rows, counted=True), sums)
    _earlier_pairs(rows, time_weight, _trees(rows, counted=not len(time_weight)), sums)
    return sums


NO_WEIGHTS, NO_SUMS = np.empty(0), np.empty((0, 3))


def concordance_counts(
    time: Floats,
    event: NDArray[np.bool_],
    marker: Floats,
    *,
    weight: Floats | None = None,
    entry: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
) -> ConcordanceCounts:
    """Count concordant, discordant and tied pairs of a marker that is high for an early event.

    Parameters
    ----------
    time, event, marker : (n,). weight : case weights. entry : delayed entry. stratum : pairs only within a stratum.

    Notes
    -----
    Source: Harrell (1982); ``survival::concordance(reverse=TRUE, timewt="n")``. Pairs with tied event times are not
    comparable. Cost O(n log n): one Fenwick tree over the ranks of the marker.
    """
    concordant, discordant, tied = 0.0, 0.0, 0.0
    for _, own in time_ordered(time, event, marker, np.ones(len(time)) if weight is None else weight, entry, stratum):
        found = _later_pairs(own, NO_WEIGHTS, _trees(own, counted=True), NO_SUMS)
        concordant, discordant, tied = concordant + found[0], discordant + found[1], tied + found[2]
    return ConcordanceCounts(concordant, discordant, tied)


def time_ordered(
    time: Floats,
    event: NDArray[np.bool_],
    marker: Floats,
    weight: Floats,
    entry: Floats | None,
    stratum: NDArray[np.int64] | None,
) -> Iterator[tuple[NDArray[np.int64], TimeOrdered]]:
    """Yield the rows of each stratum in the order of time, as places and as patients."""
    order = np.arange(len(time)) if (time[1:] >= time[:-1]).all() else np.argsort(time)
    groups = [order]
    if stratum is not None:
        by_stratum = order[np.argsort(stratum[order], kind="stable")]
        groups = np.split(by_stratum, np.flatnonzero(np.diff(stratum[by_stratum])) + 1)
    for rows in groups:
        late = np.empty(0) if entry is None else entry[rows]
        ranks = ranks_of(marker[rows])
        yield rows, TimeOrdered(time[rows], event[rows], ranks, weight[rows], late, np.argsort(late))
