"""Tests between groups made again from what a table prints: counts, or means and standard deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, erfc, fdtrc, gammaln, stdtr, xlogy

from cohorts.errors import DataContractError, Finding, raise_findings
from prognosis.audit.confusion import Value
from prognosis.audit.printed import Printed, read_printed

Floats = NDArray[np.float64]
Limits = tuple[float, float]
Distribution = Literal["chi-squared", "f", "t", "z"]
# How many degrees of freedom a statistic has.
FREEDOMS = {"chi-squared": 1, "f": 2, "t": 1, "z": 0}


@dataclass(frozen=True)
class Statistic:
    """A test statistic of a table.

    Parameters
    ----------
    name : of the test. least, most : values that the printed digits allow. freedom : degrees of freedom.
    distribution : that it is compared with.
    """

    name: str
    least: float
    most: float
    freedom: tuple[float, ...]
    distribution: Distribution = "chi-squared"

    @property
    def value(self) -> float:
        """Middle of what the digits allow."""
        return (self.least + self.most) / 2

    @property
    def p(self) -> Limits:
        """Smallest and largest two-sided p-value."""
        return p_of(self.distribution, self.most, self.freedom), p_of(self.distribution, self.least, self.freedom)


def p_of(distribution: Distribution, value: float, freedom: Sequence[float]) -> float:
    """Return the p-value of a statistic: of the upper tail for chi-squared and F, two-sided for t and z.

    Raises
    ------
    DataContractError
        A07 another number of degrees of freedom than the distribution has, or one that is not above 0.
    """
    needed = FREEDOMS[distribution]
    if len(freedom) != needed or any(not 0 < degrees < np.inf for degrees in freedom):
        rule = f"{distribution} has {needed} number(s) of degrees of freedom above 0, given {list(freedom)}"
        raise DataContractError(Finding("A07", rule, "correct df"))
    if distribution == "chi-squared":
        return float(chdtrc(freedom[0], max(value, 0.0)))
    if distribution == "f":
        return float(fdtrc(freedom[0], freedom[1], max(value, 0.0)))
    return float(2 * stdtr(freedom[0], -abs(value))) if distribution == "t" else float(erfc(abs(value) / np.sqrt(2)))


def chi2(counts: Sequence[Sequence[int]]) -> tuple[Statistic, ...]:
    """Test a table of counts: Pearson, the likelihood ratio, and for two by two Yates' correction.

    Parameters
    ----------
    counts : patients by group (lines) and category (columns).

    Raises
    ------
    DataContractError
        A03 a line of another length, a negative count, less than two lines or columns with patients.

    Notes
    -----
    As ``chisq.test`` with ``correct = FALSE`` and TRUE.
    """
    observed = _table(counts)
    expected = observed.sum(1, keepdims=True) * observed.sum(0) / observed.sum()
    freedom = (float((observed.shape[0] - 1) * (observed.shape[1] - 1)),)
    gap = np.abs(observed - expected)
    found = {
        "Pearson": float((gap**2 / expected).sum()),
        "likelihood ratio": 2 * float(xlogy(observed, observed / expected).sum()),
    }
    if observed.shape == (2, 2):
        found["Yates"] = float(((gap - min(0.5, float(gap.min()))) ** 2 / expected).sum())
    return tuple(Statistic(name, value, value, freedom) for name, value in found.items())


def fisher_p(counts: Sequence[Sequence[int]]) -> float | None:
    """Return Fisher's exact two-sided p-value of a table of two by two, None for larger ones. As ``fisher.test``."""
    observed = _table(counts)
    if observed.shape != (2, 2):
        return None
    (a, b), (c, d) = observed
    first = np.arange(max(0.0, a - d), min(a + b, a + c) + 1)
    cells = np.array([first, a + b - first, a + c - first, d - a + first])
    logs = -gammaln(cells + 1).sum(0)
    weight = np.exp(logs - logs.max())
    # ties of equal probability differ by rounding
    as_rare = weight <= weight[first == a][0] * (1 + 1e-7)
    return min(float(weight[as_rare].sum() / weight.sum()), 1.0)


def _table(counts: Sequence[Sequence[int]]) -> Floats:
    """Check counts; lines and columns without patients are left out, as they say nothing."""
    if len({len(line) for line in counts}) != 1:
        raise DataContractError(Finding("A03", "the lines of counts differ in length", "give one count a category"))
    observed = np.asarray(counts, float)
    if (observed < 0).any() or (observed != np.floor(observed)).any():
        raise DataContractError(Finding("A03", "counts of patients are whole numbers from 0 on", "correct them"))
    observed = observed[observed.sum(1) > 0][:, observed.sum(0) > 0]
    if min(observed.shape) < 2:
        raise DataContractError(Finding("A03", "less than two groups or categories with patients", "there is no test"))
    return observed


