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
def _count_pairs(rows, by_time, by_entry, ranks):
    """Walk back in time over one stratum; the tree holds the patients still at risk after the current time."""
    time, event, entry, rank, weight = rows.time, rows.event, rows.entry, rows.rank, rows.weight
    tree = np.zeros(ranks + 1)
    count = np.zeros(ranks + 1)
    total = 0.0
    concordant = 0.0
    tied = 0.0
    comparable = 0.0
    n = by_time.size
    leaving = n - 1
    high = n - 1
    while high >= 0:
        t = time[by_time[high]]
        low = high
        while low >= 0 and time[by_time[low]] == t:
            low -= 1
        # A censoring at the time of an event counts as later.
        for k in range(low + 1, high + 1):
            i = by_time[k]
            if not event[i]:
                _add(tree, count, rank[i], weight[i])
                total += weight[i]
        while rows.delayed and leaving >= 0 and entry[by_entry[leaving]] >= t:
            i = by_entry[leaving]
            leaving -= 1
            # One who entered at or after t has time > t, hence is in the tree.
            _add(tree, count, rank[i], -weight[i])
            total -= weight[i]
        for k in range(low + 1, high + 1):
            i = by_time[k]
            if event[i]:
                concordant += weight[i] * _below(tree, rank[i])
                tied += weight[i] * count[rank[i]]
                comparable += weight[i] * total
        for k in range(low + 1, high + 1):
            i = by_time[k]
            if event[i]:
                _add(tree, count, rank[i], weight[i])
                total += weight[i]
        high = low
    return concordant, tied, comparable


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
    values, rank = np.unique(marker, return_inverse=True)
    rank = rank.astype(np.int64) + 1
    weights = np.ones(len(time)) if weight is None else weight
    entries = time if entry is None else entry
    patients = _Rows(time, event, entries, entry is not None, rank, weights)
    groups = [np.arange(len(time))] if stratum is None else [np.flatnonzero(stratum == s) for s in np.unique(stratum)]
    concordant = tied = comparable = 0.0
    for rows in groups:
        by_time = rows[np.argsort(time[rows], kind="stable")]
        by_entry = rows[np.argsort(entries[rows], kind="stable")]
        found = _count_pairs(patients, by_time, by_entry, len(values))
        concordant, tied, comparable = concordant + found[0], tied + found[1], comparable + found[2]
    return ConcordanceCounts(concordant, comparable - concordant - tied, tied)
