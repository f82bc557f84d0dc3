"""The text of a karyotype is taken apart into clones, and a clone into its number, sex, abnormalities and cells."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_SIGNS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹣", "-") | dict.fromkeys("×✕∗", "x") | dict.fromkeys("～∼˜", "~") | {"_": " ", "、": ","}
)
_SIZE = re.compile(
    r"[\[{(]\s*(cp)?\s*(\d+)\s*(?:/\s*\d+\s*)?[\]}]|[\[(]\s*(cp)?\s*(\d+)\s*/\s*\d+\s*\)|\bcp\s*\[(\d+)\]", re.I
)
_SIZE_AT_END = re.compile(r"[,;.\s]*\[(cp)?(\d+)\]$")
_IN_SITU = re.compile(r"[.,;/]?\s*\b((?:nuc\s+|m?)ish\b.*?)(?=/\s*\d{2,3}\s*(?:[~<-][^,]{0,8})?,|$)", re.I | re.S)
_COUNT = r"(\d{1,3})(?:\s*[~-]\s*(\d{1,3})|\?(\d{2,3}))?\s*(?:<\s*([1-9]?)\s*n\s*[+-]?\s*>)?"
_HEAD = re.compile(rf"(?:{_COUNT})?(?:(?P<comma>[,.;<?\s]+)|(?=[xyiu]|[,.]|$))", re.I)
_SEX = re.compile(r"\s*(?P<sex>[xy]+|u)(?P<doubt>\?)?(?P<born>c)?\s*(?=[,.;?\s+-]|$|add|del|der|inv|dup|ins|t\()", re.I)
_NEXT_CLONE = re.compile(r"\](?:\s*[,;.]?\s*)(?=\d{2}[^,\]]{0,6},?\s*(?:[xy]{1,4}\b|idem\b|sl\b))", re.I)
_MORE = re.compile(r"\]\s*[,;]?\s*(?=[^\s,;/])")


@dataclass(frozen=True)
class CloneText:
    """The text of a clone, taken apart; empty strings and None where the chart says nothing.

    `count` and `sets` are the number of chromosomes and of sets (``<2n>``), `sex` the letters as written, `parts` what
    stands between the commas; `sizes` the cells and whether they are those of a composite; `donor` after ``//``.
    """

    text: str
    count: tuple[int, int] | None = None
    sets: int | None = None
    sex: str = ""
    born: bool = False
    doubtful_sex: bool = False
    parts: tuple[str, ...] = ()
    cells: int | None = None
    composite: bool = False
    donor: bool = False
    slips: tuple[str, ...] = ()


def tidy(text: str) -> str:
    """Return a text with plain dashes, signs and brackets; unicode has many of them."""
    plain = (text if text.isascii() else unicodedata.normalize("NFKC", text)).translate(_SIGNS)
    plain = re.sub(r"\s*/?\s*[\r\n]+\s*(?=\d{2,3}\s*[,<~-])", "/", plain.strip())  # a clone a line
    return re.sub(r"\s+", " ", plain).strip().strip(",;.").strip()


def without_in_situ(text: str) -> tuple[str, str]:
    """Return the karyotype, and what is written from ``ish`` or ``nuc ish`` on to the next clone."""
    if "ish" not in text.lower():
        return text, ""
    return _IN_SITU.sub("", text).strip(), "; ".join(found.strip() for found in _IN_SITU.findall(text))


def split_clones(text: str) -> tuple[CloneText, ...]:
    """Return the clones of a tidy text, taken apart."""
    marked = _SIZE.sub(_plain_size, text)
    parted = _NEXT_CLONE.sub("]/", marked)
    parted = _MORE.sub("]/", parted)
    slips = ("clones without a slash between them",) if parted != marked else ()
    clones: list[CloneText] = []
    donor = False
    for position, text_of_side in enumerate(parted.split("//")):
        donor = position > 0
        pieces = [piece.strip(" ,;") for piece in text_of_side.split("/")]
        clones += [_take_apart(piece, donor, slips) for piece in pieces if piece]
    return tuple(clones)


def _plain_size(found: re.Match[str]) -> str:
    composite = "cp" if found[1] or found[3] or found[5] else ""
    return f"[{composite}{found[2] or found[4] or found[5]}]"


@lru_cache(maxsize=2048)
def _take_apart(text: str, donor: bool, slips: tuple[str, ...]) -> CloneText:
    size = _SIZE_AT_END.search(text)
    body = text[: size.start()] if size else text
    head = _HEAD.match(body)
    count, sets, found = None, None, list(slips)
    if head and head[1]:
        low, high = int(head[1]), int(head[2] or head[3] or head[1])
        count, sets = (min(low, high), max(low, high)), int(head[4]) if head[4] else 1 if head[4] == "" else None
        body = body[head.end() :]
        if head["comma"] is None or head["comma"].strip() != "," or head[3]:
            found += ["number of chromosomes not followed by a comma"] if body else []
    sex = _SEX.match(body)
    if sex:
        body = body[sex.end() :]
        if body and body[0] != ",":
            found.append("sex chromosomes not followed by a comma")
    return CloneText(
        text,
        count,
        sets,
        sex["sex"].upper() if sex else "",
        bool(sex and sex["born"] and not sex["doubt"]),
        bool(sex and sex["doubt"]),
        split_parts(body),
        int(size[2]) if size else None,
        bool(size and size[1]),
        donor,
        tuple(found),
    )


def split_parts(body: str) -> tuple[str, ...]:
    """Return what stands between the commas; a comma before a closing bracket belongs to what is in the bracket."""
    body = re.sub(r"\bpsu\s*,\s*(?=i?dic)", "psu ", body, flags=re.I)
    body = re.sub(r"\b(del|der|add|inv|dup|dic|idic)\s*,\s*(?=\()", r"\1", body, flags=re.I)
    body = re.sub(r"\s*,\s*(?=[*x]\d(?:,|$))", "", body)
    parts = re.split(r",(?![^()]*\))|;(?=\s*(?:[+-]|\??[a-z]{3}))(?![^()]*\))", body, flags=re.I)
    return tuple(part.strip() for part in parts if part.strip())
