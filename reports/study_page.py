"""Pages of a study for screen and paper; on the screen figures can be read off, by a script of the package alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.page import TEMPLATES, save_document, to_html, write_whole
from reports.security import source_of


def save_study(path: Path, content: Mapping[str, Any], drawings: Mapping[str, str]) -> Path:
    """Write the content of a study report, or of one on an external validation, in the form its suffix asks for.

    Raises
    ------
    RunError
        As `save_document`.
    """
    if path.suffix.lower() == ".html":
        return write_whole(path, study_html(content, drawings).encode("utf-8"))
    return save_document(path, content, "study", lambda _: drawings)


def study_html(content: Mapping[str, Any], drawings: Mapping[str, str]) -> str:
    """Fill the page; it asks for nothing, and runs nothing unless a figure has curves to be read off.

    The script has no text of the user in it: numbers and names stand, escaped, in the tables below the figures.
    """
    figures = [figure for table in content["tables"] for figure in table["figures"]]
    readable = any(figure["panels"] for figure in figures)
    script = (TEMPLATES / "study.js").read_text(encoding="utf-8") if readable else ""
    # styles stay allowed: the drawings, images that cannot run or ask for anything, are made of them
    allowed = ["default-src 'none'", "img-src data:", "style-src 'unsafe-inline'", "base-uri 'none'"]
    allowed += ["form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"]
    allowed += [f"script-src {source_of(script)}"] if script else []
    return to_html("study.html", {**content, "script": script, "policy": "; ".join(allowed)}, drawings)
