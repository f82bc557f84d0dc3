"""A time with its unit in words: one year, two years."""

from __future__ import annotations

UNITS = ("days", "weeks", "months", "years")


def time_words(time: float, unit: str) -> str:
    """Return ``12 months``, and ``1 year`` for one; a unit of another language or kind stays as it is."""
    return f"{time:g} {unit[:-1] if time == 1 and unit in UNITS else unit}"
