"""FISH as the chart writes it: ``nuc ish`` strings become patterns of signals, and these become abnormalities."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from cohorts.cytogenetics.fish_features import EMN, Answer, CutOffs, answers, remarks
from cohorts.cytogenetics.signals import Pattern, pattern_of, with_cells
from cohorts.cytogenetics.splitting import tidy
from cohorts.cytogenetics.words import no_result
from cohorts.errors import Finding

LONGEST = 5000
_PREFIX = re.compile(r"^(?P<before>.*?)\b(?:nuc\s*ish)\b[\s.:,]*", re.I | re.S)
_SEGMENT = re.compile(r"\((?P<body>[^()]*(?:\([^()]*\)[^()]*)*)\)\s*(?:[xX]\s*(?P<times>[\d~\-+>≥=]+))?")
_PLACE = re.compile(r"(?:\d{1,2}|X|Y)?(?:[pq][\d.]*|cen)?(?:[pq][\d.]*)?", re.I)


@dataclass(frozen=True)
class Fish:
    """FISH of one patient that was read.

    Parameters
    ----------
    text : as it was given. patterns : in the order of the text.
    unread : parts that were not read, as written.
    findings : what was not read, unknown probes, numbers that cannot be; severity error: a part says nothing.
    """

    text: str
    patterns: tuple[Pattern, ...] = ()
    unread: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def answers(self, cutoffs: CutOffs = EMN) -> Mapping[str, Answer]:
        """Return what the probes say of each abnormality they bear on: present, absent or neither, and its share."""
        return answers(self.patterns, cutoffs)

    def features(self, cutoffs: CutOffs = EMN) -> dict[str, bool | None]:
        """Return each abnormality of the catalogue: True present, False absent, None not assessable.

        Parameters
        ----------
        cutoffs : share of cells from which on an abnormality counts; those of the European Myeloma Network by default.

        Notes
        -----
        Without a probe that bears on it an abnormality is not assessable, never absent. Where the plasma cells were not
        purified it is never absent either: too few of the cells counted may have been the tumour's.
        """
        from cohorts.cytogenetics.abnormalities import ABNORMALITIES

        found = self.answers(cutoffs)
        return {name: found[name].present if name in found else None for name in ABNORMALITIES}

    def fractions(self, cutoffs: CutOffs = EMN) -> dict[str, float | None]:
        """Return the share of cells with each abnormality that some cells show, also below its cut-off.

        None where cells with it are reported without their number.
        """
        return {name: answer.fraction for name, answer in self.answers(cutoffs).items() if answer.seen}

    def remarks(self, cutoffs: CutOffs = EMN) -> tuple[Finding, ...]:
        """Return what a reader must know of the answers: shares below a cut-off, relative losses, absence not shown."""
        return remarks(self.patterns, cutoffs, self.answers(cutoffs))


@lru_cache(maxsize=32768)
def parse_fish(text: str, purified: bool | None = True) -> Fish:
    """Read a string of interphase FISH in ISCN's form.

    Nothing raises on text: what is not read is kept in `unread` and named in `findings`.

    Parameters
    ----------
    text : ``nuc ish(TP53x1,D17Z1x2)[30/200]``, several patterns one after the other; brackets hold the cells with the
        pattern and those counted.
    purified : the cells were plasma cells, sorted or marked (True; the string itself does not say so); False or None
        (not known): nothing counts as absent.

    Examples
    --------
    >>> fish = parse_fish("nuc ish(TP53x1,D17Z1x2)[90/200]")
    >>> fish.features()["del17p"], fish.fractions()["del17p"], fish.features()["t_4_14"]
    (True, 0.45, None)
    """
    plain = re.sub("[’‘′`´ʹ]", "'", tidy(text))
    if not plain or no_result(plain):
        code, rule = ("H30", "no FISH: the text says that there is no result") if plain else ("H30", "no text")
        finding = Finding(code, rule, "leave the cell empty if it was not done", value=text, severity="warning")
        return Fish(text, findings=(finding,))
    if len(plain) > LONGEST:
        rule = f"a text of {len(plain)} characters is not read; at most {LONGEST}"
        return Fish(text, unread=(text,), findings=(Finding("H31", rule, value=f"{plain[:40]} ..."),))
    prefix = _PREFIX.match(plain)
    before = prefix["before"].strip(" .,;/") if prefix else ""
    rest = re.sub(r"\bnuc\s*ish\b", ",", plain[prefix.end() :] if prefix else plain, flags=re.I)
    patterns, unread = _patterns(rest)
    unread = ([before] if before else []) + unread
    patterns = [replace(pattern, purified=purified) for pattern in patterns]
    return Fish(text, tuple(patterns), tuple(unread), (*map(not_read, unread), *checked(patterns)))


def not_read(part: str) -> Finding:
    """Return the finding of a part that was not read."""
    return Finding("H31", "not read as FISH", "write it as ISCN does: nuc ish(TP53x1,D17Z1x2)[30/200]", value=part)


def checked(patterns: list[Pattern]) -> list[Finding]:
    """Return what is wrong or missing in single patterns."""
    found = []
    for pattern in patterns:
        for name in dict.fromkeys(pattern.unknown):
            rule = f"no probe of the catalogue: {name}; nothing is concluded from it"
            found.append(Finding("H32", rule, "name the gene or the band", value=pattern.text, severity="warning"))
        if not pattern.possible:
            rule = "more cells with the pattern than were counted, or none counted: the pattern is left aside"
            found.append(Finding("H34", rule, "correct the numbers: [with the pattern/counted]", value=pattern.text))
        elif pattern.fraction is None and not pattern.normal:
            rule = "how many cells show the pattern is not said: taken as found by the laboratory, share unknown"
            found.append(Finding("H33", rule, "write [30/200]", value=pattern.text, severity="warning"))
    return found


def _patterns(text: str) -> tuple[list[Pattern], list[str]]:
    """Return the patterns of a text and what was not read of it."""
    patterns: list[Pattern] = []
    unread: list[str] = []
    for part in _parts(text):
        body, cells = _without_cells(part)
        pattern = _without_numbers(body)
        if pattern is not None:
            pattern = replace(pattern, text=part)
            pattern = pattern if cells is None else with_cells(pattern, cells)
        if pattern is None:
            unread.append(part)
        else:
            patterns.append(pattern)
    return patterns, unread


@lru_cache(maxsize=4096)
def _without_numbers(body: str) -> Pattern | None:
    segments = tuple((found["body"], found["times"] or "") for found in _SEGMENT.finditer(body))
    placed = all(_PLACE.fullmatch(word) for word in _SEGMENT.sub(" ", body).split())
    return pattern_of(body, segments) if segments and placed else None


def _parts(text: str) -> list[str]:
    """Return what belongs to one pattern: up to a square bracket, or to a separator outside brackets."""
    parts, current, depth = [], "", 0
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        ends = depth <= 0 and sign in ",;/." and not (sign == "." and text[place + 1 : place + 2].isdigit())
        current += "" if ends else sign
        if ends or (sign == "]" and depth <= 0):
            parts.append(current)
            current, depth = "", 0
    return [part.strip() for part in (*parts, current) if part.strip()]


def _without_cells(part: str) -> tuple[str, str | None]:
    found = re.search(r"\[([^\[\]]*)\]\s*$", part)
    return (part[: found.start()], found[1]) if found else (part, None)
