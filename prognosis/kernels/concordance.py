"""Harrell's concordance in O(n log n), with R's treatment of ties, case weights, strata and delayed entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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


class _Rows(NamedTuple):
    """The patients as the kernel takes them; `rank` is that of the marker, from 1."""

    time: Floats
    event: NDArray[np.bool_]
    entry: Floats
    delayed: bool
    rank: NDArray[np.int64]
    weight: Floats


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
    total = 0.0
    j = rank - 1
    while j > 0:
        total += tree[j]
        j -= j & -j
    return total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _query(sums, i, factor, tree, total, same, rank):
    """Add the weight above, below and at the rank of patient `i`."""
    below = _below(tree, rank)
    sums[i, 0] += factor * (total - below - same)
    sums[i, 1] += factor * below
    sums[i, 2] += factor * same


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sum_later(rows, time_weight, by_time, by_entry, ranks):
    """Sum over each event's comparable partners, back in time; the tree holds those at risk after the event."""
    time, event, entry, rank, weight = rows.time, rows.event, rows.entry, rows.rank, rows.weight
    sums = np.zeros((time.size, 3))
    tree, count, total = np.zeros(ranks + 1), np.zeros(ranks + 1), 0.0
    leaving = by_time.size - 1
    high = by_time.size - 1
    while high >= 0:
        t = time[by_time[high]]
        low = high
        while low >= 0 and time[by_time[low]] == t:
            low -= 1
        for turn in range(3):
            # Those censored at the time of an event come in before it is counted, those with an event after it.
            for i in by_time[low + 1 : high + 1]:
                if turn == 1 and event[i]:
                    _query(sums, i, time_weight[i], tree, total, count[rank[i]], rank[i])
                elif turn == 2 * event[i]:
                    _add(tree, count, rank[i], weight[i])
                    total += weight[i]
            while turn == 0 and rows.delayed and leaving >= 0 and entry[by_entry[leaving]] >= t:
                i = by_entry[leaving]
                leaving -= 1
                _add(tree, count, rank[i], -weight[i])
                total -= weight[i]
        high = low
    return sums


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sum_earlier(rows, time_weight, by_time, by_entry, ranks):
    """Sum over the events that each patient outlived under observation, forth in time; the tree holds the events."""
    time, event, entry, rank = rows.time, rows.event, rows.entry, rows.rank
    sums = np.zeros((time.size, 3))
    tree, count, total = np.zeros(ranks + 1), np.zeros(ranks + 1), 0.0
    n = by_time.size
    entering = 0
    low = 0
    while low < n:
        t = time[by_time[low]]
        high = low
        while high < n and time[by_time[high]] == t:
            high += 1
        while rows.delayed and entering < n and entry[by_entry[entering]] < t:
            i = by_entry[entering]
            entering += 1
            _query(sums, i, -1.0, tree, total, count[rank[i]], rank[i])
        for turn in range(3):
            for i in by_time[low:high]:
                if turn == 1 and event[i]:
                    added = rows.weight[i] * time_weight[i]
                    _add(tree, count, rank[i], added)
                    total += added
                elif turn == 2 * (1 - event[i]):
                    _query(sums, i, 1.0, tree, total, count[rank[i]], rank[i])
        low = high
    return sums


def pair_sums(
    time: Floats, event: NDArray[np.bool_], marker: Floats, time_weight: Floats, weight: Floats, entry: Floats | None
) -> Floats:
    """Weight of each patient's concordant, discordant and tied (marker) partners, (n, 3), within one stratum.

    Parameters
    ----------
    time, event, marker, weight : (n,). time_weight : (n,) of a pair whose earlier event is this patient's.
    entry : (n,) delayed entry.

    Notes
    -----
    The sum of ``weight * sums`` counts every pair twice. Cost O(n log n).
    """
    patients, by_time, by_entry, ranks = _sorted(time, event, marker, weight, entry)
    later = _sum_later(patients, time_weight, by_time, by_entry, ranks)
    earlier = _sum_earlier(patients, time_weight, by_time, by_entry, ranks)
    # A later partner is concordant with a lower marker, an earlier one with a higher.
    sums: Floats = later[:, [1, 0, 2]] + earlier
    return sums


def _sorted(
    time: Floats, event: NDArray[np.bool_], marker: Floats, weight: Floats, entry: Floats | None
) -> tuple[_Rows, NDArray[np.int64], NDArray[np.int64], int]:
    """Rows for the kernels, their order in time and by entry, and the number of distinct markers."""
    values, rank = np.unique(marker, return_inverse=True)
    entries = time if entry is None else entry
    patients = _Rows(time, event, entries, entry is not None, rank.astype(np.int64) + 1, weight)
    return patients, np.argsort(time, kind="stable"), np.argsort(entries, kind="stable"), len(values)


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
    weights = np.ones(len(time)) if weight is None else weight
    groups = [np.arange(len(time))] if stratum is None else [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    above, below, same = np.zeros(3)
    for rows in groups:
        own, by_time, by_entry, ranks = _sorted(
            time[rows], event[rows], marker[rows], weights[rows], None if entry is None else entry[rows]
        )
        sums = own.weight @ _sum_later(own, np.ones(len(rows)), by_time, by_entry, ranks)
        above, below, same = above + sums[0], below + sums[1], same + sums[2]
    return ConcordanceCounts(concordant=float(below), discordant=float(above), tied_marker=float(same))
