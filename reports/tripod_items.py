"""The 52 sub-items of TRIPOD+AI: what each asks for, and who can answer it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from cohorts.errors import Finding, RunError

# Characters of an author's text to one item.
LONGEST = 2000


@dataclass(frozen=True)
class Item:
    """One sub-item: what it asks for, whether of development (D), evaluation (E) or both, and who can answer it."""

    item: str
    section: str
    asks: str
    applies: str
    who: Literal["run", "author", "both"]
    prompt: str


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """Return the 52 sub-items in their order."""
    text = (files("reports") / "data" / "tripod_ai.toml").read_text(encoding="utf-8")
    return tuple(Item(**item) for item in tomllib.loads(text)["items"])


def check_authors(authors: Mapping[str, str]) -> None:
    """Refuse texts of items that do not exist, and those too long for a checklist: none is cut (U02)."""
    known = [item.item for item in items()]
    faults = [
        Finding("U02", f"[tripod_ai] answers item {name!r}", f"the items are {', '.join(known)}")
        for name in authors
        if name not in known
    ]
    faults += [
        Finding("U02", f"[tripod_ai] item {name!r} has {len(text)} characters, at most {LONGEST} fit", "name the page")
        for name, text in authors.items()
        if len(text) > LONGEST
    ]
    if faults:
        raise RunError(*faults)
