"""The arithmetic of a karyotype: what is written must add up to the stated number of chromosomes."""

from __future__ import annotations

from collections.abc import Sequence

from cohorts.cytogenetics.item import JOINED, Item

# ISCN's limits between near-haploid, near-diploid, near-triploid, near-tetraploid, ...
_PLOIDY_UP_TO = ((34, 1), (57, 2), (80, 3), (103, 4), (126, 5), (149, 6), (172, 7), (195, 8))


def nominal_ploidy(count: tuple[int, int]) -> int:
    """Return the number of sets that ISCN takes a number of chromosomes to refer to, unless ``<2n>`` says otherwise."""
    middle = sum(count) / 2
    return next((sets for highest, sets in _PLOIDY_UP_TO if middle <= highest), 8)


def sex_explained(sex: str, ploidy: int, items: Sequence[Item]) -> bool:
    """Return whether the letters, with abnormal and lost sex chromosomes, make up the sets of the clone."""
    return len(sex) + _in_place(items) + _lost(items) >= ploidy and len(sex) <= ploidy


def expected_number(
    sex: str, born: bool, ploidy: int, items: Sequence[Item], count: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return the lowest and highest number of chromosomes that a clone adds up to.

    A clone lists its normal sex chromosomes: in 45,X,-Y and 46,X,idic(Y) the missing letter is accounted for by the
    abnormality, while c says that the letters are the constitution's and a loss is taken off them. Charts write the
    letters of the constitution without c as well (45,XY,-Y): where only that agrees with `count`, it is taken.
    """
    low = high = 22 * ploidy + len(sex)
    for item in items:
        if item.sign == "-" and item.kind == "chromosome" and item.chromosomes[0] in "XY":
            continue
        low, high = low + item.change[0], high + item.change[1]
    in_place, lost = _in_place(items), _lost(items)
    listed = (low - lost, high - lost)
    written = listed if born else (low + in_place, high + in_place)
    doubly = len(sex) + in_place + lost > ploidy
    agrees = count is not None and doubly and not _overlap(written, count) and _overlap(listed, count)
    return listed if agrees else written


def _overlap(first: tuple[int, int], second: tuple[int, int]) -> bool:
    return first[0] <= second[1] and first[1] >= second[0]


def _in_place(items: Sequence[Item]) -> int:
    """Return how many abnormal sex chromosomes stand in place of normal ones."""
    found = 0
    for item in items:
        if not item.sign:
            names = item.chromosomes if item.kind in ("t", "ins", *JOINED) else item.chromosomes[:1]
            found += ("X" in names) + ("Y" in names)
    return found


def _lost(items: Sequence[Item]) -> int:
    return sum(item.sign == "-" and item.kind == "chromosome" and item.chromosomes[0] in "XY" for item in items)
