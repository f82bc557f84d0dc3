"""What an audit says: its findings and remarks, in words that can be sent to a journal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["contradiction", "mislabelled", "too narrow", "convention", "cannot be checked", "remark"]
# In the order in which a page gives them.
SEVERITIES: tuple[Severity, ...] = (
    "contradiction",
    "mislabelled",
    "too narrow",
    "convention",
    "cannot be checked",
    "remark",
)
# What makes `prognosis audit --strict` end with 1.
WRONG: tuple[Severity, ...] = ("contradiction", "mislabelled", "too narrow")


@dataclass(frozen=True)
class AuditFinding:
    """One thing that a published number says against another, or that should be read beside it.

    Parameters
    ----------
    code : stable identifier of the check, for example ``A11``.
    severity : ``contradiction`` no data give these numbers together; ``mislabelled`` they are right under another
        name; ``too narrow`` an interval that understates its error; ``convention`` a choice that should be named;
        ``cannot be checked`` what is missing for a check; ``remark`` no fault, but what the numbers mean.
    place : table, row or item concerned. words : what was found.
    """

    code: str
    severity: Severity
    place: str
    words: str

    def __str__(self) -> str:
        return f"[{self.code}] {self.place}: {self.words}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values for JSON."""
        return asdict(self)


def joined(words: list[str] | tuple[str, ...]) -> str:
    """Return a list as a sentence has it: ``a, b and c``."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
