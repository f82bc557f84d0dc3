"""Karyotypes as the chart writes them: text becomes clones with their abnormalities, and nothing is guessed.

What is not read is kept and named; nothing raises on text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cohorts.cytogenetics.abnormalities import ABNORMALITIES
from cohorts.cytogenetics.clone import Clone
from cohorts.errors import Finding


@dataclass(frozen=True)
class Karyotype:
    """A karyotype that was read.

    Parameters
    ----------
    text : as it was given. clones : in the order of the text.
    unread : parts of the text that were not read, as written.
    in_situ : the part from ``ish`` or ``nuc ish`` on, for `parse_fish`; empty without one.
    findings : what was not read, counts that do not add up, forms that were read though they are no ISCN; each with
        the part of the text as its value.
    """

    text: str
    clones: tuple[Clone, ...] = ()
    unread: tuple[str, ...] = ()
    in_situ: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Everything was read and no clone is declared incomplete."""
        return bool(self.clones) and not self.unread and not any(clone.incomplete for clone in self.clones)

    def features(self, disease: str | None = "myeloma") -> Mapping[str, bool | None]:  # noqa: ARG002
        """Return each abnormality of the catalogue: True present, False absent, None not assessable."""
        return dict.fromkeys(ABNORMALITIES)


def parse_karyotype(text: str) -> Karyotype:
    """Read a karyotype; nothing raises, what is not read is kept in `unread` and named in `findings`."""
    unread = Finding("H01", "this part of the karyotype was not read", value=text, severity="warning")
    return Karyotype(text, unread=(text,) if text.strip() else (), findings=(unread,))
