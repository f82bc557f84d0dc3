"""Rows that are rounds of one resampling: what they say together, with an error that knows that the rounds overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohorts.errors import DataContractError, Finding
from prognosis.audit.rates import Confusion


@dataclass(frozen=True)
class OverRounds:
    """Mean of a measure over rounds with the interval of Nadeau and Bengio (2003).

    Parameters
    ----------
    mean, std_err, lower, upper : of the measure. p : two-sided, of its being 0. rounds : how many.
    """

    mean: float
    std_err: float
    lower: float
    upper: float
    p: float
    rounds: int


def over_rounds(values: Sequence[float], tested: float, trained: float, level: float = 0.95) -> OverRounds:
    """Average a measure over rounds whose training sets overlap.

    Parameters
    ----------
    values : one a round. tested, trained : patients of a round.

    Raises
    ------
    DataContractError
        A09 less than two rounds, or no patients.

    Notes
    -----
    The engine of `study.validate`: the variance of the mean is (1 / rounds + tested / trained) times that of the
    rounds, t with rounds - 1 degrees of freedom.
    """
    if len(values) < 2 or min(tested, trained) <= 0:
        rule = f"{len(values)} round(s), {tested} tested and {trained} trained"
        raise DataContractError(Finding("A09", rule, "an interval over rounds needs two, with patients in both parts"))
    # the engine compiles kernels, which no other part of an audit needs
    from prognosis.validation.summary import mean_of_tasks, p_of_mean

    column: np.ndarray[Any, Any] = np.asarray(values, float)[:, None]
    mean, error, reach = mean_of_tasks(column, tested / trained, level)
    p = p_of_mean(mean, error, np.array([len(values)]))
    lower, upper = float(mean[0] - reach[0]), float(mean[0] + reach[0])
    return OverRounds(float(mean[0]), float(error[0]), lower, upper, float(p[0]), len(values))


def pooled(rows: Sequence[Confusion]) -> Confusion:
    """Add the patients of several rows; one tested in several rounds counts in each."""
    return Confusion(*(sum(getattr(row, field) for row in rows) for field in ("tp", "fn", "tn", "fp")))


def majority_share(patients: Confusion) -> float:
    """Share that is right when everybody is called by the commoner outcome."""
    positives, negatives = patients.tp + patients.fn, patients.tn + patients.fp
    return max(positives, negatives) / (positives + negatives)
