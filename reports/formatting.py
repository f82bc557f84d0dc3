"""Numbers and units as people read them: no more digits than the number carries."""

from __future__ import annotations

import math

from reports.wording import Wording

YEARS_FROM = 24


def three_digits(value: float) -> str:
    """Return a number with three significant digits, whole numbers above 1000 in full."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def clinical(value: float) -> str:
    """Return a summary of measured values: whole numbers from 20, one decimal from 1, else two digits."""
    if abs(value) >= 20:
        return f"{value:.0f}"
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 1 else f"{value:.2g}"


def ratio(value: float) -> str:
    """Return a hazard ratio with two significant digits, one decimal from 1 to 10."""
    if value >= 9.95:
        return f"{value:.0f}" if value < 1000 else ">1000"
    if value >= 0.995:  # 0.995 would round to 1.00, which has a digit too many
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.0995 else f"{value:.2g}"


def two_decimals(value: float) -> str:
    """Return an index such as C or the calibration slope with two decimals."""
    return f"{value:.2f}"


def p_value(value: float) -> str:
    """Return a p-value with two significant digits, never as nought."""
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def count(value: int, wording: Wording) -> str:
    """Return a count of people, thousands separated as the language does."""
    return f"{value:,}" if wording.language == "en" else str(value)


def unit_text(unit: str, wording: Wording, time: float | None = None) -> str:
    """Return the word of a time unit, for one of it too; a unit that the table does not have is printed as declared."""
    key = f"unit_one_{unit}" if time == 1 else f"unit_{unit}"
    return wording(key) if wording.has(key) else unit


def duration(time: float, unit: str, wording: Wording) -> str:
    """Return a time with its unit, with the years beside it for long times in whole years of months.

    ``duration(60, "months", en)`` is ``60 months (5 years)``.
    """
    text = wording("duration", time=three_digits(time), unit=unit_text(unit, wording, time))
    if unit == "months" and time >= YEARS_FROM and math.isclose(time % 12, 0.0, abs_tol=1e-9):
        years = wording("duration", time=f"{time / 12:.0f}", unit=unit_text("years", wording))
        return wording("in_brackets", text=text, more=years)
    return text


def finite(value: float) -> float | None:
    """Return None for NaN or infinity, which JSON and readers cannot use."""
    return float(value) if math.isfinite(value) else None
