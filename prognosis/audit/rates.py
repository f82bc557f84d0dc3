"""Every rate of a table of four fields as a quotient of two forms that are linear in the true negatives.

With P positives and N negatives in truth, t of them true positives and s true negatives, ``rate = (a0 + a1 s) / (b0 +
b1 s)`` where the coefficients hold t, P and N only. What a printed rate allows is then an interval of s for each t.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding

Ints = NDArray[np.int64]


class Quotient(NamedTuple):
    """Coefficients of ``(a0 + a1 s) / (b0 + b1 s)``."""

    a0: Ints | int
    a1: Ints | int
    b0: Ints | int
    b1: Ints | int


# t true positives, p positives, n negatives.
RATES: Mapping[str, Callable[[Ints, Ints, Ints], Quotient]] = {
    "sensitivity": lambda t, p, n: Quotient(t, 0, p, 0),  # noqa: ARG005
    "specificity": lambda t, p, n: Quotient(0, 1, n, 0),  # noqa: ARG005
    "ppv": lambda t, p, n: Quotient(t, 0, t + n, -1),  # noqa: ARG005
    "npv": lambda t, p, n: Quotient(0, 1, p - t, 1),  # noqa: ARG005
    "accuracy": lambda t, p, n: Quotient(t, 1, p + n, 0),
    "balanced_accuracy": lambda t, p, n: Quotient(t * n, p, 2 * p * n, 0),
    "f1": lambda t, p, n: Quotient(2 * t, 0, t + p + n, -1),
    "youden": lambda t, p, n: Quotient((t - p) * n, p, p * n, 0),
    "false_positive_rate": lambda t, p, n: Quotient(n, -1, n, 0),  # noqa: ARG005
    "false_negative_rate": lambda t, p, n: Quotient(p - t, 0, p, 0),  # noqa: ARG005
    "error_rate": lambda t, p, n: Quotient(p + n - t, -1, p + n, 0),
    "positive_likelihood_ratio": lambda t, p, n: Quotient(t * n, 0, p * n, -p),
    "negative_likelihood_ratio": lambda t, p, n: Quotient((p - t) * n, 0, 0, p),
}  # fmt: skip
# Those that are no share of patients, and so no percentage.
RATIOS = ("positive_likelihood_ratio", "negative_likelihood_ratio")
# Those that papers take for each other.
EXCHANGEABLE = ("sensitivity", "specificity", "ppv", "npv")
WORDS = {name: name.replace("_", " ") for name in RATES} | {"ppv": "PPV", "npv": "NPV", "f1": "F1", "auc": "AUC"}


@dataclass(frozen=True)
class Confusion:
    """Numbers of patients by truth and call.

    Parameters
    ----------
    tp, fn : patients with the outcome, called rightly and missed. tn, fp : those without.
    """

    tp: int
    fn: int
    tn: int
    fp: int

    def rate(self, name: str) -> Fraction | None:
        """Return a rate exactly; None where it is a division by 0."""
        t, p, n = (np.array(each, np.int64) for each in (self.tp, self.tp + self.fn, self.tn + self.fp))
        form = RATES[name](t, p, n)
        above, below = (int(c0) + int(c1) * self.tn for c0, c1 in ((form.a0, form.a1), (form.b0, form.b1)))
        return Fraction(above, below) if below else None

    def __str__(self) -> str:
        return f"TP {self.tp}, FN {self.fn}, TN {self.tn}, FP {self.fp}"


def narrowed(low: Ints, high: Ints, form: Quotient, between: tuple[Fraction, Fraction]) -> tuple[Ints, Ints]:
    """Keep of each interval of s, `low` to `high`, what gives a rate between two values; 0/0 gives any of them.

    Raises
    ------
    DataContractError
        A06 numbers that are too large to be compared exactly.
    """
    (below, above), (a0, a1, b0, b1) = between, form
    largest = max(int(np.abs(each).max(initial=0)) for each in (a0, b0))
    if 4 * largest * max(end.denominator for end in between) > np.iinfo(np.int64).max:
        rule = "so many digits of so many patients exceed the whole numbers that are searched"
        raise DataContractError(Finding("A06", rule, "give fewer decimals"))
    p, q = below.numerator, below.denominator
    low, high = _at_least(low, high, q * a1 - p * b1, p * b0 - q * a0)
    p, q = above.numerator, above.denominator
    return _at_least(low, high, p * b1 - q * a1, q * a0 - p * b0)


def without_undefined(low: Ints, high: Ints, form: Quotient) -> tuple[Ints, Ints]:
    """Take the end of each interval away where the rate would be 0/0."""
    a0, a1, b0, b1 = (np.broadcast_to(np.asarray(each, np.int64), low.shape) for each in form)
    nothing = [(b0 + b1 * s == 0) & (a0 + a1 * s == 0) for s in (low, high)]
    return low + nothing[0], high - nothing[1]


def _at_least(low: Ints, high: Ints, slope: Ints | int, least: Ints | int) -> tuple[Ints, Ints]:
    """Keep what has ``slope * s >= least``."""
    slope, least = (np.broadcast_to(np.asarray(each, np.int64), low.shape) for each in (slope, least))
    steep = np.where(slope == 0, 1, np.abs(slope))
    low = np.where(slope > 0, np.maximum(low, -(-least // steep)), low)
    high = np.where(slope < 0, np.minimum(high, -least // steep), high)
    return low, np.where((slope == 0) & (least > 0), low - 1, high)
