"""Reads what a paper printed from a TOML file, digits as they stand; what is not understood is refused with advice."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cohorts.errors import DataContractError, Finding
from prognosis.audit.published import (
    Counts,
    Group,
    Means,
    Performance,
    PrintedTest,
    Publication,
    Row,
    Share,
    Sum,
)

TABLES: Mapping[str, Any] = {
    "performance": Performance,
    "counts": Counts,
    "means": Means,
    "tests": PrintedTest,
    "shares": Share,
    "sums": Sum,
    "rows": Row,
    "groups": Group,
}
MOST_BYTES = 5_000_000


def read_publication(path: str | Path) -> Publication:
    """Read a file of published numbers.

    Parameters
    ----------
    path : TOML. Numbers keep the digits they are written with, so that 69.20 is not 69.2.

    Raises
    ------
    DataContractError
        A01 the file is absent, too large or no TOML; A02 a key is unknown, missing or has an impossible value (all at
        once).
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataContractError(
                Finding("A01", "the file is larger than 5 MB", "no paper prints as much", file=path.name)
            )
        declared = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        rule = f"cannot read the file of published numbers: {error.strerror}"
        raise DataContractError(Finding("A01", rule, "check the path", file=str(path))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        rule = f"the file of published numbers is not valid TOML: {error}"
        way_out = "correct the line; a number begins with a digit: 0.63, not .63"
        raise DataContractError(Finding("A01", rule, way_out, file=path.name)) from None
    return publication_from_dict(declared, path.name)


def publication_from_dict(declared: Mapping[str, Any], file: str | None = None) -> Publication:
    """Check published numbers that are values already, with the keys of the file.

    Raises
    ------
    DataContractError
        A02 a key is unknown, missing or has an impossible value (all at once).
    """
    try:
        return Publication.model_validate(declared)
    except ValidationError as error:
        items = error.errors()
        # a table with a fault of its own makes its list too short: that is not a second fault
        own = [item for item in items if item["type"] != "too_short" or not _nested(item, items)]
        raise DataContractError(*(_fault(item, declared, file) for item in own)) from None


def _nested(item: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> bool:
    place = tuple(item["loc"])
    return any(len(other["loc"]) > len(place) and tuple(other["loc"])[: len(place)] == place for other in items)


def _fault(item: Mapping[str, Any], declared: Mapping[str, Any], file: str | None) -> Finding:
    place, kind = _place(item["loc"], declared), item["type"]
    words = str(item["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        key = str(item["loc"][-1])
        known = _keys_beside(item["loc"])
        near = get_close_matches(key, known, 1)
        advice = f"is {near[0]} meant? " if near else ""
        return Finding("A02", f"unknown key {place}", f"{advice}the keys here are {', '.join(known)}", file=file)
    if kind == "missing":
        return Finding("A02", f"{place} is missing", _ADVICE.get(str(item["loc"][-1]), "see docs/audit.md"), file=file)
    return Finding("A02", f"{place}: {words}", "see docs/audit.md", file=file)


_ADVICE = {
    "unit": 'say in what the rates are printed: unit = "percent" or "fraction"',
    "name": "give it the name that it has in the paper, for the report to point at",
}


def _keys_beside(place: tuple[Any, ...]) -> list[str]:
    """Return the keys that a table knows, by the last name on the way to it."""
    names = [part for part in place[:-1] if part in TABLES]
    return list((TABLES[names[-1]] if names else Publication).model_fields)


def _place(parts: tuple[Any, ...], declared: Any) -> str:
    """Name a place: by the name that a table or row has, else by its number from 1."""
    words, here = [], declared
    for part in parts:
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(part, int):
            name = here.get("name") if isinstance(here, Mapping) else None
            told = isinstance(name, str) and name and name.isprintable()
            words.append(f"'{name}'" if told else f"number {part + 1}")
        elif not str(part).startswith(("tuple[", "function-")):
            words.append(str(part))
    return " ".join(words) or "the file"
