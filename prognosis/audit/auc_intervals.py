"""Which method made a printed interval of an AUC, and whether it knew how many patients had the outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import betaincinv, expit, logit

from cohorts.errors import DataContractError, Finding
from prognosis.audit.confusion import Value
from prognosis.audit.printed import Printed, read_printed
from prognosis.normal import z_of_level

Limits = tuple[float, float]
# From here on an AUC is printed in percent: none is between 1 and this.
LEAST_PERCENT = 10
# An interval of these forgets that an AUC compares two groups: it takes it for a share of all patients.
WITHOUT_CLASSES = ("exact binomial of all patients", "Wilson of all patients", "Wald of all patients")
WITH_CLASSES = ("Hanley-McNeil", "Hanley-McNeil on the logit scale")


class Setting(NamedTuple):
    """Patients with and without the outcome, and the level of the interval."""

    positives: int
    negatives: int
    level: float = 0.95


def hanley_mcneil_error(auc: float, setting: Setting) -> float:
    """Return the standard error of an AUC of exponential scores. Source: Hanley and McNeil (1982)."""
    p, n, _ = setting
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    square = auc * (1 - auc) + (p - 1) * (one - auc**2) + (n - 1) * (two - auc**2)
    return float(np.sqrt(max(square, 0.0) / (p * n)))


def delong_errors(auc: float, setting: Setting) -> Limits:
    """Return the smallest and largest standard error that an AUC of scores without ties can have.

    Notes
    -----
    DeLong's variance is var(R) / negatives + var(1 - x) / positives along the ROC curve R(x). Over all curves of area
    A it is largest, A (1 - A) / min(positives, negatives), where the other group is at one point (van Dantzig 1951;
    Birnbaum and Klose 1957), and smallest on the curve R(x) = c + x negatives / positives, cut at 0 and 1, which
    follows from its derivative.
    """
    p, n, _ = setting
    slope = n / p
    low, high = -slope - 1.0, 1.0
    for _ in range(60):  # the area rises with c
        middle = (low + high) / 2
        low, high = (middle, high) if _moments(middle, slope)[0] < auc else (low, middle)
    _, squares, weighed = _moments((low + high) / 2, slope)
    least = max(squares - auc**2, 0.0) / n + max(2 * weighed - auc**2, 0.0) / p
    return float(np.sqrt(least)), float(np.sqrt(auc * (1 - auc) / min(p, n)))


def _moments(c: float, slope: float) -> tuple[float, float, float]:
    """Integrals over x of R, of R squared and of (1 - x) R, for R = c + slope x between 0 and 1."""
    start, end = (min(max((edge - c) / slope, 0.0), 1.0) for edge in (0.0, 1.0))
    at, width = np.array([start, (start + end) / 2, end]), end - start
    simpson = width / 6 * np.array([1.0, 4.0, 1.0])  # exact for polynomials of degree 2 (and 3)
    line, rest = np.clip(c + slope * at, 0, 1), 1 - end
    area, squares = float(simpson @ line) + rest, float(simpson @ line**2) + rest
    return area, squares, float(simpson @ ((1 - at) * line)) + rest**2 / 2


def _exact(auc: float, setting: Setting) -> Limits:
    n, tail = setting.positives + setting.negatives, (1 - setting.level) / 2
    hits = auc * n  # need not be whole: this is the point
    lower = float(betaincinv(hits, n - hits + 1, tail)) if hits > 0 else 0.0
    upper = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return lower, upper


def _wilson(auc: float, setting: Setting) -> Limits:
    n, z = setting.positives + setting.negatives, z_of_level(setting.level)
    centre, reach = auc + z**2 / (2 * n), z * np.sqrt(auc * (1 - auc) / n + (z / (2 * n)) ** 2)
    return float((centre - reach) / (1 + z**2 / n)), float((centre + reach) / (1 + z**2 / n))


def _normal(auc: float, error: float, level: float) -> Limits:
    reach = z_of_level(level) * error
    return max(auc - reach, 0.0), min(auc + reach, 1.0)


def _on_logit(auc: float, setting: Setting) -> Limits:
    if not 0 < auc < 1:
        return auc, auc
    reach = z_of_level(setting.level) * hanley_mcneil_error(auc, setting) / (auc * (1 - auc))
    return float(expit(logit(auc) - reach)), float(expit(logit(auc) + reach))


METHODS: Mapping[str, Callable[[float, Setting], Limits]] = {
    "exact binomial of all patients": _exact,
    "Wilson of all patients": _wilson,
    "Wald of all patients": lambda auc, s: _normal(auc, (auc * (1 - auc) / sum(s[:2])) ** 0.5, s.level),
    "Hanley-McNeil": lambda auc, s: _normal(auc, hanley_mcneil_error(auc, s), s.level),
    "Hanley-McNeil on the logit scale": _on_logit,
}  # fmt: skip


@dataclass(frozen=True)
class MethodFit:
    """How one method agrees with a printed interval.

    Parameters
    ----------
    method : its name. lower, upper : its limits for the printed AUC.
    implied : smallest and largest AUC whose limits by this method are rounded to the printed ones; None where no AUC
        has these limits, that is, where the method did not make the interval.
    """

    method: str
    lower: float
    upper: float
    implied: Limits | None

    @property
    def fits(self) -> bool:
        """Whether the method gives the printed limits for some AUC."""
        return self.implied is not None


@dataclass(frozen=True)
class IntervalReading:
    """What a printed interval of an AUC can be.

    Parameters
    ----------
    auc, lower, upper : as printed. setting : patients and level. methods : how each one agrees.
    delong : half-widths that DeLong's method can give for untied scores, smallest and largest.
    """

    auc: Printed
    lower: Printed
    upper: Printed
    setting: Setting
    methods: tuple[MethodFit, ...]
    delong: Limits

    @property
    def fitting(self) -> tuple[str, ...]:
        """Methods that give the printed limits for some AUC."""
        return tuple(each.method for each in self.methods if each.fits)

    @property
    def half_width(self) -> float:
        """Half the printed width."""
        return float(self.upper.value - self.lower.value) / 2

    @property
    def step(self) -> float:
        """How much rounding may have added to the half-width."""
        return float(self.lower.unit + self.upper.unit) / 4

    @property
    def cut_at_an_end(self) -> bool:
        """Whether a limit is 0 or 1, where an interval may have been cut."""
        return self.upper.value == 1 or self.lower.value == 0

    @property
    def narrower_than_any(self) -> bool:
        """Whether no scores without ties could give so narrow an interval by DeLong's method."""
        return not self.cut_at_an_end and self.half_width + self.step < self.delong[0]

    def limits_by(self, method: str) -> Limits:
        """Return the limits of a method for the printed AUC."""
        return next((each.lower, each.upper) for each in self.methods if each.method == method)


