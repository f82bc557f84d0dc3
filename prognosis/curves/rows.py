"""The rows of a sample, checked and sorted by time once, for every curve and test of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.outcome import read_outcome
from prognosis.risk_sets import merge_close_times

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class SortedRows:
    """Outcome in order of time, times that differ by rounding only made equal; arrays (n,).

    Parameters
    ----------
    time : follow-up. event : 0 censored, 1, 2, ... causes. weight : case weights, all positive.
    entry : delayed entry, at risk in (entry, time]; None: from the start.
    order : place of each sorted row in what the caller gave. given : rows that the caller gave.
    """

    time: Floats
    event: Integers
    weight: Floats
    entry: Floats | None
    order: Integers
    given: int

    def take(self, rows: NDArray[Any]) -> SortedRows:
        """Take some rows, still sorted."""
        entry = None if self.entry is None else self.entry[rows]
        return SortedRows(self.time[rows], self.event[rows], self.weight[rows], entry, self.order[rows], self.given)


@dataclass(frozen=True)
class Grouping:
    """Group of each sorted row as a code (n,), and what the groups are called."""

    codes: Integers
    labels: tuple[Any, ...]

    def masks(self) -> Iterator[tuple[Any, NDArray[np.bool_]]]:
        """Yield label and rows of every group."""
        for code, label in enumerate(self.labels):
            yield label, self.codes == code


def sort_rows(
    time: ArrayLike, event: ArrayLike, *, entry: ArrayLike | None = None, weight: ArrayLike | None = None
) -> SortedRows:
    """Check an outcome, leave rows of weight zero out, and sort it by time.

    Source: times as ``survfit(timefix=TRUE)``, see `merge_close_times`.

    Raises
    ------
    DataContractError
        Q01 arrays of different lengths, empty or of text; T23 weights; the codes of `read_outcome`; T21 when entry
        and exit differ by rounding only.
    """
    given = {"time": time, "event": event, "entry": entry, "weight": weight}
    arrays = {name: np.asarray(values) for name, values in given.items() if values is not None}
    _check_shapes(arrays)
    weights = np.asarray(arrays.pop("weight", np.ones(len(arrays["time"]))), float)
    raise_findings(_weight_faults(weights), DataContractError)
    y = np.empty(len(weights), [(name, values.dtype) for name, values in arrays.items()])
    for name, values in arrays.items():
        y[name] = values
    outcome = read_outcome(y)
    order = np.argsort(outcome.time, kind="stable")
    order = order[weights[order] > 0]
    times, entries = _merge(outcome.time[order], None if outcome.entry is None else outcome.entry[order])
    if entries is not None and (entries >= times).any():
        rule = "entry>=exit (times that differ by rounding only are one time)"
        rows = tuple(str(row) for row in order[entries >= times])
        raise DataContractError(Finding("T21", rule, "correct entry or follow-up time", rows=rows))
    return SortedRows(times, outcome.event[order], weights[order], entries, order, len(weights))


def _merge(time: Floats, entry: Floats | None) -> tuple[Floats, Floats | None]:
    if entry is None:
        return merge_close_times(time)[0], None
    # In order they are looked up several times faster.
    order = np.argsort(entry)
    time, ascending = merge_close_times(time, entry[order])
    merged = np.empty_like(ascending)
    merged[order] = ascending
    return time, merged


def group_rows(rows: SortedRows, labels: ArrayLike | None, name: str = "group", fewest: int = 1) -> Grouping:
    """Code the groups in the order of the sorted rows; a categorical keeps the order of its levels.

    Raises
    ------
    DataContractError
        Q01 of another length; Q02 missing labels.
    FitError
        Q06 fewer than `fewest` groups.
    """
    if labels is None:
        return Grouping(np.zeros(len(rows.time), np.int64), ("all",))
    if np.shape(labels) != (rows.given,):
        rule = f"labels of shape {np.shape(labels)} for {rows.given} rows"
        raise DataContractError(Finding("Q01", rule, "give one value a row", name))
    series = pd.Series(labels).iloc[rows.order]
    if series.isna().any():
        absent = tuple(str(row) for row in np.sort(rows.order[series.isna().to_numpy()]))
        raise DataContractError(Finding("Q02", "missing values", "complete it or leave the rows out", name, absent))
    codes, levels = pd.factorize(series, sort=True)
    if len(levels) < fewest:
        rule = f"{len(levels)} with rows, at least {fewest} are compared"
        raise FitError(Finding("Q06", rule, "check how the groups are coded", name))
    return Grouping(codes.astype(np.int64), tuple(level for level in levels.tolist()))


def _check_shapes(arrays: dict[str, NDArray[Any]]) -> None:
    shapes = {name: values.shape for name, values in arrays.items()}
    if len(set(shapes.values())) > 1 or len(shapes["time"]) != 1 or not len(arrays["time"]):
        text = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise DataContractError(Finding("Q01", f"shapes {text}", "give one value a row, for at least one row"))
    texts = [name for name, values in arrays.items() if values.dtype.kind not in "biuf" and name != "event"]
    raise_findings(
        (Finding("Q01", f"{arrays[name].dtype} dtype: numbers are needed", "give numbers", name) for name in texts),
        DataContractError,
    )


def _weight_faults(weight: Floats) -> list[Finding]:
    unusable = ~np.isfinite(weight) | (weight < 0)
    rows = tuple(str(row) for row in np.flatnonzero(unusable))
    if rows:
        rule = "weights must be finite and not negative"
        return [Finding("T23", rule, "correct the weights", "weight", rows)]
    return [] if weight.any() else [Finding("T23", "all weights are zero", "correct the weights", "weight")]


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a word that is none of the choices.

    Raises
    ------
    FitError
        Q03.
    """
    if value not in choices:
        raise FitError(Finding("Q03", f"{name}={value!r} is not allowed", f"one of {', '.join(choices)}", name))


def check_power(rho: float) -> None:
    """Refuse a power of the weight function that is no number.

    Raises
    ------
    FitError
        Q03.
    """
    if not np.isfinite(rho):
        raise FitError(Finding("Q03", f"rho={rho!r} is not allowed", "a finite number, 0 for equal weights", "rho"))
