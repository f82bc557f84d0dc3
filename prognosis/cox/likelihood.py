"""Cox partial likelihood with its derivatives over presorted risk sets."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.kernels.cox_information import information
from prognosis.kernels.cox_likelihood import gradient, over_risk_time, workspace
from prognosis.newton import State
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]
NOBODY = np.zeros((0, 1))


def evaluate(
    design: Floats, offset: Floats, sets: RiskSets, beta: Floats, efron: bool, room: tuple[Any, ...] | None = None
) -> State:
    """Return log-likelihood, score (p,) and information (p, p) at `beta`.

    Not finite where the risks are too far apart for the arithmetic; a step of a search halves then. `room` : of
    `workspace`, to be used again by every evaluation of a search.
    """
    room = workspace(design, sets) if room is None else room
    loglik, score, ties = gradient(design, offset, sets, beta, efron, room)
    late = over_risk_time(np.ascontiguousarray(ties[:, 1:2]), sets) if sets.delayed else NOBODY
    return loglik, score, information(design, sets, ties, late, room)