def auc_ci_method(
    auc: Value, lower: Value, upper: Value, positives: int, negatives: int, *, level: float = 0.95
) -> IntervalReading:
    """Find the methods that reproduce a printed interval of an AUC.

    Parameters
    ----------
    auc, lower, upper : as printed, shares or percentages. positives, negatives : patients with and without the outcome.
    level : of the interval.

    Raises
    ------
    DataContractError
        A04 no printed number; A05 an AUC or limit outside 0 to 1 (to 100), or limits in the wrong order; A03 no
        patients in one of the groups.
    """
    if min(positives, negatives) < 1 or not 0 < level < 1:
        rule = f"{positives} with and {negatives} without the outcome, level {level}"
        raise DataContractError(
            Finding("A03", rule, "an AUC needs patients of both kinds, and a level between 0 and 1")
        )
    printed = [as_share(value) for value in (auc, lower, upper)]
    if printed[1].value >= printed[2].value:
        raise DataContractError(Finding("A05", "the lower limit is not below the upper one", value=printed[1].text))
    setting = Setting(positives, negatives, level)
    value, z = float(printed[0].value), z_of_level(level)
    methods = tuple(
        MethodFit(name, *limits(value, setting), _implied(limits, setting, printed[1], printed[2]))
        for name, limits in METHODS.items()
    )
    least, most = delong_errors(value, setting)
    return IntervalReading(printed[0], printed[1], printed[2], setting, methods, (z * least, z * most))


def as_share(value: Value) -> Printed:
    """Read an AUC or a limit of one; from 10 on it is a percentage.

    Raises
    ------
    DataContractError
        A04 no printed number; A05 outside 0 to 100.
    """
    read = read_printed(value)
    share = read.of_percent() if read.value >= LEAST_PERCENT else read
    if not 0 <= share.value <= 1:
        raise DataContractError(Finding("A05", "an AUC lies between 0 and 1", "correct it", value=read.text))
    return share


def _implied(
    limits: Callable[[float, Setting], Limits], setting: Setting, lower: Printed, upper: Printed
) -> Limits | None:
    """Smallest and largest AUC whose limits are rounded to the printed ones; both limits rise with the AUC."""
    ranges = []
    for side, printed in enumerate((lower, upper)):
        below, above = (float(each) for each in printed.rounded)
        ranges.append([_first_at(limits, setting, side, below - 1e-9), _first_at(limits, setting, side, above + 1e-9)])
    start, end = max(ranges[0][0], ranges[1][0]), min(ranges[0][1], ranges[1][1])
    return (start, end) if start <= end else None


def _first_at(limits: Callable[[float, Setting], Limits], setting: Setting, side: int, value: float) -> float:
    """Smallest AUC from which a limit reaches a value; 1 where it never does."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if limits(middle, setting)[side] >= value else (middle, high)
    return high
