"""The catalogue applied to FISH: which abnormalities the probes show, deny, or say nothing of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cohorts.cytogenetics import abnormalities as catalogue
from cohorts.cytogenetics.abnormalities import ABNORMALITIES
from cohorts.cytogenetics.probe_rules import SILENT, Reading, readings, relative_loss, tetraploid
from cohorts.cytogenetics.signals import Pattern
from cohorts.errors import Finding

State = bool | None
NUMERICAL = (catalogue.WholeChromosome, catalogue.Region)


@dataclass(frozen=True)
class CutOffs:
    """Shares of cells from which on (inclusive) an abnormality counts as present.

    Parameters
    ----------
    fusion : of fusion and break-apart probes. numerical : of gains and losses.
    by_abnormality : others, by name of the abnormality: ``{"del17p": 0.5}``.
    source : where they come from, for reports.
    """

    fusion: float = 0.10
    numerical: float = 0.20
    by_abnormality: Mapping[str, float] = field(default_factory=dict)
    source: str = "European Myeloma Network: 10 % fusion and break-apart, 20 % numerical, purified plasma cells"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_abnormality", dict(self.by_abnormality))
        unknown = [name for name in self.by_abnormality if name not in ABNORMALITIES]
        shares = (self.fusion, self.numerical, *self.by_abnormality.values())
        if unknown or not all(0 < share <= 1 for share in shares):
            raise ValueError(
                f"cut-offs are shares above 0 up to 1 of abnormalities of the catalogue; {unknown or shares}"
            )

    def of(self, name: str) -> float:
        """Return the cut-off of an abnormality."""
        numerical = isinstance(ABNORMALITIES[name].rule, NUMERICAL)
        return self.by_abnormality.get(name, self.numerical if numerical else self.fusion)


EMN = CutOffs()
_WHOLE = {name for name, each in ABNORMALITIES.items() if isinstance(each.rule, catalogue.WholeChromosome)}


@dataclass(frozen=True)
class Answer:
    """What FISH says of one abnormality.

    Parameters
    ----------
    fraction : share of cells that show it; None: not stated, or none do. seen : some do.
    at_most : largest share that purified plasma cells may have, with the cells that are not accounted for; None: open.
    """

    present: State
    fraction: float | None = None
    seen: bool = False
    at_most: float | None = None


def answers(patterns: Sequence[Pattern], cutoffs: CutOffs) -> dict[str, Answer]:
    """Return an answer for every abnormality that some probe bears on."""
    sets: dict[frozenset[str], list[Pattern]] = {}
    for pattern in patterns:
        if pattern.possible:
            sets.setdefault(pattern.probes, []).append(pattern)
    read = [[(pattern, readings(pattern.signals)) for pattern in group] for group in sets.values()]
    said: dict[str, list[Answer]] = {}
    for group in read:
        for name in dict.fromkeys(name for _, states in group for name in states):
            states = [(states.get(name, SILENT), pattern.fraction) for pattern, states in group]
            said.setdefault(name, []).append(_of_set(states, [pattern for pattern, _ in group], cutoffs.of(name)))
    return {name: _joined(said[name], name in _WHOLE) for name in ABNORMALITIES if name in said}


def _of_set(states: Sequence[tuple[Reading, float | None]], patterns: Sequence[Pattern], cutoff: float) -> Answer:
    """Answer by the patterns of one set of probes, which are cells of different kinds: their shares add up."""
    having = [share for state, share in states if state is True]
    open_to = [share for state, share in states if state is None or state is SILENT]
    if None in having:
        return Answer(True, seen=True)
    known = [share for share in having if share is not None]
    total = sum(share or 0.0 for _, share in states)
    share = sum(known) if total <= 1 + 1e-9 else max(known, default=0.0)
    seen = share > 0
    unaccounted = max(0.0, 1 - total) if any(pattern.normal for pattern in patterns) else 0.0
    sure = all(pattern.purified for pattern in patterns) and total <= 1 + 1e-9 and None not in open_to
    at_most = share + sum(each or 0.0 for each in open_to) + unaccounted if sure else None
    if seen and share >= cutoff - 1e-12:
        return Answer(True, share, seen, at_most)
    absent = at_most is not None and at_most < cutoff - 1e-12
    return Answer(False if absent else None, share if known else None, seen, at_most)


def _joined(said: Sequence[Answer], whole: bool) -> Answer:
    """Join the answers of several sets: one that shows it suffices; a whole chromosome needs all of its probes."""
    states = {answer.present for answer in said}
    shares = [answer.fraction for answer in said if answer.seen and answer.fraction is not None]
    share, seen = max(shares, default=None), any(answer.seen for answer in said)
    bounds = [answer.at_most for answer in said if answer.at_most is not None]
    at_most = max(bounds) if len(bounds) == len(said) else None
    if whole:
        state = (
            None if len(states & {True, False}) == 2 else False if False in states else True if True in states else None
        )
    else:
        state = True if True in states else None if None in states else False
    return Answer(state, share, seen, at_most)


def remarks(patterns: Sequence[Pattern], cutoffs: CutOffs, said: Mapping[str, Answer]) -> tuple[Finding, ...]:
    """Return what a reader must know of the answers `said`, as warnings."""
    found = []
    for name, answer in said.items():
        if answer.seen and answer.fraction is not None and answer.fraction < cutoffs.of(name) - 1e-12:
            rule = f"{name} in {answer.fraction:.1%} of the cells, below the cut-off of {cutoffs.of(name):.0%}"
            found.append(_warning("H38", rule, "its share is kept", name))
    sets: dict[frozenset[str], float] = {}
    for pattern in patterns:
        sets[pattern.probes] = sets.get(pattern.probes, 0.0) + (pattern.fraction or 0.0)
        for probe in relative_loss(pattern):
            rule = f"fewer signals of {probe} than of its chromosome, but not fewer than two: neither lost nor kept"
            found.append(_warning("H36", rule, "", pattern.text))
        if tetraploid(pattern):
            rule = "all probes have four signals or more: cells with four sets of chromosomes look the same"
            found.append(_warning("H37", rule, "no gain is concluded from this pattern", pattern.text))
    for probes, total in sets.items():
        if total > 1 + 1e-9:
            rule = f"the patterns of one set of probes add up to {total:.0%} of the cells"
            found.append(
                _warning("H35", rule, "correct the numbers; nothing counts as absent", ", ".join(sorted(probes)))
            )
    if any(not pattern.purified for pattern in patterns):
        rule = "not stated to be purified plasma cells: nothing counts as absent"
        found.append(_warning("H39", rule, "state whether plasma cells were purified", ""))
    return tuple(found)


def _warning(code: str, rule: str, way_out: str, value: str) -> Finding:
    return Finding(code, rule, way_out, value=value or None, severity="warning")
