"""Karyotype and FISH of one patient together: both are kept, a rule decides, and where they disagree it is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cohorts.cytogenetics.abnormalities import ABNORMALITIES
from cohorts.cytogenetics.fish import Fish, parse_fish
from cohorts.cytogenetics.fish_features import EMN, Answer, CutOffs, remarks
from cohorts.cytogenetics.karyotype import Karyotype
from cohorts.errors import Finding

State = bool | None
Precedence = Literal["presence", "fish", "karyotype"]


@dataclass(frozen=True)
class Rules:
    """How karyotype and FISH become one answer.

    Parameters
    ----------
    precedence : where one says present and the other absent. ``presence`` (the default, chosen here, not published):
        present, for what two metaphases or enough nuclei show is there; ``fish`` or ``karyotype``: as that one says.
    cutoffs : of FISH.
    purified : the cells of FISH strings were plasma cells, sorted or marked; strings do not say so, tables do. False:
        nothing counts as absent by them. None: not stated, taken as True, and a cohort warns of it (H56).
    disease : with ``myeloma`` a karyotype without an acquired abnormality denies nothing; None: it does.
    """

    precedence: Precedence = "presence"
    cutoffs: CutOffs = field(default_factory=lambda: EMN)
    purified: bool | None = None
    disease: str | None = "myeloma"

    def __post_init__(self) -> None:
        if self.precedence not in ("presence", "fish", "karyotype"):
            raise ValueError(f"precedence is presence, fish or karyotype, not {self.precedence!r}")


@dataclass(frozen=True)
class Evidence:
    """What is known of one abnormality in one patient.

    Parameters
    ----------
    present : True, False or None (not assessable), by the rules.
    karyotype, fish : what each says by itself.
    share : of the cells in FISH, metaphases : of the metaphases, with it; None where not known or none.
    at_most : largest share that purified plasma cells may have by FISH; None where that is open.
    """

    present: State
    karyotype: State = None
    fish: State = None
    share: float | None = None
    metaphases: float | None = None
    at_most: float | None = None

    @property
    def source(self) -> str:
        """``karyotype``, ``FISH``, ``both`` or nothing: who was able to say so."""
        named = {(True, True): "both", (True, False): "karyotype", (False, True): "FISH", (False, False): ""}
        return named[self.karyotype is not None, self.fish is not None]

    @property
    def disputed(self) -> bool:
        """One says present, the other absent."""
        return {self.karyotype, self.fish} == {True, False}


UNKNOWN = Evidence(None)


@dataclass(frozen=True)
class Cytogenetics:
    """Karyotype and FISH of one patient, each as it was read, and the answer of both; None where not done."""

    karyotype: Karyotype | None = None
    fish: Fish | None = None
    rules: Rules = field(default_factory=Rules)

    @cached_property
    def interphase(self) -> Fish | None:
        """FISH as given, or what stands behind the karyotype (``46,XX[20].nuc ish(...)``) where none is."""
        if self.fish is not None or self.karyotype is None or not self.karyotype.in_situ:
            return self.fish
        return parse_fish(self.karyotype.in_situ, self.rules.purified is not False)

    @cached_property
    def _answers(self) -> Mapping[str, Answer]:
        return self.interphase.answers(self.rules.cutoffs) if self.interphase else {}

    @cached_property
    def evidence(self) -> Mapping[str, Evidence]:
        """Every abnormality of the catalogue."""
        written = self.karyotype.features(self.rules.disease) if self.karyotype else {}
        metaphases = self.karyotype.fractions() if self.karyotype else {}
        found = {}
        for name in ABNORMALITIES:
            answer = self._answers.get(name)
            one, other = written.get(name), answer.present if answer else None
            if one is None and answer is None:
                found[name] = UNKNOWN
                continue
            share, at_most = (answer.fraction, answer.at_most) if answer else (None, None)
            found[name] = Evidence(self._decided(one, other), one, other, share, metaphases.get(name), at_most)
        return found

    def _decided(self, karyotype: State, fish: State) -> State:
        if karyotype is None or fish is None:
            return fish if karyotype is None else karyotype
        if self.rules.precedence == "presence":
            return karyotype or fish
        return fish if self.rules.precedence == "fish" else karyotype

    def features(self) -> dict[str, State]:
        """Return each abnormality of the catalogue: True present, False absent, None not assessable."""
        return {name: evidence.present for name, evidence in self.evidence.items()}

    @property
    def unread(self) -> tuple[str, ...]:
        """Parts of the karyotype and of FISH that were not read."""
        return tuple(part for source in (self.karyotype, self.interphase) if source for part in source.unread)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was noticed in reading either, and where they disagree (H45)."""
        return tuple(self._findings())

    def _findings(self) -> Iterator[Finding]:
        if self.karyotype:
            yield from self.karyotype.findings
        if self.interphase:
            yield from self.interphase.findings
            yield from remarks(self.interphase.patterns, self.rules.cutoffs, self._answers)
        if self.fish is not None and self.karyotype is not None and self.karyotype.in_situ:
            rule = "FISH behind the karyotype is not used: FISH is given beside it"
            yield Finding("H46", rule, "give one of them", value=self.karyotype.in_situ, severity="warning")
        for name, evidence in self.evidence.items():
            if evidence.disputed:
                said = "present in the karyotype, absent in FISH"
                said = said if evidence.karyotype else "absent in the karyotype, present in FISH"
                taken = "present" if evidence.present else "absent"
                rule = f"{name}: {said}; taken as {taken} ({self.rules.precedence} goes first)"
                yield Finding("H45", rule, "both are kept", value=name, severity="warning")
