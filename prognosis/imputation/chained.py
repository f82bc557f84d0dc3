"""Multiple imputation of training rows by chained equations on raw predictors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.column_checks import check_sizes
from prognosis.imputation.conditional_models import draw_category, draw_number
from prognosis.imputation.missing_report import MissingReport, missing_report
from prognosis.imputation.outcome_covariates import outcome_covariates
from prognosis.imputation.raw_columns import RawColumn, raw_columns
from prognosis.imputation.stored import StoredImputation, store_imputation
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]

COPIES = 5
ITERATIONS = 10
# A predictor with a larger share missing says more of the imputation model than of the patients.
MOSTLY = 0.5


@dataclass(frozen=True)
class Chained:
    """Chained imputation as a study declares it: completed data sets, and sweeps over the predictors in each."""

    copies: int = COPIES
    iterations: int = ITERATIONS


@dataclass(frozen=True)
class Imputed:
    """Training rows with their missing values imputed.

    Parameters
    ----------
    copies : completed frames; observed cells, order, index and dtypes as given. stored : imputes new patients, without
        the outcome. report : what was missing and what was put in its place.
    chains : copy, iteration, variable, mean and sd of the values imputed (places of levels for categories): without
        trend, and with copies that overlap, the chains have converged.
    findings : warnings.
    """

    copies: tuple[pd.DataFrame, ...]
    stored: StoredImputation
    report: MissingReport
    chains: pd.DataFrame
    findings: tuple[Finding, ...]


def impute_training(
    frame: pd.DataFrame,
    outcome: SurvivalArrays | None,
    *,
    copies: int = COPIES,
    iterations: int = ITERATIONS,
    seed: int = 0,
    task: int = 0,
    auxiliary: pd.DataFrame | None = None,
) -> Imputed:
    """Complete training rows several times by chained equations, with the outcome among the covariates.

    Parameters
    ----------
    frame : (n, predictors) raw: numbers, booleans or 0/1, pd.Categorical. It is never changed.
    outcome : of the same rows; see `outcome_covariates`. None leaves it out, which biases a model of that outcome
        towards no effect: only for rows whose outcome will not be modelled.
    copies, iterations : completed data sets, and sweeps over the incomplete predictors in each.
    seed, task : copy c draws from ``SeedSequence([seed, task, c])``, whatever else runs and however many copies; task
        0 is the study itself, resample k takes k + 1.
    auxiliary : (n, k) columns that help to predict missing values and are no predictors; they may be incomplete.

    Notes
    -----
    Numbers by predictive mean matching (5 donors, type 1), so limits, whole numbers and rounding are kept; categories
    by multinomial logistic regression; see `conditional_models`. Splines, transforms and interactions are derived from
    the completed predictors afterwards, never imputed. Sources: van Buuren and Groothuis-Oudshoorn (2011),
    White and Royston (2009).

    Raises
    ------
    DataContractError
        C27 a value infinite or nearly so, C35 a predictor without any value, C37 copies or iterations out of range,
        C38 text or dates.
    """
    raise_findings(_check_counts(copies, iterations), DataContractError)
    columns = raw_columns(frame)
    numbers = [column.name for column in columns if not column.levels]
    raise_findings([finding for name in numbers for finding in check_sizes(frame[name])], DataContractError)
    helpers = raw_columns(auxiliary) if auxiliary is not None else ()
    known = np.empty((len(frame), 0)) if outcome is None else outcome_covariates(outcome)
    completed, traces = [], []
    with threadpool_limits(1):
        for copy in range(copies):
            generator = np.random.default_rng(np.random.SeedSequence([seed, task, copy]))
            values, trace = _chain((*columns, *helpers), known, iterations, generator)
            completed.append(values[: len(columns)])
            traces.append(trace.assign(copy=copy))
        stored = store_imputation(columns, completed)
    frames = tuple(_filled(frame, columns, values) for values in completed)
    return Imputed(
        copies=frames,
        stored=stored,
        report=missing_report(frame, frames),
        chains=pd.concat(traces, ignore_index=True)[["copy", "iteration", "variable", "mean", "sd"]],
        findings=tuple(_mostly_missing(columns)),
    )


def _chain(
    columns: Sequence[RawColumn], known: Floats, iterations: int, generator: np.random.Generator
) -> tuple[list[Floats], pd.DataFrame]:
    """One chain: start from random observed values, then draw each incomplete column given all others in turn."""
    values = [_started(column, generator) for column in columns]
    edges = np.concatenate([[0], np.cumsum([column.width for column in columns])])
    covariates = np.hstack([*(c.block(v) for c, v in zip(columns, values, strict=True)), known])
    trace = []
    for iteration in range(1, iterations + 1):
        for place, column in enumerate(columns):
            gone = column.missing
            if not gone.any():
                continue
            own = np.arange(edges[place], edges[place + 1])
            others = np.delete(covariates, own, axis=1)
            draw = draw_category if column.levels else draw_number
            drawn = draw(column.values[~gone], others[~gone], others[gone], generator)
            values[place][gone] = drawn
            covariates[:, own] = column.block(values[place])
            spread = float(drawn.std(ddof=1)) if len(drawn) > 1 else np.nan
            trace.append((iteration, column.name, float(drawn.mean()), spread))
    return values, pd.DataFrame(trace, columns=["iteration", "variable", "mean", "sd"])


def _started(column: RawColumn, generator: np.random.Generator) -> Floats:
    values, gone = column.values.copy(), column.missing
    if gone.any():
        values[gone] = generator.choice(column.values[~gone], int(gone.sum()))
    return values


def _filled(frame: pd.DataFrame, columns: Sequence[RawColumn], values: Sequence[Floats]) -> pd.DataFrame:
    out = frame.copy()
    for column, completed in zip(columns, values, strict=True):
        if column.missing.any():
            out[column.name] = column.filled(frame[column.name], completed)
    return out


def _check_counts(copies: int, iterations: int) -> list[Finding]:
    findings = []
    if copies < 2:
        rule = f"copies={copies}: one completed data set cannot tell how uncertain the imputed values are"
        findings.append(Finding("C37", rule, "copies=5, or as many as percent of the patients are incomplete"))
    if iterations < 1:
        findings.append(Finding("C37", f"iterations={iterations}: at least one sweep is needed", "iterations=10"))
    return findings


def _mostly_missing(columns: Sequence[RawColumn]) -> list[Finding]:
    findings = []
    for column in columns:
        share = column.missing.mean()
        if share > MOSTLY:
            rule = f"{column.name} is missing for {100 * share:.0f} percent of the patients: most of it is imputed"
            findings.append(Finding("C36", rule, "consider to leave it out", column.name, severity="warning"))
    return findings
