"""Risk sets of the Fine-Gray model: who had a competing event stays at risk, with a falling weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from prognosis.competing.observation_weights import ObservationWeights, estimate_observation
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import RiskSets, build_risk_sets, merge_close_times

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class CompetingRows:
    """Rows of a regression for competing events.

    Parameters
    ----------
    design : (n, p) covariates, nothing missing. names : (p,) their names, for messages.
    outcome : event 0 censored, 1, 2, ... the causes. weight : (n,) case weights. offset : (n,) or None.
    group : (n,) index of the censoring group 0, 1, ...; None: one for all.
    """

    design: Floats
    names: tuple[str, ...]
    outcome: SurvivalArrays
    weight: Floats
    offset: Floats | None = None
    group: Integers | None = None


class CompetingSets(NamedTuple):
    """Rows with a competing event, after it.

    Parameters
    ----------
    row : (k,) place among all rows. start : (k,) index of the first event time after the own time.
    group : (k,) censoring group. own : (k,) W(own time). at : (C, G) W of each group at the event times.
    """

    row: Integers
    start: Integers
    group: Integers
    own: Floats
    at: Floats


class Subdistribution(NamedTuple):
    """Risk sets of one cause: before a competing event as in a Cox model, after it weighted.

    `time`, `entry` : (n,) with times that differ by rounding only made equal. `group` : (n,) censoring groups.
    `observation` : W of each group.
    """

    risk_sets: RiskSets
    competing: CompetingSets
    time: Floats
    entry: Floats | None
    group: Integers
    observation: tuple[ObservationWeights, ...]


def build_subdistribution(rows: CompetingRows, cause: int = 1, weighting: str = "crr") -> Subdistribution:
    """Sort the outcome once for a cause and estimate the weights of those who had another one.

    Parameters
    ----------
    weighting : ``crr`` or ``finegray``; see `fine_gray_regression.fit_fine_gray`.

    Raises
    ------
    FitError
        T32 when delayed entry leaves the weights without a definition.
    DataContractError
        T21 when entry and exit of a row are the same time but for rounding.
    """
    event, entry = rows.outcome.event, rows.outcome.entry
    merged = merge_close_times(rows.outcome.time, *(() if entry is None else (entry,)))
    time, entry = merged[0], (None if entry is None else merged[1])
    sets = build_risk_sets(time, event == cause, entry, weight=rows.weight)
    group = np.zeros(len(time), np.int64) if rows.group is None else rows.group
    other = (event > 0) & (event != cause)
    # survival::finegray leaves case weights out of the distribution of censoring.
    counted = np.ones(len(time)) if weighting == "finegray" else rows.weight
    observation = []
    for c in range(int(group.max()) + 1):
        inside = group == c
        observation.append(
            estimate_observation(
                time[inside],
                event[inside],
                None if entry is None else entry[inside],
                counted[inside],
                since=float(time[inside & other].min(initial=np.inf)),
                events_leave_first=weighting == "finegray",
            )
        )
    place = np.flatnonzero(other)
    own = np.empty(len(place))
    for c, w in enumerate(observation):
        own[group[place] == c] = w.before(time[place[group[place] == c]])
    competing = CompetingSets(
        row=place.astype(np.int64),
        start=sets.last[place],
        group=group[place],
        own=own,
        at=np.array([w.before(sets.time) for w in observation]),
    )
    return Subdistribution(sets, competing, time, entry, group, tuple(observation))
