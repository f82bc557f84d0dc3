"""Signal patterns of FISH as ISCN writes them: ``(TP53x1,D17Z1x2)[30/200]`` is copies and cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from cohorts.cytogenetics.probes import Probe, probe_of

MANY = 99
Copies = tuple[int, int]
Signals = tuple[tuple[tuple[Probe, Copies], ...], tuple[tuple[Probe, Probe], ...], tuple[Probe, ...]]
_COPIES = re.compile(r"(\d{1,2})(?:\s*[-~]\s*(\d{1,2}))?(\+)?|(>=|≥|>)\s*(\d{1,2})")
_ENTRY = r"(?P<name>.+?)\s*(?:x\s*(?P<count>[>≥=]*\s*\d{1,2}(?:\s*[-~]\s*\d{1,2})?\+?)|(?P<amp>amp))"
_CELLS = re.compile(r"(?P<share>\d+(?:[.,]\d+)?)\s*%|(?P<positive>\d+)\s*(?:/\s*(?P<counted>\d+))?|\.{2,3}|…")


@dataclass(frozen=True)
class Pattern:
    """One pattern of signals of one set of probes, and the cells that show it.

    Parameters
    ----------
    text : as written. copies : signals of each probe, fewest and most.
    fused : pairs of probes seen together (con). split : genes whose halves are apart (sep).
    unknown : names of probes that the catalogue does not have.
    positive, counted : cells with the pattern, of cells counted. share : where only a percentage is written.
    purified : plasma cells were sorted or marked; None: not stated.
    """

    text: str
    copies: tuple[tuple[Probe, Copies], ...] = ()
    fused: tuple[tuple[Probe, Probe], ...] = ()
    split: tuple[Probe, ...] = ()
    unknown: tuple[str, ...] = ()
    positive: int | None = None
    counted: int | None = None
    share: float | None = None
    purified: bool | None = None

    @cached_property
    def probes(self) -> frozenset[str]:
        """Genes and markers of the set, whatever their half."""
        pairs = (probe for pair in self.fused for probe in pair)
        return frozenset(probe.name for probe in (*(probe for probe, _ in self.copies), *pairs, *self.split))

    @cached_property
    def normal(self) -> bool:
        """Two signals of every probe, nothing fused and nothing split."""
        return not self.fused and not self.split and all(copies == (2, 2) for _, copies in self.copies)

    @cached_property
    def counted_probes(self) -> tuple[tuple[Probe, Copies], ...]:
        """Probes whose signals count chromosomes; those of a fused or split gene lie on several."""
        broken = {probe.name for pair in self.fused for probe in pair} | {probe.name for probe in self.split}
        return tuple((probe, copies) for probe, copies in self.copies if probe.counts and probe.name not in broken)

    @property
    def signals(self) -> Signals:
        """What is seen, apart from in how many cells."""
        return self.copies, self.fused, self.split

    @property
    def possible(self) -> bool:
        """The cells with the pattern are not more than those counted, and some were counted."""
        if self.share is not None:
            return self.share <= 1
        return self.counted is None or (self.counted > 0 and (self.positive or 0) <= self.counted)

    @cached_property
    def fraction(self) -> float | None:
        """Share of cells with the pattern; None where it is not stated.

        One number in the bracket is the cells counted: all of a normal pattern; how many showed an abnormal one is not
        said.
        """
        if self.share is not None or not self.possible:
            return self.share if self.possible else None
        if self.positive is None or self.counted is None:
            return 1.0 if self.normal and self.counted else None
        return self.positive / self.counted


def copies_of(text: str) -> Copies | None:
    """Read a number of copies: ``3``, ``3-4``, ``>4``, ``5+``; None where it is none."""
    found = _COPIES.fullmatch(text.strip())
    if found is None:
        return None
    if found[4]:
        return int(found[5]) + (found[4] == ">"), MANY
    low, high = int(found[1]), int(found[2] or found[1])
    return min(low, high), MANY if found[3] else max(low, high)


def with_cells(pattern: Pattern, text: str) -> Pattern | None:
    """Return a pattern with what stands in its square bracket; None where that is no number of cells."""
    found = _CELLS.fullmatch(text.strip())
    if found is None:
        return None
    if found["share"]:
        return replace(pattern, share=float(found["share"].replace(",", ".")) / 100)
    if found["positive"] is None:
        return pattern
    if found["counted"] is None:
        return replace(pattern, counted=int(found["positive"]))
    return replace(pattern, positive=int(found["positive"]), counted=int(found["counted"]))


def pattern_of(text: str, segments: tuple[tuple[str, str], ...]) -> Pattern | None:
    """Return the pattern of brackets and the number behind each (empty without one); None where one is not read."""
    copies: dict[Probe, Copies] = {}
    found = Pattern(text)
    for body, times in segments:
        common = copies_of(times) if times else None
        for entry in re.split(r"[,;]", body):
            read = _entry(entry.strip(), common)
            if read is None:
                return None
            # what is seen together is not counted apart; a count written elsewhere stands
            joined = bool(read.fused or read.split or len(read.copies) > 1)
            for probe, number in read.copies:
                copies[probe] = copies.get(probe, number) if joined else number
            found = replace(
                found,
                fused=(*found.fused, *read.fused),
                split=(*found.split, *read.split),
                unknown=(*found.unknown, *read.unknown),
            )
    return replace(found, copies=tuple(copies.items())) if copies or found.unknown else None


def _entry(text: str, common: Copies | None) -> Pattern | None:
    """Read what stands between two commas: a probe and its signals, or probes seen together (con) or apart (sep)."""
    words = re.split(r"\s*\b(con|sep)\b\s*", text, flags=re.I)
    names = [_counted(part) for part in words[::2]]
    if None in names or not all(words[::2]):
        return None
    read = [name for name in names if name is not None]
    number = read[-1][1] or common
    probes = [probe_of(name) for name, _ in read]
    known = [probe for probe in probes if probe is not None]
    unknown = tuple(name for (name, _), probe in zip(read, probes, strict=True) if probe is None)
    if len(words) == 1:
        if known and number is None:
            return None
        return Pattern(text, tuple((probe, number or (0, MANY)) for probe in known), unknown=unknown)
    seen = number != (0, 0)
    together = "sep" not in {word.lower() for word in words[1::2]}
    fused = tuple(_pairs(known)) if seen and together else ()
    halves = together and len({probe.name for probe in known}) == 1
    return Pattern(
        text,
        tuple((probe, (number or (0, MANY)) if halves else (0, MANY)) for probe in known),
        fused,
        tuple(known[:1]) if seen and not together else (),
        unknown,
    )


def _pairs(probes: list[Probe]) -> Iterator[tuple[Probe, Probe]]:
    """Yield the probes that lie together; the two halves of one gene belong together."""
    for place, one in enumerate(probes):
        yield from ((one, other) for other in probes[place + 1 :] if one.name != other.name)


def _counted(text: str) -> tuple[str, Copies | None] | None:
    """Take a name and its number of signals apart; RUNX1 is a name, MAFx1 is one with its number."""
    if not text:
        return None
    if probe_of(text):
        return text, None
    for flags in (0, re.I):
        found = re.fullmatch(_ENTRY, text, flags)
        if found and found["amp"]:
            return found["name"], (5, MANY)
        if found and found["count"]:
            return found["name"], copies_of(found["count"])
    return text, None
