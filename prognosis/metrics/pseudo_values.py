"""Jackknife pseudo-values: what each patient, censored or not, says about the risk by a horizon."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.curves.counts import Counts
from prognosis.curves.rows import SortedRows, check_choice
from prognosis.metrics.incidence_influence import observed_risk
from prognosis.metrics.risk_comparison import refuse, sort_outcome
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
Jackknife = Literal["leave-one-out", "infinitesimal"]


def pseudo_incidence(outcome: SurvivalArrays, horizons: ArrayLike, *, jackknife: Jackknife = "leave-one-out") -> Floats:
    """Return pseudo-values of the risk of the event of interest by each horizon, (n, h).

    ``n F(t) - (n - 1) F_-i(t)`` with F from all patients and from all but one: 1 - Kaplan-Meier, with competing
    events Aalen-Johansen. Without censoring before t it is the event indicator. Every leave-one-out curve is made
    of running sums of the full one, O(n log n) in all.

    Parameters
    ----------
    jackknife : ``leave-one-out``, exactly as R's ``prodlim::jackknife``; ``infinitesimal``, F(t) plus n times the
        influence of the patient, as R's ``survival::pseudo``.

    Raises
    ------
    PredictionError
        P12, M05 horizons; M03, M07 no event by one of them; V33 delayed entry, with which a left-out patient says
        nothing about the time before the entry.
    FitError
        Q03 an unknown jackknife.

    Source: Andersen, Klein and Rosthoj (2003); Andersen and Pohar Perme (2010).
    """
    check_choice("jackknife", jackknife, get_args(Jackknife))
    refuse("a pseudo-value", entry=outcome.entry is not None, way_out='method="cox", or groups of risk')
    rows, counts, _, times = sort_outcome(outcome, horizons)
    risk, influence = observed_risk(rows, counts, times)
    n = len(rows.time)
    if jackknife == "infinitesimal":
        values = risk + n * influence
    else:
        values = n * risk - (n - 1) * _left_out(rows, counts, times)
    result = np.empty_like(values)
    result[rows.order] = values
    return result


def pseudo_survival(outcome: SurvivalArrays, horizons: ArrayLike, *, jackknife: Jackknife = "leave-one-out") -> Floats:
    """Return pseudo-values of the probability to be free of any event by each horizon, (n, h).

    See `pseudo_incidence`; without competing events it is 1 minus that.
    """
    happened = (outcome.event > 0).astype(np.int64)
    return 1 - pseudo_incidence(SurvivalArrays(outcome.time, happened, outcome.entry), horizons, jackknife=jackknife)


def _left_out(rows: SortedRows, counts: Counts, horizons: Floats) -> Floats:
    """Return the incidence by each horizon without each row, (n, h).

    A row is missed by the risk set at all its times, at its own by the events too, and by nothing later: the parts
    before, at and after its own time are multiplied.
    """
    place, deaths, own = counts.place, counts.deaths, counts.n_event[:, 0]
    others = np.maximum(counts.n_risk - 1, 1.0)  # where nobody else is at risk nobody else has an event
    before = np.concatenate([[1.0], np.cumprod(np.maximum(1 - deaths / others, 0.0))])
    gathered = np.concatenate([[0.0], np.cumsum(before[:-1] * own / others)])
    free = before[place] * (1 - (deaths[place] - (rows.event > 0)) / others[place])
    until = gathered[place] + before[place] * (own[place] - (rows.event == 1)) / others[place]
    survival = counts.survival
    reached = np.cumsum(np.concatenate([[1.0], survival[:-1]]) * own / counts.n_risk)
    inverse = np.divide(1.0, survival, out=np.zeros_like(survival), where=survival > 0)
    last = np.searchsorted(counts.time, horizons, side="right") - 1
    after = until[:, None] + free[:, None] * (reached[last] - reached[place][:, None]) * inverse[place][:, None]
    return np.where(place[:, None] <= last, after, gathered[last + 1])
