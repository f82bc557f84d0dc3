"""What tests read from rendered reports: the text of a PDF, and what a browser would ask for."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import re
from html.parser import HTMLParser

import pypdf

from reports.page import TEMPLATES


def squeezed(text: str) -> str:
    """Remove what a renderer may put between characters: white space and break marks."""
    return re.sub(r"[\s\u200b]", "", text)


def pdf_text(data: bytes) -> str:
    return squeezed("".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(data)).pages))


class Tags(HTMLParser):
    """Collect what a browser would act on."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                self.sources.append(str(value))


def assert_asks_for_nothing(markup: str) -> None:
    """Nothing is asked for and nothing runs."""
    found = Tags(markup)
    assert not {"script", "svg"} & set(found.tags)
    assert "script-src" not in markup
    assert_only_images(markup)


def assert_runs_its_own_script_alone(markup: str) -> None:
    """One inline script, which its policy knows by its hash and which is a file of the package, word for word."""
    found, own = Tags(markup), (TEMPLATES / "study.js").read_text(encoding="utf-8")
    assert found.tags.count("script") == 1
    assert re.findall(r"<script[^>]*>(.*?)</script", markup, re.DOTALL | re.IGNORECASE) == [own]
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', markup)
    assert html.unescape(policy).split("; ") == [
        "default-src 'none'", "img-src data:", "style-src 'unsafe-inline'", "base-uri 'none'", "form-action 'none'",
        "require-trusted-types-for 'script'", "trusted-types 'none'", f"script-src 'sha256-{digest}'",
    ]  # fmt: skip
    # what the page draws itself is plain shapes
    drawn = re.findall(r"<svg.*?</svg>", markup, re.DOTALL)
    assert drawn
    assert {tag for svg in drawn for tag in Tags(svg).tags} == {"svg", "g", "rect", "line", "circle"}
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|eval|Function|fetch|XMLHttp|import|WebSocket", own)
    assert_only_images(markup)


def assert_only_images(markup: str) -> None:
    found = Tags(markup)
    assert not {"link", "iframe", "object", "embed", "form", "base", "a", "use", "image", "foreignobject"} & set(
        found.tags
    )
    assert found.sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in found.sources)
    assert "default-src 'none'" in html.unescape(markup)
    style = re.search(r"<style>(.*?)</style>", markup, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
