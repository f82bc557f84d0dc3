"""The catalogue applied to a karyotype: which abnormalities are present, absent or not assessable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cohorts.cytogenetics import abnormalities as catalogue
from cohorts.cytogenetics.bands import CENTROMERE, ENDS, Breakpoint, breakpoint_of
from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.copy_number import CopyNumber
from cohorts.cytogenetics.item import Item, Rearrangement
from cohorts.cytogenetics.segments import Known

State = bool | None


@dataclass(frozen=True)
class Evidence:
    """What a karyotype says about one abnormality, and the metaphases that show it (None: not stated)."""

    present: State
    cells: int | None = None


@dataclass(frozen=True)
class ClonePicture:
    """A clone with its copy numbers."""

    clone: Clone
    known: Known

    @cached_property
    def acquired(self) -> CopyNumber:
        """Changes since birth."""
        return CopyNumber.of(self.clone.acquired, self.known)

    @cached_property
    def of_birth(self) -> CopyNumber:
        """Changes of the constitution."""
        return CopyNumber.of([item for item in self.clone.items if item.constitutional], self.known)

    def copies(self, chromosome: str) -> tuple[int, int]:
        """Return the least and most whole copies of an autosome."""
        low = min(least for least, _ in self.acquired.over(chromosome))
        high = min(most for _, most in self.acquired.over(chromosome))
        born = min(least for least, _ in self.of_birth.over(chromosome))
        return self.clone.ploidy + born + low, self.clone.ploidy + born + high


def _all(states: Sequence[State]) -> State:
    return False if False in states else None if None in states else True


def _any(states: Sequence[State]) -> State:
    return True if True in states else None if None in states else False


def whole_chromosome(rule: catalogue.WholeChromosome, picture: ClonePicture) -> State:
    """Return whether every band has more (fewer) copies; in a near-haploid clone a lost one cannot be told."""
    changes, autosome = picture.acquired.over(rule.chromosome), rule.chromosome not in ("X", "Y")
    if not autosome and picture.clone.doubtful_sex:
        return None
    if rule.change == "loss":
        state = _all([True if most < 0 else False if least >= 0 else None for least, most in changes])
        return None if state is False and autosome and picture.clone.ploidy == 1 else state
    state = _all([True if least > 0 else False if most <= 0 else None for least, most in changes])
    return state if not autosome or picture.clone.ploidy > 1 else _trisomic(rule.chromosome, picture)


def _trisomic(chromosome: str, picture: ClonePicture) -> State:
    low, high = picture.copies(chromosome)
    return True if low >= 3 else False if high < 3 else None


def region(rule: catalogue.Region, picture: ClonePicture) -> State:
    """Return whether some part of an arm or band is lost (gained `by` copies)."""
    chromosome, span = _span(rule.band)
    changes = picture.acquired.over(chromosome, span)
    if rule.change == "loss":
        state = _any([True if most <= -rule.by else False if least > -rule.by else None for least, most in changes])
        return None if state is False and picture.clone.ploidy == 1 else state
    by = max(rule.by, 2 + rule.by - picture.clone.ploidy)
    return _any([True if least >= by else False if most < by else None for least, most in changes])


def _span(band: str) -> tuple[str, tuple[float, float]]:
    at = max(band.find("p"), band.find("q"))
    chromosome, place = band[:at], breakpoint_of(band[at:])
    first, last = ENDS[chromosome]
    if len(band) - at > 1:
        return chromosome, (place.low, place.high)
    return chromosome, (CENTROMERE, last) if place.arm == "q" else (first, -CENTROMERE)


def fusion(rule: catalogue.Fusion, picture: ClonePicture) -> State:
    """Return whether a translocation joins these bands; of three or more chromosomes it may."""
    wanted: dict[str, list[Breakpoint]] = {}
    for band in rule.bands:
        at = max(band.find("p"), band.find("q"))
        wanted.setdefault(band[:at], []).append(breakpoint_of(band[at:]))
    states = [_joins(wanted, step, item) for item, step in _translocations(picture)]
    return _any(states)


def _translocations(picture: ClonePicture) -> list[tuple[Item, Rearrangement]]:
    return [
        (item, picture.known.get((step.kind, step.chromosomes), step) if not step.breakpoints else step)
        for item in picture.clone.acquired
        for step in item.steps
        if step.kind in ("t", "rcp") and item.sign != "-"
    ]


def _joins(wanted: Mapping[str, Sequence[Breakpoint]], step: Rearrangement, item: Item) -> State:
    if not set(wanted) <= set(step.chromosomes):
        return False
    inside = True
    for chromosome, bands in wanted.items():
        places = step.breaks_of(chromosome)
        if not places:
            continue
        if not any(place.low < band.high and place.high > band.low for place in places for band in bands):
            return False
        inside = inside and any(_lies_in(place, band) for place in places for band in bands)
    sure = inside and len(step.chromosomes) == len(wanted) and not item.doubtful
    return True if sure else None


def _lies_in(place: Breakpoint, band: Breakpoint) -> bool:
    return not place.uncertain and place.low >= band.low - 1e-9 and place.high <= band.high + 1e-9


def rearranged(rule: catalogue.Rearranged, picture: ClonePicture) -> State:
    """Return whether a translocation or insertion breaks in a band."""
    at = max(rule.band.find("p"), rule.band.find("q"))
    chromosome, band = rule.band[:at], breakpoint_of(rule.band[at:])
    for item in picture.clone.acquired:
        for step in item.steps:
            places = step.breaks_of(chromosome) if step.kind in ("t", "ins", "rcp") else ()
            if any(_lies_in(place, band) for place in places) and not item.doubtful and item.sign != "-":
                return True
    return False


def written(rule: catalogue.Written, picture: ClonePicture) -> State:
    """Return whether an abnormality of this kind is written with this arm."""
    chromosome, arm = rule.arm[:-1], rule.arm[-1]
    states: list[State] = []
    for item in picture.clone.acquired:
        if item.sign == "-":
            continue
        if rule.kind == "der" and item.kind in ("der", "dic"):
            breaks = [place for step in item.steps for place in step.breaks_of(chromosome)]
        elif rule.kind != "der" and any(step.kind == rule.kind for step in item.steps):
            breaks = [place for step in item.steps if step.kind == rule.kind for place in step.breaks_of(chromosome)]
            bare = chromosome in item.chromosomes and not breaks
            states += [None] if bare else []
        else:
            continue
        if any(place.arm in (arm, "") for place in breaks):
            states.append(None if item.doubtful or all(place.arm == "" for place in breaks) else True)
    return _any(states)


def chromosome_number(rule: catalogue.ChromosomeNumber, picture: ClonePicture) -> State:
    """Return whether the number lies within the limits; the stated one and what is written must agree on it."""
    clone = picture.clone
    if clone.count is None:
        return None
    born = sum(item.change[0] for item in clone.items if item.constitutional)
    lost_y = sum(item.sign == "-" and item.chromosomes == ("Y",) for item in clone.acquired)
    shift = (lost_y if rule.without_y_loss else 0) - born
    numbers = [clone.count] if clone.composite or clone.incomplete else [clone.count, clone.expected]
    states: list[State] = []
    for low, high in ((low + shift, high + shift) for low, high in numbers):
        states.append(
            True if rule.low <= low and high <= rule.high else False if high < rule.low or low > rule.high else None
        )
    state = states[0] if len(set(states)) == 1 else None
    if rule.trisomies and state is not False:
        found = [_trisomic(name, picture) for name in rule.among]
        enough: State = found.count(True) >= rule.trisomies
        if not enough and found.count(True) + found.count(None) >= rule.trisomies:
            enough = None
        state = _all([state, enough])
    return state


def abnormality_number(rule: catalogue.AbnormalityNumber, picture: ClonePicture) -> State:
    """Return whether a clone has at least so many abnormalities; doubtful ones may count."""
    sure = sum(item.times[0] for item in picture.clone.acquired if not item.doubtful)
    most = sum(item.times[1] for item in picture.clone.acquired)
    return True if sure >= rule.at_least else None if most >= rule.at_least else False


_READERS: Mapping[type, Callable[[Any, ClonePicture], State]] = {
    catalogue.WholeChromosome: whole_chromosome,
    catalogue.Region: region,
    catalogue.Fusion: fusion,
    catalogue.Rearranged: rearranged,
    catalogue.Written: written,
    catalogue.ChromosomeNumber: chromosome_number,
    catalogue.AbnormalityNumber: abnormality_number,
}


def evidence_of(clones: Sequence[Clone], known: Known, stated: Sequence[str], unread: bool) -> dict[str, Evidence]:
    """Return the evidence for every abnormality of the catalogue from the clones of the patient."""
    pictures = [ClonePicture(clone, known) for clone in clones if clone.abnormal or clone.incomplete]
    whole = bool(clones) and not unread and not any(clone.incomplete for clone in clones) and not stated
    found = {}
    for name, abnormality in catalogue.ABNORMALITIES.items():
        if isinstance(abnormality.rule, catalogue.OnlyNormal):
            found[name] = _normal(clones, whole, stated)
        elif name in stated:
            found[name] = Evidence(True)
        else:
            found[name] = _over_clones(abnormality, pictures, whole)
    return found


def _normal(clones: Sequence[Clone], whole: bool, stated: Sequence[str]) -> Evidence:
    if stated:
        return Evidence("normal" in stated and not any(clone.abnormal for clone in clones))
    if any(clone.abnormal and (clone.cells is None or clone.cells > 1 or clone.composite) for clone in clones):
        return Evidence(False)
    return Evidence(True if whole and all(clone.normal for clone in clones) else None)


def _over_clones(abnormality: catalogue.Abnormality, pictures: Sequence[ClonePicture], whole: bool) -> Evidence:
    """Return one abnormality's evidence: cells add up over the clones that have it."""
    reader = _READERS[type(abnormality.rule)]
    states = [(reader(abnormality.rule, picture), picture.clone) for picture in pictures]
    having = [clone for state, clone in states if state]
    if having:
        cells = [clone.cells for clone in having]
        number = None if None in cells else sum(each or 0 for each in cells)
        proven = number is None or number >= abnormality.least_cells or any(clone.composite for clone in having)
        return Evidence(True if proven else None, number)
    doubtful = any(state is None for state, _ in states) or not whole or abnormality.cryptic
    return Evidence(None if doubtful else False)
