"""R's `pretty`: equally spaced round values that cover a range."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

INTERVALS = 10


def pretty_unit(lower: float, upper: float, n: int = INTERVALS) -> tuple[int, int, int, int]:
    """Return R's round cell for a range as (mantissa, exponent, first multiple, last multiple).

    The mantissa is 1, 2 or 5. Source: `R_pretty` of R (Becker, Chambers and Wilks 1988) with its defaults
    ``min.n = n %/% 3, shrink.sml = 0.75, high.u.bias = 1.5, u5.bias = 2.75``.
    """
    few, bias, bias5 = n // 3, 1.5, 2.75
    width, cell = upper - lower, max(abs(lower), abs(upper))
    narrow = 3 * cell * (1 + 1 / (1 + bias)) * max(1, n) * np.finfo(float).eps
    if cell == 0 or width < narrow:
        cell = cell or 1.0
        cell = (9 + cell / 10 if cell > 10 else cell) * 0.75 / max(1, few)
    else:
        cell = width / max(1, n)
    exponent = math.floor(math.log10(cell))
    base, mantissa = 10.0**exponent, 1
    for larger, favour in ((2, bias), (5, bias5), (10, bias)):
        if larger * base - cell >= favour * (cell - mantissa * base):
            break
        mantissa = larger
    unit, slack = mantissa * base, 1e-10
    first, last = math.floor(lower / unit + slack), math.ceil(upper / unit - slack)
    missing = few - (last - first)
    if missing > 0:
        down = missing // 2 + (missing % 2 if first >= 0 else 0)
        down = 0 if lower == 0 and first == 0 and upper != 0 else down
        down = missing if upper == 0 and last == 0 and lower != 0 else down
        first, last = first - down, last + missing - down
    return (1, exponent + 1, first, last) if mantissa == 10 else (mantissa, exponent, first, last)


def pretty(lower: float, upper: float, n: int = INTERVALS) -> NDArray[np.float64]:
    """Return about n + 1 equally spaced round values that cover a range, as R's ``pretty(c(lower, upper), n)``."""
    mantissa, exponent, first, last = pretty_unit(lower, upper, n)
    return multiples(range(first, last + 1), mantissa, exponent)


def multiples(counts: Sequence[int], mantissa: int, exponent: int) -> NDArray[np.float64]:
    """Return each count times ``mantissa * 10**exponent``, as the float nearest to the decimal number."""
    # 3 / 10 is the float nearest to 0.3, 3 * 0.1 is not
    if exponent < 0:
        return np.array([count * mantissa / 10.0**-exponent for count in counts])
    return np.array([count * mantissa * 10.0**exponent for count in counts])
