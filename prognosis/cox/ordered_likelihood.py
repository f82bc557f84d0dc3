"""Cox partial likelihood of many rows in time order: two passes over the design an evaluation, all room made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.kernels.ordered_cox import moments, spread_hazards, sum_risks
from prognosis.newton import State
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Room:
    """Arrays that every evaluation writes over; numpy asks for large pages, which kernels do not."""

    risk: Floats
    hazard: Floats
    closing: Floats
    s0: Floats
    d0: Floats
    folds: Floats


@dataclass(frozen=True)
class OrderedLikelihood:
    """Log-likelihood, score and information of rows in time order, without delayed entry.

    Parameters
    ----------
    design : (n, p). offset : (n,) or None. sets : of these rows. leaves, died : (n,), see the kernel.
    weight : (n,), 0 where a row is never at risk. event_weight : (n,), 0 without an event.
    room : written over each time.
    """

    design: Floats
    offset: Floats | None
    sets: RiskSets
    leaves: NDArray[np.int32]
    died: NDArray[np.bool_]
    weight: Floats
    event_weight: Floats
    room: _Room

    def __call__(self, beta: Floats) -> State:
        """Evaluate at `beta`; not finite where the risks are too far apart for the arithmetic."""
        sets, leaves, died, room = self.sets, self.leaves, self.died, self.room
        with np.errstate(all="ignore"):
            loglik = self._write_risks(beta)
            sum_risks(room.risk, leaves, died, sets.opens, room.s0, room.d0)
            times = (sets.opens, sets.events, sets.death_weight)
            sums, factors = (room.s0, room.d0), (room.hazard, room.closing, room.folds)
            loglik -= spread_hazards(room.risk, leaves, died, times, sums, factors)
            rows = (room.risk, room.hazard, room.closing, self.event_weight, leaves, died)
            score, information = moments(self.design, rows, sets.opens, room.folds)
        return loglik, score, information

    def _write_risks(self, beta: Floats) -> float:
        """Write the weighted relative risks, the largest one before weighting; return the events' summed logs."""
        risk = np.dot(self.design, beta, out=self.room.risk)
        if self.offset is not None:
            risk += self.offset
        risk -= risk.max()
        events = float(self.event_weight @ risk)
        np.exp(risk, out=risk)
        risk *= self.weight
        return events


def ordered_likelihood(design: Floats, offset: Floats | None, sets: RiskSets, *, efron: bool) -> OrderedLikelihood:
    """Prepare the likelihood of rows that `in_time_order` has sorted; none of them may enter late."""
    n, times = len(design), len(sets.time)
    died = sets.death >= 0
    tied = times if efron and int(sets.events.max(initial=0)) > 1 else 0
    room = _Room(np.empty(n), np.empty(n), np.empty(n), np.empty(times), np.empty(tied), np.empty((tied, 2)))
    leaves = np.where(sets.first < sets.last, sets.last - 1, -1).astype(np.int32)
    weight, event_weight = np.where(leaves >= 0, sets.weight, 0.0), np.where(died, sets.weight, 0.0)
    return OrderedLikelihood(design, offset, sets, leaves, died, weight, event_weight, room)
