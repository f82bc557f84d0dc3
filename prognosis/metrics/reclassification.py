"""Who changes the risk class when one prediction takes the place of another, with what this cannot show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import Finding, PredictionError, raise_findings, warn_findings
from prognosis.metrics.by_horizon import checked_risk
from prognosis.metrics.net_benefit import read_thresholds
from prognosis.metrics.weights import censoring_weights, check_events
from prognosis.normal import z_of_level
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
MISUSE = (
    "net reclassification can favour a model that is worse, even one with noise added or badly calibrated risks "
    "(Hilden and Gerds 2014; Pepe and others 2014)"
)
ADVICE = "compare net benefit, the Brier score and calibration; report both parts and the table, never the sum alone"


@dataclass(frozen=True, eq=False)
class Reclassification:
    """Changes of risk class from one prediction (`over`) to another (`of`) by one horizon.

    Parameters
    ----------
    horizon : not a number for a binary outcome. thresholds : (m,) borders of the classes.
    events, others : (m + 1, m + 1) expected numbers of patients with the event and without, class by `over` in rows,
        by `of` in columns; censored patients are spread by weights.
    nri_events : share of the events that move up minus those that move down. nri_others : share of the others that move
        down minus those that move up. std_err : (2,) of the two. idi : difference in discrimination slopes.
    warnings : M14, what this measure cannot show.
    """

    horizon: float
    thresholds: Floats
    events: Floats
    others: Floats
    nri_events: float
    nri_others: float
    std_err: Floats
    idi: float
    warnings: tuple[Finding, ...]

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """Return the two parts of the net reclassification: part, estimate, std_err, lower, upper. No sum is given."""
        estimate, width = np.array([self.nri_events, self.nri_others]), z_of_level(level) * self.std_err
        limits = {"lower": np.clip(estimate - width, -1, 1), "upper": np.clip(estimate + width, -1, 1)}
        return pd.DataFrame({"part": ["events", "others"], "estimate": estimate, "std_err": self.std_err, **limits})


def reclassification(
    outcome: SurvivalArrays, of: ArrayLike, over: ArrayLike, horizon: float | None, thresholds: ArrayLike
) -> Reclassification:
    """Cross-classify patients by two predicted risks.

    Parameters
    ----------
    outcome : of n patients, binary too. of, over : (n,) risks by the horizon. horizon : None for a binary outcome.
    thresholds : borders of the risk classes, between 0 and 1; a patient is in the class from its border on.

    Raises
    ------
    PredictionError
        M03, M05, M07, N29 of `censoring_weights`; V26 thresholds; M09 a horizon where there is no time, or none.
    DataContractError
        M01, M09 risks that are missing or no probabilities.

    Warns
    -----
    M14, always: the measure is often misused.

    Notes
    -----
    Sources: Pencina et al. (2008, 2011), with censored patients by inverse probability of censoring weights; weights
    count as known in the errors. With competing events whoever had one belongs to the others.
    """
    if outcome.timed == (horizon is None):
        rule = "a time to event is judged by a horizon, a binary outcome by none"
        raise PredictionError(Finding("M09", rule, "give horizon=12 or horizon=None"))
    check_events(outcome)
    new, old = (checked_risk(risk, (len(outcome.event), 1))[:, 0] for risk in (of, over))
    cuts = np.unique(read_thresholds(thresholds))
    weight, happened = _judged(outcome, horizon)
    if not (weight * ~happened).any():
        raise_findings([Finding("M05", "nobody is known to be free of the event", "give an earlier horizon")],
                       PredictionError)  # fmt: skip
    before, after = (np.searchsorted(cuts, risk, side="right") for risk in (old, new))
    shape = (len(cuts) + 1,) * 2
    tables = [np.zeros(shape), np.zeros(shape)]
    for table, group in zip(tables, (happened, ~happened), strict=True):
        np.add.at(table, (before[group], after[group]), weight[group])
    moved = np.sign(after - before)
    parts = [_mean(moved, weight * happened), _mean(-moved, weight * ~happened)]
    slopes = [_mean(risk, weight * happened)[0] - _mean(risk, weight * ~happened)[0] for risk in (new, old)]
    doubt = (Finding("M14", MISUSE, ADVICE, severity="warning"),)
    warn_findings(doubt)
    return Reclassification(
        horizon=float("nan") if horizon is None else float(horizon),
        thresholds=cuts,
        events=tables[0],
        others=tables[1],
        nri_events=parts[0][0],
        nri_others=parts[1][0],
        std_err=np.array([part[1] for part in parts]),
        idi=slopes[0] - slopes[1],
        warnings=doubt,
    )


def _judged(outcome: SurvivalArrays, horizon: float | None) -> tuple[Floats, NDArray[np.bool_]]:
    """Weight of each patient, and whether he had the event by the horizon, (n,) each."""
    happened = outcome.event == 1
    if horizon is None:
        return np.ones(len(happened)), happened
    weights = censoring_weights(outcome, [horizon]).weights[:, 0]
    return weights, happened & (outcome.time <= horizon)


def _mean(values: NDArray[np.generic], weight: Floats) -> tuple[float, float]:
    """Weighted mean and its standard error."""
    share = weight / weight.sum()
    numbers = np.asarray(values, float)
    mean = float(share @ numbers)
    return mean, float(np.sqrt((share**2 * (numbers - mean) ** 2).sum()))
