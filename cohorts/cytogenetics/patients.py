"""Karyotypes and FISH of a cohort: one column an abnormality, and a note of everything that was noticed, by patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import shorten
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cohorts.cytogenetics.abnormalities import ABNORMALITIES, Abnormality
from cohorts.cytogenetics.evidence import Cytogenetics, Evidence, Rules
from cohorts.cytogenetics.fish import Fish, parse_fish
from cohorts.cytogenetics.fish_table import fish_from_table
from cohorts.cytogenetics.high_risk import DEFINITIONS, Definition
from cohorts.cytogenetics.karyotype import parse_karyotype
from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.variable import Variable

if TYPE_CHECKING:
    from cohorts.cohort import Cohort

# What a share below its cut-off, a lost Y or a common inversion says is in the notes; it takes nothing away.
NOTES_ONLY = ("H14", "H15", "H38")
SHARE = "_fraction_percent"
SHOWN = 5
LONGEST = 60


@dataclass(frozen=True, eq=False, repr=False)
class CytogeneticTable:
    """Cytogenetics of patients.

    Parameters
    ----------
    patients : what is known of each, by id, in the order of the cohort.
    names : abnormalities (and definitions of high risk) that become columns.
    findings : of the cohort as a whole, warnings.
    """

    patients: Mapping[str, Cytogenetics]
    names: tuple[str, ...]
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return f"CytogeneticTable({len(self.patients)} patients, {len(self.names)} abnormalities)"

    @property
    def frame(self) -> pd.DataFrame:
        """Patients x abnormalities: 1 present, 0 absent, NaN not assessable; shares of cells in per cent."""
        return _frame(self.patients, self.names)

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Declarations of the columns: binary (shares numeric), known at baseline, labels in English and Chinese."""
        return tuple(_variable(name) for name in self.names)

    @property
    def details(self) -> pd.DataFrame:
        """What karyotype and FISH each say of every abnormality that either was able to assess, one line each."""
        rows = [
            (patient, name, *(getattr(evidence, field) for field in _FIELDS))
            for patient, both in self.patients.items()
            for name, evidence in both.evidence.items()
            if evidence.source
        ]
        return pd.DataFrame(rows, columns=["patient", "abnormality", *_FIELDS]).astype(
            dict.fromkeys(("present", "karyotype", "fish"), object)
        )

    @property
    def notes(self) -> pd.DataFrame:
        """Everything that was noticed in reading: patient, code, the part of the text, and what about it."""
        rows = [
            (patient, finding.code, finding.value or "", finding.rule)
            for patient, both in self.patients.items()
            for finding in both.findings
        ]
        return pd.DataFrame(rows, columns=["patient", "code", "part", "rule"])


def _variable(name: str) -> Variable:
    declared: dict[str, Abnormality | Definition] = {**ABNORMALITIES, **DEFINITIONS}
    if name in declared:
        return Variable(name=name, kind="binary", label=declared[name].label)
    of = declared[name.removesuffix(SHARE)].label
    label = {"en": f"Cells with {of['en'][0].lower()}{of['en'][1:]}", "zh": f"{of['zh']}细胞比例"}
    return Variable(name=name, kind="numeric", unit="%", limits=(0, 100), label=label)


_FIELDS = ("present", "karyotype", "fish", "source", "share", "metaphases", "disputed")


@dataclass(frozen=True)
class Asked:
    """What columns are wanted: names (None: all that somebody can be assessed for), and how many must have them.

    `prevalence` is the least share of present among the patients who can be assessed.
    """

    names: tuple[str, ...] | None = None
    prevalence: float = 0.0

    def faults(self, columns: Sequence[str]) -> Iterator[Finding]:
        """Yield names that are unknown, given twice or taken, and a prevalence that is none."""
        known = (*ABNORMALITIES, *DEFINITIONS)
        for name in dict.fromkeys(self.names or ()):
            if name not in known and name.removesuffix(SHARE) not in ABNORMALITIES:
                near = [each for each in known if name.lower().strip("_")[:4] in each][:6]
                way_out = f"near it: {', '.join(near)}" if near else "see ABNORMALITIES for all names"
                yield Finding("H52", "no abnormality of the catalogue", way_out, column=name)
        if self.names is not None and len(set(self.names)) < len(self.names):
            yield Finding("H52", "an abnormality is named twice", "name each once")
        if not 0 <= self.prevalence < 1:
            yield Finding("H52", f"prevalence {self.prevalence!r} is no share from 0 up to 1", "prevalence=0.01")
        for name in self.names if self.names is not None else known:
            if name in columns:
                yield Finding("H50", "the cohort has such a column", "rename it in the codebook and file", column=name)

    @cached_property
    def candidates(self) -> tuple[str, ...]:
        """Names to be looked at."""
        return self.names if self.names is not None else (*ABNORMALITIES, *DEFINITIONS)

    def kept(self, frame: pd.DataFrame) -> tuple[tuple[str, ...], list[Finding]]:
        """Return the names that become columns, and warnings of those that nobody can be assessed for or few have."""
        assessed = frame.notna().any()
        shares = frame.mean()
        binary = [name for name in frame if not str(name).endswith(SHARE)]
        rare = [name for name in binary if assessed[name] and shares[name] < self.prevalence]
        wanted = frame.columns if self.names is not None else frame.columns[assessed]
        never = [str(name) for name in wanted if not assessed[name]]
        findings = []
        if never:
            rule = f"no patient can be assessed for {', '.join(never)}: the columns are empty"
            findings.append(Finding("H55", rule, "leave them out", severity="warning"))
        if rare:
            rule = f"below a prevalence of {self.prevalence:.1%}, left out: {', '.join(map(str, rare))}"
            findings.append(Finding("H55", rule, "lower prevalence to keep them", severity="warning"))
        return tuple(str(name) for name in wanted if name not in rare), findings


