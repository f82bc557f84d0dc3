"""Tables of FISH: one row a patient, probe and pattern, with the cells that show it of those counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from cohorts.cytogenetics.fish import Fish, checked
from cohorts.cytogenetics.probes import Probe, probe_of
from cohorts.cytogenetics.signals import MANY, Copies, Pattern, copies_of, pattern_of
from cohorts.cytogenetics.splitting import tidy
from cohorts.errors import DataContractError, Finding, raise_findings

COLUMNS = ("patient", "probe", "pattern", "positive", "counted", "enriched")
_TRUTH = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}
_FUSIONS = {"4;14": "FGFR3/IGH", "6;14": "CCND3/IGH", "8;14": "MYC/IGH", "11;14": "CCND1/IGH", "14;16": "IGH/MAF",
            "14;20": "IGH/MAFB"}  # fmt: skip
_BREAK_APART = re.compile(r"(.+?)[\s-]*(?:ba|break-?\s?apart|rearrangement|split)", re.I)
# Signals of the first probe where the pattern is said in a word; how many exactly it does not say.
_WORDS: Mapping[str, Copies] = {
    "normal": (2, 2), "negative": (2, 2), "loss": (0, 1), "deletion": (0, 1), "del": (0, 1), "gain": (3, MANY),
    "amplification": (4, MANY), "amp": (4, MANY),
}  # fmt: skip
_FUSED, _SPLIT = ("fusion", "fused"), ("split", "sep", "break-apart", "break apart", "rearranged")


def fish_from_table(frame: pd.DataFrame) -> dict[str, Fish]:
    """Read a table of FISH, one row a pattern of signals.

    Parameters
    ----------
    frame : columns
        patient : id. probe : name, or names of one set: ``TP53``, ``TP53/D17Z1``, ``t(4;14)``, ``IGH break-apart``.
        pattern : signals (``1``, ``3-4``, ``1/2`` for two probes), ISCN (``TP53x1,D17Z1x2``) or a word (normal, loss,
        gain, amplification, fusion, split). positive, counted : cells with the pattern, of cells counted; empty where
        not known. enriched : whether the plasma cells were purified or marked; empty where not known.

    Returns
    -------
    dict
        Patient to `Fish`, in the order of the table. A pattern that is not read is kept in `unread` (H42).

    Raises
    ------
    DataContractError
        All at once: H40 a column is absent; H41 a row without patient, probe or pattern; H43 one pattern of a patient
        twice; H44 numbers of cells that cannot be, or an entry of `enriched` that is neither yes nor no.
    """
    absent = [name for name in COLUMNS if name not in frame.columns]
    if absent:
        rule = f"the table of FISH has no column {', '.join(absent)}"
        raise DataContractError(Finding("H40", rule, f"its columns are {', '.join(COLUMNS)}"))
    rows: list[dict[str, str]] = [
        {name: _text(value) for name, value in zip(COLUMNS, row, strict=True)}
        for row in frame[list(COLUMNS)].astype(object).itertuples(index=False, name=None)
    ]
    raise_findings([*_gaps(rows), *_numbers(rows), *_repeated(rows)], DataContractError)
    found: dict[str, list[tuple[str, Pattern | None]]] = {}
    for row in rows:
        found.setdefault(row["patient"], []).append((f"{row['probe']}: {row['pattern']}", _pattern(row)))
    return {patient: _fish(parts) for patient, parts in found.items()}


def _fish(parts: Sequence[tuple[str, Pattern | None]]) -> Fish:
    patterns = [pattern for _, pattern in parts if pattern is not None]
    unread = tuple(text for text, pattern in parts if pattern is None)
    way_out = (
        "write signals (1, 3-4), ISCN (TP53x1,D17Z1x2) or a word: normal, loss, gain, amplification, fusion, split"
    )
    findings = [Finding("H42", "the pattern is not read", way_out, value=text) for text in unread]
    return Fish("; ".join(text for text, _ in parts), tuple(patterns), unread, (*findings, *checked(patterns)))


def _text(value: Any) -> str:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _gaps(rows: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    for name in ("patient", "probe", "pattern"):
        empty = [row["patient"] or f"row {place}" for place, row in enumerate(rows, 1) if not row[name]]
        if empty:
            yield Finding("H41", f"rows without {name}", "complete them", column=name, rows=tuple(dict.fromkeys(empty)))


def _numbers(rows: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    for row in rows:
        cells = [row["positive"], row["counted"]]
        whole = all(re.fullmatch(r"\d*", cell) for cell in cells)
        rule = ""
        if not whole:
            rule = "positive and counted are whole numbers of cells"
        elif (row["counted"] and not int(row["positive"] or 0) <= int(row["counted"])) or row["counted"] == "0":
            rule = "more cells with the pattern than were counted, or none counted"
        elif row["positive"] and not row["counted"]:
            rule = "cells with the pattern, but not of how many"
        if rule:
            yield Finding("H44", rule, "correct the numbers", rows=(row["patient"],), value="/".join(cells))
        if row["enriched"] and row["enriched"].lower() not in _TRUTH:
            rule = "enriched is yes, no or empty"
            yield Finding("H44", rule, "correct it", "enriched", (row["patient"],), row["enriched"])


def _repeated(rows: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    seen = set()
    for row in rows:
        key = (row["patient"], row["probe"].upper(), row["pattern"].lower())
        if key in seen:
            rule = "one pattern of a probe twice: their cells would be added"
            yield Finding("H43", rule, "keep one sample of each patient", rows=(row["patient"],), value=row["probe"])
        seen.add(key)


def _pattern(row: Mapping[str, str]) -> Pattern | None:
    read = _signals(tidy(row["probe"]), re.sub("[’‘′]", "'", tidy(row["pattern"])))
    if read is None:
        return None
    positive, counted = (int(row[name]) if row[name] else None for name in ("positive", "counted"))
    return replace(read, positive=positive, counted=counted, purified=_TRUTH.get(row["enriched"].lower()))


def _signals(probe: str, text: str) -> Pattern | None:
    whole = f"{probe}: {text}"
    if re.search(r"\w\s*x\s*[\d>≥]|\bcon\b|\bsep\b", text, re.I) and text.lower() not in _SPLIT:
        segments = re.findall(r"\(([^()]*)\)(?:x([\d~-]+))?", text, re.I) or [(text, "")]
        return pattern_of(whole, tuple(segments))
    names = _names(re.sub("[’‘′]", "'", probe))
    probes = [probe_of(name) for name in names]
    unknown = tuple(name for name, found in zip(names, probes, strict=True) if found is None)
    if unknown:
        return Pattern(whole, unknown=unknown)
    return _of_known(whole, [found for found in probes if found is not None], text.lower())


def _of_known(whole: str, probes: Sequence[Probe], word: str) -> Pattern | None:
    numbers = [copies_of(part) for part in word.removeprefix("x").split("/")]
    anything: list[Copies] = [(0, MANY)] * len(probes)
    given = [number for number in numbers if number is not None]
    if len(given) == len(numbers) == len(probes):
        return Pattern(whole, tuple(zip(probes, given, strict=True)))
    if word in _WORDS:
        copies = [_WORDS[word], *anything[1:]] if _WORDS[word] != (2, 2) else [(2, 2)] * len(probes)
        return Pattern(whole, tuple(zip(probes, copies, strict=True)))
    if word in _FUSED and len({probe.name for probe in probes}) == 2:
        return Pattern(whole, tuple(zip(probes, anything, strict=True)), fused=((probes[0], probes[1]),))
    if word in _SPLIT and len({probe.name for probe in probes}) == 1:
        return Pattern(whole, tuple(zip(probes, anything, strict=True)), split=(probes[0],))
    return None


def _names(probe: str) -> list[str]:
    """Return the probes of a set; a translocation names its two genes, break-apart probes both halves of one."""
    translocation = re.fullmatch(r"t\s*\(\s*(\d+)\s*;\s*(\d+)\s*\).*", probe, re.I)
    if translocation:
        return _FUSIONS.get(f"{translocation[1]};{translocation[2]}", probe).split("/")
    halves = _BREAK_APART.fullmatch(probe)
    if halves:
        return [f"5'{halves[1]}", f"3'{halves[1]}"]
    return [name.strip() for name in probe.split("/")]
