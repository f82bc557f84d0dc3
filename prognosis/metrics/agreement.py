"""Do two or more classifications of the same patients agree: McNemar, Cochran's Q, Cohen's kappa."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr, chdtrc

from cohorts.errors import DataContractError, Finding
from prognosis.metrics.binary_predictions import Estimated
from prognosis.normal import two_sided_p

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Weights = Literal["equal", "linear", "quadratic"]


@dataclass(frozen=True)
class McNemar:
    """Comparison of two yes-no judgements of the same n patients.

    Parameters
    ----------
    only_first, only_second : patients with yes from one of the two only. n : all patients.
    """

    only_first: int
    only_second: int
    n: int

    @property
    def difference(self) -> float:
        """Share of yes by the first minus that by the second."""
        return (self.only_first - self.only_second) / self.n

    @property
    def std_err(self) -> float:
        """Standard error of the difference."""
        discordant, gap = self.only_first + self.only_second, self.only_first - self.only_second
        return float(np.sqrt(discordant - gap**2 / self.n)) / self.n

    @property
    def exact_p(self) -> float:
        """Two-sided binomial p-value; 1 when the two never differ."""
        fewer, discordant = min(self.only_first, self.only_second), self.only_first + self.only_second
        return min(1.0, 2 * float(bdtr(fewer, discordant, 0.5)))

    def chi_squared(self, continuity: bool = True) -> tuple[float, float]:
        """Return the statistic of 1 degree of freedom and its p-value; not a number when the two never differ.

        With the continuity correction of Edwards (1948), as ``mcnemar.test`` by default.
        """
        discordant, gap = self.only_first + self.only_second, abs(self.only_first - self.only_second)
        if not discordant:
            return float("nan"), float("nan")
        statistic = max(gap - int(continuity), 0) ** 2 / discordant
        return statistic, float(chdtrc(1, statistic))


def mcnemar(first: NDArray[Any], second: NDArray[Any]) -> McNemar:
    """Compare two yes-no judgements: two tests among the events (sensitivity), or two models' right answers (accuracy).

    Parameters
    ----------
    first, second : (n,) 0 or 1 each.

    Raises
    ------
    DataContractError
        V20 the lengths differ; V28 a value other than 0 and 1, or no patient.

    Notes
    -----
    Source: McNemar (1947).
    """
    table = _judgements([first, second])
    return McNemar(int((table[:, 0] & ~table[:, 1]).sum()), int((~table[:, 0] & table[:, 1]).sum()), len(table))


@dataclass(frozen=True)
class CochranQ:
    """Cochran's Q: `statistic` with `freedom` degrees of freedom, and `p`."""

    statistic: float
    freedom: int
    p: float


def cochran_q(*judgements: NDArray[Any]) -> CochranQ:
    """Test whether k yes-no judgements of the same patients say yes equally often.

    Parameters
    ----------
    judgements : k arrays (n,) of 0 or 1. With two of them the result is McNemar's without correction.

    Raises
    ------
    DataContractError
        V20 the lengths differ; V28 a value other than 0 and 1, no patient, or less than two judgements.

    Notes
    -----
    Source: Cochran (1950). Not a number when the judgements never differ.
    """
    table = _judgements(judgements)
    k = table.shape[1]
    columns, lines = table.sum(axis=0), table.sum(axis=1)
    spread = int((lines * (k - lines)).sum())
    if not spread:
        return CochranQ(float("nan"), k - 1, float("nan"))
    statistic = (k - 1) * (k * float((columns**2).sum()) - float(columns.sum()) ** 2) / spread
    return CochranQ(statistic, k - 1, float(chdtrc(k - 1, statistic)))


@dataclass(frozen=True)
class Kappa(Estimated):
    """Cohen's kappa with its error.

    Parameters
    ----------
    observed, expected : (weighted) agreement, and what chance alone would give.
    null_std_err : standard error if there were no agreement beyond chance.
    """

    observed: float = float("nan")
    expected: float = float("nan")
    null_std_err: float = float("nan")

    @property
    def p(self) -> Floats:
        """Two-sided p-value of no agreement beyond chance, with the error that belongs to it, (1,)."""
        return two_sided_p(self.estimate / self.null_std_err)


