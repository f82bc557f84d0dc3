"""Harrell's and Uno's C of predictions with influence errors, in the form of the other measures."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from cohorts.errors import Finding, PredictionError, warn_findings
from prognosis.metrics.by_horizon import checked_risk
from prognosis.metrics.concordance import TimeWeight, concordance
from prognosis.metrics.measured import Measured
from prognosis.metrics.time_dependent import find_constant
from prognosis.metrics.weights import check_events
from prognosis.outcome import SurvivalArrays, pairs_of

Kind = Literal["harrell", "uno"]
TIME_WEIGHT: dict[str, TimeWeight] = {"harrell": "n", "uno": "n/G2"}


def concordance_index(
    outcome: SurvivalArrays, score: ArrayLike, *, kind: Kind = "harrell", tau: float | None = None
) -> Measured:
    """Estimate the share of comparable pairs in which the earlier event has the higher score, ties half.

    Parameters
    ----------
    outcome : of n patients; delayed entry is allowed for Harrell's. score : (n,) higher for a higher risk.
    kind : ``harrell``, or ``uno`` which weighs pairs by the inverse squared probability of being uncensored.
    tau : later events do not count; advisable for Uno's, whose weights grow towards the end of follow-up.

    Returns
    -------
    One value, at the horizon `tau` (infinite without). A patient with a competing event is overtaken by nobody
    (Wolbers et al. 2009). Of a binary outcome it is the area under the ROC curve.

    Raises
    ------
    PredictionError
        M03 nobody had the event; N29 Uno's with delayed entry, competing events or a binary outcome, or another kind.
    DataContractError
        M01, M09 a score that is missing, or not one a patient.

    Warns
    -----
    M04 when all patients have the same score.

    Notes
    -----
    Sources: Harrell et al. (1982), Uno et al. (2011); ``survival::concordance(reverse=TRUE)`` with ``timewt`` n or
    n/G2 and ``ymax=tau``, the error the infinitesimal jackknife. The weights of Uno's count as known in the error.
    """
    _check(outcome, kind)
    values = checked_risk(score, (len(outcome.event), 1), probability=False)
    constant = find_constant(values)
    warn_findings(constant)
    time, happened = pairs_of(outcome)
    found = concordance(time, happened, values[:, 0], entry=outcome.entry, time_weight=TIME_WEIGHT[kind], tau=tau)
    horizon = np.array([np.inf if tau is None else tau])
    return Measured(f"{kind.capitalize()}'s C", horizon, np.array([found.concordance]), np.array([found.se]),
                    found.influence[:, None], warnings=constant)  # fmt: skip


def _check(outcome: SurvivalArrays, kind: str) -> None:
    check_events(outcome)
    if kind not in get_args(Kind):
        raise PredictionError(Finding("N29", f"unknown kind of concordance '{kind}'", "harrell or uno"))
    if kind == "uno" and (not outcome.timed or (outcome.event > 1).any()):
        rule = "Uno's C is defined for one kind of event at known times"
        raise PredictionError(Finding("N29", rule, "use Harrell's C, or the AUC at horizons"))
