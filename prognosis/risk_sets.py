"""Who is at risk when: the outcome sorted once, as index ranges over the distinct event times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# R's survival::aeqSurv: times closer than this (absolutely, or relative to their mean) are one time.
TIE_TOLERANCE = float(np.sqrt(np.finfo(float).eps))


class RiskSets(NamedTuple):
    """Risk sets of a (stratified, possibly delayed-entry) cohort over its G distinct event times.

    Parameters
    ----------
    first, last : (n,) a row is at risk at the event times ``first <= g < last``.
    death : (n,) index of the row's own event time, -1 if censored.
    opens : (G,) True at the first event time of each stratum.
    events : (G,) number of tied events.
    death_weight : (G,) their summed case weight.
    time : (G,) event times. stratum : (G,) index of the stratum.
    weight : (n,) case weights. delayed : True when a row enters after the first event time of its stratum.
    """

    first: Integers
    last: Integers
    death: Integers
    opens: NDArray[np.bool_]
    events: Integers
    death_weight: Floats
    time: Floats
    stratum: Integers
    weight: Floats
    delayed: bool


def merge_close_times(*times: Floats) -> tuple[Floats, ...]:
    """Make times equal that differ by rounding only, as R's ``coxph(timefix=TRUE)`` does.

    Source: ``survival::aeqSurv``; the smallest of a run of close times stands for all.
    """
    values = np.unique(np.concatenate(times))
    gaps = np.diff(values)
    scale = np.mean(np.abs(values))
    close = (gaps <= TIE_TOLERANCE) | (gaps <= TIE_TOLERANCE * scale)
    if not close.any():
        return times
    cuts = values[np.concatenate([[True], ~close])]
    return tuple(cuts[np.searchsorted(cuts, time, side="right") - 1] for time in times)


def build_risk_sets(
    time: Floats,
    event: NDArray[np.bool_],
    entry: Floats | None = None,
    stratum: Integers | None = None,
    weight: Floats | None = None,
) -> RiskSets:
    """Sort the outcome once and describe every risk set by index ranges.

    Parameters
    ----------
    time, event : (n,) time of event or censoring, and whether it is an event.
    entry : (n,) delayed entry; a row is at risk in (entry, time]. None: from time zero, before any event.
    stratum : (n,) stratum index 0, 1, ... weight : (n,) case weights.

    Raises
    ------
    DataContractError
        T21 when entry and exit of a row are the same time but for rounding.
    """
    n = len(time)
    strata = np.zeros(n, np.int64) if stratum is None else stratum
    weights = np.ones(n) if weight is None else np.asarray(weight, float)
    if entry is None:
        (time,) = merge_close_times(time)
    else:
        time, entry = merge_close_times(time, entry)
        raise_findings(_check_intervals(time, entry), DataContractError)
    order = np.lexsort((time[event], strata[event]))
    event_time, event_stratum = time[event][order], strata[event][order]
    new = np.ones(len(order), bool)
    new[1:] = (event_time[1:] != event_time[:-1]) | (event_stratum[1:] != event_stratum[:-1])
    times, owners = event_time[new], event_stratum[new]
    opens = np.ones(len(times), bool)
    opens[1:] = owners[1:] != owners[:-1]
    last = _events_up_to(time, strata, times, owners)
    first = np.searchsorted(owners, strata) if entry is None else _events_up_to(entry, strata, times, owners)
    death = np.where(event, last - 1, -1)
    return RiskSets(
        first=first.astype(np.int64),
        last=last.astype(np.int64),
        death=death.astype(np.int64),
        opens=opens,
        events=np.bincount(death[event], minlength=len(times)).astype(np.int64),
        death_weight=np.bincount(death[event], weights=weights[event], minlength=len(times)).astype(float),
        time=times,
        stratum=owners.astype(np.int64),
        weight=weights,
        delayed=bool(((first < last) & ~opens[np.minimum(first, len(times) - 1)]).any()),
    )


def _check_intervals(time: Floats, entry: Floats) -> list[Finding]:
    empty = np.flatnonzero(entry >= time)
    if not len(empty):
        return []
    rule = f"entry>=exit in {len(empty)} rows (times that differ by rounding only are one time)"
    return [Finding("T21", rule, "correct entry or follow-up time", rows=tuple(str(row) for row in empty))]


def _events_up_to(when: Floats, strata: Integers, times: Floats, owners: Integers) -> Integers:
    """Index one past the last event time <= `when` within the row's own stratum."""
    edges = np.searchsorted(owners, np.arange(strata.max(initial=0) + 2))
    out = np.empty(len(when), np.int64)
    for s in range(len(edges) - 1):
        rows = strata == s
        out[rows] = edges[s] + np.searchsorted(times[edges[s] : edges[s + 1]], when[rows], side="right")
    return out
