"""Does a hyperplane separate the events from the others? Then a logistic model has no maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from cohorts.errors import Finding, FitError
from prognosis.logistic_likelihood import BinaryRows

Floats = NDArray[np.float64]

# Weights of standardised columns below this part of the largest are the linear program's rounding.
ROUNDING = 1e-6


@dataclass(frozen=True)
class Separation:
    """Columns whose combination separates the events; `complete` when no event meets a non-event on the border."""

    columns: tuple[int, ...]
    complete: bool


def find_separation(rows: BinaryRows) -> Separation | None:
    """Find complete or quasi-complete separation, exactly; None when the maximum likelihood estimate exists.

    Columns that separate the events on their own are named first; else those of the combination with the smallest
    sum of absolute weights, from a linear program.

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
    n, q = margins.shape
    # b = positive - negative part; the intercept costs nothing.
    both = np.hstack([margins, -margins])
    program = {
        "c": np.tile(np.concatenate([[0.0], np.ones(q - 1)]), 2),
        "A_ub": csr_array(-both),
        "bounds": (0, None),
        "method": "highs",
    }
    complete = linprog(b_ub=np.full(n, -1.0), **program)
    found = linprog(b_ub=np.zeros(n), A_eq=both.mean(axis=0)[None, :], b_eq=[1.0], **program)
    if found.status != 0:
        return None
    size = np.abs(found.x[:q] - found.x[q:])[1:]
    columns = np.flatnonzero(size > ROUNDING * size.max(initial=0.0))
    return Separation(tuple(map(int, columns)), complete.status == 0)


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
