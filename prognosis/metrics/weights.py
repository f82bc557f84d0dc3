"""Inverse-probability-of-censoring weights at horizons, from the reverse Kaplan-Meier of the same patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.horizons import checked_horizons
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import ordered_times

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class CensoringWeights:
    """What is known of n patients at h horizons, and the probability of being known; patients sorted by time.

    Parameters
    ----------
    order : (n,) rows of the patients by time. time, event : (n,) in that order; 0 censored, 1 event, 2.. competing.
    ends : (n,) index after the last patient with the same time, for the first of them; 0 for the others.
    before : (n,) G(T-), probability of being uncensored just before the own time.
    horizons : (h,). known : (h,) number of patients who have left by each horizon.
    at_horizon : (h,) G(t), probability of being uncensored at each horizon.
    """

    order: Integers
    time: Floats
    event: Integers
    ends: Integers
    before: Floats
    horizons: Floats
    known: Integers
    at_horizon: Floats

    @property
    def weights(self) -> Floats:
        """(n, h) weights in the order the patients were given.

        1 / G(T-) for who had an event (of any cause) by the horizon, 1 / G(t) for who is still at risk, 0 for who was
        censored before.
        """
        left = np.where(self.event > 0, 1 / self.before, 0.0)
        place = np.arange(len(self.time))[:, None]
        out = np.empty((len(self.time), len(self.horizons)))
        out[self.order] = np.where(place < self.known, left[:, None], 1 / self.at_horizon)
        return out

    @property
    def once_left(self) -> tuple[Floats, Floats]:
        """(n,) weights of a patient who has left, by time: as one with the event, and as one with another event."""
        inverse = 1 / self.before
        return np.where(self.event == 1, inverse, 0.0), np.where(self.event > 1, inverse, 0.0)

    @property
    def observed(self) -> Floats:
        """(h,) probability of the event of interest by each horizon: 1 - Kaplan-Meier, or Aalen-Johansen."""
        weighted = np.append(0.0, np.cumsum((self.event == 1) / self.before))
        return np.asarray(weighted[self.known] / len(self.time))


def censoring_weights(outcome: SurvivalArrays, horizons: ArrayLike) -> CensoringWeights:
    """Estimate inverse-probability-of-censoring weights by the reverse Kaplan-Meier of all patients.

    Events leave before censorings at the same time. With competing events every event ends the observation, and only
    censorings count for G.

    Parameters
    ----------
    outcome : of n patients. horizons : (h,) times in the unit of the outcome.

    Raises
    ------
    PredictionError
        M03 nobody had the event; M07 nobody had it by a horizon; M05 a horizon at which nobody is left uncensored;
        N29 delayed entry; M09 a binary outcome; P12 horizons that are no positive numbers.

    Notes
    -----
    Sources: Graf et al. (1999), Gerds and Schumacher (2006); the rule at ties is that of ``riskRegression::Score``
    with ``cens.model="km"``. Times that differ by rounding only are one time.
    """
    times = checked_horizons(horizons)
    if outcome.entry is not None:
        rule = "weights for censoring need the censoring distribution, which delayed entry does not give"
        raise PredictionError(Finding("N29", rule, "use Harrell's C, or patients seen from the time origin"))
    if not outcome.timed:
        raise PredictionError(Finding("M09", "a binary outcome has no times to weigh by", "use the binary metrics"))
    check_events(outcome)
    n = len(outcome.time)
    order, time = ordered_times(outcome.time)
    event = outcome.event[order]
    known = np.searchsorted(time, times, side="right")
    first = np.flatnonzero(np.append(True, time[1:] != time[:-1]))
    ends = np.zeros(n, np.int64)
    ends[first] = np.append(first[1:], n)
    before, at_horizon = _reverse_kaplan_meier(event, first, known)
    _check_horizons(times, event, time, known, at_horizon)
    return CensoringWeights(order, time, event, ends, before, times, known, at_horizon)


def check_events(outcome: SurvivalArrays) -> None:
    """Refuse patients without an event of interest.

    Raises
    ------
    PredictionError
        M03 nobody had the event.
    """
    if not (outcome.event == 1).any():
        rule = f"0 events among {len(outcome.event)} patients: predictions cannot be judged"
        raise PredictionError(Finding("M03", rule, "validate in patients with events, or follow them longer"))


def _reverse_kaplan_meier(event: Integers, first: Integers, known: Integers) -> tuple[Floats, Floats]:
    """G just before each patient's time, and after the first `known` patients."""
    n = len(event)
    censored = np.add.reduceat(event == 0, first, dtype=np.int64)
    deaths = np.diff(np.append(first, n)) - censored
    staying = n - first - deaths
    curve = np.append(1.0, np.cumprod(1 - censored / np.maximum(staying, 1)))
    group = np.searchsorted(first, known, side="left")
    return np.repeat(curve[:-1], np.diff(np.append(first, n))), curve[group]


def _check_horizons(times: Floats, event: Integers, time: Floats, known: Integers, at_horizon: Floats) -> None:
    reached = np.append(0, np.cumsum(event == 1))[known]
    faults = [
        Finding(
            "M05",
            f"G(t)=0 at horizon {t:g}: nobody is uncensored there, the last censoring is at tau={time[-1]:g}",
            f"give horizons below tau={time[-1]:g}",
        )
        for t in times[at_horizon <= 0]
    ]
    faults += [
        Finding("M07", f"0 events before t={t:g}", "give later horizons, or leave this one out")
        for t in times[(reached == 0) & (at_horizon > 0)]
    ]
    if faults:
        raise PredictionError(*faults)
