"""Copies of every band of a clone, relative to its ploidy and constitution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from cohorts.cytogenetics.bands import CENTROMERE, ENDS
from cohorts.cytogenetics.item import BALANCED, JOINED, Item
from cohorts.cytogenetics.segments import Known, Piece, pieces_of, whole

Span = tuple[float, float]
Stretches = tuple[tuple[int, int], ...]
UNCHANGED: Stretches = ((0, 0),)
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
    doubtful = not in_place and item.kind in JOINED and len(item.replaced) > 1
    if not item.sign or (item.sign == "+" and doubtful):
        for name in item.replaced:
            if name in ENDS:
                found.setdefault(name, []).append(Change(*whole(name).sure, -1, 0 if doubtful else -1))
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
class Brought:
    """What one item changes in one chromosome; `doubtful`: it may as well change nothing; `whole`: all of it alike."""

    changes: Sequence[Change]
    doubtful: bool
    whole: bool


@dataclass(frozen=True)
class CopyNumber:
    """Changes of copy number of one clone by chromosome."""

    changes: Mapping[str, Sequence[Brought]]
    _asked: dict[tuple[str, Span | None], Stretches] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, items: Iterable[Item], known: Known, adds_up: bool = True) -> CopyNumber:
        """Sum what the items of a clone bring; `adds_up`: its number of chromosomes does."""
        found: dict[str, list[Brought]] = {}
        for item in items:
            for name, changes in changes_of(item, known, adds_up).items():
                found.setdefault(name, []).append(Brought(changes, item.doubtful, item.kind == "chromosome"))
        return cls(found)

    def over(self, chromosome: str, span: Span | None = None) -> Stretches:
        """Return the least and most copies gained in each stretch between breaks; None: the arms of the chromosome."""
        if chromosome not in self.changes:
            return UNCHANGED
        brought = self.changes[chromosome]
        if all(each.whole for each in brought):  # the same everywhere
            return (_at(brought, 0.0),)
        if (chromosome, span) not in self._asked:
            self._asked[chromosome, span] = _stretches(brought, _spans(chromosome, span))
        return self._asked[chromosome, span]


def _spans(chromosome: str, span: Span | None) -> list[Span]:
    """Return the arms of a chromosome, without the short arms that carry nothing of their own, or the span itself."""
    first, last = ENDS[chromosome]
    if span:
        return [span]
    return [(CENTROMERE, last)] if chromosome in ACROCENTRIC else [(CENTROMERE, last), (first, -CENTROMERE)]


def _stretches(brought: Sequence[Brought], spans: Sequence[Span]) -> Stretches:
    edges = {edge for each in brought for change in each.changes for edge in (change.low, change.high)}
    found = []
    for start, end in spans:
        cuts = sorted({start, end, *(edge for edge in edges if start < edge < end)})
        found += [_at(brought, (low + high) / 2) for low, high in pairwise(cuts) if high - low > 1e-9]
    return tuple(found)


def _at(brought: Sequence[Brought], place: float) -> tuple[int, int]:
    least = most = 0
    for each in brought:
        low = high = 0
        for change in each.changes:
            if change.low < place < change.high:
                low, high = low + change.least, high + change.most
        if each.doubtful:
            low, high = min(low, 0), max(high, 0)
        least, most = least + low, most + high
    return least, most
