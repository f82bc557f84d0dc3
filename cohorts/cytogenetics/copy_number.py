"""Copies of every band of a clone, relative to its ploidy and constitution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from cohorts.cytogenetics.bands import CENTROMERE, ENDS
from cohorts.cytogenetics.item import BALANCED, JOINED, Item
from cohorts.cytogenetics.segments import Known, Piece, pieces_of, whole

Span = tuple[float, float]
ACROCENTRIC = ("13", "14", "15", "21", "22")


@dataclass(frozen=True)
class Change:
    """Copies gained (negative: lost) from `low` to `high` of a chromosome, at least and at most."""

    low: float
    high: float
    least: int
    most: int


def changes_of(item: Item, known: Known, in_place: bool = True) -> Mapping[str, Sequence[Change]]:
    """Return the changes of copy number that one item brings, by chromosome.

    `in_place` False: the number of chromosomes does not add up, so that one joined of several may stand in place of
    them or beside them.
    """
    if all(step.breakpoints for step in item.steps[1:] or item.steps):
        return _changes_as_written(item, in_place)
    return _changes(item, known, in_place)


@lru_cache(maxsize=16384)
def _changes_as_written(item: Item, in_place: bool) -> Mapping[str, Sequence[Change]]:
    return _changes(item, {}, in_place)


def _changes(item: Item, known: Known, in_place: bool) -> dict[str, list[Change]]:
    balanced = item.kind in BALANCED and not item.sign
    if balanced or (item.kind in ("mar", "dmin", "hsr") or (item.kind == "r" and not item.chromosomes)):
        return {}
    if item.kind in ("t", "rcp"):  # a translocation is no single chromosome that could be gained or lost
        return {}
    sign = -1 if item.sign == "-" else 1
    found: dict[str, list[Change]] = {}
    for piece in pieces_of(item, known):
        for change in _of_piece(piece, sign):
            found.setdefault(piece.chromosome, []).append(change)
    if not item.sign:
        for name in item.replaced:
            if name in ENDS:
                joined = not in_place and item.kind in JOINED and len(item.replaced) > 1
                found.setdefault(name, []).append(Change(*whole(name).sure, -1, 0 if joined else -1))
    return found


def _of_piece(piece: Piece, sign: int) -> Iterable[Change]:
    if piece.sure[0] < piece.sure[1]:
        yield Change(*piece.sure, sign * piece.copies, sign * piece.copies)
    low, high = piece.possible
    parts = [(low, min(high, piece.sure[0])), (max(low, piece.sure[1]), high)]
    if piece.sure[0] >= piece.sure[1]:
        parts = [(low, high)]
    for start, end in parts:
        if start < end:
            yield Change(start, end, min(0, sign * piece.copies), max(0, sign * piece.copies))


@dataclass(frozen=True)
class CopyNumber:
    """Changes of copy number of one clone by chromosome, acquired ones only."""

    changes: Mapping[str, tuple[tuple[Change, ...], ...]]

    @classmethod
    def of(cls, items: Iterable[Item], known: Known, adds_up: bool = True) -> CopyNumber:
        """Sum what the items of a clone bring; each item's changes stay together, for a doubtful one may be none."""
        found: dict[str, list[tuple[Change, ...]]] = {}
        for item in items:
            for name, changes in changes_of(item, known, adds_up).items():
                found.setdefault(name, []).append((*changes, _DOUBTFUL) if item.doubtful else tuple(changes))
        return cls({name: tuple(groups) for name, groups in found.items()})

    def over(self, chromosome: str, span: Span | None = None) -> list[tuple[int, int]]:
        """Return the least and most copies gained in each stretch between breaks; None: the arms of the chromosome."""
        groups = self.changes.get(chromosome, ())
        if not groups:
            return [(0, 0)]
        first, last = ENDS[chromosome]
        spans = [span] if span else [(CENTROMERE, last)]
        if not span and chromosome not in ACROCENTRIC:
            spans.append((first, -CENTROMERE))
        return [_at(groups, place) for each in spans for place in _places(groups, each)]


_DOUBTFUL = Change(2.0, 3.0, 0, 0)  # a mark that lies on no chromosome


def _places(groups: tuple[tuple[Change, ...], ...], span: Span) -> list[float]:
    """Return one place in each stretch of a span in which nothing changes."""
    edges = {edge for changes in groups for change in changes for edge in (change.low, change.high)}
    cuts = sorted({span[0], span[1], *(edge for edge in edges if span[0] < edge < span[1])})
    return [(low + high) / 2 for low, high in pairwise(cuts) if high - low > 1e-9]


def _at(groups: tuple[tuple[Change, ...], ...], place: float) -> tuple[int, int]:
    least = most = 0
    for changes in groups:
        low = sum(change.least for change in changes if change.low < place < change.high)
        high = sum(change.most for change in changes if change.low < place < change.high)
        if _DOUBTFUL in changes:
            low, high = min(low, 0), max(high, 0)
        least, most = least + low, most + high
    return least, most
