"""One abnormality as it is written between two commas of a karyotype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cohorts.cytogenetics.bands import Breakpoint

Sign = Literal["+", "-", ""]


@dataclass(frozen=True)
class Rearrangement:
    """What happened to chromosomes: its kind (del, t, inv, ...), the chromosomes, and the breakpoints of each.

    `chromosomes` are ``1`` to ``22``, ``X``, ``Y`` or ``?``; `breakpoints` has one tuple a chromosome, empty where none
    is written.
    """

    kind: str
    chromosomes: tuple[str, ...]
    breakpoints: tuple[tuple[Breakpoint, ...], ...] = ()
    uncertain: bool = False


@dataclass(frozen=True)
class Item:
    """One abnormality.

    Parameters
    ----------
    text : as written. sign : ``+`` gained, ``-`` lost, empty: in place of a normal chromosome.
    kind : ``chromosome`` (a whole one), ``mar``, ``dmin``, or the kind of the rearrangement (``del``, ``der``, ...).
    chromosomes : concerned. steps : rearrangements; more than one in a derivative chromosome.
    times : how many of it (x2, 3mar), lowest and highest.
    uncertain : a question mark stands before it, its chromosome, or its bands: what it makes of them is not assessable.
    constitutional : the patient was born with it. doubtful_origin : perhaps so (?c).
    change : chromosomes that it adds to, or takes from, the number of the clone; the least where `times` is a range.
    """

    text: str
    sign: Sign
    kind: str
    chromosomes: tuple[str, ...] = ()
    steps: tuple[Rearrangement, ...] = ()
    times: tuple[int, int] = (1, 1)
    uncertain: tuple[Literal["item", "chromosome", "band"], ...] = ()
    constitutional: bool = False
    doubtful_origin: bool = False
    change: int = 0
