"""The outcome as covariates of an imputation model: cumulative hazard and event indicator of every cause."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import merge_close_times

Floats = NDArray[np.float64]


def nelson_aalen(outcome: SurvivalArrays, cause: int = 1) -> Floats:
    """Nelson-Aalen cumulative hazard of one cause at each row's own time, (n,).

    Under delayed entry it is the hazard gathered from entry to the row's time, which is what the row's likelihood
    knows. Ties as Nelson and Aalen (d/Y), as White and Royston (2009); ``mice::nelsonaalen`` adds tied events one by
    one (Fleming and Harrington).
    """
    # times that differ by rounding are one time, as in every fit
    time, *late = merge_close_times(outcome.time, *(() if outcome.entry is None else (outcome.entry,)))
    entry = late[0] if late else None
    moments, events = np.unique(time[outcome.event == cause], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), moments, side="left")
    if entry is not None:
        at_risk = at_risk - (len(entry) - np.searchsorted(np.sort(entry), moments, side="left"))
    hazard = np.concatenate([[0.0], np.cumsum(events / at_risk)])
    gathered = hazard[np.searchsorted(moments, time, side="right")]
    return gathered if entry is None else gathered - hazard[np.searchsorted(moments, entry, side="right")]


def outcome_covariates(outcome: SurvivalArrays) -> Floats:
    """Return the columns by which the outcome enters the imputation of its own (training) rows, (n, k).

    For each cause the Nelson-Aalen hazard and the event indicator (White and Royston 2009; with competing events one
    pair a cause, Bartlett and Taylor 2016); for a binary outcome the outcome itself.
    """
    causes = [int(cause) for cause in np.unique(outcome.event) if cause > 0]
    happened = [(outcome.event == cause).astype(float) for cause in causes]
    hazards = [nelson_aalen(outcome, cause) for cause in causes] if outcome.timed else []
    return np.column_stack([*hazards, *happened]) if causes else np.empty((len(outcome.event), 0))
