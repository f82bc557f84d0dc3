"""The probability that another event comes first, from models that know the hazards of all causes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from prognosis.boosting.competing import CauseSpecificBoosted
from prognosis.competing.cause_specific import CauseSpecificEstimate
from prognosis.forest.estimate import ForestEstimate
from prognosis.patients import Patients

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]


def others_first(model: FittedModel, patients: Patients, horizons: Floats) -> Floats | None:
    """Probability that a competing event comes first by each horizon, (m, h), all competing causes together.

    With the risk of the event and the probability of neither it adds up to 1. None where the model does not know the
    other causes: Fine-Gray models (fitted one by one, their incidences need not add up), models of a window, published
    ones, and endpoints without competing events.

    Notes
    -----
    Sources: Benichou and Gail (1990) for hazards of all causes; Ishwaran et al. (2014) for forests; Austin, Steyerberg
    and Putter (2021) on incidences of Fine-Gray models that sum to more than 1.
    """
    turned = turned_estimates(model.estimate)
    if not turned:
        return None
    frame = model.door.admit(patients).frame
    parts = [replace(model.answering, estimate=each).risk(frame, horizons, 0.95, "log")[0] for each in turned]
    return np.asarray(np.sum(parts, axis=0), float)


def turned_estimates(estimate: Any) -> list[Any]:
    """Return the estimate once for each competing cause, with that cause as the event of interest; [] without any."""
    if isinstance(estimate, CauseSpecificEstimate | CauseSpecificBoosted):
        parts: Any = estimate
        return [
            replace(parts, models=_first(parts.models, k), causes=_first(parts.causes, k))
            for k in range(1, len(parts.causes))
        ]
    if isinstance(estimate, ForestEstimate):
        hazard = estimate.forest.hazard
        orders = [_first(tuple(range(hazard.shape[1])), k) for k in range(1, hazard.shape[1])]
        return [
            replace(estimate, forest=replace(estimate.forest, hazard=np.ascontiguousarray(hazard[:, list(order)])))
            for order in orders
        ]
    return []


def _first(items: tuple[Any, ...], k: int) -> tuple[Any, ...]:
    """Put item k first and leave the others in their order."""
    return (items[k], *items[:k], *items[k + 1 :])
