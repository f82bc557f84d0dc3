"""One abnormality as it is written between two commas of a karyotype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cohorts.cytogenetics.bands import Breakpoint

Sign = Literal["+", "-", ""]
Uncertain = Literal["item", "chromosome", "band"]

JOINED = ("der", "dic", "psudic", "rob", "trc")  # of several chromosomes: one chromosome in place of all of them
# Pericentric inversions of the constitution: chromosome, and the region of both breakpoints.
VARIANTS = (("9", "p1", "q1"), ("2", "p11", "q1"), ("Y", "p1", "q1"))
BALANCED = ("t", "inv", "ins", "tas", "rcp", "fra", "hsr", "var", "mar", "dmin")


@dataclass(frozen=True)
class Rearrangement:
    """What happened to chromosomes: its kind (del, t, inv, ...), the chromosomes, and the breakpoints of each.

    `chromosomes` are ``1`` to ``22``, ``X``, ``Y`` or ``?``; `breakpoints` has one tuple a chromosome, or none at all
    where no band is written.
    """

    kind: str
    chromosomes: tuple[str, ...]
    breakpoints: tuple[tuple[Breakpoint, ...], ...] = ()

    def breaks_of(self, chromosome: str) -> tuple[Breakpoint, ...]:
        """Breakpoints in a chromosome; none where none is written."""
        pairs = zip(self.chromosomes, self.breakpoints, strict=False)
        return tuple(place for name, places in pairs if name == chromosome for place in places)


@dataclass(frozen=True)
class Item:
    """One abnormality.

    Parameters
    ----------
    text : as written, in lower case and without spaces. sign : ``+`` gained, ``-`` lost, empty: in place of a normal
        chromosome.
    kind : ``chromosome`` (a whole one), ``mar``, ``r``, ``dmin``, or the kind of the rearrangement (``del``, ``der``).
    chromosomes : concerned. steps : rearrangements; several in a derivative chromosome.
    times : how many markers (2mar, 1~3mar), lowest and highest; 1 for everything else.
    uncertain : a question mark stands before it, at its chromosome, or at its bands.
    constitutional : the patient was born with it. doubtful_origin : perhaps so (?c).
    """

    text: str
    sign: Sign
    kind: str
    chromosomes: tuple[str, ...] = ()
    steps: tuple[Rearrangement, ...] = ()
    times: tuple[int, int] = (1, 1)
    uncertain: tuple[Uncertain, ...] = ()
    constitutional: bool = False
    doubtful_origin: bool = False

    @property
    def key(self) -> tuple[str, tuple[str, ...], str]:
        """What a later minus item names it by: kind, chromosomes, and the number of a marker."""
        return self.kind, self.chromosomes, "" if self.chromosomes else self.text.lstrip("?+-0123456789~")

    @property
    def replaced(self) -> tuple[str, ...]:
        """Normal chromosomes in whose place it stands when it has no sign."""
        return self.chromosomes if self.kind in JOINED else self.chromosomes[:1]

    @property
    def doubtful(self) -> bool:
        """Whether it is there at all, or which chromosome it concerns, is in question."""
        return "item" in self.uncertain or "chromosome" in self.uncertain or self.doubtful_origin

    @property
    def variant(self) -> bool:
        """An inversion that many healthy people are born with, such as inv(9)(p12q13)."""
        if self.kind != "inv" or self.sign or not self.steps[0].breakpoints:
            return False
        bands = sorted(place.text for place in self.steps[0].breakpoints[0])
        return len(bands) == 2 and any(
            self.chromosomes == (name,) and bands[0].startswith(first) and bands[1].startswith(second)
            for name, first, second in VARIANTS
        )

    @property
    def change(self) -> tuple[int, int]:
        """Chromosomes it adds to the number of the clone (negative: takes), lowest and highest."""
        if self.kind in ("dmin", "hsr"):
            return 0, 0
        low, high = self.times
        if self.sign:
            return (low, high) if self.sign == "+" else (-high, -low)
        joined = 1 - len(self.chromosomes) if self.kind in JOINED and self.chromosomes else 0
        return joined, joined
