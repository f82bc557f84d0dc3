"""Follow-ups dealt out anew among the patients by a clinical model: nothing else connects patient and outcome."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
# Sets of events drawn at once, and how often before giving up: about one in sqrt(2 pi variance) has the right number.
DRAWN, ATTEMPTS = 64, 1000


def deal_follow_ups(
    time: Floats, event: Flags, linear_predictor: Floats, stratum: Integers | None, rng: np.random.Generator
) -> Integers:
    """Deal the observed follow-ups out to the patients, given the hazards of a Cox model.

    Parameters
    ----------
    time, event : (n,) the follow-ups. linear_predictor : (n,) log hazards of the patients. stratum : (n,) or None;
        follow-ups stay in their stratum.

    Returns
    -------
    (n,) the patient who gets each follow-up: one after the other in time, an event goes to one of those still under
    observation with a probability proportional to the hazard, a censoring to any of them (events first where tied).

    Notes
    -----
    Given the times, this is the distribution of who has which follow-up under proportional hazards and censoring that
    depends on nothing (the partial likelihood, read as probabilities; as the permutational algorithm of Abrahamowicz,
    MacKenzie and Esdaile 1996, JASA 91:1432). With all hazards equal it is a permutation of the patients.
    """
    dealt = np.empty(len(time), np.int64)
    strata = np.zeros(len(time), np.int64) if stratum is None else stratum
    for one in np.unique(strata):
        rows = np.flatnonzero(strata == one)
        dealt[rows] = rows[_dealt(time[rows], event[rows], linear_predictor[rows], rng)]
    return dealt


def _dealt(time: Floats, event: Flags, linear_predictor: Floats, rng: np.random.Generator) -> Integers:
    n = len(time)
    # who would be next, and after that: exponential clocks have no memory, so a removal by chance changes no order
    clock = np.log(rng.standard_exponential(n)) - linear_predictor
    waiting = np.argsort(-clock).tolist()
    anybody = rng.integers(np.arange(n, 0, -1)).tolist()
    dealt = np.empty(n, np.int64)
    for place, follow_up in enumerate(np.lexsort((~event, time)).tolist()):
        dealt[follow_up] = waiting.pop() if event[follow_up] else waiting.pop(anybody[place])
    return dealt


def deal_events(event: Flags, log_odds: Floats, rng: np.random.Generator) -> Integers:
    """Deal a binary outcome out to the patients, given the log odds of a logistic model; see `deal_follow_ups`.

    Every set of as many patients as had the event is drawn with its probability under the model, given that number.

    Raises
    ------
    FitError
        V43 the number of events is hardly possible under these log odds.
    """
    wanted, probability = int(event.sum()), 1 / (1 + np.exp(-log_odds))
    for _ in range(ATTEMPTS):
        drawn = rng.random((DRAWN, len(event))) < probability
        right = np.flatnonzero(drawn.sum(axis=1) == wanted)
        if len(right):
            happened = drawn[right[0]]
            dealt = np.empty(len(event), np.int64)
            dealt[event] = rng.permutation(np.flatnonzero(happened))
            dealt[~event] = rng.permutation(np.flatnonzero(~happened))
            return dealt
    rule = f"{wanted} events are hardly possible under the clinical model"
    raise FitError(Finding("V43", rule, "check the clinical model's calibration in its own patients"))
