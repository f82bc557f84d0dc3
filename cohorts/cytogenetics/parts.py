"""What stands between two commas of a clone: an abnormality, ``idem``, ``inc``, words, or something unreadable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from cohorts.cytogenetics.free_forms import readings
from cohorts.cytogenetics.grammar import read_item
from cohorts.cytogenetics.item import Item
from cohorts.errors import Finding

_INHERITED = re.compile(r"(idem|sl|sdl\d?)(?:x(\d))?")
_UNDESCRIBED = re.compile(
    r"(?:with|wirh|\?)*(?:and)?(?:numerical|multiple|additional|further|several|other)"
    r"(?:changes|abnormalities|aberrations|anomalies|alterations)|(?:\?|\b)inc$|\?{2,}complexkaryotype"
)
# Where a comma may be missing, the smallest liberty first; groups in brackets are blanked out before.
_NO_COMMA = (
    re.compile(r"(?<=[\w?#])(?=\+|-(?!\d{1,2}(?:mar|dmin|r(?!#))))|(?<=[\w#])[.;,](?=[^\d.;,])|with|wirh"),
    re.compile(r"(?<=#)(?=\??(?:der|idic|dic|ider)#)"),
    re.compile(r"(?<=#)(?=\??(?:del|dup|inv|trp|add|rob|i)#)|(?<=^[xy])(?=[a-z]{3}#)|(?<=^[+-][\dxy])(?=[a-z]{1,3}#)"),
)


@dataclass(frozen=True)
class PartRead:
    """What a part of a clone was read as: abnormalities, what it inherits (idem, sl, sdl1; times), and findings."""

    items: tuple[Item, ...] = ()
    inherits: str = ""
    inherits_times: int = 1
    incomplete: bool = False
    unread: bool = False
    findings: tuple[Finding, ...] = field(default=())


@lru_cache(maxsize=16384)
def read_part(part: str) -> PartRead:
    """Return what a part of a clone says; nothing raises, what is not read is kept whole and named."""
    text = re.sub(r"\s+", "", part.lower())
    plain = _UNDESCRIBED.sub("", text).strip(",;.")
    incomplete = plain != text.strip(",;.") or plain == "inc"
    findings = (_undescribed(part),) if incomplete else ()
    if plain in ("", "inc"):
        return PartRead(incomplete=incomplete, findings=findings)
    if re.fullmatch(r"[xy]{1,4}", plain):
        rule = "sex chromosomes written twice; read once"
        return PartRead(findings=(Finding("H03", rule, value=part, severity="warning"),))
    inherited = _INHERITED.fullmatch(plain)
    if inherited:
        times = int(inherited[2] or 1)
        return PartRead((), inherited[1], times, incomplete, findings=findings)
    read = _read(plain, part)
    return replace(read, incomplete=read.incomplete or incomplete, findings=(*findings, *read.findings))


def _read(text: str, part: str) -> PartRead:
    """Return a part as ISCN, else as a free form, else as several parts without commas, else as unread."""
    item = _one(text)
    if item is not None:
        return PartRead(_counted(item), findings=tuple(_unsigned(item, part)))
    for reading in readings(text):
        item = read_item(reading)
        if item is not None:
            return PartRead(_counted(item), findings=(_free_form(part, reading),))
    for read in (_alternatives(text, part), _several(text, part)):
        if read is not None:
            return read
    way_out = "write it as ISCN does, or leave it: what depends on it counts as not assessable"
    unread = Finding("H01", "this part of the karyotype was not read", way_out, value=part, severity="warning")
    return PartRead(incomplete=True, unread=True, findings=(unread,))


def _one(text: str) -> Item | None:
    item = read_item(text)
    if item is not None and item.kind in ("mar", "r") and not item.sign and not item.chromosomes:
        return replace(item, sign="+")
    return item


def _counted(item: Item) -> tuple[Item, ...]:
    """Return an abnormality as often as it is there; markers keep their number."""
    if not item.chromosomes:
        return (item,)
    return (replace(item, times=(1, 1)),) * item.times[0]


def _several(text: str, part: str) -> PartRead | None:
    """Return parts that lack the commas between them, where every one of them can be read."""
    pieces, read = [text], [_piece(text)]
    for separator in _NO_COMMA:
        pieces = [each for piece, known in zip(pieces, read, strict=True) for each in _split(piece, separator, known)]
        read = [_piece(piece) for piece in pieces]
        if None not in read:
            items = tuple(item for each in read if isinstance(each, Item) for item in _counted(each))
            inherits = next((each for each in read if isinstance(each, str)), "")
            return PartRead(items, inherits, findings=(_free_form(part, _in_words(read)),))
    return None


def _in_words(read: Sequence[Item | str | None]) -> str:
    return ", ".join(each.text if isinstance(each, Item) else str(each) for each in read)


def _split(piece: str, separator: re.Pattern[str], known: Item | str | None) -> list[str]:
    if known is not None:
        return [piece]
    blank = re.sub(r"\([^()]*\)", lambda group: "#" * len(group[0]), piece)
    edges = [0, *(edge for found in separator.finditer(blank) for edge in found.span()), len(piece)]
    return [piece[low:high] for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]


def _piece(text: str) -> Item | str | None:
    if text in ("idem", "sl"):
        return text
    return next((item for item in map(_one, (text, *readings(text))) if item is not None), None)


def _alternatives(text: str, part: str) -> PartRead | None:
    """Return each of several readings (``or``) as one that may be there."""
    found = re.fullmatch(r"(.*?)(?<=[\d)xy])or(.*)", text)
    if not found:
        return None
    first, second = found.groups()
    inner = re.fullmatch(r"(.*\()([^()]+)", first)
    choices = (f"{first})", f"{inner[1]}{second}") if inner else (first, second)
    items = [read_item(choice) for choice in choices]
    if any(item is None for item in items):
        return None
    rule = "alternative readings (or): neither is taken as present"
    finding = Finding("H18", rule, "what depends on it is not assessable", value=part, severity="warning")
    doubtful = tuple(replace(item, uncertain=("item",)) for item in items if item is not None)
    return PartRead(doubtful, findings=(finding,))


def _unsigned(item: Item, part: str) -> Iterator[Finding]:
    if item.kind in ("mar", "r") and not item.chromosomes and item.text[0] not in "+-?":
        yield _free_form(part, f"+{item.text}")


def _free_form(part: str, reading: str) -> Finding:
    rule = f"not written as ISCN does; read as {reading}"
    return Finding("H03", rule, "correct the text where that is not what was meant", value=part, severity="warning")


def _undescribed(part: str) -> Finding:
    rule = "the karyotype is declared incomplete"
    return Finding("H10", rule, "what was not seen counts as not assessable", value=part, severity="warning")
