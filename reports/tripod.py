"""TRIPOD+AI: every item filled from the run, or left to the author with a prompt; as JSON and as pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import reports.tripod_results  # noqa: F401  registers its answers
from reports.tripod_answers import ANSWERS, OPEN
from reports.tripod_items import LONGEST, Item, check_authors, items
from reports.wording import visible

State = Literal["filled from the run", "filled; author to complete", "author to complete", "filled by the author"]
SOURCE = "Collins GS and others. TRIPOD+AI statement. BMJ 2024;385:e078378."


@dataclass(frozen=True)
class Answered:
    """An item with what the run says to it, and what the author said or is asked for."""

    item: Item
    state: State
    text: str
    author: str


def tripod_of(results: Mapping[str, Any], authors: Mapping[str, str]) -> tuple[Answered, ...]:
    """Answer every item.

    Parameters
    ----------
    results : content of ``results.json``. authors : texts of the author by item; they stand beside what the run says.

    Raises
    ------
    RunError
        U02 a text of an item that does not exist.
    """
    check_authors(authors)
    return tuple(_answered(item, results, authors.get(item.item, "")) for item in items())


def _answered(item: Item, results: Mapping[str, Any], author: str) -> Answered:
    said = ANSWERS[item.item](results) if item.who != "author" else ""
    # lines of a text in TOML are no lines of the page
    if own := " ".join(author.split()):
        return Answered(item, "filled by the author", said, visible(own, LONGEST))
    if item.who == "author":
        return Answered(item, "author to complete", "", item.prompt)
    asked = item.who == "both" or (item.item in OPEN and OPEN[item.item](results))
    return Answered(item, "filled; author to complete" if asked else "filled from the run", said, asked * item.prompt)


def tripod_dict(answered: tuple[Answered, ...]) -> dict[str, Any]:
    """Return the checklist as plain values, the content of ``tripod_ai.json``."""
    lines = [asdict(each.item) | {"state": each.state, "text": each.text, "author": each.author} for each in answered]
    for line in lines:
        # what is asked of the author stands under "author" until it is answered
        line.pop("prompt")
    return {"source": SOURCE, "items": lines}


def tripod_content(answered: tuple[Answered, ...], title: str, created: str) -> dict[str, Any]:
    """Return the texts of the pages, section by section."""
    open_items = sum(each.state.endswith("to complete") for each in answered)
    sections = [
        {"title": section.capitalize(), "rows": [_row(each) for each in group]}
        for section, group in groupby(answered, key=lambda each: each.item.section)
    ]
    return {
        "language": "en",
        "created": created,
        "title": f"TRIPOD+AI checklist: {visible(title)}",
        "note": f"{len(answered)} items, {open_items} of them for the author to complete. D development, E evaluation. "
        f"Texts of the run are true of this run alone. Source: {SOURCE}",
        "columns": ["Item", "Asks for", "Reported"],
        "sections": sections,
    }


def _row(each: Answered) -> dict[str, str]:
    open_item = each.state.endswith("to complete")
    return {
        "item": f"{each.item.item} ({'; '.join(each.item.applies)})",
        "asks": each.item.asks,
        "text": each.text,
        "author": f"Author to complete: {each.author}" if open_item else each.author,
    }


def save_tripod(answered: tuple[Answered, ...], title: str, created: str, path: Path) -> Path:
    """Write the checklist as .pdf or .html."""
    from reports.page import save_document

    return save_document(path, tripod_content(answered, title, created), "tripod", lambda _: {})