@dataclass(frozen=True)
class GroupSummary:
    """One group: `n` patients, `mean` and `sd` as printed."""

    n: int
    mean: Printed
    sd: Printed
    name: str = ""


def group_summary(n: int, mean: Value, sd: Value, name: str = "") -> GroupSummary:
    """Read one group of a table.

    Raises
    ------
    DataContractError
        A03 less than two patients, or a negative standard deviation; A04 no printed number.
    """
    read = GroupSummary(n, read_printed(mean), read_printed(sd), name)
    faults = [Finding("A03", f"{n} patients have no standard deviation", "give two or more")] if n < 2 else []
    if read.sd.value < 0:
        faults.append(Finding("A03", "a standard deviation below 0", "correct it", value=read.sd.text))
    raise_findings(faults, DataContractError)
    return read


def anova_from_summary(groups: Sequence[GroupSummary]) -> tuple[Statistic, ...]:
    """Make an analysis of variance of group sizes, means and standard deviations, as ranges that their digits allow.

    Parameters
    ----------
    groups : two or more, see `group_summary`.

    Returns
    -------
    F with one variance for all groups; and for two groups Student's t, whose square it is, and Welch's t.

    Raises
    ------
    DataContractError
        A03 less than two groups, or no spread at all.
    """
    if len(groups) < 2:
        raise DataContractError(Finding("A03", "less than two groups", "there is no test"))
    sizes = np.array([group.n for group in groups], float)
    means = np.array([[float(end) for end in group.mean.rounded] for group in groups])
    spreads = np.array([[max(float(end), 0.0) for end in group.sd.rounded] for group in groups])
    freedom = (float(len(groups) - 1), float(sizes.sum() - len(groups)))
    within = (sizes - 1) @ spreads**2 / freedom[1]
    if not within[1] > 0:
        raise DataContractError(Finding("A03", "every standard deviation is 0", "there is no test"))
    between = np.array(_between(sizes, means)) / freedom[0]
    most = between[1] / within[0] if within[0] > 0 else np.inf
    found = [Statistic("F", float(between[0] / within[1]), float(most), freedom, "f")]
    if len(groups) == 2:
        root = [float(np.sqrt(end)) for end in (found[0].least, found[0].most)]
        found += [Statistic("t", root[0], root[1], freedom[1:], "t"), _welch(sizes, means, spreads)]
    return tuple(found)


def _between(sizes: Floats, means: Floats) -> Limits:
    """Smallest and largest sum of squares between groups whose means lie between limits, (k, 2)."""
    edges = np.unique(means)
    # the least is reached with every mean as near to one value as it may be: a convex function of that value
    low, high = edges[0], edges[-1]
    for _ in range(100):
        one, two = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, two) if _around(one, sizes, means) < _around(two, sizes, means) else (one, high)
    centre = float(sizes @ means.mean(1) / sizes.sum())
    largest = 0.0
    for first in range(2 ** min(len(sizes), 12)):  # the most is reached at ends of the ranges
        side = np.array([first >> place & 1 for place in range(len(sizes))])
        if len(sizes) > 12:
            side = (means.mean(1) > centre).astype(int)
        ends = means[np.arange(len(sizes)), side]
        largest = max(largest, float(sizes @ (ends - sizes @ ends / sizes.sum()) ** 2))
    return _around((low + high) / 2, sizes, means), largest


def _around(centre: float, sizes: Floats, means: Floats) -> float:
    return float(sizes @ (np.clip(centre, means[:, 0], means[:, 1]) - centre) ** 2)


def _welch(sizes: Floats, means: Floats, spreads: Floats) -> Statistic:
    middle = means.mean(1)
    errors = spreads**2 / sizes[:, None]
    gap, slack = abs(middle[0] - middle[1]), float((means[:, 1] - means[:, 0]).sum()) / 2
    least, most = errors.sum(0)
    part = errors.mean(1)
    freedom = float(part.sum() ** 2 / (part**2 / (sizes - 1)).sum()) if part.sum() else 1.0
    high = (gap + slack) / np.sqrt(least) if least > 0 else np.inf
    return Statistic("Welch's t", max(gap - slack, 0.0) / float(np.sqrt(most)), float(high), (freedom,), "t")
