"""What tests read from rendered reports: the text of a PDF, and what a browser would ask for."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pypdf


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
    found = Tags(markup)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base", "a", "svg"} & set(found.tags)
    assert found.sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in found.sources)
    assert "default-src 'none'" in markup
    style = re.search(r"<style>(.*?)</style>", markup, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
