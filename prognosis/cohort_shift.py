"""Do new patients differ from the training cohort? Standardised mean differences, column by column."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.profile import LevelProfile, NumericProfile, Profile

Floats = NDArray[np.float64]

# Above 0.25 the groups are too far apart for regression to bridge (Rubin 2001; Stuart 2010); 0.1 is a strict limit.
SHIFT_LIMIT = 0.25
COLUMNS = ("column", "training", "new", "smd", "missing")


def cohort_shift(training: Profile, frame: pd.DataFrame) -> pd.DataFrame:
    """Compare new patients with the training cohort, one line a column of the profile.

    Parameters
    ----------
    training : of the training rows, ``profile_of(frame)``: of a model's predictors, or of any columns such as site and
        year. frame : (m, ...) new patients with at least these columns; missing values are left out and counted.

    Returns
    -------
    Table column, training, new (mean, or shares of the levels), smd, missing (patients). Sorted from the largest
    difference. Numeric: (new mean - training mean) / root of the mean variance, signed. Categorical: the multinomial
    distance of Yang and Dalton (2012), never negative; infinite when the two cohorts share no level.

    Raises
    ------
    DataContractError
        Z06 when a column is absent, or has no value at all.
    """
    raise_findings(_unusable(training, frame), DataContractError)
    lines = []
    for name, before in training.items():
        given = frame[name].dropna()
        missing = len(frame) - len(given)
        if isinstance(before, LevelProfile):
            lines.append((name, *_compare_levels(before, given.astype(object).map(str)), missing))
        else:
            lines.append((name, *_compare_numbers(before, given), missing))
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    return table.sort_values("smd", key=lambda smd: -smd.abs(), kind="stable", ignore_index=True)


def shift_findings(table: pd.DataFrame, limit: float = SHIFT_LIMIT) -> list[Finding]:
    """Warn (C26) of every column of a `cohort_shift` table whose absolute difference is above the limit."""
    return [
        Finding(
            "C26",
            f"column {line.column} has shifted: SMD {line.smd:.2f} (above {limit:g} in size); "
            f"training {line.training}, new cohort {line.new}",
            "judge calibration in the new cohort before use, and consider updating the model there",
            column=str(line.column),
            severity="warning",
        )
        for line in table.itertuples(index=False)
        if abs(line.smd) > limit
    ]


def _unusable(training: Profile, frame: pd.DataFrame) -> list[Finding]:
    findings = []
    for name in training:
        if name not in frame.columns:
            findings.append(Finding("Z06", "the new cohort has no such column", "add it", name))
        elif not frame[name].notna().any():
            findings.append(Finding("Z06", "the new cohort has no value of it", "leave the column out", name))
    return findings


def _compare_numbers(before: NumericProfile, given: pd.Series) -> tuple[str, str, float]:
    x = given.to_numpy(float)
    mean, variance = float(x.mean()), float(x.var(ddof=1)) if len(x) > 1 else 0.0
    old = before.sd**2
    if before.values and set(before.values) <= {0.0, 1.0}:
        old, variance = before.mean * (1 - before.mean), mean * (1 - mean)
    return f"mean {before.mean:.4g}", f"mean {mean:.4g}", _ratio(mean - before.mean, (old + variance) / 2)


def _ratio(difference: float, variance: float) -> float:
    if difference == 0:
        return 0.0
    return float(difference / np.sqrt(variance)) if variance > 0 else float(np.copysign(np.inf, difference))


def _compare_levels(before: LevelProfile, given: pd.Series) -> tuple[str, str, float]:
    levels = [*before.levels, *sorted(set(given) - set(before.levels))]
    old = np.array([*before.shares, *[0.0] * (len(levels) - len(before.levels))])
    new = given.value_counts(normalize=True).reindex(levels, fill_value=0.0).to_numpy(float)
    return _shares(levels, old), _shares(levels, new), multinomial_distance(old, new)


def _shares(levels: list[str], shares: Floats) -> str:
    return ", ".join(f"{level} {100 * share:.0f} %" for level, share in zip(levels, shares, strict=True) if share > 0)


def multinomial_distance(old: Floats, new: Floats) -> float:
    """Standardised difference of two distributions over the same levels.

    The Mahalanobis distance of the shares, with the mean of the two multinomial covariances.

    Source: Yang and Dalton (2012), SAS Global Forum, paper 335.
    """
    difference = new - old
    covariance = (np.diag(old) - np.outer(old, old) + np.diag(new) - np.outer(new, new)) / 2
    spread, axes = np.linalg.eigh(covariance)
    along, has_spread = axes.T @ difference, spread > 1e-12
    if np.abs(along[~has_spread]).max(initial=0.0) > 1e-9:
        return float(np.inf)
    return float(np.sqrt((along[has_spread] ** 2 / spread[has_spread]).sum()))
