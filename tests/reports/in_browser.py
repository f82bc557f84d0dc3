"""A page of a report in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Opened:
    """A page, what it asked for, and what it complained of."""

    def __init__(self, context: Any, path: Path) -> None:
        self.page = context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        self.page.goto(path.as_uri())
