"""Outcome and predicted risks at horizons, checked and sorted once for every measure that compares them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import DataContractError, Finding, PredictionError, raise_findings
from prognosis.curves.counts import Counts, count
from prognosis.curves.rows import SortedRows, sort_rows
from prognosis.metrics.by_horizon import checked_risk
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RiskComparison:
    """Outcome of n patients beside their predicted risks.

    Parameters
    ----------
    rows : the patients in order of time, those of weight 0 left out. counts : of their events, the one of interest
        first. causes : codes of the events. horizons : (h,).
    risk : (n, h) predicted probability of the event of interest by each horizon, in the order the caller gave.
    """

    rows: SortedRows
    counts: Counts
    causes: tuple[int, ...]
    horizons: Floats
    risk: Floats

    @property
    def competing(self) -> bool:
        """Events of another kind were observed."""
        return len(self.causes) > 1

    @property
    def weight(self) -> Floats:
        """(n,) case weights in the order the caller gave."""
        return self.given(self.rows.weight)

    def given(self, values: Floats) -> Floats:
        """Bring values of the sorted rows into the order the caller gave; rows left out hold 0."""
        result = np.zeros((self.rows.given, *values.shape[1:]))
        result[self.rows.order] = values
        return result


def compare_risks(
    outcome: SurvivalArrays, risk: ArrayLike, horizons: ArrayLike, weight: ArrayLike | None = None
) -> RiskComparison:
    """Check predicted risks and horizons against the outcome.

    Raises
    ------
    PredictionError
        P12 horizons that are no positive numbers; M05 one after the last observed time; M03 no event of interest, M07
        none by a horizon.
    DataContractError
        M01 risks that are missing, M09 of another shape or outside 0 to 1; V33 a binary outcome; the codes of
        `sort_rows`.
    """
    rows, counts, causes, times = sort_outcome(outcome, horizons, weight)
    risks = checked_risk(risk, (rows.given, len(times)))
    if risks.shape[1] != len(times):
        # what orders patients at every horizon is no level of risk at each of them
        rule = f"risks of shape {np.shape(risk)} for {rows.given} patients and {len(times)} horizons"
        raise DataContractError(Finding("M09", rule, "give one risk a patient and horizon", "risk"))
    return RiskComparison(rows, counts, causes, times, risks)


def sort_outcome(
    outcome: SurvivalArrays, horizons: ArrayLike, weight: ArrayLike | None = None
) -> tuple[SortedRows, Counts, tuple[int, ...], Floats]:
    """Check and sort an outcome, and check horizons against it; raises as `compare_risks`."""
    if not outcome.timed:
        rule = "a binary outcome has no horizon"
        raise DataContractError(Finding("V33", rule, "use the measures of binary outcomes", "outcome"))
    rows = sort_rows(outcome.time, outcome.event, entry=outcome.entry, weight=weight)
    causes = (1, *(int(cause) for cause in np.unique(rows.event[rows.event > 1])))
    counts = count(rows, causes)
    times = np.atleast_1d(np.asarray(horizons, float))
    raise_findings(_horizon_faults(times, rows, counts), PredictionError)
    return rows, counts, causes, times


def ends_before(counts: Counts, horizon: float) -> bool:
    """Tell whether a sample says nothing about the risk by a horizon.

    Its follow-up ends before, or (with delayed entry) everybody at risk has had an event before others enter, after
    which its curve could not move.
    """
    early = counts.time[counts.last_dies]
    interrupted = len(early) > 0 and early[0] <= horizon and early[0] < counts.time[-1]
    return bool(interrupted or (horizon > counts.time[-1] and counts.survival[-1] > 0))


def refuse(what: str, *, entry: bool = False, weight: bool = False, competing: bool = False, way_out: str = "") -> None:
    """Refuse in words what a method does not know.

    Raises
    ------
    PredictionError
        V33.
    """
    unknown = {"delayed entry": entry, "case weights": weight, "competing events": competing}
    findings = [Finding("V33", f"{what} knows no {name}", way_out) for name, present in unknown.items() if present]
    raise_findings(findings, PredictionError)


def refuse_constant(risk: Floats, horizons: Floats) -> None:
    """Refuse predictions that are the same for all patients, to which no curve can be fitted.

    Raises
    ------
    PredictionError
        V35.
    """
    rule = "the predicted risk at t={:g} is constant: the same for all patients"
    findings = [
        Finding("V35", rule.format(time), "compare its mean: observed_expected", "risk")
        for time, column in zip(horizons, risk.T, strict=True)
        if np.ptp(column) == 0
    ]
    raise_findings(findings, PredictionError)


def _horizon_faults(times: Floats, rows: SortedRows, counts: Counts) -> list[Finding]:
    if times.ndim != 1 or not len(times) or not (np.isfinite(times) & (times > 0)).all():
        return [Finding("P12", f"horizons {times.tolist()}", "give positive times", "horizons")]
    last, ended = counts.time[-1], counts.survival[-1] == 0
    findings = [
        Finding(
            "M05",
            f"horizon {time:g} is after the last observed time tau={last:g}: nobody is at risk there (G(t)=0)",
            f"choose a horizon of at most tau={last:g}",
            "horizons",
        )
        for time in times
        if time > last and not ended
    ]
    if not (rows.event == 1).any():
        return [*findings, Finding("M03", "0 events: nothing to compare with", "check the coding of the event")]
    none = [time for time in times if not ((rows.event == 1) & (rows.time <= time)).any()]
    return findings + [
        Finding("M07", f"0 events before t={time:g}", "choose a later horizon", "horizons") for time in none
    ]
