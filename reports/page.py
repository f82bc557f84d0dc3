"""From finished content to files: HTML by jinja2, PDF by typst, JSON; nothing is computed here."""

from __future__ import annotations

import base64
import datetime
import errno
import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from cohorts.errors import Finding, RunError
from cohorts.whole_file import write_whole_file
from reports.fonts import FontChoice, choose_fonts, typst_fonts
from reports.wording import Wording

SUFFIXES = (".pdf", ".html", ".json")
TEMPLATES = Path(str(files("reports"))) / "templates"


def texts(value: Any) -> Iterator[str]:
    """Walk through plain values and yield every text in them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def to_html(template: str, content: Mapping[str, Any], figures: Mapping[str, str]) -> str:
    """Fill an HTML template; every value is escaped, every figure becomes a data URI image.

    Parameters
    ----------
    template : file name in the folder of templates.
    content : plain values.
    figures : SVG text by name. As images they cannot run scripts or ask for files, whoever drew them.
    """
    images = {name: data_uri(svg) for name, svg in figures.items()}
    rendered: str = _environment(TEMPLATES).get_template(template).render(page=content, images=images)
    return rendered


@lru_cache(maxsize=2)
def _environment(folder: Path) -> Any:
    """Return what fills the templates of a folder; each is read once."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def data_uri(svg: str) -> str:
    """Return SVG text as a data URI."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


def to_pdf(template: str, content: Mapping[str, Any], figures: Mapping[str, str], fonts: FontChoice) -> bytes:
    """Fill a typst template and return a tagged PDF (PDF/UA-1) with embedded fonts; same content, same bytes.

    Parameters
    ----------
    template : file name in the folder of templates.
    content : plain values with ``language`` and ``created`` (YYYY-MM-DD, the date in the PDF's metadata). They enter
        as data, never as markup.
    figures : SVG text by name.
    fonts : families and folders.

    Raises
    ------
    RunError
        R13: none of the fonts has a character of the page. R14: typst refuses a figure.
    """
    import typst

    inputs = {"data": json.dumps({**content, "fonts": fonts.families}, ensure_ascii=False, allow_nan=False)}
    inputs["figures"] = json.dumps(dict(figures), ensure_ascii=False)
    try:
        return bytes(
            typst.compile(
                str(TEMPLATES / template),
                root=str(TEMPLATES),
                font_paths=typst_fonts(fonts.folders),
                sys_inputs=inputs,
                format="pdf",
                pdf_standards=["ua-1"],
                timestamp=fixed_time(str(content["created"])),
            )
        )
    except typst.TypstError as error:
        message = str(error)
        if "could not be displayed" in message:
            rule = f"a character on the page is in none of the fonts {', '.join(fonts.families)}: {message}"
            raise RunError(Finding("R13", rule, "replace the character")) from None
        raise RunError(Finding("R14", f"the PDF cannot be made: {message}", "check the figures handed in")) from None


def fixed_time(created: str) -> int:
    """Return the seconds since 1970 of midnight UTC of a date, for metadata that are the same every time."""
    day = datetime.datetime.strptime(created, "%Y-%m-%d").replace(tzinfo=datetime.UTC)
    return int(day.timestamp())


def save_document(
    path: Path, content: Mapping[str, Any], name: str, draw: Callable[[FontChoice], Mapping[str, str]]
) -> Path:
    """Write content in the form its suffix asks for.

    Parameters
    ----------
    path : ends in ``.pdf``, ``.html`` or ``.json``.
    content : plain values.
    name : name of the templates, without a suffix.
    draw : makes the figures, given the fonts.

    Raises
    ------
    RunError
        R17: another suffix. K03: the disk is full. R18: the file cannot be written for another reason.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise RunError(Finding("R17", f"a report cannot be written as {suffix!r}", f"use {', '.join(SUFFIXES)}"))
    if suffix == ".json":
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        return write_whole(path, text.encode("utf-8"))
    fonts = choose_fonts("".join(texts(content)), Wording(str(content["language"])).language)
    figures = draw(fonts)
    if suffix == ".html":
        return write_whole(path, to_html(f"{name}.html", content, figures).encode("utf-8"))
    return write_whole(path, to_pdf(f"{name}.typ", content, figures, fonts))


def write_whole(path: Path, data: bytes) -> Path:
    """Write a file beside its place and move it there, so that no half file bears the final name."""
    try:
        write_whole_file(path, data)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        rule = f"{path} cannot be written ({len(data)} bytes needed): {error.strerror or error}"
        advice = "make room; prognosis report and run then go on with --resume" if full else "check the folder"
        raise RunError(Finding("K03" if full else "R18", rule, advice, file=path.name)) from None
    return path