def cohen_kappa(
    first: NDArray[Any],
    second: NDArray[Any],
    *,
    categories: tuple[Any, ...] | None = None,
    weights: Weights = "equal",
) -> Kappa:
    """Estimate the agreement of two ratings beyond chance.

    Parameters
    ----------
    first, second : (n,) categories. categories : in their order, which weights need; those found, sorted, by default.
    weights : what a disagreement costs: all the same, its distance in the order, or its square.

    Raises
    ------
    DataContractError
        V20 the lengths differ; V28 no patient, a rating that is missing or no category, or unknown weights.

    Notes
    -----
    Source: Cohen (1960, 1968); errors of Fleiss, Cohen and Everitt (1969), as ``vcd::Kappa``. Not a number when both
    give one and the same category to all.
    """
    ratings = _places_of(np.asarray(first), np.asarray(second), categories)
    k, n = int(ratings.max(initial=0)) + 1 if categories is None else len(categories), len(ratings)
    weight = _agreement(k, weights)
    shares = [np.bincount(ratings[:, side], minlength=k) / n for side in (0, 1)]
    by_first, by_second = weight @ shares[1], weight.T @ shares[0]
    each = weight[ratings[:, 0], ratings[:, 1]]
    marginal = by_first[ratings[:, 0]] + by_second[ratings[:, 1]]
    observed, expected = float(each.mean()), float(shares[0] @ by_first)
    room = 1 - expected
    if not room > 0:
        unknown = np.full((n, 1), np.nan)
        return Kappa(("kappa",), np.array([np.nan]), unknown, observed=observed, expected=expected)
    influence = ((each - observed) * room - (marginal - 2 * expected) * (1 - observed)) / (n * room**2)
    square = (weight - by_first[:, None] - by_second[None, :]) ** 2
    null = np.sqrt(max(float(shares[0] @ square @ shares[1]) - expected**2, 0.0) / n) / room
    return Kappa(
        names=("kappa",),
        estimate=np.array([(observed - expected) / room]),
        influence=influence[:, None],
        bounds=(-1.0, 1.0),
        observed=observed,
        expected=expected,
        null_std_err=float(null),
    )


def _agreement(k: int, weights: str) -> Floats:
    """Credit for each pair of categories, (k, k): 1 for the same."""
    if weights not in get_args(Weights):
        raise DataContractError(
            Finding("V28", f"unknown weights '{weights}'", f"one of {', '.join(get_args(Weights))}")
        )
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
    power = {"equal": 0, "linear": 1, "quadratic": 2}[weights]
    return np.asarray(1.0 - np.where(distance > 0, distance**power, 0.0))


def _judgements(columns: Any) -> Flags:
    """Yes-no judgements as columns, (n, k)."""
    arrays = [np.asarray(column) for column in columns]
    _check_lengths(arrays)
    if len(arrays) < 2:
        raise DataContractError(Finding("V28", "a single judgement", "give two or more of the same patients"))
    table = np.column_stack(arrays)
    if table.dtype.kind not in "biuf" or not np.isin(table, (0, 1)).all():
        raise DataContractError(Finding("V28", "a judgement other than 0 and 1", "code no as 0 and yes as 1"))
    return table.astype(bool)


def _places_of(first: NDArray[Any], second: NDArray[Any], categories: tuple[Any, ...] | None) -> NDArray[np.int64]:
    """Places of both ratings among the categories, (n, 2)."""
    _check_lengths([first, second])
    both = np.column_stack([first, second])
    missing = bool(pd.isna(both).any())
    known, place = np.unique(both[:0] if missing else both, return_inverse=True)
    place = place.reshape(-1, 2)
    if missing or (categories is not None and set(known.tolist()) - set(categories)):
        rule = "a rating is missing" if missing else "a rating is none of the categories"
        raise DataContractError(Finding("V28", rule, "leave these patients out, or name all categories"))
    if categories is None:
        return np.asarray(place, np.int64)
    order = {category: position for position, category in enumerate(categories)}
    return np.array([order[category] for category in known.tolist()], np.int64)[place]


def _check_lengths(arrays: list[NDArray[Any]]) -> None:
    if len({array.shape for array in arrays}) > 1 or any(array.ndim != 1 for array in arrays):
        shapes = ", ".join(str(array.shape) for array in arrays)
        rule = f"judgements of shapes {shapes}"
        raise DataContractError(Finding("V20", rule, "give one value a patient, in the same order"))
    if arrays and not len(arrays[0]):
        raise DataContractError(Finding("V28", "0 patients", "give at least one"))
