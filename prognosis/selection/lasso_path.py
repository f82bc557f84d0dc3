"""The lasso on the columns of all candidates: the path of its penalties, and the one that cross-validation chooses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.penalised.cox_path import fit_path as fit_cox_path
from prognosis.penalised.cox_validation import CoxRows
from prognosis.penalised.cox_validation import cross_validate as cross_validate_cox
from prognosis.penalised.logistic_path import PathRows, cross_validate
from prognosis.penalised.logistic_path import fit_path as fit_logistic_path
from prognosis.penalised.penalty_choice import PenaltyCurve
from prognosis.selection.candidates import Candidates

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def lasso_path(candidates: Candidates, penalties: Floats | None = None) -> tuple[Floats, Floats]:
    """Fit the lasso to all columns: penalties (L,) from the largest, and coefficients (L, p).

    Cox for a time to event (with competing events the cause-specific hazard of the event of interest), logistic for a
    binary outcome; strata, weights, offset and delayed entry count.

    Raises
    ------
    FitError
        N17 no convergence; N22 no column has any relation to the outcome.
    """
    if candidates.outcome.timed:
        path = fit_cox_path(cox_rows(candidates).likelihood(), 1.0, penalties)
        return path.penalty, path.coefficients
    found = fit_logistic_path(logistic_rows(candidates), 1.0, penalties)
    return found.penalty, found.coefficients


def cross_validated(candidates: Candidates, fold: Integers) -> tuple[PenaltyCurve, Floats]:
    """Return the loss of every penalty in patients left out, and the coefficients (L, p) of all rows."""
    if candidates.outcome.timed:
        rows = cox_rows(candidates)
        path = fit_cox_path(rows.likelihood(), 1.0)
        return cross_validate_cox(rows, path, 1.0, fold), path.coefficients
    data = logistic_rows(candidates)
    found = fit_logistic_path(data, 1.0)
    return cross_validate(data, found, 1.0, fold), found.coefficients


def cox_rows(candidates: Candidates) -> CoxRows:
    """Return the rows of a Cox model on all columns."""
    o, s = candidates.outcome, candidates.special
    design = np.ascontiguousarray(candidates.columns.design)
    return CoxRows(design, o.time, o.event == 1, s.weight, o.entry, s.stratum, s.offset, candidates.efron)


def logistic_rows(candidates: Candidates) -> PathRows:
    """Return the rows of a logistic model on all columns."""
    columns, special = candidates.columns, candidates.special
    names = tuple(columns.names[owner] for owner in columns.owner)
    return PathRows(columns.design, candidates.outcome.event == 1, special.weight, names, special.offset)
