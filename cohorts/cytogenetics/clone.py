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

    @property
    def abnormal(self) -> bool:
        """Something acquired is written."""
        return bool(self.acquired)

    @property
    def normal(self) -> bool:
        """Everything was read, nothing is acquired, and the number is that of the constitution."""
        plain = self.ploidy == 2 and not (self.incomplete or self.acquired or self.doubtful_sex)
        return plain and self.count == self.expected
