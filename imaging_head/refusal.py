"""What the decoding process says of a film it does not read, or doubts; plain values, since it travels as JSON.

The modules that run in the decoding process (this one, `limits`, `grey`, `tags`, `tables`, `dicom`,
`pictures`, `decoding`)
import no other room: the process then starts in half a second and holds nothing worth stealing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Doubt:
    """A remark on a film that was read: code, what was found, the way out."""

    code: str
    rule: str
    way_out: str = ""


class RefusedError(Exception):
    """A film is not read; `code`, `rule` and `way_out` become a `Finding` in the process that asked."""

    def __init__(self, code: str, rule: str, way_out: str = "") -> None:
        super().__init__(rule)
        self.code, self.rule, self.way_out = code, rule, way_out
