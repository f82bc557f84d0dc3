"""Made-up patients whose true risk is known: a perfectly calibrated prediction, with censoring and competing events."""

from __future__ import annotations

import numpy as np

from prognosis.outcome import SurvivalArrays

HORIZON = np.array([5.0])


def true_risk(linear_predictor, horizons=HORIZON):
    """Probability of the event by each horizon, (n, h)."""
    return -np.expm1(-0.06 * np.exp(np.asarray(linear_predictor, float))[:, None] * horizons)


def followed(n, rng, horizons=HORIZON):
    """Outcome of n patients, uniformly censored between 1 and 12, with their true risk."""
    linear_predictor = rng.normal(size=n)
    time, censoring = rng.exponential(1 / (0.06 * np.exp(linear_predictor))), rng.uniform(1, 12, n)
    outcome = SurvivalArrays(np.minimum(time, censoring), (time <= censoring).astype(np.int64))
    return outcome, true_risk(linear_predictor, horizons)


def tied(n, rng, *, competing=True, delayed=False):
    """Outcome of n patients with heavy ties, of which two in three are events."""
    time = np.ceil(rng.exponential(10, n)) + delayed
    event = rng.integers(0, 3, n) if competing else (rng.random(n) < 0.6).astype(int)
    entry = np.floor(rng.uniform(0, 0.99, n) * np.minimum(time, 6)) if delayed else None
    return SurvivalArrays(time, event.astype(np.int64), entry)


def by_hand(time, event, horizon, cause=1):
    """Aalen-Johansen (1 - Kaplan-Meier without competing events) from its definition, one time after the other."""
    free, reached = 1.0, 0.0
    for when in np.unique(time[time <= horizon]):
        at_risk = (time >= when).sum()
        reached += free * ((time == when) & (event == cause)).sum() / at_risk
        free *= 1 - ((time == when) & (event > 0)).sum() / at_risk
    return reached