def cytogenetics_of(
    cohort: Cohort,
    karyotype: str | None = None,
    fish: str | pd.DataFrame | None = None,
    asked: Asked | None = None,
    rules: Rules | None = None,
) -> CytogeneticTable:
    """Read the karyotypes and FISH of a cohort; see `Cohort.with_cytogenetics` for the parameters.

    Raises
    ------
    DataContractError
        All at once: H50 a column of the name of an abnormality, H51 FISH of patients that the cohort does not have, H52
        an unknown abnormality, H53 neither karyotype nor FISH, H54 a column that is no text, S01 one that is not there;
        H40 to H44 of a table of FISH.
    """
    asked, used = asked or Asked(), rules or Rules()
    tables = fish_from_table(fish) if isinstance(fish, pd.DataFrame) else None
    columns = [name for name in (karyotype, fish) if isinstance(name, str)]
    raise_findings(
        [*asked.faults(tuple(cohort.codebook)), *_faults(cohort, columns, tables)],
        DataContractError,
    )
    karyotypes = _column(cohort, karyotype)
    strings = _column(cohort, fish) if isinstance(fish, str) else {}
    read: dict[tuple[str | None, str | None], Cytogenetics] = {}
    patients = {}
    for patient in cohort.ids:
        texts = karyotypes.get(patient), strings.get(patient)
        if tables is None and texts in read:
            patients[patient] = read[texts]
            continue
        given = tables.get(patient) if tables is not None else _fish(texts[1], used)
        patients[patient] = Cytogenetics(parse_karyotype(texts[0]) if texts[0] else None, given, used)
        read[texts] = patients[patient]
    names, findings = asked.kept(_frame(patients, asked.candidates))
    assumed = used.purified is None and (bool(strings) or any(_behind(each) for each in patients.values()))
    return CytogeneticTable(patients, names, (*_together(patients), *([_PURIFIED] if assumed else []), *findings))


_PURIFIED = Finding(
    "H56",
    "FISH strings do not say which cells were counted: taken as purified plasma cells, so that normal is absent",
    "say so by rules=Rules(purified=True), or purified=False",
    severity="warning",
)


def _behind(both: Cytogenetics) -> bool:
    return both.karyotype is not None and bool(both.karyotype.in_situ) and both.fish is None


def _fish(text: str | None, rules: Rules) -> Fish | None:
    return parse_fish(text, rules.purified is not False) if text else None


def _faults(cohort: Cohort, columns: Sequence[str], tables: Mapping[str, Fish] | None) -> Iterator[Finding]:
    if not columns and tables is None:
        yield Finding("H53", "neither karyotype nor FISH is given", 'karyotype="column", fish="column" or a table')
    for name in columns:
        if name not in cohort.table.columns:
            yield Finding("S01", "the cohort has no such column", f"it has {', '.join(cohort.table)}", column=name)
        elif cohort.codebook[name].kind not in ("text", "nominal"):
            kind = cohort.codebook[name].kind
            yield Finding("H54", f"a column of kind {kind} holds no karyotypes or FISH", 'kind = "text"', column=name)
    known = set(cohort.ids)
    unknown = tuple(patient for patient in tables or {} if patient not in known)
    if unknown:
        rule = f"FISH of {len(unknown)} patients who are not in the cohort"
        yield Finding("H51", rule, "give that of this cohort's ids only", rows=unknown)


def _column(cohort: Cohort, name: str | None) -> dict[str, str]:
    if name is None:
        return {}
    return {str(patient): str(text) for patient, text in cohort.table[name].dropna().items()}


def _frame(patients: Mapping[str, Cytogenetics], names: Sequence[str]) -> pd.DataFrame:
    known: dict[int, list[float]] = {}
    for both in patients.values():
        if id(both) not in known:
            found = both.evidence
            known[id(both)] = [_value(found, name) for name in names]
    cells = [known[id(both)] for both in patients.values()]
    return pd.DataFrame(cells, index=list(patients), columns=list(names), dtype=float)


def _value(evidence: Mapping[str, Evidence], name: str) -> float:
    """Return a state as a number, or the share of purified plasma cells in FISH in per cent."""
    if name.endswith(SHARE):
        said = evidence[name.removesuffix(SHARE)]
        share = said.share if said.share is not None else 0.0 if said.fish is False else None
        return np.nan if share is None or said.at_most is None else 100 * share
    state = DEFINITIONS[name].decide(evidence) if name in DEFINITIONS else evidence[name].present
    return np.nan if state is None else float(state)


def _together(patients: Mapping[str, Cytogenetics]) -> Iterator[Finding]:
    """Yield one warning a code: the patients concerned and the first parts of their texts; all are in the notes."""
    found: dict[str, list[tuple[str, Finding]]] = {}
    for patient, both in patients.items():
        for finding in both.findings:
            if finding.code not in NOTES_ONLY:
                found.setdefault(finding.code, []).append((patient, finding))
    for code, items in sorted(found.items()):
        rules = list(dict.fromkeys(finding.rule for _, finding in items))
        values = list(dict.fromkeys(finding.value for _, finding in items if finding.value))
        rule = rules[0] + (f" (and {len(rules) - 1} more of this kind)" if len(rules) > 1 else "")
        shown = "; ".join(shorten(value, LONGEST, placeholder=" ...") for value in values[:SHOWN]) + (
            " ..." if len(values) > SHOWN else ""
        )
        rows = tuple(dict.fromkeys(patient for patient, _ in items))
        way_out = items[0][1].way_out or "each is in the notes of cytogenetics_of(...)"
        yield Finding(code, rule, way_out, rows=rows, value=shown or None, severity="warning")
