"""Measures of association of two columns: closed forms with their limits and tests where those are standard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, stdtr

from prognosis.normal import z_of_level

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Z = z_of_level(0.95)
NAN = float("nan")
# Patients below whom a correlation has no limits.
FEWEST = 4


@dataclass(frozen=True)
class Association:
    """One value with 95 % limits and the p-value of no association, not a number where none is standard."""

    value: float
    lower: float = NAN
    upper: float = NAN
    p: float = NAN


def spearman(x: Floats, y: Floats) -> Association:
    """Spearman's rank correlation: ranks averaged over ties; limits by Bonett and Wright (2000), p by t.

    R: ``cor.test(method = "spearman", exact = FALSE)``.
    """
    value = _pearson(pd.Series(x).rank().to_numpy(), pd.Series(y).rank().to_numpy())
    return _correlation(value, len(x), 1 + value**2 / 2)


def point_biserial(x: Floats, y: Floats) -> Association:
    """Point-biserial correlation of a 0/1 column with a number: Pearson's; limits by Fisher's z, p by t.

    R: ``cor.test``. The p-value is that of the two-sample t-test with equal variances.
    """
    return _correlation(_pearson(x, y), len(x), 1.0)


def phi(x: Floats, y: Floats) -> Association:
    """Phi coefficient of two 0/1 columns, with its sign; p of Pearson's chi-squared test without continuity correction.

    R: ``cor``, and ``chisq.test(correct = FALSE)``.
    """
    value = _pearson(x, y)
    return Association(value, p=float(chdtrc(1, len(x) * value**2)))


def cramers_v(x: Integers, y: Integers, *, corrected: bool = True) -> Association:
    """Cramer's V of two categories given as codes, from 0 to 1; p of Pearson's chi-squared test.

    `corrected`: with the bias correction of Bergsma (2013), else the plain one. R: ``chisq.test(correct = FALSE)``.
    """
    table = crossed(x, y)
    n, (r, c) = table.sum(), table.shape
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / n
    statistic = float(((table - expected) ** 2 / expected).sum())
    p = float(chdtrc((r - 1) * (c - 1), statistic))
    squared, rows, columns = statistic / n, float(r), float(c)
    if corrected:
        squared = max(0.0, squared - (r - 1) * (c - 1) / (n - 1))
        rows, columns = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    largest = min(rows, columns) - 1
    return Association(float(np.sqrt(squared / largest)) if largest > 0 else NAN, p=p)


def theils_u(x: Integers, y: Integers) -> Association:
    """Theil's U(x | y): the share of the entropy of x that is gone once y is known, from 0 to 1.

    Source: Theil (1970). It is not symmetric.
    """
    table = crossed(x, y)
    joint, one, other = (_entropy(counts) for counts in (table.ravel(), table.sum(axis=1), table.sum(axis=0)))
    return Association(min(max((one + other - joint) / one, 0.0), 1.0))


def correlation_ratio(group: Integers, y: Floats) -> Association:
    """Correlation ratio eta: the root of the share of the variance of a number that lies between groups, from 0 to 1.

    p of the one-way analysis of variance. R: ``oneway.test(var.equal = TRUE)``.
    """
    place = np.unique(group, return_inverse=True)[1]
    count = np.bincount(place)
    mean = np.bincount(place, y) / count
    within, n, k = float(((y - mean[place]) ** 2).sum()), len(y), len(count)
    between = float((count * (mean - y.mean()) ** 2).sum())
    share = between / (between + within)
    if n <= k:
        return Association(float(np.sqrt(share)))
    statistic = np.inf if within == 0 else (between / (k - 1)) / (within / (n - k))
    return Association(float(np.sqrt(share)), p=float(fdtrc(k - 1, n - k, statistic)))


def crossed(x: Integers, y: Integers) -> Floats:
    """Count the patients of each pair of categories; those that nobody has are left out."""
    rows, columns = (np.unique(codes, return_inverse=True)[1] for codes in (x, y))
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1)
    return table


def _pearson(x: Floats, y: Floats) -> float:
    """Pearson's correlation, scaled first so that values of any size keep their digits."""
    a, b = ((values - values.mean()) / np.ptp(values) for values in (x, y))
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _correlation(value: float, n: int, spread: float) -> Association:
    """Add limits on the scale of Fisher's z, with variance `spread` / (n - 3), and the p-value of t on n - 2."""
    if n < FEWEST:
        return Association(value)
    if abs(value) == 1.0:
        return Association(value, value, value, 0.0)
    t = value * np.sqrt((n - 2) / (1 - value**2))
    reach = Z * np.sqrt(spread / (n - 3))
    lower, upper = np.tanh(np.arctanh(value) + np.array([-reach, reach]))
    return Association(value, float(lower), float(upper), float(2 * stdtr(n - 2, -abs(t))))


def _entropy(counts: Floats) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())
