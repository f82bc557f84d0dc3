"""A clone of a karyotype: its cells, its number of chromosomes, and what is abnormal in it."""

from __future__ import annotations

from dataclasses import dataclass

from cohorts.cytogenetics.item import Item


@dataclass(frozen=True)
class Clone:
    """Cells of one kind, with what they inherited written out.

    Parameters
    ----------
    text : as the chart writes it.
    count : lowest and highest number of chromosomes stated; None where none is readable.
    ploidy : sets of chromosomes that gains and losses refer to (2 = diploid).
    sex : sex chromosomes of the constitution that the clone starts from, such as ``XY``; empty where none is readable.
    items : abnormalities, those inherited by idem, sl or sdl first, without those that were lost again.
    cells : metaphases; None where not stated. composite : the number counts the cells of a composite ([cp7]): no single
        cell need have everything.
    incomplete : declared so (inc), or a part of it was not read.
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
    donor: bool = False

    @property
    def acquired(self) -> tuple[Item, ...]:
        """Abnormalities that are not the constitution's."""
        return tuple(item for item in self.items if not item.constitutional)

    @property
    def normal(self) -> bool:
        """Nothing acquired, everything read, 46 chromosomes unless the constitution has another number."""
        expected = 46 + sum(item.change for item in self.items)
        whole = bool(self.sex) and not self.incomplete and not self.acquired
        return whole and self.count == (expected + len(self.sex) - 2,) * 2
