"""Does a hyperplane separate the events from the others? Then a logistic model has no maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from cohorts.errors import Finding, FitError
from prognosis.logistic.likelihood import BinaryRows

Floats = NDArray[np.float64]

# Weights of standardised columns below this part of the largest are the linear program's rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Separation:
    """Columns whose combination separates the events; `complete` when it can do so without a row on the border."""

    columns: tuple[int, ...]
    complete: bool


def find_separation(rows: BinaryRows) -> Separation | None:
    """Find complete or quasi-complete separation, exactly; None when the maximum likelihood estimate exists.

    Columns that separate the events on their own are named first; else those of a combination of which none can be
    spared, from linear programs.

    Notes
    -----
    Source: Albert and Anderson (1984), Konis (2007): the estimate exists if and only if no direction b other than
    zero has ``sign * (columns @ b) >= 0`` in every row and ``> 0`` in one (in every row: complete separation).
    """
    events = rows.sign > 0
    above = rows.columns[events, 1:].min(axis=0) - rows.columns[~events, 1:].max(axis=0)
    below = rows.columns[~events, 1:].min(axis=0) - rows.columns[events, 1:].max(axis=0)
    alone = np.flatnonzero((above >= 0) | (below >= 0))
    if len(alone):
        return Separation(tuple(map(int, alone)), bool((np.maximum(above, below)[alone] > 0).any()))
    return _separating_combination(rows)


def _separating_combination(rows: BinaryRows) -> Separation | None:
    margins = np.unique(rows.columns * rows.sign[:, None], axis=0)
    size = _direction(margins, touching=True)
    if size is None:
        return None
    columns = np.flatnonzero(size > ROUNDING * size.max())
    # The sparsest sum of weights is not always the fewest columns.
    for column in columns[np.argsort(size[columns])]:
        fewer = columns[columns != column]
        if len(fewer) and _direction(margins[:, [0, *(1 + fewer)]], touching=True) is not None:
            columns = fewer
    complete = _direction(margins[:, [0, *(1 + columns)]], touching=False) is not None
    return Separation(tuple(map(int, columns)), complete)


def _direction(margins: Floats, touching: bool) -> Floats | None:
    """Absolute weights of the columns in a direction with no row on the wrong side, or None.

    `touching` : rows may lie on the border, but not all; else none may.
    """
    n, q = margins.shape
    # b = positive - negative part; the intercept costs nothing.
    both = np.hstack([margins, -margins])
    found = linprog(
        np.tile(np.concatenate([[0.0], np.ones(q - 1)]), 2),
        A_ub=csr_array(-both),
        b_ub=np.full(n, 0.0 if touching else -1.0),
        A_eq=both.mean(axis=0)[None, :] if touching else None,
        b_eq=[1.0] if touching else None,
        bounds=(0, None),
        method="highs",
    )
    return np.abs(found.x[:q] - found.x[q:])[1:] if found.status == 0 else None


def separated(found: Separation, names: tuple[str, ...]) -> FitError:
    """Say which columns separate the events, and the way out."""
    which = ", ".join(names[column] for column in found.columns)
    how = "completely" if found.complete else "but for ties on the border (quasi-complete separation)"
    rule = (
        f"column(s) {which} separate the events from the others {how}: the likelihood keeps growing as "
        "coefficients go to infinity"
    )
    advice = 'merge categories, leave the column(s) out, or use a penalised fit: Logistic(penalty="firth")'
    return FitError(Finding("C06", rule, advice, which))
