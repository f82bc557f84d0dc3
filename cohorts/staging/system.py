"""A staging system: inputs, a rule on their classes, and the stages; every completion of what is missing is tried."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise, product
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.staging.asked import Asked
from cohorts.staging.classes import classes_of
from cohorts.staging.inputs import Category, Cut, Input, Measured, Presence
from cohorts.staging.staged import Lookup, Staged, open_findings
from cohorts.variable import Variable

if TYPE_CHECKING:
    from cohorts.cohort import Cohort

Masks = npt.NDArray[np.uint64]
Classes = Mapping[str, str]
# One stage; several where the classes leave it open, none where they contradict each other; None: no stage exists.
Verdict = str | tuple[str, ...] | None
Rule = Callable[[Classes], Verdict]


@dataclass(frozen=True)
class Derived:
    """An input that is itself staged from other inputs, or read as recorded where a column is named for it.

    Parameters
    ----------
    system : that gives it, by the name of the input. recorded : how a column of it is read.
    """

    system: StagingSystem
    recorded: Category | Presence

    @property
    def name(self) -> str:
        """Name of the input."""
        return self.recorded.name


@dataclass(frozen=True, eq=False)
class StagingSystem:
    """A rule that gives every patient a stage.

    Parameters
    ----------
    name : of the column that it becomes. label : text for people by language. stages : from the best to the worst.
    inputs : what it is made of. rule : from the class of every input to the stage.
    source : where the definition was read. numeric : the stages are points, and the column a number.
    altered : cut-offs that were changed from the source's, in words.
    """

    name: str
    label: Mapping[str, str]
    stages: tuple[str, ...]
    inputs: tuple[Input | Derived, ...]
    rule: Rule
    source: str
    numeric: bool = False
    altered: tuple[str, ...] = ()

    def with_cuts(self, **cuts: Cut | Sequence[Cut]) -> StagingSystem:
        """Return the system with other cut-offs of some measurements, as sources differ; the stage says so (D21).

        Raises
        ------
        DataContractError
            D06 no such measurement, another number of cut-offs, or cut-offs that do not rise.
        """
        changed = {name: (each,) if isinstance(each, Cut) else tuple(each) for name, each in cuts.items()}
        known = {each.name: each for each in flat(self, ()).inputs if isinstance(each, Measured)}
        for name, each in changed.items():
            number = len(known[name].cuts) if name in known else 0
            if len(each) != number or any(not low.at < high.at for low, high in pairwise(each)):
                rule = f"{self.name} has {number} cut-offs of {name}, given {', '.join(map(str, each))}"
                raise DataContractError(Finding("D06", rule, f"it has cut-offs of {', '.join(known)}, rising"))
        return _with_cuts(self, changed)

    def stage(
        self,
        cohort: Cohort,
        columns: Mapping[str, str | None] | None = None,
        *,
        name: str | None = None,
        normal: Mapping[str, float | str] | None = None,
        read_as: Mapping[str, Mapping[str, str | None]] | None = None,
    ) -> Staged:
        """Stage every patient of a cohort.

        Parameters
        ----------
        cohort : its codebook declares the units.
        columns : column of each input; an input not named is read from the column of its standard name. None says that
            it was assessed in nobody. A name of a derived input (``iss``) reads it as recorded.
        name : of the new column, default the system's.
        normal : upper limit of normal by input, in the unit of its column, or the column that holds it.
        read_as : by input, the class that a text stands for; None for "not known".

        Returns
        -------
        Staged
            Stage, what else is possible and what is missing, by patient.

        Raises
        ------
        DataContractError
            All at once: an input without a column, or named twice (D01), no such column (S01), a unit that is not
            declared (D02), another one (D03) or contradicted by the values (D08), an upper limit of normal that is not
            given (D04), a column of another kind or with texts that are not understood (D05), grades of another scale
            (D14), a name that is taken (D07), classes that contradict each other (D09).
        """
        asked = Asked(columns or {}, normal or {}, read_as or {})
        dissolved, masks = _prepared(
            self, frozenset(each for each, column in asked.columns.items() if column is not None)
        )
        inputs = dissolved.inputs
        sources = asked.sources(inputs, dissolved.alternatives, tuple(cohort.table.columns))
        read = [classes_of(each, column, cohort, asked) for each, column in zip(inputs, sources, strict=True)]
        variable = self._variable(name or self.name, sources, cohort)
        findings = [*(finding for each in read for finding in each.findings), *_taken(variable.name, cohort)]
        raise_findings(findings, DataContractError)
        lookup = Lookup(masks, tuple(each.name for each in inputs), self.stages)
        table = lookup.table([each.codes for each in read], cohort.table.index, variable)
        findings += [Finding("D21", f"cut-offs changed: {each}", severity="warning") for each in self.altered]
        used = {
            "input": [each.name for each in inputs],
            "column": list(sources),
            "read": [each.how for each in read],
            "known": [int((each.codes >= 0).sum()) for each in read],
        }
        return Staged(variable, table, pd.DataFrame(used), (*findings, *open_findings(table, variable)))

    def _variable(self, name: str, sources: Sequence[str | None], cohort: Cohort) -> Variable:
        # what is made of a value from after time zero is itself from after time zero
        late = any(cohort.codebook[each].timing == "post-baseline" for each in sources if each is not None)
        timing: Literal["baseline", "post-baseline"] = "post-baseline" if late else "baseline"
        if self.numeric:
            return Variable(name=name, kind="numeric", unit="points", label=self.label, timing=timing)
        return Variable(name=name, kind="ordinal", levels=self.stages, label=self.label, timing=timing)


def _taken(name: str, cohort: Cohort) -> list[Finding]:
    if name not in cohort.codebook:
        return []
    return [Finding("D07", "the cohort has such a column", "name the stage otherwise with name=...", name)]


@dataclass(frozen=True)
class Flat:
    """A system whose derived inputs are dissolved into what they are made of, or read as recorded."""

    system: StagingSystem
    inputs: tuple[Input, ...]
    alternatives: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=64)
def _prepared(system: StagingSystem, named: frozenset[str]) -> tuple[Flat, Masks]:
    """Return the inputs and the table of a system, which are the same for every cohort."""
    dissolved = flat(system, named)
    masks = completions(dissolved)
    masks.setflags(write=False)
    return dissolved, masks


def flat(system: StagingSystem, named: Collection[str]) -> Flat:
    """Dissolve the derived inputs but those that are read from a column."""
    inputs: dict[str, Input] = {}
    alternatives: dict[str, tuple[str, ...]] = {}
    for each in system.inputs:
        if not isinstance(each, Derived):
            inputs[each.name] = each
        elif each.name in named:
            inputs[each.name] = each.recorded
        else:
            parts = flat(each.system, named)
            inputs |= {part.name: part for part in parts.inputs}
            alternatives |= {each.name: tuple(part.name for part in parts.inputs), **parts.alternatives}
    return Flat(system, tuple(inputs.values()), alternatives)


def completions(effective: Flat) -> Masks:
    """Return which stages are possible for every combination of classes, the last class of each axis "not known".

    Returns
    -------
    One axis an input, as long as its classes and one; bit 0: no stage exists, bit i: stage i - 1. 0: a contradiction.
    """
    system, inputs = effective.system, effective.inputs
    names = [each.name for each in inputs]
    read = frozenset(names)
    table = np.zeros([len(each.classes) for each in inputs], np.uint64)
    for place in product(*(range(len(each.classes)) for each in inputs)):
        classes = {name: each.classes[at] for name, each, at in zip(names, inputs, place, strict=True)}
        table[place] = sum(1 << stage for stage in set(_verdicts(system, classes, read)))
    for axis in range(len(inputs)):
        unknown = np.bitwise_or.reduce(table, axis=axis, keepdims=True)
        table = np.concatenate([table, unknown], axis=axis)
    return table


def _verdicts(system: StagingSystem, classes: Classes, read: frozenset[str]) -> Iterator[int]:
    """Yield the bits of the stages that are possible; derived inputs with several stages give several."""
    derived = [each for each in system.inputs if isinstance(each, Derived) and each.name not in read]
    options = [
        [(each.name, each.system.stages[bit - 1]) for bit in _verdicts(each.system, classes, read)] for each in derived
    ]
    own = {each.name: classes[each.name] for each in system.inputs if each.name in classes}
    for chosen in product(*options):
        verdict = system.rule(own | dict(chosen))
        for stage in verdict if isinstance(verdict, tuple) else (verdict,):
            yield 0 if stage is None else 1 + system.stages.index(stage)


def _with_cuts(system: StagingSystem, cuts: Mapping[str, tuple[Cut, ...]]) -> StagingSystem:
    inputs: list[Input | Derived] = []
    altered: list[str] = []
    for each in system.inputs:
        if isinstance(each, Derived):
            part = _with_cuts(each.system, cuts)
            inputs.append(replace(each, system=part))
            altered += part.altered
        elif isinstance(each, Measured) and each.name in cuts and cuts[each.name] != each.cuts:
            inputs.append(replace(each, cuts=cuts[each.name]))
            before, now = (" and ".join(map(str, part)) for part in (each.cuts, cuts[each.name]))
            altered.append(f"{each.name}: {now} instead of {before}")
        else:
            inputs.append(each)
    return replace(system, inputs=tuple(inputs), altered=tuple(dict.fromkeys((*system.altered, *altered))))
