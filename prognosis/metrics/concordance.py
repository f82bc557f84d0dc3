"""Concordance of a marker with a survival time: every weighting of time that R has, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.kernels.concordance import pair_sums
from prognosis.risk_sets import merge_close_times

Floats = NDArray[np.float64]
TimeWeight = Literal["n", "S", "S/G", "n/G2", "I"]


class Pairs(NamedTuple):
    """Weighted numbers of pairs, as R counts them.

    `tied_marker` (tied.x): comparable pairs with equal markers; `tied_time` (tied.y): two events at the same time;
    `tied_both` (tied.xy): equal markers as well.
    """

    concordant: float
    discordant: float
    tied_marker: float
    tied_time: float
    tied_both: float


@dataclass(frozen=True)
class Concordance:
    """Concordance with its infinitesimal-jackknife error.

    Parameters
    ----------
    concordance : share of comparable pairs in which the earlier event has the higher marker, ties half.
    se : standard error. pairs : summed over strata. influence : (n,) change of the concordance when a row is left out.
    """

    concordance: float
    se: float
    pairs: Pairs
    influence: Floats


def concordance(
    time: Floats,
    event: NDArray[np.bool_],
    marker: Floats,
    *,
    weight: Floats | None = None,
    entry: Floats | None = None,
    stratum: NDArray[np.int64] | None = None,
    time_weight: TimeWeight = "n",
    tau: float | None = None,
) -> Concordance:
    """Estimate the concordance of a marker that is high for an early event.

    Parameters
    ----------
    time, event, marker : (n,). weight : case weights. entry : delayed entry. stratum : pairs only within a stratum.
    time_weight : what a pair weighs, by the time of its earlier event: ``n`` equally (Harrell's C); ``n/G2`` by the
        inverse squared probability of being uncensored just before (Uno's C); ``S``, ``S/G`` (Schemper et al. 2009)
        and ``I`` by the Kaplan-Meier of the event, by it over that of censoring, and by one over the number at risk.
    tau : events after it are not counted.

    Raises
    ------
    PredictionError
        N29 an unknown weighting, or one by the censoring distribution together with delayed entry.

    Notes
    -----
    Sources: Harrell et al. (1982), Uno et al. (2011), Therneau and Watson (2015); ``survival::concordance`` with
    ``reverse=TRUE`` (``ymax`` is `tau`). The weights by time count as known in the error. Cost O(n log n).
    Not a number when no pair is comparable.
    """
    if time_weight not in get_args(TimeWeight):
        rule = f"unknown weighting of time '{time_weight}'"
        raise PredictionError(Finding("N29", rule, f"one of {', '.join(get_args(TimeWeight))}"))
    if entry is not None and "G" in time_weight:
        rule = f"weighting '{time_weight}' needs the censoring distribution, which delayed entry does not give"
        raise PredictionError(Finding("N29", rule, "use n, S or I"))
    if entry is None:
        (time,) = merge_close_times(time)
    else:
        time, entry = merge_close_times(time, entry)
    n = len(time)
    weight = np.ones(n) if weight is None else np.asarray(weight, float)
    sums, ties = np.zeros((n, 3)), np.zeros(2)
    for rows in _strata(n, stratum):
        own = _Stratum(time[rows], event[rows], weight[rows], None if entry is None else entry[rows])
        per_event = np.zeros(len(rows))
        per_event[own.event] = _time_weights(own, time_weight, tau)
        sums[rows] = pair_sums(own.time, own.event, marker[rows], per_event, own.weight, own.entry)
        ties += _tied_times(own, marker[rows], per_event)
    return _summarise(sums, ties, weight)


def clustered_se(found: Concordance, cluster: NDArray[np.int64]) -> float:
    """Return the standard error when rows of a cluster (index 0, 1, ...) belong together, as R's ``cluster=``."""
    return float(np.sqrt((np.bincount(cluster, weights=found.influence) ** 2).sum()))


class _Stratum(NamedTuple):
    """Rows of one stratum."""

    time: Floats
    event: NDArray[np.bool_]
    weight: Floats
    entry: Floats | None


def _strata(n: int, stratum: NDArray[np.int64] | None) -> list[NDArray[np.int64]]:
    if stratum is None:
        return [np.arange(n)]
    order = np.argsort(stratum, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(stratum[order])) + 1)


def _time_weights(s: _Stratum, kind: TimeWeight, tau: float | None) -> Floats:
    """Weight of each event's pairs, in the order of the events' rows."""
    died = s.time[s.event]
    # R: one event has no curve to weigh by.
    if kind == "n" or len(died) < 2:
        weights = np.ones(len(died))
    else:
        weights = _by_curve(s, kind)[np.searchsorted(np.unique(died), died)]
    return weights if tau is None else np.where(died > tau, 0.0, weights)


def _by_curve(s: _Stratum, kind: TimeWeight) -> Floats:
    """Weight at each distinct event time, from the curves just before it; deaths leave before censorings."""
    times = np.unique(s.time)
    place = np.searchsorted(times, s.time)
    leaving = np.bincount(place, weights=s.weight)
    deaths = np.bincount(place, weights=s.weight * s.event)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    if s.entry is not None:
        late = np.bincount(np.searchsorted(times, s.entry, side="right"), weights=s.weight, minlength=len(times) + 1)
        at_risk = at_risk - np.cumsum(late[:0:-1])[::-1]
    events = deaths > 0
    survival = np.cumprod(1 - deaths / at_risk)
    before = np.append(1.0, survival)[:-1][events]
    if kind == "I":
        return np.asarray(1 / at_risk[events])
    if kind == "S":
        return np.asarray(s.weight.sum() * before / at_risk[events])
    staying = at_risk - deaths
    ratio = np.divide(leaving - deaths, staying, out=np.zeros_like(staying), where=staying > 0)
    censoring = np.append(1.0, np.cumprod(1 - ratio))[:-1][events]
    if kind == "n/G2":
        return np.asarray(1 / censoring**2)
    return np.asarray(s.weight.sum() * before / (censoring * at_risk[events]))


def _tied_times(s: _Stratum, marker: Floats, per_event: Floats) -> Floats:
    """Pairs of events at the same time, with different and with equal markers."""
    rows = np.flatnonzero(s.event)
    rows = rows[np.lexsort((marker[rows], s.time[rows]))]
    new_time = np.append(True, np.diff(s.time[rows]) > 0)[: len(rows)]
    new_pair = new_time | np.append(True, np.diff(marker[rows]) > 0)[: len(rows)]
    both, either = (_pairs_within(np.cumsum(new) - 1, s.weight[rows], per_event[rows]) for new in (new_pair, new_time))
    return np.array([either - both, both])


def _pairs_within(group: NDArray[np.int64], weight: Floats, per_event: Floats) -> float:
    total, square = np.bincount(group, weights=weight), np.bincount(group, weights=weight**2)
    size = np.bincount(group)
    # A single event makes no pair, whatever its weight.
    twice = np.where(size > 1, total**2 - square, 0.0)
    return float((twice / 2 * np.bincount(group, weights=per_event) / np.maximum(size, 1)).sum())


def _summarise(sums: Floats, ties: Floats, weight: Floats) -> Concordance:
    concordant, discordant, tied = (float(count) for count in weight @ sums / 2)
    pairs = Pairs(concordant, discordant, tied, float(ties[0]), float(ties[1]))
    comparable = concordant + discordant + tied
    if not comparable:
        return Concordance(float("nan"), float("nan"), pairs, np.full(len(weight), np.nan))
    somers = (concordant - discordant) / comparable
    influence = weight * (sums[:, 0] - sums[:, 1] - somers * sums.sum(axis=1)) / (2 * comparable)
    return Concordance((concordant + 0.5 * tied) / comparable, float(np.sqrt((influence**2).sum())), pairs, influence)
