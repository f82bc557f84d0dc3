"""Differences of two models in the same resamples."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.horizons import check_interval
from prognosis.normal import z_of_level
from prognosis.validation.summary import mean_of_tasks, p_of_mean

Floats = NDArray[np.float64]
# What a value is told apart by, beside its model.
PLACE = ["metric", "horizon", "threshold"]
DIFFERENCE = (*PLACE, "difference", "lower", "upper", "p")


def gain_of(table: pd.DataFrame, raw: pd.DataFrame, of: str, over: str, level: float) -> pd.DataFrame:
    """Compare two models of a validation by its table and its single values; see `Validation.gain`."""
    check_interval(level, "log")
    known = list(dict.fromkeys(table["model"]))
    for name in (of, over):
        if name not in known:
            rule = f"model {name} was not validated here"
            raise PredictionError(Finding("V06", rule, f"the models are {', '.join(known)}"))
    first, second = (table[table["model"] == name].set_index(PLACE)["corrected"] for name in (of, over))
    shared = [place for place in first.index if place in second.index]
    pairs = raw[raw["model"] == of].merge(raw[raw["model"] == over], on=[*PLACE, "resample"], suffixes=("_of", "_over"))
    by_place = dict(list(pairs.groupby(PLACE, sort=False, dropna=False)))
    lines = []
    for place in shared:
        difference = float(first[place] - second[place])
        rows = _rows_at(by_place, place)
        judge = _by_optimism if "in_resample_of" in rows else _left_out
        # what the table does not give, since too many tasks lack it, has no difference either
        lines.append((*place, *(judge(rows, difference, level) if np.isfinite(difference) else [np.nan] * 4)))
    return pd.DataFrame(lines, columns=list(DIFFERENCE))


def _rows_at(by_place: dict[object, pd.DataFrame], place: tuple[object, ...]) -> pd.DataFrame:
    """Find a group whose key may hold a value that is not a number, which equals nothing."""
    for key, rows in by_place.items():
        if isinstance(key, tuple) and all(a == b or (a != a and b != b) for a, b in zip(key, place, strict=True)):
            return rows
    rule = f"no resample judged both models by {place[0]}"
    raise PredictionError(Finding("V06", rule, "validate both models together"))


def _by_optimism(rows: pd.DataFrame, difference: float, level: float) -> tuple[float, ...]:
    """Give a normal interval and test, by variances of the difference in the resamples and in the rows that judge."""
    spread, outside = (
        _known(rows, "in_resample"),
        _known(rows, "in_original" if "in_original_of" in rows else "held_out"),
    )
    # an index that is fixed by construction in every resample is judged by the original models there
    fixed = _known(rows, "original_model_in_resample")
    chosen = fixed if len(fixed) > 1 else spread
    if min(len(chosen), len(outside)) < 2:
        return difference, float("nan"), float("nan"), float("nan")
    # left out patients differ from resample to resample: their spread is no error of the mean
    both = "in_original_of" in rows and chosen is spread
    error = np.sqrt(chosen.var(ddof=1) + (outside.var(ddof=1) if both else 0.0))
    p = p_of_mean(np.array([difference]), np.array([error]), np.array([np.inf]))
    reach = z_of_level(level) * error
    return difference, float(difference - reach), float(difference + reach), float(p[0])


def _known(rows: pd.DataFrame, column: str) -> Floats:
    difference = (rows[f"{column}_of"] - rows[f"{column}_over"]).to_numpy(float)
    return difference[np.isfinite(difference)]


def _left_out(rows: pd.DataFrame, difference: float, level: float) -> tuple[float, ...]:
    """Take mean, interval and test of Nadeau and Bengio over the tasks that judged both models."""
    values = (rows["held_out_of"] - rows["held_out_over"]).to_numpy(float)[:, None]
    if not np.isfinite(values).any():
        return difference, float("nan"), float("nan"), float("nan")
    ratio = float((rows["tested_of"] / rows["trained_of"]).mean())
    mean, error, reach = mean_of_tasks(values, ratio, level)
    p = p_of_mean(mean, error, np.isfinite(values).sum(axis=0))
    return float(mean[0]), float(mean[0] - reach[0]), float(mean[0] + reach[0]), float(p[0])
