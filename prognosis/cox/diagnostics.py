"""Residuals of a fitted Cox model as a table, by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.residuals import deviance_residuals, dfbeta, dfbetas, martingale_residuals, score_residuals
from prognosis.cox.schoenfeld import scaled_schoenfeld, schoenfeld_residuals
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import RiskSets
from prognosis.robust_errors import sum_by

Floats = NDArray[np.float64]
Residual = Literal["martingale", "deviance", "score", "schoenfeld", "scaled_schoenfeld", "dfbeta", "dfbetas"]


class FittedRows(Protocol):
    """What diagnostics need of the training rows: `models.cox.CoxTraining` has it."""

    @property
    def design(self) -> Floats:
        """Centred columns, (n, p)."""

    @property
    def outcome(self) -> SurvivalArrays:
        """Time, event and entry."""

    @property
    def linear_predictor(self) -> Floats:
        """With offset, (n,)."""

    @property
    def risk_sets(self) -> RiskSets:
        """The outcome, sorted; holds the case weights."""


def residuals_of(
    estimate: CoxEstimate, training: FittedRows, kind: Residual, *, by: Sequence[object] | None = None
) -> pd.DataFrame:
    """Residuals of a Cox model.

    Parameters
    ----------
    estimate, training : of the fit.
    kind : ``martingale`` and ``deviance`` (one column, named residual); ``score``, ``schoenfeld``,
        ``scaled_schoenfeld``, ``dfbeta`` and ``dfbetas`` (one column for each term of the design).
    by : (n,) label of the patient (or cluster) of each row; residuals are summed over its rows.

    Returns
    -------
    DataFrame with a row for each training row in its order; for Schoenfeld residuals a row for each event by time
    within strata, the time (and the stratum) as index; with `by` a row for each label, sorted.

    Raises
    ------
    PredictionError
        N25 the kind is unknown, Schoenfeld residuals are to be summed, or `by` has not one label for each row.

    Notes
    -----
    As R's ``residuals(coxph)``: case weights enter ``dfbeta`` and ``dfbetas`` only; these two and the scaled
    Schoenfeld residuals use the model-based covariance also where the errors are robust.
    """
    _check(kind, by, len(training.linear_predictor))
    names = list(estimate.names)
    if kind in ("schoenfeld", "scaled_schoenfeld"):
        return _schoenfeld_table(estimate, training, kind == "scaled_schoenfeld")
    labels, group = _groups(by)
    if kind in ("martingale", "deviance"):
        return pd.DataFrame({"residual": _of_events(estimate, training, kind, group)}, index=labels)
    values = score_residuals(training.design, training.linear_predictor, training.risk_sets, estimate.ties == "efron")
    if kind != "score":
        scale = dfbeta if kind == "dfbeta" else dfbetas
        values = scale(values, training.risk_sets.weight, estimate.naive_covariance)
    return pd.DataFrame(values if group is None else sum_by(values, group), columns=names, index=labels)


def _of_events(estimate: CoxEstimate, training: FittedRows, kind: str, group: NDArray[np.int64] | None) -> Floats:
    martingale = martingale_residuals(training.linear_predictor, training.risk_sets, estimate.ties == "efron")
    events = (training.risk_sets.death >= 0).astype(float)
    if group is not None:
        martingale, events = sum_by(martingale, group), sum_by(events, group)
    return deviance_residuals(martingale, events) if kind == "deviance" else martingale


def _schoenfeld_table(estimate: CoxEstimate, training: FittedRows, scaled: bool) -> pd.DataFrame:
    efron, sets = estimate.ties == "efron", training.risk_sets
    values, rows = schoenfeld_residuals(training.design, training.linear_predictor, sets, efron)
    if scaled:
        values = scaled_schoenfeld(values, estimate.coefficients, estimate.naive_covariance)
    time = pd.Index(sets.time[sets.death[rows]], name="time")
    if not estimate.stratum_names:
        return pd.DataFrame(values, columns=list(estimate.names), index=time)
    stratum = np.array(estimate.stratum_names, object)[sets.stratum[sets.death[rows]]]
    index = pd.MultiIndex.from_arrays([stratum, time], names=["stratum", "time"])
    return pd.DataFrame(values, columns=list(estimate.names), index=index)


def _groups(by: Sequence[object] | None) -> tuple[pd.Index | None, NDArray[np.int64] | None]:
    if by is None:
        return None, None
    codes, labels = pd.factorize(np.asarray(by), sort=True)
    return pd.Index(labels), codes.astype(np.int64)


def _check(kind: str, by: Sequence[object] | None, n: int) -> None:
    if kind not in get_args(Residual):
        rule = f"unknown kind of residual '{kind}'"
        raise PredictionError(Finding("N25", rule, f"one of {', '.join(get_args(Residual))}"))
    if by is None:
        return
    if kind in ("schoenfeld", "scaled_schoenfeld"):
        rule = "Schoenfeld residuals belong to events and are not summed over the rows of a patient"
        raise PredictionError(Finding("N25", rule, "leave by out"))
    if len(by) != n or pd.isna(np.asarray(by)).any():
        rule = f"by has {len(by)} labels ({int(pd.isna(np.asarray(by)).sum())} missing) for {n} training rows"
        raise PredictionError(Finding("N25", rule, "give the patient or cluster of each training row"))
