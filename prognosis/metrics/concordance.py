"""Concordance of a marker with a survival time: every weighting of time that R has, with its standard error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.kernels.concordance import NO_WEIGHTS, TimeOrdered, pair_sums, time_ordered
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
    weight = np.ones(len(time)) if weight is None else np.asarray(weight, float)
    sums, ties = np.empty((len(time), 3)), np.zeros(2)
    for rows, own in time_ordered(time, event, marker, weight, entry, stratum):
        per_event = _time_weights(own, time_weight, tau)
        sums[rows] = pair_sums(own, per_event)
        ties += _tied_times(own, per_event)
    return _summarise(sums, ties, weight)


def clustered_se(found: Concordance, cluster: NDArray[np.int64]) -> float:
    """Return the standard error when rows of a cluster (index 0, 1, ...) belong together, as R's ``cluster=``."""
    return float(np.sqrt((np.bincount(cluster, weights=found.influence) ** 2).sum()))


def _time_weights(rows: TimeOrdered, kind: TimeWeight, tau: float | None) -> Floats:
    """Weight of each row's pairs as the earlier event, (n,); empty where every event weighs 1."""
    # R: one event has no curve to weigh by.
    alike = kind == "n" or rows.event.sum() < 2
    if alike and tau is None:
        return NO_WEIGHTS
    weights = rows.event.astype(float) if alike else np.where(rows.event, _by_curve(rows, kind), 0.0)
    return weights if tau is None else np.where(rows.time > tau, 0.0, weights)


def _by_curve(rows: TimeOrdered, kind: TimeWeight) -> Floats:
    """Weight of an event at each row's time, (n,), from the curves just before it; deaths leave before censorings."""
    place, first = _places(rows.time)
    leaving, deaths = (np.bincount(place, w).astype(float) for w in (rows.weight, rows.weight * rows.event))
    at_risk = np.cumsum(leaving[::-1])[::-1]
    if len(rows.entry):
        entered = np.searchsorted(rows.time[first], rows.entry, side="right")
        late = np.bincount(entered, weights=rows.weight, minlength=len(first) + 1)
        at_risk = at_risk - np.cumsum(late[:0:-1])[::-1]
    events = deaths > 0
    before = np.append(1.0, np.cumprod(1 - deaths / at_risk))[:-1][events]
    if kind == "I":
        weights = 1 / at_risk[events]
    elif kind == "S":
        weights = rows.weight.sum() * before / at_risk[events]
    else:
        censoring = _censoring_before(leaving - deaths, at_risk - deaths)[events]
        n = rows.weight.sum()
        weights = 1 / censoring**2 if kind == "n/G2" else n * before / (censoring * at_risk[events])
    out = np.zeros(len(first))
    out[events] = weights
    return out[place]


def _censoring_before(censored: Floats, staying: Floats) -> Floats:
    """Probability of being uncensored just before each time."""
    ratio = np.divide(censored, staying, out=np.zeros_like(staying), where=staying > 0)
    return np.append(1.0, np.cumprod(1 - ratio))[:-1]


def _places(ordered: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of each time among the distinct ones, and where each of these begins."""
    new = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    return np.cumsum(new) - 1, np.flatnonzero(new)


def _tied_times(rows: TimeOrdered, per_event: Floats) -> Floats:
    """Pairs of events at the same time, with different and with equal markers."""
    died = np.flatnonzero(rows.event)
    place = _places(rows.time[died])[0]
    tied = np.bincount(place)[place] > 1
    died, place = died[tied], place[tied]
    # one key sorts by time and within it by marker
    key = place * (int(rows.rank.max(initial=0)) + 1) + rows.rank[died]
    by_key = np.argsort(key)
    both = np.cumsum(np.append(False, np.diff(key[by_key]) > 0)[: len(key)])
    weight = rows.weight[died]
    own = per_event[died] if len(per_event) else np.ones(len(died))
    pairs = _pairs_within(both, weight[by_key], own[by_key])
    return np.array([_pairs_within(place, weight, own) - pairs, pairs])


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
