"""Chromosome bands as places along a chromosome.

A place is a number: 0 the centromere, the short arm negative, the long arm positive, the ends at -1 and +1. Bands are
numbered outwards, so that band q21.3 covers 0.213 to 0.214, band q21 covers 0.21 to 0.22, and a band of which only the
region is known (q2?) covers 0.2 to 0.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BAND = re.compile(r"([pq])(\d*)(?:\.(\d+))?")


@dataclass(frozen=True)
class Breakpoint:
    """Where a chromosome broke: from `low` to `high` along the chromosome; `text` as written, ``?`` where unknown."""

    text: str
    low: float = -1.0
    high: float = 1.0
    uncertain: bool = False


def breakpoint_of(text: str, uncertain: bool = False) -> Breakpoint:
    """Return where a band lies; ``pter`` and ``qter`` are the ends, ``p`` and ``q`` an arm, ``?`` anywhere.

    Raises
    ------
    ValueError
        The text names no band.
    """
    if text in ("", "?"):
        return Breakpoint("?", uncertain=True)
    if text in ("pter", "qter"):
        end = 1.0 if text == "qter" else -1.0
        return Breakpoint(text, end, end)
    band = _BAND.fullmatch(text)
    if band is None:
        raise ValueError(f"{text!r} is no band")
    arm, digits, further = band[1], band[2] or "", band[3] or ""
    low = float(f"0.{digits}{further}") if digits else 0.0
    high = low + 10.0 ** -len(digits + further)
    return Breakpoint(text, *((low, high) if arm == "q" else (-high, -low)), uncertain=uncertain)
