"""A number as it was printed: its digits say between which values the number lay before it was rounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cohorts.errors import DataContractError, Finding

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
# Digits after the point beyond which a number was not printed but computed.
MOST_DECIMALS = 8
Range = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Printed:
    """A printed number.

    Parameters
    ----------
    text : as printed. value : its value, without a percent sign's division. unit : one step of its last digit.
    """

    text: str
    value: Fraction
    unit: Fraction

    @property
    def decimals(self) -> int:
        """Digits after the point."""
        return max(len(str(1 / self.unit)) - 1, 0) if self.unit < 1 else 0

    @property
    def rounded(self) -> Range:
        """Smallest and largest value that is rounded to this; both ends count, since a half goes either way."""
        return self.value - self.unit / 2, self.value + self.unit / 2

    @property
    def rounded_or_cut(self) -> Range:
        """As `rounded`, or with the digits that follow cut off (towards 0), which is no rounding but is done."""
        below, above = self.rounded
        last = self.unit * Fraction(999, 1000)  # 65.6 itself is not cut to 65.5
        return (min(below, self.value), self.value + last) if self.value >= 0 else (self.value - last, above)

    def of_percent(self) -> Printed:
        """Return a percentage as a share."""
        return Printed(self.text, self.value / 100, self.unit / 100)

    def as_printed(self, value: float | Fraction) -> str:
        """Return another value with as many digits as this one has."""
        return rounded_text(value, self.decimals)

    def agrees(self, low: float | Fraction, high: float | Fraction, slack: float = 1e-9) -> bool:
        """Say whether a value between `low` and `high` can be rounded to this."""
        below, above = self.rounded
        return float(low) <= float(above) + slack and float(high) >= float(below) - slack


def rounded_text(value: float | Fraction, decimals: int) -> str:
    """Return a value with so many decimals, halves up, as tables are made by hand."""
    step = Fraction(1, 10**decimals)
    exact = Fraction(value)
    units = abs(exact) / step + Fraction(1, 2)
    whole = units.numerator // units.denominator
    digits = f"{whole:0{decimals + 1}d}"
    sign = "-" if exact < 0 and whole else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)


def read_printed(value: Printed | str | Decimal | float) -> Printed:
    """Read a number with the digits it was printed with.

    Parameters
    ----------
    value : text (``"69.20"``, ``".63"``, ``"93,1"``), a `Decimal` or a whole number; of a float the digits that Python
        shows, so that a last 0 is lost.

    Raises
    ------
    DataContractError
        A04 no number.
    """
    if isinstance(value, Printed):
        return value
    text = str(value).strip().removesuffix("%").strip()
    plain = text.replace("\u2212", "-").replace("\u00b7", ".")
    if re.fullmatch(r"[+-]?\d+,\d{1,2}", plain):  # 93,1 is a decimal comma; 1,365 would be thousands
        plain = plain.replace(",", ".")
    if isinstance(value, bool) or not NUMBER.fullmatch(plain) or len(plain.partition(".")[2]) > MOST_DECIMALS:
        way_out = f"write it as printed: 69.2, or .63; at most {MOST_DECIMALS} decimals"
        raise DataContractError(Finding("A04", "no printed number", way_out, value=repr(str(value))))
    return Printed(text, Fraction(plain), Fraction(1, 10 ** len(plain.partition(".")[2])))
