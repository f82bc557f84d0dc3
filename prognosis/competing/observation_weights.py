"""How probable it is to be still under observation: the weight of a patient after a competing event.

``W(t) = G(t-) H(t-)``: not yet censored and, with delayed entry, already entered. Only ratios of W are used.
Sources: Fine and Gray (1999); with delayed entry Geskus (2011), Biometrics 67:39-49.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Below this share of the risk set, those who do not enter or leave are nobody but rounding.
NOBODY = 1e-9


@dataclass(frozen=True)
class ObservationWeights:
    """Product-limit estimate of W in one censoring group.

    Parameters
    ----------
    time : (U,) distinct times at which somebody is censored or enters.
    censored, at_risk : (U,) hazard of censoring, and the weight of those who could be.
    entered, present : (U,) reverse-time hazard of entering, and the weight of those who could have.
    product : (U + 1,) W after the first 0, 1, ..., U of these times.
    end : last time of the group; W is zero beyond.
    """

    time: Floats
    censored: Floats
    at_risk: Floats
    entered: Floats
    present: Floats
    product: Floats
    end: float

    def before(self, t: Floats) -> Floats:
        """W(t) = G(t-) H(t-) at some times."""
        return np.where(t > self.end, 0.0, self.product[np.searchsorted(self.time, t)])


def estimate_observation(
    time: Floats,
    event: Integers,
    entry: Floats | None,
    weight: Floats,
    *,
    since: float,
    events_leave_first: bool = False,
) -> ObservationWeights:
    """Estimate W by the product-limit method.

    Parameters
    ----------
    time, event, entry, weight : (n,) of one censoring group; event 0 is censored.
    since : earliest competing event; entries before it concern no ratio that is needed.
    events_leave_first : who has an event at the time of a censoring is not at risk of it (as ``survival::finegray``),
        else at risk (as ``cmprsk::crr``).

    Raises
    ------
    FitError
        T32 when at some time after `since` everybody under observation has just entered, or everybody is censored
        while others enter later.
    """
    left = event == 0
    moments = np.unique(time[left] if entry is None else np.concatenate([time[left], entry]))
    still = _weight_from(time, weight, moments)
    if events_leave_first:
        still = still - _weight_at(time[~left], weight[~left], moments)
    censored = _weight_at(time[left], weight[left], moments)
    entered, present = np.zeros_like(still), np.ones_like(still)
    if entry is not None:
        still = still - _weight_from(entry, weight, moments)
        after = np.nextafter(moments, np.inf)
        present = _weight_from(time, weight, after) - _weight_from(entry, weight, after)
        entered = np.where(moments >= since, _weight_at(entry, weight, moments), 0.0)
        present = np.where(entered > 0, present, 1.0)
    # A time at which somebody enters and nobody leaves has no risk of censoring.
    at_risk = np.where(censored > 0, still, 1.0)
    leaving, entering = censored / at_risk, entered / present
    _check_observed(moments, leaving, entering, float(time.max()), since)
    factors = (1 - leaving) / (1 - entering)
    product = np.concatenate([[1.0], np.cumprod(factors)])
    return ObservationWeights(moments, leaving, at_risk, entering, present, product, float(time.max()))


def _weight_from(when: Floats, weight: Floats, moments: Floats) -> Floats:
    """Sum the weight of the rows whose time is not before each moment."""
    order = np.argsort(when)
    total = np.concatenate([np.cumsum(weight[order][::-1])[::-1], [0.0]])
    return np.asarray(total[np.searchsorted(when[order], moments)], float)


def _weight_at(when: Floats, weight: Floats, moments: Floats) -> Floats:
    """Sum the weight of the rows whose time is each moment."""
    inside = np.isin(when, moments)
    return np.bincount(np.searchsorted(moments, when[inside]), weight[inside], len(moments)).astype(float)


def _check_observed(moments: Floats, leaving: Floats, entering: Floats, end: float, since: float) -> None:
    all_new = entering > 1 - NOBODY
    none_left = (leaving > 1 - NOBODY) & (moments >= since) & (moments < end)
    if all_new.any() or none_left.any():
        when = moments[all_new | none_left][0]
        what = "has just entered" if all_new.any() else "is censored"
        rule = (
            f"delayed entry: at time {when:g} everybody under observation {what}, so that nobody tells how long those "
            "with a competing event would have been followed"
        )
        raise FitError(Finding("T32", rule, "leave the first entries out, or use Cox, which needs no such weights"))
