"""Chromosome bands as places along a chromosome.

A place is a number: the short arm is negative, the long arm positive, the centromere between -0.1 and 0.1. Bands are
numbered outwards, so that band q21.3 covers 0.213 to 0.214, band q21 covers 0.21 to 0.22, and a band of which only the
region is known (q2?) covers 0.2 to 0.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_BAND = re.compile(r"([pq])(\d*)(?:\.(\d+))?")
CENTROMERE = 0.11  # p10 and q10 name the centromere; the arms start at band 11

# Bands of the 400-band ideogram, first of each region to its last; sub-bands are not listed.
_ROWS = """
1 p11-13 p21-22 p31-36 q11-12 q21-25 q31-32 q41-44
2 p11-16 p21-25 q11-14 q21-24 q31-37
3 p11-14 p21-26 q11-13 q21-29
4 p11-16 q11-13 q21-28 q31-35
5 p11-15 q11-15 q21-23 q31-35
6 p11-12 p21-25 q11-16 q21-27
7 p11-15 p21-22 q11 q21-22 q31-36
8 p11-12 p21-23 q11-13 q21-24
9 p11-13 p21-24 q11-13 q21-22 q31-34
10 p11-15 q11 q21-26
11 p11-15 q11-14 q21-25
12 p11-13 q11-15 q21-24
13 p11-13 q11-14 q21-22 q31-34
14 p11-13 q11-13 q21-24 q31-32
15 p11-13 q11-15 q21-26
16 p11-13 q11-13 q21-24
17 p11-13 q11-12 q21-25
18 p11 q11-12 q21-23
19 p11-13 q11-13
20 p11-13 q11-13
21 p11-13 q11 q21-22
22 p11-13 q11-13
X p11 p21-22 q11-13 q21-28
Y p11 q11-12
"""


def _bands(regions: list[str]) -> set[str]:
    found = set()
    for region in regions:
        first, last = re.match(r"[pq](\d+)(?:-(\d+))?", region).groups()  # type: ignore[union-attr]
        found |= {f"{region[0]}{number}" for number in range(int(first), int(last or first) + 1)}
    return found


BANDS = {row.split()[0]: _bands(row.split()[1:]) for row in _ROWS.strip().splitlines()}


def _end(chromosome: str, arm: str) -> float:
    return (max(int(band[1:]) for band in BANDS[chromosome] if band[0] == arm) + 1) / 100


# Beyond the last band lies the telomere: the place where a change of an arm is noted whose band is not known.
TELOMERE = 0.005
ENDS = {chromosome: (-_end(chromosome, "p") - TELOMERE, _end(chromosome, "q") + TELOMERE) for chromosome in BANDS}


@dataclass(frozen=True)
class Breakpoint:
    """Where a chromosome broke: from `low` to `high` along the chromosome; `text` as written, ``?`` where unknown."""

    text: str
    low: float = -1.0
    high: float = 1.0
    uncertain: bool = False

    @property
    def known(self) -> bool:
        """The band itself is written, not only its arm or region, and no question mark stands beside it."""
        return not self.uncertain and self.high - self.low < 0.02

    @property
    def arm(self) -> str:
        """``p`` or ``q``; empty where the arm is not known."""
        return "p" if self.high <= 0 else "q" if self.low >= 0 else ""

    @property
    def centromeric(self) -> bool:
        """The break lies in the centromere: p10 or q10."""
        return self.known and max(abs(self.low), abs(self.high)) <= CENTROMERE


@lru_cache(maxsize=4096)
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
        return Breakpoint(text, end, end, uncertain)
    band = _BAND.fullmatch(text)
    if band is None:
        raise ValueError(f"{text!r} is no band")
    arm, digits, further = band[1], band[2] or "", band[3] or ""
    low = float(f"0.{digits}{further}") if digits else 0.0
    high = round(low + 10.0 ** -len(digits + further), 9)
    return Breakpoint(text, *((low, high) if arm == "q" else (-high, -low)), uncertain=uncertain)


@lru_cache(maxsize=4096)
def exists(chromosome: str, band: str) -> bool:
    """Return whether a chromosome has a band; the centromere, arms, regions of bands, sub-bands and ranges count."""
    first, *others = re.split("[~-]", band)
    if others:
        return all(exists(chromosome, each if each[:1] in ("p", "q") else band[0] + each) for each in (first, *others))
    main = band.split(".")[0]
    if chromosome not in BANDS or main in ("p", "q", "p10", "q10", "pter", "qter", "?"):
        return True
    return any(known == main or (len(main) == 2 and known.startswith(main)) for known in BANDS[chromosome])
