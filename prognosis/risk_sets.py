"""Who is at risk when: the outcome sorted once, as index ranges over the distinct event times."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.kernels.time_runs import runs_of_places, runs_of_times

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# With more event times than these, rows in time order are faster (see `in_time_order`).
MANY_TIMES = 20_000
# Rows looked at to tell whether times repeat so often that hashing them is faster than sorting.
LOOKED_AT = 10_000
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
    weight : (n,) case weights. order : (n,) rows by time, empty where sorting them was not needed.
    delayed : True when a row enters after the first event time of its stratum.
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
    order: Integers
    delayed: bool


def merge_close_times(*times: Floats) -> tuple[Floats, ...]:
    """Make times equal that differ by rounding only, as R's ``coxph(timefix=TRUE)`` does.

    Source: ``survival::aeqSurv``; the smallest of a run of close times stands for all.
    """
    together = np.concatenate(times)
    order, ascending = ordered_times(together)
    together[order] = ascending
    return tuple(np.split(together, np.cumsum([len(time) for time in times])[:-1]))


def ordered_times(time: Floats) -> tuple[Integers, Floats]:
    """Return the order of times, (n,), and the ordered times with those merged that differ by rounding only, (n,)."""
    order = np.argsort(time)
    ascending = time[order]
    gaps = np.diff(ascending)
    widest = TIE_TOLERANCE * max(1.0, float(np.abs(ascending[[0, -1]]).max())) if len(time) else 0.0
    if not ((gaps > 0) & (gaps <= widest)).any():
        return order, ascending
    new = np.append(True, gaps > 0)
    values = ascending[new]
    starts = np.maximum.accumulate(np.where(close_times(values), -np.inf, values))
    return order, starts[np.cumsum(new) - 1]


def close_times(values: Floats) -> NDArray[np.bool_]:
    """Tell which distinct values differ from the one before by rounding only."""
    gaps = np.diff(values)
    scale = np.mean(np.abs(values)) if len(values) else 0.0
    return np.concatenate([[False], (gaps <= TIE_TOLERANCE) | (gaps <= TIE_TOLERANCE * scale)])[: len(values)]


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
    if entry is None and stratum is None:
        return _of_repeated_times(time, event, weights) if _repeated(time) else _of_single_times(time, event, weights)
    values, (exit_place, *entry_place) = _places(time, *([] if entry is None else [entry]))
    if entry_place:
        raise_findings(_check_intervals(entry_place[0], exit_place), DataContractError)
    # a row's place among all times of all strata, stratum after stratum
    offset = strata * len(values)
    known = _distinct((offset + exit_place)[event], n)
    times, owners = values[known % len(values)], known // len(values)
    opens = np.ones(len(times), bool)
    opens[1:] = owners[1:] != owners[:-1]
    last = _up_to(known, offset + exit_place)
    first = np.searchsorted(owners, strata) if entry is None else _up_to(known, offset + entry_place[0])
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
        order=np.empty(0, np.int64),
        delayed=bool(((first < last) & ~opens[np.minimum(first, len(times) - 1)]).any()),
    )


def _repeated(times: Floats) -> bool:
    """Tell whether times repeat so often that hashing them is faster than sorting."""
    return len(times) > LOOKED_AT and len(np.unique(times[:LOOKED_AT])) < LOOKED_AT / 2


def _of_single_times(time: Floats, event: NDArray[np.bool_], weight: Floats) -> RiskSets:
    """Build the risk sets of one stratum without delayed entry by one walk over the sorted times."""
    order = np.argsort(time)
    last, death, times, events = runs_of_times(time, event, order, TIE_TOLERANCE)
    heavy = np.bincount(death[event], weights=weight[event], minlength=len(times)).astype(float)
    return _one_stratum((last, death), (times, events, heavy), weight, order)


def _of_repeated_times(time: Floats, event: NDArray[np.bool_], weight: Floats) -> RiskSets:
    """Build the same where times repeat, without sorting the rows."""
    values, codes = _coded(time)
    kept = ~close_times(values)
    last, death, known, events, heavy = runs_of_places(codes, np.cumsum(kept) - 1, event, weight)
    return _one_stratum((last, death), (values[kept][known], events, heavy), weight, np.empty(0, np.int64))


def _one_stratum(rows: tuple[Any, ...], at: tuple[Any, ...], weight: Floats, order: Integers) -> RiskSets:
    """Put together what is known of the rows (last, death) and of the event times (time, events, weight)."""
    (last, death), (times, events, heavy) = rows, at
    opens = np.zeros(len(times), bool)
    opens[:1] = True
    return RiskSets(
        first=np.zeros(len(last), np.int64),
        last=last,
        death=death,
        opens=opens,
        events=events,
        death_weight=heavy,
        time=times,
        stratum=np.zeros(len(times), np.int64),
        weight=weight,
        order=order,
        delayed=False,
    )


def _places(*times: Floats) -> tuple[Floats, list[Integers]]:
    """Return the distinct times (those that differ by rounding merged) and each row's place among them."""
    values, codes = _coded(np.concatenate(times))
    kept = ~close_times(values)
    return values[kept], list(np.split((np.cumsum(kept) - 1)[codes], len(times)))


def _coded(times: Floats) -> tuple[Floats, Integers]:
    """Return the distinct times in order and the place of each among them."""
    if _repeated(times):
        codes, found = pd.factorize(times)
        order = np.argsort(found)
        places = np.empty(len(found), np.int64)
        places[order] = np.arange(len(found))
        return np.asarray(found)[order], places[codes]
    order = np.argsort(times)
    ascending = times[order]
    new = np.ones(len(order), bool)
    new[1:] = ascending[1:] != ascending[:-1]
    places = np.empty(len(order), np.int64)
    places[order] = np.cumsum(new) - 1
    return ascending[new], places


def _check_intervals(entry: Integers, exit_place: Integers) -> list[Finding]:
    empty = np.flatnonzero(entry >= exit_place)
    if not len(empty):
        return []
    rule = f"entry>=exit in {len(empty)} rows (times that differ by rounding only are one time)"
    return [Finding("T21", rule, "correct entry or follow-up time", rows=tuple(str(row) for row in empty))]


def _distinct(places: Integers, n: int) -> Integers:
    """Sort the distinct places; a table of them is faster than sorting, where it is no larger than the rows."""
    span = int(places.max(initial=-1)) + 1
    return np.unique(places) if span > 4 * n + 1000 else np.flatnonzero(np.bincount(places, minlength=span))


def in_time_order(sets: RiskSets) -> tuple[Integers, RiskSets]:
    """Return an order of the rows by time and the risk sets of the rows in this order.

    Sums over hundreds of thousands of risk sets then go through memory once, from one end to the other; the order is
    empty, and the rows stay, where the sums of all risk sets fit the cache anyhow.
    """
    if len(sets.time) < MANY_TIMES:
        return np.empty(0, np.int64), sets
    order = sets.order if len(sets.order) else np.argsort(sets.last)
    rows = {name: getattr(sets, name)[order] for name in ("first", "last", "death", "weight")}
    return order, sets._replace(order=np.empty(0, np.int64), **rows)


def _up_to(known: Integers, places: Integers) -> Integers:
    """Count the event times at or before each place."""
    span = int(max(known.max(initial=0), places.max(initial=0))) + 1
    if span > 4 * len(places) + 1000:
        return np.searchsorted(known, places, side="right")
    # a look-up is many times faster than a search, where the table is no larger than the rows
    present = np.zeros(span, np.int64)
    present[known] = 1
    return np.cumsum(present)[places]
