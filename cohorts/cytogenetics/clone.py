"""A clone of a karyotype: its cells, its number of chromosomes, and what is abnormal in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cohorts.cytogenetics.counting import expected_number
from cohorts.cytogenetics.item import Item


@dataclass(frozen=True)
class Clone:
    """Cells of one kind, with what they inherited written out.

    Parameters
    ----------
    text : as the chart writes it.
    count : lowest and highest number of chromosomes stated; None where none is readable.
    ploidy : sets of chromosomes that gains and losses refer to (2 = diploid).
    sex : sex chromosomes written, such as ``XY``, or ``X`` before ``-Y``; empty where none is readable.
    items : abnormalities, those inherited by idem, sl or sdl first, without those that were lost again.
    cells : metaphases; None where not stated. composite : the number counts the cells of a composite ([cp7]): no single
        cell need have everything.
    incomplete : declared so (inc), or a part of it was not read, or its number or sex chromosomes are not written.
    doubtful_sex : the constitution's sex chromosomes are in question (47,XXX?c, 45,X without a loss).
    born : the sex chromosomes are stated to be the constitution's (47,XXYc).
    donor : after ``//``: cells of a graft, not of the patient.
    """

    text: str
    count: tuple[int, int] | None = None
    ploidy: int = 2
    sex: str = ""
    items: tuple[Item, ...] = ()
    cells: int | None = None
    composite: bool = False
    incomplete: bool = False
    doubtful_sex: bool = False
    born: bool = False
    donor: bool = False

    @cached_property
    def acquired(self) -> tuple[Item, ...]:
        """Abnormalities that are not the constitution's."""
        return tuple(item for item in self.items if not item.constitutional)

    @cached_property
    def expected(self) -> tuple[int, int]:
        """Number of chromosomes that what is written adds up to, lowest and highest."""
        return expected_number(self.sex, self.born, self.ploidy, self.items, self.count)

    @cached_property
    def unexplained(self) -> int:
        """Chromosomes stated beyond what is written (negative: short of it); 0 where that cannot be checked."""
        if self.count is None or self.composite or self.incomplete:
            return 0
        (low, high), (least, most) = self.count, self.expected
        return low - most if low > most else high - least if high < least else 0

    @property
    def abnormal(self) -> bool:
        """Something acquired is written, or other than two sets of chromosomes."""
        return bool(self.acquired) or self.ploidy != 2

    @property
    def surely_abnormal(self) -> bool:
        """Something acquired is written without a question mark."""
        return self.ploidy != 2 or any(not item.doubtful for item in self.acquired)

    @property
    def silent(self) -> bool:
        """Nothing but what one is born with: normal cells, or an inversion that many healthy people have."""
        return self.ploidy == 2 and all(item.variant for item in self.acquired)

    @property
    def normal(self) -> bool:
        """Everything was read, nothing is acquired, and the number is that of the constitution."""
        return (
            not (self.incomplete or self.abnormal or self.doubtful_sex or self.unexplained) and self.count is not None
        )
