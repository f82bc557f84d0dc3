"""Every sentence of the reports in English and Chinese, looked up in one table, wording.toml."""

from __future__ import annotations

import string
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from cohorts.errors import Finding, RunError

LANGUAGES = ("en", "zh")
SHOWN = 200


@lru_cache(maxsize=1)
def sentences() -> Mapping[str, Mapping[str, str]]:
    """Return the whole table: key -> language -> sentence with named placeholders."""
    return tomllib.loads((files("reports") / "wording.toml").read_text(encoding="utf-8"))


def placeholders(sentence: str) -> set[str]:
    """Return the names in braces of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


class Wording:
    """The sentences of one language.

    Parameters
    ----------
    language : ``en`` or ``zh``.

    Raises
    ------
    RunError
        R11: there is no such language.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            rule = f"there is no wording in the language {language!r}"
            raise RunError(Finding("R11", rule, f"choose one of {', '.join(LANGUAGES)}", value=str(language)))
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return a sentence with its placeholders filled; every placeholder needs a value.

        Raises
        ------
        KeyError
            The key is not in the table, or a placeholder has no value.
        """
        return sentences()[key][self.language].format(**values)

    def has(self, key: str) -> bool:
        """Return whether the table has a sentence of this key."""
        return key in sentences()

    def unfilled(self, key: str) -> str:
        """Return a sentence with its placeholders, which somebody else fills."""
        return sentences()[key][self.language]

    def group(self, prefix: str) -> dict[str, str]:
        """Return the fixed sentences (headings, labels) whose key starts with a prefix, without the prefix."""
        keys = [key for key in sentences() if key.startswith(prefix)]
        return {key.removeprefix(prefix): self(key) for key in keys}

    def joined(self, parts: list[str]) -> str:
        """Return sentences as one paragraph, in the manner of the language."""
        return ("" if self.language == "zh" else " ").join(part for part in parts if part)


def visible(text: object, limit: int = SHOWN) -> str:
    """Return a user's text so that it shows what it is: controls named, cut at a stated length.

    Control, format and unassigned characters (NUL, line breaks, text-direction marks that could
    turn a number round) are written as ``<U+202E>``.
    """
    characters = [_named(character) for character in str(text)[: limit + 1]]
    return "".join(characters[:limit]) + ("…" if len(characters) > limit else "")


def _named(character: str) -> str:
    hidden = unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
    return f"<U+{ord(character):04X}>" if hidden else character
