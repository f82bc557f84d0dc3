"""The catalogue applied to a karyotype: which abnormalities are present, absent or not assessable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cohorts.cytogenetics import abnormalities as catalogue
from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.rules import READERS, ClonePicture, State
from cohorts.cytogenetics.segments import Known


@dataclass(frozen=True)
class Evidence:
    """What a karyotype says about one abnormality, and the metaphases that show it (None: not known)."""

    present: State
    cells: int | None = None


def _chromosomes_of(rule: catalogue.Rule) -> frozenset[str]:
    """Return the chromosomes without which a rule cannot be met; none: it speaks of the clone as a whole."""
    if isinstance(rule, catalogue.WholeChromosome):
        return frozenset({rule.chromosome})
    bands = rule.bands[:1] if isinstance(rule, catalogue.Fusion) else ()
    bands = (rule.band,) if isinstance(rule, catalogue.Region | catalogue.Rearranged) else bands
    bands = (rule.arm,) if isinstance(rule, catalogue.Written) else bands
    return frozenset(re.split("[pq]", band)[0] for band in bands)


_RULED = {
    name: each for name, each in catalogue.ABNORMALITIES.items() if not isinstance(each.rule, catalogue.OnlyNormal)
}
_CONCERNED = {name: _chromosomes_of(abnormality.rule) for name, abnormality in _RULED.items()}
_BY_CHROMOSOME = {
    chromosome: tuple(name for name, concerned in _CONCERNED.items() if chromosome in concerned)
    for chromosome in catalogue.CHROMOSOMES
}
_OF_THE_CLONE = tuple(name for name, concerned in _CONCERNED.items() if not concerned)
_READ = {name: (READERS[type(abnormality.rule)], abnormality.rule) for name, abnormality in _RULED.items()}
ABSENT, OPEN = Evidence(False), Evidence(None)
_ALL_OPEN = dict.fromkeys(catalogue.ABNORMALITIES, OPEN)
_UNSEEN = {name: OPEN if each.cryptic else ABSENT for name, each in catalogue.ABNORMALITIES.items()}


def _states(picture: ClonePicture) -> dict[str, State]:
    """Return what one clone says of each abnormality, absent ones of untouched chromosomes left out."""
    clone = picture.clone
    plain = clone.ploidy > 1 and not clone.unexplained and not clone.doubtful_sex
    touched = {name for item in clone.acquired for step in item.steps for name in step.chromosomes}
    touched |= set(picture.acquired.changes)
    names = {name for chromosome in touched for name in _BY_CHROMOSOME.get(chromosome, ())} if plain else _READ
    found = {}
    for name in (*names, *_OF_THE_CLONE):
        reader, rule = _READ[name]
        found[name] = reader(rule, picture)
    return found


def evidence_of(clones: Sequence[Clone], known: Known, stated: Sequence[str], unread: bool) -> dict[str, Evidence]:
    """Return the evidence for every abnormality of the catalogue from the clones of the patient."""
    pictures = [ClonePicture(clone, known) for clone in clones if not clone.normal]
    whole = bool(clones) and not unread and not any(clone.incomplete for clone in clones) and not stated
    states = [(picture, _states(picture)) for picture in pictures]
    found = dict(_UNSEEN if whole else _ALL_OPEN)
    for name in {name for _, each in states for name, state in each.items() if state is not False}:
        found[name] = _over_clones(name, [(picture, each.get(name, False)) for picture, each in states])
    found["normal"] = _normal(clones, whole, stated)
    return found | {name: Evidence(True) for name in stated if name != "normal"}


def _normal(clones: Sequence[Clone], whole: bool, stated: Sequence[str]) -> Evidence:
    if stated:
        return Evidence("normal" in stated and not any(clone.abnormal for clone in clones))
    if any(clone.surely_abnormal and _is_clone(clone) for clone in clones):
        return Evidence(False)
    return Evidence(True if whole and all(clone.normal for clone in clones) else None)


def _is_clone(clone: Clone) -> bool:
    losses = all((item.sign, item.kind) == ("-", "chromosome") for item in clone.acquired) and clone.ploidy == 2
    return clone.cells is None or clone.composite or clone.cells >= (3 if losses else 2)


def _over_clones(name: str, states: Sequence[tuple[ClonePicture, State]]) -> Evidence:
    """Return one abnormality's evidence where a clone has it or may have it: cells add up over the clones that do."""
    having = [picture for picture, state in states if state]
    if not having:
        return OPEN
    cells = [None if picture.clone.composite else picture.clone.cells for picture in having]
    number = None if None in cells else sum(each or 0 for each in cells)
    proven = number is None or number >= 3
    return Evidence(True if proven or (number == 2 and _two_suffice(name, having)) else None, number)


def _two_suffice(name: str, having: Sequence[ClonePicture]) -> bool:
    """Return whether 2 cells make a clone (ISCN); where it comes of the loss of whole chromosomes it takes 3."""
    reader, rule = _READ[name]
    return any(reader(rule, picture.without_lost_chromosomes) for picture in having)
