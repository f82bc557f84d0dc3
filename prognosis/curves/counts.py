"""How many are at risk, have the event or are censored at each distinct time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.curves.rows import Floats, Integers, SortedRows


@dataclass(frozen=True)
class Counts:
    """Weighted counts of one sample at its k distinct times of event or censoring.

    Parameters
    ----------
    time : (k,). n_risk : (k,) just before each time. n_event : (k, K) by cause. n_censor : (k,).
    tied : (k,) number of rows with an event, without weights. last_dies : (k,) all at risk have an event.
    place : (n,) index of each row's own time. first : (n,) index of the first time at which the row is at risk.
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    tied: Integers
    last_dies: NDArray[np.bool_]
    place: Integers
    first: Integers

    @property
    def deaths(self) -> Floats:
        """(k,) events of all causes."""
        return np.asarray(self.n_event.sum(axis=1), float)

    @property
    def survival(self) -> Floats:
        """(k,) Kaplan-Meier of all causes together; exactly 0 once all at risk have had an event."""
        return np.asarray(np.cumprod(np.where(self.last_dies, 0.0, 1 - self.deaths / self.n_risk)), float)


def count(rows: SortedRows, causes: tuple[int, ...] = (1,)) -> Counts:
    """Count a sorted sample; events of other causes than those named count as censored."""
    new = np.concatenate([[True], rows.time[1:] != rows.time[:-1]])
    place = np.cumsum(new) - 1
    times = rows.time[new]
    k = len(times)
    n_event = np.column_stack([_sum_at(place, rows.weight * (rows.event == cause), k) for cause in causes])
    ended = np.isin(rows.event, causes)
    first = np.zeros(len(place), np.int64)
    if rows.entry is not None:
        order = np.argsort(rows.entry)
        first[order] = np.searchsorted(times, rows.entry[order], side="right")
    tied = np.bincount(place[ended], minlength=k)
    return Counts(
        time=times,
        n_risk=_at_risk(place, first, rows.weight, k),
        n_event=n_event,
        n_censor=_sum_at(place, rows.weight * ~ended, k),
        tied=tied,
        # Of rows, not of weights: a sum of fractions may miss the other by rounding, and the curve would not reach 0.
        last_dies=tied == _at_risk(place, first, np.ones(len(place)), k),
        place=place,
        first=first,
    )


def _sum_at(place: Integers, values: Floats, k: int) -> Floats:
    return np.asarray(np.bincount(place, weights=values, minlength=k), float)


def _at_risk(place: Integers, first: Integers, weight: Floats, k: int) -> Floats:
    leaving = np.cumsum(_sum_at(place, weight, k)[::-1])[::-1]
    if not first.any():
        return leaving
    # One more than the times: nobody enters after the last, but the sum from there on is needed as zero.
    entering = np.cumsum(_sum_at(first, weight, k + 1)[::-1])[::-1]
    return leaving - entering[1:]


def find_early_end(counts: Counts, label: object) -> tuple[Finding, ...]:
    """Warn (Q09) when the risk set dies out while others enter later: the curve stays at 0 from there on."""
    ends = np.flatnonzero(counts.last_dies)
    if not len(ends) or ends[0] == len(counts.time) - 1:
        return ()
    when, later = counts.time[ends[0]], int((counts.first > ends[0]).sum())
    rule = (
        f"everybody at risk at {when:g} has the event, so that the curve is 0, but {later} rows enter later ({label})"
    )
    advice = "begin the curve at a later time, when enough patients have entered"
    return (Finding("Q09", rule, advice, "entry", severity="warning"),)
