"""How each kind of abnormality of the catalogue is read from one clone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

from cohorts.cytogenetics import abnormalities as catalogue
from cohorts.cytogenetics.bands import CENTROMERE, ENDS, TELOMERE, Breakpoint, breakpoint_of
from cohorts.cytogenetics.clone import Clone
from cohorts.cytogenetics.copy_number import CopyNumber
from cohorts.cytogenetics.item import Item, Rearrangement
from cohorts.cytogenetics.segments import THE_CENTROMERE, Known

State = bool | None


@dataclass(frozen=True)
class ClonePicture:
    """A clone with its copy numbers."""

    clone: Clone
    known: Known

    @cached_property
    def acquired(self) -> CopyNumber:
        """Changes since birth."""
        return CopyNumber.of(self.clone.acquired, self.known, adds_up=self.clone.unexplained == 0)

    @cached_property
    def without_lost_chromosomes(self) -> ClonePicture:
        """The clone as it would be without its whole-chromosome losses, which need more cells to be believed."""
        kept = tuple(item for item in self.clone.items if (item.sign, item.kind) != ("-", "chromosome"))
        return ClonePicture(replace(self.clone, items=kept), self.known)

    def open_to(self, change: str) -> bool:
        """Return whether the number does not add up and a gain (loss) is missing from what is written."""
        return self.clone.unexplained > 0 if change == "gain" else self.clone.unexplained < 0

    @cached_property
    def of_birth(self) -> CopyNumber:
        """Changes of the constitution."""
        return CopyNumber.of([item for item in self.clone.items if item.constitutional], self.known)

    @cached_property
    def numbers(self) -> tuple[tuple[int, int], ...]:
        """Numbers of chromosomes stated and written, less the constitution's extra ones; none where none is stated."""
        clone = self.clone
        if clone.count is None:
            return ()
        born = sum(item.change[0] for item in clone.items if item.constitutional)
        unchecked = clone.composite or clone.incomplete
        stated = (clone.count,) if unchecked else tuple(dict.fromkeys((clone.count, clone.expected)))
        return tuple((low - born, high - born) for low, high in stated)

    @cached_property
    def lost_y(self) -> int:
        """Copies of Y lost."""
        return sum(item.sign == "-" and item.chromosomes == ("Y",) for item in self.clone.acquired)

    def copies(self, chromosome: str) -> tuple[int, int]:
        """Return the least and most whole copies of an autosome."""
        if chromosome not in self.acquired.changes and chromosome not in self.of_birth.changes:
            return self.clone.ploidy, self.clone.ploidy
        low = min(least for least, _ in self.acquired.over(chromosome))
        high = min(most for _, most in self.acquired.over(chromosome))
        born = min(least for least, _ in self.of_birth.over(chromosome))
        return self.clone.ploidy + born + low, self.clone.ploidy + born + high


def _all(states: Sequence[State]) -> State:
    return False if False in states else None if None in states else True


def _any(states: Sequence[State]) -> State:
    return True if True in states else None if None in states else False


def _unless_open(state: State, change: str, picture: ClonePicture) -> State:
    return None if state is False and picture.open_to(change) else state


def whole_chromosome(rule: catalogue.WholeChromosome, picture: ClonePicture) -> State:
    """Return whether every band has more (fewer) copies; in a near-haploid clone a lost one cannot be told."""
    autosome, touched = rule.chromosome not in ("X", "Y"), rule.chromosome in picture.acquired.changes
    if not autosome and picture.clone.doubtful_sex:
        return None
    if not touched and picture.clone.ploidy > 1:
        return _unless_open(False, rule.change, picture)
    changes = picture.acquired.over(rule.chromosome)
    if rule.change == "loss":
        changes = (*changes, *picture.acquired.over(rule.chromosome, THE_CENTROMERE))
        state = _all([True if most < 0 else False if least >= 0 else None for least, most in changes])
        haploid = state is False and autosome and picture.clone.ploidy == 1
        return None if haploid else _unless_open(state, "loss", picture)
    state = _all([True if least > 0 else False if most <= 0 else None for least, most in changes])
    if autosome and picture.clone.ploidy == 1:
        state = _trisomic(rule.chromosome, picture)
    return _unless_open(state, "gain", picture)


