"""How well a prediction tells patients apart: Harrell's and Uno's C, AUC at horizons."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.evaluation import Evaluation
from prognosis.metrics.by_horizon import checked_risk
from prognosis.metrics.concordance import TimeWeight, concordance
from prognosis.metrics.discrimination import harrell_c
from prognosis.metrics.index import Index, Reading, bare, reading, refuse_weights
from prognosis.metrics.measured import Measured
from prognosis.metrics.roc import roc_auc
from prognosis.metrics.time_dependent import auc_of

Floats = NDArray[np.float64]


def _harrell(e: Evaluation, errors: bool) -> Reading:
    return _concordance(e, "n", None) if errors else bare(np.array([harrell_c(e)]))


def _uno(e: Evaluation, errors: bool) -> Reading:
    found = _concordance(e, "n/G2", float(e.horizons.max()) if len(e.horizons) else None)
    return found if errors else bare(found.estimate)


def _concordance(e: Evaluation, time_weight: TimeWeight, tau: float | None) -> Reading:
    time, happened = e.pairs
    found = concordance(time, happened, e.marker, weight=e.weight, entry=e.outcome.entry, stratum=e.stratum,
                        time_weight=time_weight, tau=tau)  # fmt: skip
    nowhere, value, error = (np.array([number]) for number in (np.nan, found.concordance, found.se))
    return reading(Measured("C", nowhere, value, error, found.influence[:, None]))


def _auc(e: Evaluation, errors: bool) -> Reading:
    refuse_weights(e, "auc")
    if not e.outcome.timed:
        if not errors:
            return bare(np.array([harrell_c(e)]))
        area = roc_auc(e.outcome.event, e.risk[:, 0])
        return Reading(area.estimate, *area.limits(), area.influence)
    scores = checked_risk(e.risk, e.risk.shape, probability=False)
    return reading(auc_of(e.censoring, scores, errors=errors), errors)


def _chance(e: Evaluation) -> Floats:  # noqa: ARG001
    return np.array([0.5])


C: dict[str, Any] = {"perfect": 1.0, "higher_is_better": True, "bounds": (0.0, 1.0), "no_information": _chance}
HARRELL = Index("harrell_c", _harrell, 10, internal=True, **C)
UNO = Index("uno_c", _uno, 11, ("time_to_event",), **C)
AUC = Index("auc", _auc, 20, by_horizon=True, internal=True, **C)
