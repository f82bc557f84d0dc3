"""Karyotypes in words: no result, normal, complex, hyperdiploid."""

from __future__ import annotations

import re

_NO_RESULT = re.compile(
    r"no ?mitos[ie]s|not? (?:evaluated|evaluable|done|examined|available|growth|metaphases?)|failed|unknown|n/?[ad]"
    r"|abnormal ?\(not examined\)|no metaphases?"
)
_PLOIDY = re.compile(r"(hyperdiploid|hypodiploid)(?:y| ?karyotype)?")
_NORMAL = re.compile(r"normal(?: ?karyotype)?|nl")
_COMPLEX = re.compile(r"complex(?: ?kary[op]t?ype|karyptype)?\??(?: ?(?:including|with))?|[>≥]? ?=?\d ?abnormalities")


def no_result(text: str) -> bool:
    """Return whether a text says that there is no karyotype."""
    return _NO_RESULT.fullmatch(text.lower().strip(" .")) is not None


def in_words(text: str) -> tuple[str, str]:
    """Return what the words at the head of a clone say (a name of the catalogue, or nothing), and the rest of it."""
    plain = text.strip()
    low = plain.lower()
    if _NORMAL.fullmatch(low):
        return "normal", ""
    ploidy = _PLOIDY.fullmatch(low)
    if ploidy:
        return ploidy[1], ""
    found = _COMPLEX.match(low)
    return ("complex", plain[found.end() :].strip(" ,;")) if found else ("", plain)