def _trisomic(chromosome: str, picture: ClonePicture) -> State:
    low, high = picture.copies(chromosome)
    return True if low >= 3 else False if high < 3 else None


def region(rule: catalogue.Region, picture: ClonePicture) -> State:
    """Return whether some part of an arm or band is lost (gained `by` copies)."""
    chromosome, span = _span(rule.locus or rule.band)
    changes = picture.acquired.over(chromosome, span)
    if rule.change == "loss":
        fewer = rule.by if rule.by == 1 else max(rule.by, picture.clone.ploidy)
        state = _any([True if most <= -fewer else False if least > -fewer else None for least, most in changes])
        if state is None and rule.locus and _somewhere(rule, picture):
            return True
        return None if state is False and picture.clone.ploidy == 1 else _unless_open(state, "loss", picture)
    by = max(rule.by, 2 + rule.by - picture.clone.ploidy)
    state = _any([True if least >= by else False if most < by else None for least, most in changes])
    return _unless_open(state, "gain", picture)


def _somewhere(rule: catalogue.Region, picture: ClonePicture) -> bool:
    """Return whether a loss of the arm is written without its bands: del(17p) is the deletion of that name."""
    chromosome, (low, _) = _span(rule.band)
    first, last = ENDS[chromosome]
    telomere = (last - TELOMERE, last) if low > 0 else (first, first + TELOMERE)
    return all(most < 0 for _, most in picture.acquired.over(chromosome, telomere))


@cache
def _span(band: str) -> tuple[str, tuple[float, float]]:
    at = max(band.find("p"), band.find("q"))
    chromosome, place = band[:at], breakpoint_of(band[at:])
    first, last = ENDS[chromosome]
    if len(band) - at > 1:
        return chromosome, (place.low, place.high)
    return chromosome, (CENTROMERE, last) if place.arm == "q" else (first, -CENTROMERE)


def fusion(rule: catalogue.Fusion, picture: ClonePicture) -> State:
    """Return whether a translocation joins these bands; one of more chromosomes, and an insertion, may."""
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
        if step.kind in ("t", "rcp", "ins") and item.sign != "-"
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
    sure = inside and len(step.chromosomes) == len(wanted) and step.kind != "ins" and not item.doubtful
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
    shift = picture.lost_y if rule.without_y_loss else 0
    states: list[State] = []
    for low, high in ((low + shift, high + shift) for low, high in picture.numbers):
        states.append(
            True if rule.low <= low and high <= rule.high else False if high < rule.low or low > rule.high else None
        )
    state = states[0] if len(set(states)) == 1 else None  # none at all where no number is written
    if rule.trisomies and state is not False:
        found = [_trisomic(name, picture) for name in rule.among]
        enough: State = found.count(True) >= rule.trisomies
        if not enough and found.count(True) + found.count(None) >= rule.trisomies:
            enough = None
        state = _all([state, enough])
    questioned = rule.low <= 46 <= rule.high and not picture.clone.surely_abnormal
    return None if state and questioned else state


def abnormality_number(rule: catalogue.AbnormalityNumber, picture: ClonePicture) -> State:
    """Return whether a clone has at least so many abnormalities; doubtful ones may count."""
    # the copies of i(8)(q10)x2 are one abnormality, +9,+9 are two
    acquired = {
        item if item.text[-2:-1] == "x" else (place, item): item for place, item in enumerate(picture.clone.acquired)
    }
    sure = sum(item.times[0] for item in acquired.values() if not item.doubtful)
    most = sum(item.times[1] for item in acquired.values())
    return True if sure >= rule.at_least else None if most >= rule.at_least else False


READERS: Mapping[type, Callable[[Any, ClonePicture], State]] = {
    catalogue.WholeChromosome: whole_chromosome,
    catalogue.Region: region,
    catalogue.Fusion: fusion,
    catalogue.Rearranged: rearranged,
    catalogue.Written: written,
    catalogue.ChromosomeNumber: chromosome_number,
    catalogue.AbnormalityNumber: abnormality_number,
}
