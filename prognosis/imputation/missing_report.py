"""Report of missing values: how many, in which patterns, and what was imputed in their place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class MissingReport:
    """What was missing and what stands in its place.

    Parameters
    ----------
    n, incomplete : patients, and those with at least one missing predictor. copies : completed data sets.
    variables : variable, missing, percent.
    patterns : one row a pattern, the commonest first: n, percent, missing (number of variables), then a column of
        True (observed) or False for each incomplete variable.
    cells : what was imputed for whom: id, variable, copy_1, copy_2, ...
    values : variable, level (None for a number), missing (patients imputed for), observed and imputed mean and sd of a
        number or share of a level; imputed figures over all copies.
    """

    n: int
    incomplete: int
    copies: int
    variables: pd.DataFrame
    patterns: pd.DataFrame
    values: pd.DataFrame
    cells: pd.DataFrame

    @property
    def advised_copies(self) -> int:
        """At least as many copies as percent of the patients are incomplete (White, Royston and Wood 2011)."""
        return max(5, math.ceil(100 * self.incomplete / self.n)) if self.incomplete else 0

    @property
    def sentence(self) -> str:
        """One line for a report."""
        if not self.incomplete:
            return f"No predictor is missing in the {self.n} patients."
        listed = ", ".join(
            f"{row.variable} {row.missing} ({row.percent:.1f} percent)"
            for row in self.variables[self.variables["missing"] > 0].itertuples()
        )
        return f"{self.incomplete} of {self.n} patients lack a predictor and were imputed {self.copies} times: {listed}"


def missing_report(frame: pd.DataFrame, copies: Sequence[pd.DataFrame]) -> MissingReport:
    """Summarise raw predictors with missing values, (n, p), and their completed copies."""
    gone = frame.isna()
    return MissingReport(
        n=len(frame),
        incomplete=int(gone.any(axis=1).sum()),
        copies=len(copies),
        variables=pd.DataFrame(
            {
                "variable": [str(name) for name in frame.columns],
                "missing": gone.sum().to_numpy(),
                "percent": 100 * gone.mean().to_numpy(),
            }
        ),
        patterns=_patterns(gone),
        values=_values(frame, gone, copies),
        cells=_cells(gone, copies),
    )


def _cells(gone: pd.DataFrame, copies: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One line an imputed cell, in the order of the patients and columns, with its value in every copy."""
    rows, columns = np.nonzero(gone.to_numpy())
    filled = {
        f"copy_{number}": [copy.iloc[row, column] for row, column in zip(rows, columns, strict=True)]
        for number, copy in enumerate(copies, 1)
    }
    ids = [str(gone.index[row]) for row in rows]
    return pd.DataFrame({"id": ids, "variable": [str(gone.columns[column]) for column in columns], **filled})


def _patterns(gone: pd.DataFrame) -> pd.DataFrame:
    seen = ~gone[gone.columns[gone.any()]]
    names = [str(name) for name in seen.columns]
    patterns, count = np.unique(seen.to_numpy(bool), axis=0, return_counts=True)
    table = pd.DataFrame(
        {"n": count, "percent": 100 * count / len(gone), "missing": (~patterns).sum(axis=1)}
        | dict(zip(names, patterns.T, strict=True))
    )
    return table.sort_values(["n", "missing"], ascending=[False, True], kind="stable", ignore_index=True)


VALUES = ("variable", "level", "missing", "observed", "observed_sd", "imputed", "imputed_sd")


def _values(frame: pd.DataFrame, gone: pd.DataFrame, copies: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []
    for name in frame.columns[gone.any()]:
        where = gone[name].to_numpy()
        count = int(where.sum())
        seen = frame[name][~where]
        filled = pd.concat([copy[name][where] for copy in copies]) if copies else seen.iloc[:0]
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            before, after = (part.value_counts(normalize=True, sort=False) for part in (seen, filled))
            rows += [
                (str(name), str(level), count, before[level], np.nan, after[level], np.nan)
                for level in frame[name].cat.categories
            ]
        else:
            x, z = seen.to_numpy(float), filled.to_numpy(float)
            rows.append((str(name), None, count, *_mean_sd(x), *_mean_sd(z)))
    return pd.DataFrame(rows, columns=list(VALUES))


def _mean_sd(x: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    return (float(x.mean()) if len(x) else np.nan, float(x.std(ddof=1)) if len(x) > 1 else np.nan)
