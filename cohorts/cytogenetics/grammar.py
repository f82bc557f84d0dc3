"""The grammar of one abnormality (ISCN), and the item it becomes."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from cohorts.cytogenetics.bands import Breakpoint, breakpoint_of
from cohorts.cytogenetics.item import Item, Rearrangement, Uncertain

if TYPE_CHECKING:
    from lark import Lark

# Text comes in lower case and without spaces. Terminals overlap; the contextual lexer offers those that fit.
GRAMMAR = r"""
start: before thing after
before: (QUERY | SIGN)*
after: (QUERY | TIMES | CONSTITUTIONAL)*

?thing: chromosome | marker | chain
chromosome: NAME
marker: NUMBER? MARKER LABEL?
chain: step+
step: KIND "(" chromosomes ")" ("(" bands ")")?
chromosomes: concerned (SEPARATOR concerned)*
concerned: QUERY? NAME (STAR | BAND | QUERY)* | QUERY
bands: places (SEPARATOR places)*
places: (BAND | QUERY)+

SIGN: "+" | "-"
QUERY: /\?+/
STAR: "*"
SEPARATOR: /[;:,]/
CONSTITUTIONAL: "c"
TIMES: /x\d{1,2}([~-]\d{1,2})?/
NUMBER: /\d{1,2}([~-]\d{1,2})?(?=(mar|dmin|r(?!\()))/
MARKER: /mar|dmin|r(?!\()/
LABEL: /[l1-9]\d?/
NAME: /([1-9]\d?|[xy])(?![a-z\d])|([1-9]\d?|[xy])(?=[cpq]|x\d)/
KIND: /psudic|psuidic|(?:psu)?dic|idic|ider|der|del|dup|inv|ins|trp|qdp|tas|trc|add|fis|fra|rob|rcp|hsr|i|t|r(?=\()/
BAND: /\??[pq](ter|(\d{1,2}(\.\d+)?)?)(\?(\d{1,2}(\.\d+)?|\.\d+)?)?([~-][pq]?\d+(\.\d+)?)?/
"""
_BAND_PARTS = re.compile(r"(\??)([pq])(ter|[\d.]*)(\?[\d.]*)?([~-].*)?")
_RANGE = re.compile(r"(\d+)(?:[~-](\d+))?")
_AUTOSOMES = {str(number) for number in range(1, 23)}


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)


@lru_cache(maxsize=16384)
def read_item(text: str) -> Item | None:
    """Return the abnormality that a text without spaces, in lower case, stands for; None where it is none."""
    from lark.exceptions import UnexpectedInput

    if not text or len(text) > 400:
        return None
    try:
        tree = _parser().parse(text)
    except UnexpectedInput:
        return None
    before, thing, after = tree.children
    return _finish(text, [str(token) for token in before.children], thing, [str(token) for token in after.children])  # type: ignore[union-attr]


def _finish(text: str, before: list[str], thing: Any, after: list[str]) -> Item | None:
    """Return the item of a parsed text, None where the grammar allows what karyotypes do not."""
    signs = [token for token in before if token in "+-"]
    if len(signs) > 1:
        return None
    item = _ITEMS[thing.data](text, "".join(signs), thing)
    if item is None or (item.sign and _of_several(item)):
        return None
    levels = list(item.uncertain)
    queried = any("?" in token for token in before) or (after and "?" in after[0])
    if queried and "?c" not in "".join(after):
        levels.append("chromosome" if item.kind == "chromosome" else "item")
    marker = item.kind in ("mar", "r", "dmin")
    times = next((token[1:] for token in after if token.startswith("x")), "")
    return Item(
        item.text,
        item.sign,
        item.kind,
        item.chromosomes,
        item.steps,
        _times(times) if times and (marker or item.times == (1, 1)) else item.times,
        tuple(dict.fromkeys(levels)),
        constitutional="c" in after and "?c" not in "".join(after),
        doubtful_origin="?c" in "".join(after),
    )


def _of_several(item: Item) -> bool:
    """Return whether it is an exchange between chromosomes, which is no single one that could be gained or lost."""
    return item.kind in ("t", "rcp", "tas") or (item.kind == "ins" and len(set(item.chromosomes)) > 1)


def _times(text: str) -> tuple[int, int]:
    found = _RANGE.match(text)
    low = int(found[1]) if found else 1
    high = int(found[2]) if found and found[2] else low
    return min(low, high), max(low, high)


def _whole(text: str, sign: Any, thing: Any) -> Item | None:
    name = str(thing.children[0]).upper()
    return Item(text, sign, "chromosome", (name,)) if sign and (name in _AUTOSOMES or name in "XY") else None


def _marker(text: str, sign: Any, thing: Any) -> Item:
    parts = {token.type: str(token) for token in thing.children}
    return Item(text, sign, parts["MARKER"], times=_times(parts.get("NUMBER", "1")))


def _chain(text: str, sign: Any, thing: Any) -> Item | None:
    steps = [_step(step) for step in thing.children]
    if any(step is None or (step.kind == "der" and place) for place, step in enumerate(steps)):
        return None
    first = steps[0]
    kinds: list[Uncertain] = []
    if any("~" in step.chromosomes for step in steps):  # type: ignore[union-attr]
        kinds.append("chromosome")
    if any(place.uncertain and place.text != "?" for step in steps for bands in step.breakpoints for place in bands):  # type: ignore[union-attr]
        kinds.append("band")
    rearranged = tuple(
        Rearrangement(step.kind, tuple(name for name in step.chromosomes if name != "~"), step.breakpoints)
        for step in steps
        if step is not None
    )
    chromosomes = tuple(name for name in first.chromosomes if name != "~")  # type: ignore[union-attr]
    return Item(text, sign, first.kind, chromosomes, rearranged, uncertain=tuple(kinds))  # type: ignore[union-attr]


def _step(step: Any) -> Rearrangement | None:
    """Return one rearrangement; ``~`` among its chromosomes marks one with a question mark."""
    kind = {"dic": "dic", "psudic": "dic", "psuidic": "idic"}.get(str(step.children[0]), str(step.children[0]))
    names: list[str] = []
    short: list[tuple[Breakpoint, ...]] = []
    for concerned in step.children[1].find_data("concerned"):
        tokens = [(token.type, str(token)) for token in concerned.children]
        name = next((text for kind_, text in tokens if kind_ == "NAME"), "?").upper()
        if name not in _AUTOSOMES and name not in ("X", "Y", "?"):
            return None
        bands = [text for type_, text in tokens if type_ == "BAND"]
        names += [name, "~"] if name != "?" and not bands and "?" in "".join(text for _, text in tokens) else [name]
        short.append(tuple(_place(text) for text in bands))
    sets = [
        tuple(_place(str(token)) for token in places.children)
        for bands in step.children[2:]
        for places in bands.find_data("places")
    ]
    real = [name for name in names if name != "~"]
    breakpoints = _fit(sets, real) if sets else tuple(short) if any(short) else ()
    return None if breakpoints is None else Rearrangement(kind, tuple(names), breakpoints)


def _fit(sets: list[tuple[Breakpoint, ...]], names: list[str]) -> tuple[tuple[Breakpoint, ...], ...] | None:
    """Return one set of breakpoints a chromosome; None where they cannot be told apart."""
    chromosomes = len(names)
    if len(sets) == chromosomes:
        return tuple(sets)
    if len(sets) == 1 and names.count("?") == chromosomes - 1:
        return tuple(sets[0] if name != "?" else (breakpoint_of("?"),) for name in names)
    flat = tuple(place for places in sets for place in places)
    if chromosomes == 1:
        return (flat,)
    if chromosomes == 2 and len(flat) == 3:  # an insertion within one chromosome, or its semicolon is missing
        return (flat[:1], flat[1:])
    return tuple((place,) for place in flat) if len(flat) == chromosomes else None


def _place(text: str) -> Breakpoint:
    """Return a breakpoint; a question mark, a range or a bare arm leave it uncertain."""
    found = _BAND_PARTS.fullmatch(text)
    if found is None:
        return breakpoint_of("?")
    doubt, arm, digits, further, until = found.groups()
    place = breakpoint_of(arm + digits.rstrip("."), uncertain=bool(doubt or further or until or not digits))
    if not until:
        return place
    last = until[1:] if until[1] in "pq" else arm + until[1:]
    other = breakpoint_of(last)
    return Breakpoint(text, min(place.low, other.low), max(place.high, other.high), uncertain=True)


_ITEMS: dict[str, Any] = {"chromosome": _whole, "marker": _marker, "chain": _chain}
