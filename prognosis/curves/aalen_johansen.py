"""Cumulative incidence of competing events: the Aalen-Johansen estimator with its standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cohorts.errors import Finding, FitError, warn_findings
from prognosis.curves.counts import count, find_early_end
from prognosis.curves.hazard_steps import greenwood
from prognosis.curves.incidence_error import gray_error, jackknife_error
from prognosis.curves.limits import Interval, limits_of
from prognosis.curves.rows import Floats, SortedRows, check_choice, group_rows, sort_rows

Errors = Literal["jackknife", "gray"]


@dataclass(frozen=True)
class IncidenceCurves:
    """Cumulative incidence of K competing causes in one sample at its k distinct times; step functions from 0.

    Parameters
    ----------
    time : (k,). causes : the K event codes. n_risk : (k,) weighted, just before each time. n_event : (k, K).
    n_censor : (k,).
    probability : (k, K + 1) of being free of all events, then of having had each cause by the time; rows sum to 1.
    std_err : (k, K + 1) of the probabilities. errors : how they were estimated. warnings : what the reader must know.
    """

    time: Floats
    causes: tuple[int, ...]
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    probability: Floats
    std_err: Floats
    errors: Errors
    warnings: tuple[Finding, ...] = ()

    @property
    def event_free(self) -> Floats:
        """(k,) probability of no event by each time."""
        return self.probability[:, 0]

    @property
    def incidence(self) -> Floats:
        """(k, K) cumulative incidence of each cause."""
        return self.probability[:, 1:]

    def limits(self, interval: Interval = "log", level: float = 0.95) -> tuple[Floats, Floats]:
        """Return lower and upper limits of the probabilities, (k, K + 1) each; see `limits_of` for the scales."""
        return limits_of(self.probability, self.std_err, interval, level)

    def at(self, times: ArrayLike) -> Floats:
        """Return the probabilities at any times, (h, K + 1).

        Not a number after the last observed time, unless everybody had an event.
        """
        return self.rows_at(times, self.probability, np.eye(1, len(self.causes) + 1))

    def std_err_at(self, times: ArrayLike) -> Floats:
        """Return the standard errors of `at`, (h, K + 1)."""
        return self.rows_at(times, self.std_err, np.zeros((1, len(self.causes) + 1)))

    def rows_at(self, times: ArrayLike, values: Floats, start: Floats) -> Floats:
        """Take rows of a (k, K + 1) table of this curve at any times; `start` holds before the first."""
        when = np.atleast_1d(np.asarray(times, float))
        found = np.concatenate([start, values])[np.searchsorted(self.time, when, side="right")]
        unknown = (when > self.time[-1]) & (self.event_free[-1] > 0)
        return np.where(unknown[:, None], np.nan, found)

    def table(self, cause: int = 1, interval: Interval = "log", level: float = 0.95) -> pd.DataFrame:
        """List one row a time for one cause: counts, incidence, its standard error and limits."""
        place = self.causes.index(cause)
        lower, upper = (side[:, place + 1] for side in self.limits(interval, level))
        columns = {"time": self.time, "n_risk": self.n_risk, "n_event": self.n_event[:, place]}
        columns |= {"incidence": self.incidence[:, place], "std_err": self.std_err[:, place + 1]}
        return pd.DataFrame({**columns, "lower": lower, "upper": upper})


@overload
def aalen_johansen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: None = None,
    errors: Errors = "jackknife",
) -> IncidenceCurves: ...


@overload
def aalen_johansen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: ArrayLike,
    errors: Errors = "jackknife",
) -> dict[Any, IncidenceCurves]: ...


def aalen_johansen(
    time: ArrayLike,
    event: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    group: ArrayLike | None = None,
    errors: Errors = "jackknife",
) -> IncidenceCurves | dict[Any, IncidenceCurves]:
    """Estimate the cumulative incidence of every competing cause in a sample, or in each group.

    Parameters
    ----------
    time, event : (n,) follow-up, and 0 for censored, 1, 2, ... for the cause; events at one time leave together.
    entry : (n,) delayed entry; a row is at risk in (entry, time]. weight : (n,) case weights; rows of weight 0 are
        left out. group : (n,) labels.
    errors : ``jackknife``, the infinitesimal jackknife of R's ``survfit``, or ``gray``, the variance of R's
        ``cmprsk::cuminc``, with hypergeometric corrections of ties (for the event-free curve Greenwood's).

    Returns
    -------
    IncidenceCurves, or a dictionary of them by label when `group` is given; all have the same causes

    Raises
    ------
    DataContractError
        Q01 lengths; Q02 missing groups; T23 weights; the codes of the outcome.
    FitError
        Q03 unknown errors; Q07 no event at all; Q08 Gray's variance with weights or delayed entry.

    Source: Aalen and Johansen (1978); R's ``survfit`` with a factor as status; Gray (1988) for ``gray``.
    """
    check_choice("errors", errors, get_args(Errors))
    if errors == "gray" and (weight is not None or entry is not None):
        rule = "Gray's variance knows neither weights nor delayed entry"
        raise FitError(Finding("Q08", rule, 'use errors="jackknife"', "errors"))
    rows = sort_rows(time, event, entry=entry, weight=weight)
    causes = tuple(int(cause) for cause in np.unique(rows.event[rows.event > 0]))
    if not causes:
        raise FitError(Finding("Q07", "no event of any cause", "check the coding of the event", "event"))
    groups = group_rows(rows, group)
    curves = {label: _estimate(rows.take(mask), causes, errors, label) for label, mask in groups.masks()}
    return curves["all"] if group is None else curves


def _estimate(rows: SortedRows, causes: tuple[int, ...], errors: Errors, label: object) -> IncidenceCurves:
    counts = count(rows, causes)
    findings = find_early_end(counts, label)
    warn_findings(findings, stacklevel=6)
    survival = counts.survival
    before = np.concatenate([[1.0], survival[:-1]])
    incidence = np.cumsum(before[:, None] * counts.n_event / counts.n_risk[:, None], axis=0)
    if errors == "gray":
        spread = np.column_stack([gray_error(counts, before, incidence[:, j], j) for j in range(len(causes))])
        free = survival * np.sqrt(np.cumsum(greenwood(counts).variance))
    else:
        codes = np.searchsorted(causes, rows.event) + np.where(rows.event > 0, 1, 0)
        spread, free = jackknife_error(counts, rows.weight, codes, incidence)
    return IncidenceCurves(
        time=counts.time,
        causes=causes,
        n_risk=counts.n_risk,
        n_event=counts.n_event,
        n_censor=counts.n_censor,
        probability=np.column_stack([survival, incidence]),
        std_err=np.column_stack([free, spread]),
        errors=errors,
        warnings=findings,
    )
