"""Cox partial likelihood of many rows in time order: two passes over the design an evaluation, all room made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.counted_rows import Drawn
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
    design : (n, p). offset : (n,) or None. times : opens, events, death_weight of the event times. leaves, died :
        (n,), see the kernel.
    weight : (n,), 0 where a row is never at risk. event_weight : (n,), 0 without an event.
    room : written over each time.
    """

    design: Floats
    offset: Floats | None
    times: tuple[NDArray[np.bool_], NDArray[np.int64], Floats]
    leaves: NDArray[np.int32]
    died: NDArray[np.bool_]
    weight: Floats
    event_weight: Floats
    room: _Room

    def __call__(self, beta: Floats) -> State:
        """Evaluate at `beta`; not finite where the risks are too far apart for the arithmetic."""
        opens, leaves, died, room = self.times[0], self.leaves, self.died, self.room
        with np.errstate(all="ignore"):
            loglik = self._write_risks(beta)
            sum_risks(room.risk, leaves, died, opens, room.s0, room.d0)
            sums, factors = (room.s0, room.d0), (room.hazard, room.closing, room.folds)
            loglik -= spread_hazards(room.risk, leaves, died, self.times, sums, factors)
            rows = (room.risk, room.hazard, room.closing, self.event_weight, leaves, died)
            score, information = moments(self.design, rows, opens, room.folds)
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
    died = sets.death >= 0
    leaves = np.where(sets.first < sets.last, sets.last - 1, -1).astype(np.int32)
    times = (sets.opens, sets.events, sets.death_weight)
    weight, event_weight = np.where(leaves >= 0, sets.weight, 0.0), np.where(died, sets.weight, 0.0)
    room = _room(len(design), sets.events, efron)
    return OrderedLikelihood(design, offset, times, leaves, died, weight, event_weight, room)


def counted_likelihood(design: Floats, drawn: Drawn, *, efron: bool) -> OrderedLikelihood:
    """Prepare the likelihood of rows that count several times; `design` (k, p) holds them as they were drawn."""
    opens = np.zeros(len(drawn.events), bool)
    opens[:1] = True
    times = (opens, drawn.events, drawn.events.astype(float))
    weight, event_weight = np.where(drawn.leaves >= 0, drawn.copies, 0.0), np.where(drawn.own, drawn.copies, 0.0)
    room = _room(len(design), drawn.events, efron)
    return OrderedLikelihood(design, None, times, drawn.leaves, drawn.own, weight, event_weight, room)


def _room(n: int, events: NDArray[np.int64], efron: bool) -> _Room:
    tied = len(events) if efron and int(events.max(initial=0)) > 1 else 0
    return _Room(np.empty(n), np.empty(n), np.empty(n), np.empty(len(events)), np.empty(tied), np.empty((tied, 2)))
