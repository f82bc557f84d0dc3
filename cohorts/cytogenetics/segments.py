"""What an abnormal chromosome consists of: pieces of normal ones, as far as its breakpoints tell.

A break lies somewhere in its band. What is certainly there ends before that band, what is possibly there after it;
features that depend on the difference are not assessable. Deletions and duplications are named by the bands they
take along, so theirs count as lost or gained. A band in the centromere (p10, q10) names the arm that is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cohorts.cytogenetics.bands import CENTROMERE, ENDS, TELOMERE, Breakpoint
from cohorts.cytogenetics.item import JOINED, Item, Rearrangement

Span = tuple[float, float]
Known = Mapping[tuple[str, tuple[str, ...]], Rearrangement]
THE_CENTROMERE: Span = (-0.1, 0.1)
EXTRA_COPIES = {"dup": 1, "trp": 2, "qdp": 3}


@dataclass(frozen=True)
class Piece:
    """A stretch of a chromosome: what is certainly and what is possibly there; `copies` of it."""

    chromosome: str
    sure: Span
    possible: Span
    copies: int = 1


def whole(chromosome: str) -> Piece:
    """Return a normal chromosome."""
    return Piece(chromosome, ENDS[chromosome], ENDS[chromosome])


def pieces_of(item: Item, known: Known) -> tuple[Piece, ...]:
    """Return what the abnormal chromosome of an item consists of; `known` has rearrangements written in full before."""
    names = tuple(name for name in item.replaced if name in ENDS)
    pieces = tuple(whole(name) for name in names)
    if item.kind in ("chromosome", "mar", "r") and not item.steps:
        return pieces
    arms = 1
    for step in item.steps:
        step = known.get((step.kind, step.chromosomes), step) if not step.breakpoints else step
        if step.kind in ("i", "idic", "ider"):
            arms = 2
        pieces = _applied(pieces, step, item)
    if item.kind == "der" and len(item.steps) == 1 and len(item.chromosomes) == 1:
        pieces = tuple(_unknown(whole(name)) for name in names)  # der(6)(p21) does not say what happened
    return tuple(replace(piece, copies=piece.copies * arms) for piece in pieces)


def _unknown(piece: Piece) -> Piece:
    return replace(piece, sure=THE_CENTROMERE)


def _applied(pieces: tuple[Piece, ...], step: Rearrangement, item: Item) -> tuple[Piece, ...]:
    """Return the pieces after one rearrangement."""
    if step.kind in ("inv", "hsr", "fra", "tas"):
        return pieces
    if not step.breakpoints:
        return _without_bands(pieces, step, item)
    if step.kind in ("t", "rcp"):
        return _translocated(pieces, step, item)
    if step.kind == "ins" and len(step.chromosomes) == 2:
        return _inserted(pieces, step)
    for chromosome, places in zip(step.chromosomes, step.breakpoints, strict=False):
        pieces = _rearranged(pieces, step.kind, chromosome, places)
    return pieces


def _without_bands(pieces: tuple[Piece, ...], step: Rearrangement, item: Item) -> tuple[Piece, ...]:
    """Return the pieces after a rearrangement whose bands are not written: what it may take and bring is open."""
    if step.kind == "der" and len(item.steps) > 1:  # the steps that follow say what happened
        return pieces
    if step.kind in EXTRA_COPIES:
        nothing: Span = (0.0, 0.0)
        more = (Piece(name, nothing, ENDS[name], EXTRA_COPIES[step.kind]) for name in step.chromosomes if name in ENDS)
        return (*pieces, *more)
    present = [piece.chromosome for piece in pieces]
    others = [name for name in step.chromosomes if name in ENDS and name not in present]
    own = (_unknown(piece) if piece.chromosome in step.chromosomes else piece for piece in pieces)
    return (*own, *(_brought(name, (), unclear=True) for name in others))


def _rearranged(
    pieces: tuple[Piece, ...], kind: str, chromosome: str, places: tuple[Breakpoint, ...]
) -> tuple[Piece, ...]:
    """Return the pieces after what happened within one chromosome."""
    own = next((piece for piece in pieces if piece.chromosome == chromosome), None)
    if own is None:
        return pieces
    others = tuple(piece for piece in pieces if piece is not own)
    if kind in EXTRA_COPIES:
        return (*pieces, replace(_stretch(chromosome, places), copies=EXTRA_COPIES[kind]))
    if kind in ("i", "ider", "fis") and len(places) == 1 and places[0].arm:
        return (*others, _arm(chromosome, places[0].arm))
    if kind == "del":
        return (*others, *_deleted(own, places))
    if kind in JOINED and len(places) == 1 and places[0].centromeric:
        return (*others, _arm(chromosome, places[0].arm))
    for place in places:
        own = _cut(own, place)
    return (*others, own)


def _arm(chromosome: str, arm: str) -> Piece:
    low, high = ENDS[chromosome]
    span = (CENTROMERE - 0.01, high) if arm == "q" else (low, 0.01 - CENTROMERE)
    return Piece(chromosome, span, span)


def _cut(piece: Piece, place: Breakpoint, named: bool = False) -> Piece:
    """Return a piece without what lies beyond a break; `named`: the band of the break is lost with it."""
    if not place.arm:
        return _unknown(piece)
    first, last = ENDS[piece.chromosome]
    if place.arm == "q":
        near, far = place.low, place.low if named and place.known else place.high
        if named:
            far = min(far, last - TELOMERE)
        elif far >= last - TELOMERE:  # a break in the last band may lose nothing
            far = last
        return replace(piece, sure=_within(piece.sure, high=near), possible=_within(piece.possible, high=far))
    near, far = place.high, place.high if named and place.known else place.low
    if named:
        far = max(far, first + TELOMERE)
    elif far <= first + TELOMERE:
        far = first
    return replace(piece, sure=_within(piece.sure, low=near), possible=_within(piece.possible, low=far))


def _within(span: Span, low: float = -1.0, high: float = 1.0) -> Span:
    return max(span[0], low), min(span[1], high)


def _deleted(piece: Piece, places: tuple[Breakpoint, ...]) -> tuple[Piece, ...]:
    """Return what a deletion leaves: of two breaks in one arm, what lies between them is lost."""
    if len(places) == 1:
        return (_cut(piece, places[0], named=True),)
    if len(places) != 2 or not places[0].arm or places[0].arm != places[1].arm:
        return (_unknown(piece),)
    first, second = sorted(places, key=lambda place: (place.low, place.high))
    before = first.low if first.known else first.high
    after = second.high if second.known else second.low
    left = replace(piece, sure=_within(piece.sure, high=first.low), possible=_within(piece.possible, high=before))
    right = replace(piece, sure=_within(piece.sure, low=second.high), possible=_within(piece.possible, low=after))
    return left, right


def _stretch(chromosome: str, places: tuple[Breakpoint, ...]) -> Piece:
    """Return the bands from one break to the other, both included; of an unknown stretch only that it is there."""
    low, high = min(place.low for place in places), max(place.high for place in places)
    first, last = ENDS[chromosome]
    span = _within((first, last), low, high)
    if all(place.known for place in places):
        return Piece(chromosome, span, span)
    arm = places[0].arm if len({place.arm for place in places}) == 1 else ""
    ordered = sorted(places, key=lambda place: place.low)
    inner = (ordered[0].high, ordered[-1].low)
    if len(places) == 2 and inner[0] < inner[1]:
        return Piece(chromosome, inner, span)
    token = {"q": (last - TELOMERE, last), "p": (first, first + TELOMERE)}.get(arm, (0.0, 0.0))
    return Piece(chromosome, token, (min(span[0], token[0]), max(span[1], token[1])) if arm else span)


def _translocated(pieces: tuple[Piece, ...], step: Rearrangement, item: Item) -> tuple[Piece, ...]:
    """Return the pieces after a translocation: hosts lose what lies beyond the break, others bring theirs."""
    places = dict(zip(step.chromosomes, step.breakpoints, strict=False))
    present = [piece.chromosome for piece in pieces]
    joined = item.kind in JOINED and len(item.chromosomes) > 1
    hosts = [name for name in step.chromosomes if name in present]
    if not joined:
        hosts = [name for name in item.chromosomes if name in hosts] or hosts[:1]
    unclear = len(step.chromosomes) != 2 or any(len(each) != 1 or each[0].centromeric for each in step.breakpoints)
    result = list(pieces)
    for name in dict.fromkeys(hosts):
        at = present.index(name)
        result[at] = _unknown(result[at]) if unclear else _cut(result[at], places[name][0])
    for position, name in enumerate(step.chromosomes):
        if name in ENDS and (name not in hosts or step.chromosomes.index(name) != position):
            result.append(_brought(name, step.breakpoints[position], unclear))
    return tuple(result)


def _brought(chromosome: str, places: tuple[Breakpoint, ...], unclear: bool) -> Piece:
    """Return what another chromosome brings: what lies beyond its break."""
    first, last = ENDS[chromosome]
    nothing: Span = (0.0, 0.0)
    if unclear or not places or not places[0].arm:
        return Piece(chromosome, nothing, (first, last))
    place = places[0]
    if place.arm == "q":
        return Piece(chromosome, (place.high, last) if place.high < last - TELOMERE else nothing, (place.low, last))
    return Piece(chromosome, (first, place.low) if place.low > first + TELOMERE else nothing, (first, place.high))


def _inserted(pieces: tuple[Piece, ...], step: Rearrangement) -> tuple[Piece, ...]:
    """Return the pieces after an insertion of the second chromosome's stretch into the first."""
    (host, donor), present = step.chromosomes, [piece.chromosome for piece in pieces]
    if host in present or host == "?":
        return (*pieces, _stretch(donor, step.breakpoints[1])) if donor in ENDS and step.breakpoints[1] else pieces
    if donor in present:
        at = present.index(donor)
        kept = _deleted(pieces[at], step.breakpoints[1])
        return (*pieces[:at], *kept, *pieces[at + 1 :])
    return pieces
