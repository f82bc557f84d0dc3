"""Karyotypes as the chart writes them: text becomes clones with their abnormalities, and nothing is guessed.

What is not read is kept and named; nothing raises on text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from cohorts.cytogenetics.abnormalities import DISEASES
from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.features import Evidence, evidence_of
from cohorts.cytogenetics.reading import read_clones, rearrangements
from cohorts.cytogenetics.splitting import tidy, without_in_situ
from cohorts.cytogenetics.words import no_result
from cohorts.errors import DataContractError, Finding

LONGEST = 5000


@dataclass(frozen=True)
class Karyotype:
    """A karyotype that was read.

    Parameters
    ----------
    text : as it was given. clones : in the order of the text.
    unread : parts of the text that were not read, as written.
    in_situ : the part from ``ish`` or ``nuc ish`` on, for `parse_fish`; empty without one.
    findings : what was not read, counts that do not add up, forms that were read though they are no ISCN; each with
        the part of the text as its value. Severity error: no valid karyotype as it stands.
    stated : what is only said in words: ``normal``, ``complex``, ``hyperdiploid``, ``hypodiploid``.
    """

    text: str
    clones: tuple[Clone, ...] = ()
    unread: tuple[str, ...] = ()
    in_situ: str = ""
    findings: tuple[Finding, ...] = ()
    stated: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Everything was read and no clone is declared incomplete."""
        return bool(self.clones) and not self.unread and not any(clone.incomplete for clone in self.clones)

    @property
    def valid(self) -> bool:
        """No finding is an error: a karyotype with number, sex chromosomes, breakpoints that exist."""
        return bool(self.clones) and not any(finding.severity == "error" for finding in self.findings)

    @property
    def cells(self) -> int | None:
        """Metaphases of the patient in all; None where a clone's are not stated."""
        cells = [clone.cells for clone in self.clones if not clone.donor]
        return None if None in cells or not cells else sum(number or 0 for number in cells)

    @cached_property
    def _evidence(self) -> Mapping[str, Evidence]:
        patient = tuple(clone for clone in self.clones if not clone.donor)
        return evidence_of(patient, rearrangements(patient), self.stated, bool(self.unread))

    def features(self, disease: str | None = "myeloma") -> dict[str, bool | None]:
        """Return each abnormality of the catalogue: True present, False absent, None not assessable.

        Parameters
        ----------
        disease : with ``myeloma`` (the default) a karyotype without an acquired abnormality says nothing about the
            plasma cells, which seldom divide: everything but `normal` is None. With another of the diseases of the
            package, or None, what a complete normal karyotype does not show is absent.

        Raises
        ------
        DataContractError
            H20 a disease of another name.

        Notes
        -----
        Absent needs a complete karyotype. An abnormality in fewer cells than make a clone (2; 3 for the loss of a
        chromosome) is neither present nor absent. Cells count over all clones that have it; those of a composite
        ([cp7]) are no proof, but what the laboratory reports in one is taken as clonal.
        """
        if disease is not None and disease not in DISEASES:
            names = ", ".join(DISEASES)
            raise DataContractError(
                Finding("H20", f"no disease of this package: {disease}", f"one of {names}, or None")
            )
        silent = disease == "myeloma" and all(clone.silent for clone in self.clones if not clone.donor)
        found = self._evidence
        return {
            name: None if silent and name not in ("normal", *self.stated) else evidence.present
            for name, evidence in found.items()
        }

    def fractions(self) -> dict[str, float | None]:
        """Return the share of metaphases with each abnormality that is present.

        None where cells are not stated, or are those of a composite ([cp7]), in which no cell need have everything.
        """
        total = self.cells
        return {
            name: evidence.cells / total if total and evidence.cells is not None else None
            for name, evidence in self._evidence.items()
            if evidence.present and name != "normal"
        }


@lru_cache(maxsize=4096)
def parse_karyotype(text: str) -> Karyotype:
    """Read a karyotype.

    Nothing raises on text: what is not read is kept in `unread` and named in `findings` (H01), and what depends on it
    counts as not assessable.

    Parameters
    ----------
    text : ISCN, or the free forms that charts have; upper or lower case, any dash.

    Examples
    --------
    >>> karyotype = parse_karyotype("53,XY,+3,+5,+7,+9,+11,+15,+19[12]/46,XY[8]")
    >>> karyotype.features()["hyperdiploid"], karyotype.fractions()["hyperdiploid"]
    (True, 0.6)
    """
    plain = tidy(text)
    if not plain or no_result(plain):
        code, rule = ("H19", "no karyotype: the text says that there is no result") if plain else ("H17", "no text")
        return Karyotype(text, findings=(Finding(code, rule, "leave the cell empty if it was not done", value=text),))
    if len(plain) > LONGEST:
        rule = f"a karyotype of {len(plain)} characters is not read; at most {LONGEST}"
        return Karyotype(text, unread=(text,), findings=(Finding("H21", rule, value=f"{plain[:40]} ..."),))
    chromosomes, in_situ = without_in_situ(plain)
    reading = read_clones(chromosomes)
    found = [*reading.findings, *_remarks(reading.clones)]
    return Karyotype(text, reading.clones, reading.unread, in_situ, tuple(found), reading.stated)


def _remarks(clones: tuple[Clone, ...]) -> Iterator[Finding]:
    """Yield the abnormal clones of too few cells, and what one is born with or comes with age."""
    for clone in clones:
        if clone.abnormal and clone.cells is not None and clone.cells < 3 and not clone.composite:
            rule = "2 cells make a clone, 3 the loss of a chromosome: what fewer have is neither present nor absent"
            if clone.cells == 1 or any((item.sign, item.kind) == ("-", "chromosome") for item in clone.acquired):
                yield Finding("H09", rule, value=clone.text, severity="warning")
        if [(item.sign, item.chromosomes) for item in clone.acquired] in ([("-", ("X",))], [("-", ("Y",))]):
            rule = "the loss of a sex chromosome alone comes with age and need not be the tumour's"
            yield Finding("H14", rule, value=clone.text, severity="warning")
        if clone.acquired and clone.silent:
            rule = "an inversion that many healthy people are born with says nothing about the tumour"
            yield Finding("H15", rule, "mark the constitution by c", value=clone.text, severity="warning")
