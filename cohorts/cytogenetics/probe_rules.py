"""What one pattern of signals says of one rule of the catalogue: shown, denied, undecided, or nothing at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from cohorts.cytogenetics import abnormalities as catalogue
from cohorts.cytogenetics.copy_number import ACROCENTRIC
from cohorts.cytogenetics.probes import Probe
from cohorts.cytogenetics.signals import Copies, Pattern, Signals

State = bool | None
SILENT: Final = "silent"
Reading = State | Literal["silent"]
# A locus that stands for its arm: without its loss (gain) the arm counts as kept. Of other arms one locus shows a loss,
# but cannot deny it.
STANDS_FOR = {"1q": "1q21", "13q": "13q14", "17p": "17p13"}


@lru_cache(maxsize=4096)
def readings(signals: Signals) -> Mapping[str, Reading]:
    """Return what signals say of the catalogue, without what they are silent on; the same signals occur in many."""
    copies, fused, split = signals
    pattern = Pattern("", copies, fused, split)
    found = {name: read_rule(each.rule, pattern) for name, each in catalogue.ABNORMALITIES.items()}
    return MappingProxyType({name: state for name, state in found.items() if state is not SILENT})


def read_rule(rule: catalogue.Rule, pattern: Pattern) -> Reading:
    """Return what a pattern says of a rule."""
    if isinstance(rule, catalogue.Region):
        return _region(rule, pattern)
    if isinstance(rule, catalogue.WholeChromosome):
        return _whole(rule, pattern)
    if isinstance(rule, catalogue.Fusion):
        return _fusion(rule, pattern)
    return _rearranged(rule, pattern) if isinstance(rule, catalogue.Rearranged) else SILENT


def tetraploid(pattern: Pattern) -> bool:
    """Return whether several probes all have four signals or more: it may be the whole set that is doubled."""
    copies = [low for _, (low, _) in pattern.counted_probes]
    return len(copies) > 1 and min(copies) >= 4


def relative_loss(pattern: Pattern) -> list[str]:
    """Return probes with two signals or more, yet fewer than another probe of their chromosome."""
    probes = pattern.counted_probes
    return [probe.name for probe, copies in probes if copies[0] >= 2 and _outnumbered(probe, copies, probes)]


def _outnumbered(probe: Probe, copies: Copies, probes: Sequence[tuple[Probe, Copies]]) -> bool:
    control = [low for other, (low, _) in probes if other.chromosome == probe.chromosome and other.arm == "cen"]
    return probe.arm != "cen" and any(low > copies[1] for low in control)


def _changed(rule: catalogue.Region | catalogue.WholeChromosome, copies: Copies, by: int) -> State:
    low, high = copies
    if rule.change == "loss":
        return True if high <= 2 - by else False if low > 2 - by else None
    return True if low >= 2 + by else False if high < 2 + by else None


def _region(rule: catalogue.Region, pattern: Pattern) -> Reading:
    probes = pattern.counted_probes
    states: list[State] = []
    for probe, copies in probes:
        if not _within(probe.band, rule.band):
            continue
        state = _changed(rule, copies, rule.by)
        if state is False and rule.change == "loss" and _outnumbered(probe, copies, probes):
            state = None
        if state and rule.change == "gain" and tetraploid(pattern):
            state = None
        if state is not False or _denies(rule.band, probe.band):
            states.append(state)
    if not states:
        return SILENT
    return True if True in states else None if None in states else False


@lru_cache(maxsize=4096)
def _within(band: str, region: str) -> bool:
    """Return whether a band is a part of a region: 17p13.1 of 17p13 and of 17p, not of 17p1."""
    return re.match(rf"{re.escape(region)}(?!\d)" if region[-1].isdigit() else re.escape(region), band) is not None


def _denies(region: str, band: str) -> bool:
    return region[-1].isdigit() or _within(band, STANDS_FOR.get(region, "none"))


def _whole(rule: catalogue.WholeChromosome, pattern: Pattern) -> Reading:
    """All probes of the chromosome must agree: its centromere, both arms, or two places of an acrocentric."""
    probes = [(probe, copies) for probe, copies in pattern.counted_probes if probe.chromosome == rule.chromosome]
    if not probes:
        return SILENT
    states = [_changed(rule, copies, 1) for _, copies in probes]
    if False in states:
        return False
    arms = {probe.arm for probe, _ in probes}
    bands = {probe.band.split(".")[0] for probe, _ in probes}
    enough = "cen" in arms or len(arms) == 2 or (rule.chromosome in ACROCENTRIC and len(bands) > 1)
    doubled = rule.change == "gain" and tetraploid(pattern)
    return True if enough and None not in states and not doubled else None


def _fusion(rule: catalogue.Fusion, pattern: Pattern) -> Reading:
    chromosomes = {re.split("[pq]", band)[0] for band in rule.bands}

    def bound(probes: Sequence[Probe]) -> bool:
        placed = [probe for probe in probes if any(_within(probe.band, band) for band in rule.bands)]
        return {probe.chromosome for probe in placed} == chromosomes

    if any(bound(pair) for pair in pattern.fused):
        return True
    return False if bound([probe for probe, _ in pattern.copies]) else SILENT


def _rearranged(rule: catalogue.Rearranged, pattern: Pattern) -> Reading:
    """Return True where halves of the gene are apart or it is fused with another; its two halves together deny it."""
    if any(_within(probe.band, rule.band) for probe in pattern.split):
        return True
    if any(_within(probe.band, rule.band) and one.chromosome != other.chromosome
           for one, other in pattern.fused for probe in (one, other)):  # fmt: skip
        return True
    halves = {probe.half: copies for probe, copies in pattern.copies if probe.half and _within(probe.band, rule.band)}
    if len(halves) < 2:
        return SILENT
    return False if halves["5'"] == halves["3'"] else None
