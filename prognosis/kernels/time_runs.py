"""Risk sets of rows sorted by time, or by place among few times, without strata or delayed entry."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def runs_of_times(time, event, order, tolerance):
    """Count for each row the event times up to its own, and describe these event times.

    Parameters
    ----------
    time, event, order : (n,), `order` sorts the times. tolerance : times closer than this, absolutely or relative to
    the mean of the distinct times, are one.

    Returns
    -------
    last, death : (n,) number of event times up to the row's time; index of the row's own one, -1 without an event.
    times, events : (G,) event times and how many rows have their event there.
    """
    n = time.size
    last, death = np.empty(n, np.int64), np.empty(n, np.int64)
    times, events = np.empty(n), np.empty(n, np.int64)
    closest = max(tolerance, tolerance * _mean_distinct(time, order))
    known, start = 0, 0
    while start < n:
        first = before = time[order[start]]
        end, own = start, 0
        while end < n and (end == start or time[order[end]] - before <= closest):
            before = time[order[end]]
            own += event[order[end]]
            end += 1
        if own:
            times[known] = first
            events[known] = own
            known += 1
        for place in range(start, end):
            row = order[place]
            last[row] = known
            death[row] = known - 1 if event[row] else -1
        start = end
    return last, death, times[:known], events[:known]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _mean_distinct(time, order):
    """Mean size of the distinct times."""
    total, distinct = 0.0, 0
    for place in range(order.size):
        if place == 0 or time[order[place]] != time[order[place - 1]]:
            total += abs(time[order[place]])
            distinct += 1
    return total / max(distinct, 1)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def runs_of_places(code, place, event, weight):
    """Do the same for rows whose times repeat: row i has the time at ``place[code[i]]``; and sum the events' weights.

    Returns
    -------
    last, death : (n,) as `runs_of_times`. known : (G,) places of the event times. events, death_weight : (G,).
    """
    n, places = code.size, place[-1] + 1 if place.size else 0
    own, heavy = np.zeros(places, np.int64), np.zeros(places)
    for i in range(n):
        if event[i]:
            own[place[code[i]]] += 1
            heavy[place[code[i]]] += weight[i]
    up_to = np.cumsum(own > 0)
    of_code = up_to[place]
    last, death = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(n):
        last[i] = of_code[code[i]]
        death[i] = last[i] - 1 if event[i] else -1
    known = np.flatnonzero(own > 0)
    return last, death, known, own[known], heavy[known]
