"""From the text of a karyotype to its clones, with everything that was noticed on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from cohorts.cytogenetics.bands import exists
from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.counting import expected_number, nominal_ploidy, sex_explained
from cohorts.cytogenetics.inheritance import evolved, inherited_from
from cohorts.cytogenetics.item import Item, Rearrangement
from cohorts.cytogenetics.parts import PartRead, read_part
from cohorts.cytogenetics.segments import Known
from cohorts.cytogenetics.splitting import CloneText, split_clones, split_parts
from cohorts.cytogenetics.words import in_words
from cohorts.errors import Finding

MOST_INHERITED = 400
_NEEDS_BANDS = {"del", "dup", "trp", "qdp", "inv", "ins", "t", "add", "i", "idic", "dic", "der"}


@dataclass(frozen=True)
class Reading:
    """Clones of a text, parts that were not read, findings, and what is only said in words."""

    clones: tuple[Clone, ...] = ()
    unread: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    stated: tuple[str, ...] = ()


def read_clones(text: str) -> Reading:
    """Return the clones of a tidy text without its in-situ part."""
    born = re.match(r"(?:mos|chi)\b\s*", text, re.I)
    clones: list[Clone] = []
    unread: list[str] = []
    findings: list[Finding] = []
    stated: list[str] = []
    for clone_text in split_clones(text[born.end() :] if born else text):
        clone_text, said = _said(clone_text)
        stated += [said] if said else []
        if said and not clone_text.parts and clone_text.count is None:
            continue
        parts = [read_part(part) for part in clone_text.parts]
        unread += [part for part, read in zip(clone_text.parts, parts, strict=True) if read.unread]
        clone, found = _clone(clone_text, parts, [each for each in clones if each.abnormal and not each.donor])
        if born:
            clone = replace(clone, items=tuple(replace(item, constitutional=True) for item in clone.items))
        clones.append(clone)
        findings += found
    if clones and text.rfind("(") > text.rfind(")"):
        clones[-1] = replace(clones[-1], incomplete=True)
        findings.append(_warning("H10", "the text ends within a bracket: it may have been cut off", text[-20:]))
    known = rearrangements(clones)
    findings += [finding for clone in clones for finding in (*_count_faults(clone), *_band_faults(clone, known))]
    return Reading(tuple(clones), tuple(unread), tuple(dict.fromkeys(findings)), tuple(stated))


def _said(text: CloneText) -> tuple[CloneText, str]:
    """Return a clone without the words at its head, and what they say."""
    if text.count is not None or not text.parts:
        return text, ""
    said, rest = in_words(text.parts[0])
    return (replace(text, parts=(*split_parts(rest), *text.parts[1:])), said) if said else (text, "")


def rearrangements(clones: Sequence[Clone]) -> Known:
    """Return the rearrangements written with their breakpoints; repeated ones are often written without."""
    known: dict[tuple[str, tuple[str, ...]], Rearrangement] = {}
    for clone in clones:
        for item in clone.items:
            for step in item.steps:
                if step.breakpoints:
                    known.setdefault((step.kind, step.chromosomes), step)
    return known


def _clone(text: CloneText, parts: Sequence[PartRead], before: Sequence[Clone]) -> tuple[Clone, list[Finding]]:
    """Return a clone with what it inherits written out, and the findings of its parts."""
    findings = [finding for read in parts for finding in read.findings]
    findings += [_warning("H03", f"not written as ISCN does: {slip}", text.text) for slip in text.slips]
    own = tuple(item for read in parts for item in read.items)
    link = next((read for read in parts if read.inherits), None)
    parent = inherited_from(link.inherits, before) if link else None
    if link and parent and len(parent.items) * link.inherits_times > MOST_INHERITED:
        parent = None
    sex, sets, born = text.sex, text.sets, text.born
    times = link.inherits_times if link else 1
    items, unmatched = evolved(parent.items * times if parent else (), own)
    findings += [_warning("H13", "lost, but not there to be lost", f"{item.text} of {text.text}") for item in unmatched]
    if link and parent is None:
        findings.append(_error("H12", f"no clone before it that {link.inherits} could mean", text.text))
    if link and parent is not None:
        times = link.inherits_times
        items, unmatched = evolved(parent.items * times, own)
        findings += [
            _warning("H13", "lost, but not there to be lost", f"{item.text} of {text.text}") for item in unmatched
        ]
        sex, born = text.sex or parent.sex * times, text.born or parent.born
        sets = text.sets or parent.ploidy * times
    incomplete = any(read.incomplete for read in parts) or bool(link and parent is None)
    count = text.count
    if count is None:
        findings.append(_error("H04", "no number of chromosomes", text.text))
        incomplete = True
    elif not sex:
        findings.append(_error("H05", "no sex chromosomes", text.text))
        incomplete = True
    ploidy, noted = _ploidy(count, sets, sex, born, items)
    findings += [_warning("H11", noted, text.text)] if noted else []
    doubtful = text.doubtful_sex or (bool(sex) and not born and not _usual_sex(sex, ploidy, items))
    if doubtful:
        rule = "sex chromosomes that may be the constitution's or acquired"
        findings.append(_warning("H16", rule, text.text, "mark the constitution by c, or write +X, -X, +Y, -Y"))
    donor = text.donor and parent is None
    if text.donor and not donor:
        findings.append(_warning("H03", "after //, yet it inherits from the patient's cells: read after /", text.text))
    if donor and items:
        findings.append(
            _warning("H22", "abnormal cells after //: taken as the graft's", text.text, "write / for a clone")
        )
    clone = Clone(text.text, count, ploidy, sex, items, text.cells, text.composite, incomplete, doubtful, born, donor)
    return clone, findings


def _usual_sex(sex: str, ploidy: int, items: Sequence[Item]) -> bool:
    return sex == "U" or sex_explained(sex, ploidy, items)


def _ploidy(
    count: tuple[int, int] | None, stated: int | None, sex: str, born: bool, items: Sequence[Item]
) -> tuple[int, str]:
    """Return the sets a clone refers to, and a remark where they are not what ISCN takes an unmarked number to mean."""
    if stated or count is None:
        return stated or 2, ""
    nominal = nominal_ploidy(count)
    for sets in dict.fromkeys((nominal, 2, len(sex))):
        low, high = expected_number(sex, born, sets, items, count)
        if 1 <= sets <= 8 and low <= count[1] and high >= count[0]:
            remark = f"without <{sets}n>, but only as {sets}n does it add up; read so" if sets != nominal else ""
            return sets, remark
    if len(sex) == 2 and nominal > 2:
        return 2, "without <2n>, but with the sex chromosomes of a diploid; read as 2n"
    return nominal, ""


def _count_faults(clone: Clone) -> Iterator[Finding]:
    """Yield that what is written does not add up; a composite, and what was not read whole, cannot be checked."""
    if clone.count is None or not clone.unexplained:
        return
    stated = "~".join(str(number) for number in dict.fromkeys(clone.count))
    adds_up = "~".join(str(number) for number in dict.fromkeys(clone.expected))
    if not clone.items:
        yield _error("H07", f"{stated} chromosomes, and nothing is written that explains the number", clone.text)
    else:
        rule = f"{stated} chromosomes stated, but what is written adds up to {adds_up}; neither is changed"
        yield _warning("H02", rule, clone.text, "check the number and the signs")


def _band_faults(clone: Clone, known: Known) -> Iterator[Finding]:
    """Yield bands that no chromosome has, and rearrangements without breakpoints."""
    for item in clone.items:
        for step in item.steps:
            names = zip(step.chromosomes, step.breakpoints, strict=False)
            wrong = [f"{name}{place.text}" for name, bands in names for place in bands if not exists(name, place.text)]
            if wrong:
                yield _error("H08", f"no such band: {', '.join(wrong)}", item.text)
        bare = all(not step.breakpoints for step in item.steps)
        repeated = any((step.kind, step.chromosomes) in known for step in item.steps)
        if item.kind in _NEEDS_BANDS and bare and not repeated and item.sign != "-":
            yield _error("H06", "no breakpoints: which bands are concerned is not known", item.text)


def _warning(code: str, rule: str, value: str, way_out: str = "") -> Finding:
    return Finding(code, rule, way_out, value=value, severity="warning")


def _error(code: str, rule: str, value: str) -> Finding:
    return Finding(code, rule, "write it as ISCN does: 46,XY,del(13)(q14)[8]/46,XY[12]", value=value)
