"""What treating patients from a risk on would bring: net benefit, and the shares of right and wrong decisions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.evaluation import Evaluation
from prognosis.metrics.classification import classify
from prognosis.metrics.index import EVERY, Index, Reading, bare, reading, refuse_weights
from prognosis.metrics.measured import Measured
from prognosis.metrics.net_benefit import decision_curve
from prognosis.metrics.net_benefit_censored import net_benefit_censored

Floats = NDArray[np.float64]
SHARES = ("accuracy", "sensitivity", "specificity", "ppv", "npv")


def _net_benefit(e: Evaluation, errors: bool) -> Reading:
    if not e.outcome.timed:
        found = decision_curve(e.outcome.event, e.risk[:, 0], e.thresholds).model
        return Reading(found.estimate, *found.limits(), found.influence) if errors else bare(found.estimate)
    benefit = net_benefit_censored(e.outcome, e.risk, e.horizons, e.thresholds, weight=e.weight)["model"]
    if not errors:
        return bare(benefit.estimate.ravel())
    lower, upper = benefit.limits()
    influence = benefit.influence.reshape(len(benefit.influence), -1)
    return Reading(benefit.estimate.ravel(), lower.ravel(), upper.ravel(), influence)


def _share(name: str) -> Callable[[Evaluation, bool], Reading]:
    """Return the reading of a share of a binary outcome; exact limits (Clopper and Pearson)."""
    return partial(_shares, name=name)


def _shares(e: Evaluation, errors: bool, name: str) -> Reading:  # noqa: ARG001
    found = [classify(e.outcome.event, e.risk[:, 0], threshold) for threshold in e.thresholds]
    parts = [cut.proportions[name] for cut in found]
    estimate = np.array([part.estimate for part in parts])
    lower, upper = np.array([part.limits() for part in parts]).T
    if name == "base_rate":
        return Reading(estimate, lower, upper, np.empty((0, len(parts))))
    influence = np.column_stack([cut.errors.influence[:, cut.errors.names.index(name)] for cut in found])
    return Reading(estimate, lower, upper, influence)


def _base_rate(e: Evaluation, errors: bool) -> Reading:
    """Observed risk: the share of events, or at each horizon by Kaplan-Meier or Aalen-Johansen."""
    if e.outcome.timed:
        refuse_weights(e, "base_rate")
        observed = e.censoring.observed
        if not errors:
            return bare(observed)
        unknown = np.full(len(observed), np.nan)
        return reading(Measured("base rate", e.horizons, observed, unknown, np.empty((0, len(observed)))))
    return _shares(Evaluation(e.outcome, e.marker, risks=e.risk, thresholds=(0.5,)), errors, "base_rate")


NET_BENEFIT = Index("net_benefit", _net_benefit, 60, EVERY, by_horizon=True, by_threshold=True, higher_is_better=True)
SHARE: dict[str, Any] = {"by_threshold": True, "perfect": 1.0, "higher_is_better": True, "bounds": (0.0, 1.0)}
ACCURACY, SENSITIVITY, SPECIFICITY, PPV, NPV = (
    Index(name, _share(name), 61 + place, ("binary",), **SHARE) for place, name in enumerate(SHARES)
)
BASE_RATE = Index("base_rate", _base_rate, 70, by_horizon=True, bounds=(0.0, 1.0))
