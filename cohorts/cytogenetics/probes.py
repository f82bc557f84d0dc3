"""The catalogue of FISH probes: where on the chromosomes each one binds. Declarations; a new probe is one entry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType

# Band, then the names that laboratories give to probes of it. Genes rearranged in every B cell, or of which a part is
# lost there, count as `recombined`: their copies say nothing about the chromosome.
_LOCI = """
1p32.3 CDKN2C P18 FAF1
1p36.3 TP73
1p12 FAM46C TENT5C
1q21.3 CKS1B
1q21.1 BCL9
1q22 ADAR
4p16.3 FGFR3 NSD2 WHSC1 MMSET
5p15.3 D5S23 D5S721 TERT
5q31.2 EGR1
5q33.1 RPS14
6p21.1 CCND3
6q21 PRDM1
6q23.3 MYB
7q31.2 D7S486
8p21.3 TNFRSF10B
8q24.2 MYC CMYC
9p21.3 CDKN2A P16
9q34.1 ABL1 ABL
9q34.3 NOTCH1
11q13.3 CCND1 MYEOV
11q22.3 ATM
12p13.2 ETV6
13q14.2 RB1 RB
13q14.3 D13S319 D13S25 DLEU DLEU1 DLEU2
13q34 LAMP1
14q32.3 IGH
16q23.2 MAF CMAF
16q23.1 WWOX
17p13.1 TP53 P53
17q21.2 RARA
18q21.3 BCL2
19q13.2 ZFP36
19p13.3 TCF3
20q12 MAFB
20q12 D20S108
21q22.1 RUNX1
22q11.2 BCR
22q11.2 IGL
2p11.2 IGK
"""
RECOMBINED = ("IGH", "IGK", "IGL")
_BAND = re.compile(r"(\d{1,2}|X|Y)([PQ])(\d{1,2}(?:\.\d{1,2})?)")
_CENTROMERE = re.compile(r"(?:CEP|CEN|CENTROMERE|D)\s*(\d{1,2}|X|Y)(?:Z\d+)?")
_HALF = re.compile(r"([35])'\s*(.+)|(.+?)\s*\(?([35])'\)?")


@dataclass(frozen=True)
class Probe:
    """A probe: its name, the band it binds to (``17p13.1``; ``17cen`` of a centromere), the half of a break-apart one.

    `half` is ``5'`` or ``3'`` where the gene is marked on both sides of its breakpoints.
    """

    name: str
    band: str
    half: str = ""

    @cached_property
    def chromosome(self) -> str:
        """Number or letter."""
        return re.split("[pqc]", self.band)[0]

    @cached_property
    def arm(self) -> str:
        """``p``, ``q`` or ``cen``."""
        return "cen" if self.band.endswith("cen") else "p" if "p" in self.band else "q"

    @cached_property
    def counts(self) -> bool:
        """Its signals count copies of the chromosome: not those of immunoglobulin genes, of halves, of X and Y."""
        return not self.half and self.name not in RECOMBINED and self.chromosome.isdigit()


def _catalogue() -> dict[str, Probe]:
    found: dict[str, Probe] = {}
    for row in _LOCI.strip().splitlines():
        band, *names = row.split()
        found |= {name: Probe(names[0] if not name.startswith("D") else name, band) for name in names}
    return found


PROBES: Mapping[str, Probe] = MappingProxyType(_catalogue())


@lru_cache(maxsize=4096)
def probe_of(name: str) -> Probe | None:
    """Return a probe by its name in reports: a gene, a marker, a band (1q21) or a centromere (CEP17, D17Z1).

    None where the name is not known: its place is not guessed.
    """
    plain = re.sub(r"\s+", " ", name).strip().upper().strip("*")
    half = _HALF.fullmatch(plain)
    if half:
        whole = probe_of(half[2] or half[3])
        return Probe(whole.name, whole.band, f"{half[1] or half[4]}'") if whole else None
    known = PROBES.get(plain.replace(" ", "").replace("-", ""))
    if known:
        return known
    centromere = _CENTROMERE.fullmatch(plain)
    if centromere and (not plain.startswith("D") or "Z" in plain) and _exists(centromere[1]):
        return Probe(plain.replace(" ", ""), f"{centromere[1]}cen")
    band = _BAND.fullmatch(plain)
    if band and _exists(band[1]):
        return Probe(name.strip().lower().replace("x", "X").replace("y", "Y"), f"{band[1]}{band[2].lower()}{band[3]}")
    return None


def _exists(chromosome: str) -> bool:
    return chromosome in ("X", "Y") or 1 <= int(chromosome) <= 22
