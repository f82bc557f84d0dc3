"""Survival curves of a sample: Kaplan-Meier, Nelson-Aalen and Fleming-Harrington."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cohorts.errors import DataContractError, Finding, warn_findings
from prognosis.curves.counts import count, find_early_end
from prognosis.curves.hazard_steps import fleming_harrington, greenwood, nelson_aalen, standard_error
from prognosis.curves.limits import Interval, limits_of
from prognosis.curves.rows import Floats, SortedRows, check_choice, group_rows, sort_rows
from prognosis.curves.step_curves import quantile_of

Estimator = Literal["kaplan-meier", "nelson-aalen", "fleming-harrington"]


@dataclass(frozen=True)
class SurvivalCurve:
    """Survival curve of one sample at its k distinct times of event or censoring; a step function with S(0) = 1.

    Parameters
    ----------
    time : (k,). n_risk, n_event, n_censor : (k,) weighted; n_risk just before each time.
    survival : (k,) S(t). std_err : (k,) of log S(t); infinite where S(t) is 0.
    cumulative_hazard, std_err_hazard : (k,) Nelson-Aalen's, or Fleming-Harrington's for that estimator.
    estimator : how S(t) was estimated. robust : standard errors by the infinitesimal jackknife.
    warnings : what the reader must know.
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    std_err: Floats
    cumulative_hazard: Floats
    std_err_hazard: Floats
    estimator: Estimator
    robust: bool
    warnings: tuple[Finding, ...] = ()

    @property
    def std_err_survival(self) -> Floats:
        """(k,) standard error of S(t) itself; where S(t) is 0, not a number as in R (0 when robust)."""
        gone = self.survival == 0
        return np.where(gone, 0.0 if self.robust else np.nan, self.survival * np.where(gone, 0.0, self.std_err))

    def limits(self, interval: Interval = "log", level: float = 0.95) -> tuple[Floats, Floats]:
        """Return lower and upper limits of S(t), (k,) each; see `limits_of` for the scales."""
        return limits_of(self.survival, self.std_err_survival, interval, level)

    def quantile(
        self, p: ArrayLike = 0.5, *, interval: Interval = "log", level: float = 0.95
    ) -> tuple[Floats, Floats, Floats]:
        """Find the times by which shares p have had the event, with lower and upper limits, (q,) each.

        Not a number where not reached. The limits are where the limits of the curve reach 1 - p (Brookmeyer and
        Crowley 1982). Source: R's ``quantile.survfit``.
        """
        lower, upper = self.limits(interval, level)
        value, low, high = (quantile_of(self.time, curve, p) for curve in (self.survival, lower, upper))
        return value, low, high

    def at(self, times: ArrayLike) -> Floats:
        """Return S(t) at any times; not a number after the last observed time, unless S has reached 0."""
        when = np.asarray(times, float)
        values = np.concatenate([[1.0], self.survival])[np.searchsorted(self.time, when, side="right")]
        return np.where((when > self.time[-1]) & (values > 0), np.nan, values)

    def table(self, interval: Interval = "log", level: float = 0.95) -> pd.DataFrame:
        """List one row a time: counts, S(t), its standard error and limits."""
        lower, upper = self.limits(interval, level)
        columns = {name: getattr(self, name) for name in ("time", "n_risk", "n_event", "n_censor", "survival")}
        return pd.DataFrame({**columns, "std_err": self.std_err_survival, "lower": lower, "upper": upper})


@overload
def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: None = None,
    estimator: Estimator = "kaplan-meier",
    robust: bool | None = None,
) -> SurvivalCurve: ...


@overload
def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: ArrayLike,
    estimator: Estimator = "kaplan-meier",
    robust: bool | None = None,
) -> dict[Any, SurvivalCurve]: ...


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: ArrayLike | None = None,
    estimator: Estimator = "kaplan-meier",
    robust: bool | None = None,
) -> SurvivalCurve | dict[Any, SurvivalCurve]:
    """Estimate the survival curve of a sample, or one a group.

    Parameters
    ----------
    time, event : (n,) follow-up, and 1 for the event, 0 for censored (censored after events at the same time).
    entry : (n,) delayed entry; a row is at risk in (entry, time]. weight : (n,) case weights; rows of weight 0 are
        left out. group : (n,) labels.
    estimator : ``kaplan-meier``; ``nelson-aalen``, exp(-H); ``fleming-harrington``, exp(-H) with tied events one after
        the other.
    robust : standard errors by the infinitesimal jackknife instead of Greenwood's. None: as R's survfit, when a
        weight is no whole number, since weights then are no counts.

    Returns
    -------
    SurvivalCurve, or a dictionary of them by label when `group` is given

    Raises
    ------
    DataContractError
        Q01 lengths; Q02 missing groups; Q07 an event code above 1; T23 weights; T01 and others for the outcome.
    FitError
        Q03 an unknown estimator.

    Source: R's ``survfit`` (stype, ctype 1, 1; 2, 1; 2, 2). With robust errors R puts the limits of exp(-H) on the
    scale of S though its error is that of H; ours are on the right scale.
    """
    check_choice("estimator", estimator, get_args(Estimator))
    rows = sort_rows(time, event, entry=entry, weight=weight)
    competing = rows.order[rows.event > 1]
    if len(competing):
        rule, ids = "event codes above 1: events compete", tuple(str(row) for row in np.sort(competing))
        raise DataContractError(Finding("Q07", rule, "use aalen_johansen, or code them as censored", "event", ids))
    groups = group_rows(rows, group)
    jackknife = bool((rows.weight != np.floor(rows.weight)).any()) if robust is None else robust
    if group is None:
        return _estimate(rows, estimator, jackknife, "all")
    return {label: _estimate(rows.take(mask), estimator, jackknife, label) for label, mask in groups.masks()}


def _estimate(rows: SortedRows, estimator: Estimator, robust: bool, label: object) -> SurvivalCurve:
    counts = count(rows)
    findings = find_early_end(counts, label)
    warn_findings(findings, stacklevel=5)
    step, slopes = fleming_harrington(counts) if estimator == "fleming-harrington" else nelson_aalen(counts)
    hazard, error_of_hazard = np.cumsum(step), standard_error(slopes, counts, rows, robust)
    survival, error = np.exp(-hazard), error_of_hazard
    if estimator == "kaplan-meier":
        survival = counts.survival
        error = np.where(survival > 0, standard_error(greenwood(counts), counts, rows, robust), np.inf)
    return SurvivalCurve(
        time=counts.time,
        n_risk=counts.n_risk,
        n_event=counts.n_event[:, 0],
        n_censor=counts.n_censor,
        survival=survival,
        std_err=error,
        cumulative_hazard=hazard,
        std_err_hazard=error_of_hazard,
        estimator=estimator,
        robust=robust,
        warnings=findings,
    )
