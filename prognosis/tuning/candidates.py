"""Candidates of a tuning: a grid of declared values, all of them or as many as the budget allows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cohorts.errors import Finding
from prognosis.recipe import Recipe

# Third word of the seed of the draw; validations use others.
CANDIDATES = 30
Grid = Mapping[str, Sequence[Any]]
# Larger grids cannot be numbered, and nobody means them.
LARGEST = 10**15
# Parameters that decide who is judged, or how the dice fall: no value of them is better than another.
NEVER_TUNED = ("seed", "task", "weights", "cluster", "strata", "offset", "inside", "reproduce_published")


@dataclass(frozen=True)
class Candidates:
    """Settings that are compared, the simplest first.

    Parameters
    ----------
    names : parameters. settings : one tuple of values a candidate. size : of the whole grid.
    """

    names: tuple[str, ...]
    settings: tuple[tuple[Any, ...], ...]
    size: int

    def of(self, place: int) -> dict[str, Any]:
        """Return one candidate as parameters."""
        return dict(zip(self.names, self.settings[place], strict=True))


def draw_candidates(grid: Grid, budget: int, seed: int, task: int) -> Candidates:
    """Return all settings of a grid, or `budget` of them drawn at random without replacement.

    Parameters
    ----------
    grid : by parameter its values, from the simplest on. budget : most candidates.

    Returns
    -------
    Candidates; those with the smaller sum of places in the lists come first, then in the order of the lists.
    """
    shape = tuple(len(values) for values in grid.values())
    size = math.prod(shape)
    numbers = np.arange(size)
    if size > budget:
        generator = np.random.default_rng(np.random.SeedSequence([seed, task, CANDIDATES]))
        numbers = np.sort(generator.choice(size, budget, replace=False))
    places = np.column_stack(np.unravel_index(numbers, shape))
    simplest = np.lexsort((numbers, places.sum(axis=1)))
    lists = list(grid.values())
    settings = tuple(tuple(lists[j][at] for j, at in enumerate(places[row])) for row in simplest)
    return Candidates(tuple(grid), settings, size)


def check_grid(recipe: Recipe, grid: Any, who: str) -> list[Finding]:
    """Check a grid against the recipe that it tunes.

    Returns
    -------
    Findings: S14 no mapping of lists, or values out of a recipe's limits; Y30 unknown parameters; Y31 what is never
    tuned; Y32 a grid that cannot be searched.
    """
    if not isinstance(grid, Mapping) or not grid or not all(map(_listed, grid.values())):
        advice = 'a mapping of lists that are not empty, for example {"min_leaf": [30, 15, 5]}, the simplest first'
        return [Finding("S14", f"{who}: grid={grid!r} is not allowed", f"grid must be {advice}")]
    known = {name for name in recipe.get_params(deep=True) if not _never(name)}
    findings = []
    for name in grid:
        if _never(name):
            rule = f"{who}: {name} is never tuned: it decides who is judged, or how the dice fall"
            findings.append(Finding("Y31", rule, f"set it in {type(recipe).__name__}({name}=...)"))
        elif name not in known:
            rule = f"{who}: {type(recipe).__name__} has no parameter {name} to tune"
            findings.append(Finding("Y30", rule, f"it has {', '.join(sorted(known))}"))
    if math.prod(len(values) for values in grid.values()) > LARGEST:
        findings.append(Finding("Y32", f"{who}: the grid has more than {LARGEST:.0e} settings", "fewer values"))
    return findings or _check_values(recipe, grid, who)


def _check_values(recipe: Recipe, grid: Grid, who: str) -> list[Finding]:
    """Check every value alone; those that do not go together fail as candidates, with their reason."""
    findings = []
    for name, values in grid.items():
        twice = [value for place, value in enumerate(values) if any(_same(value, one) for one in values[:place])]
        findings += [Finding("S14", f"{who}: {name}={value!r} is listed twice", "list it once") for value in twice]
        for value in values:
            fault = _fault_of(recipe, name, value)
            findings += [] if fault is None else [Finding(fault.code, f"{who}: {fault.rule}", fault.way_out)]
    return findings


def _fault_of(recipe: Recipe, name: str, value: Any) -> Finding | None:
    owner: Any = recipe
    *inner, own = name.split("__")
    for part in inner:
        owner = getattr(owner, part)
    limit = getattr(owner, "limits", {}).get(own)
    if limit is None or limit.allows(value):
        return None
    return Finding("S14", f"{type(owner).__name__}: {own}={value!r} is not allowed", f"{own} must be {limit}")


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _listed(values: Any) -> bool:
    return isinstance(values, list | tuple | np.ndarray) and len(values) > 0


def _never(name: str) -> bool:
    return name.rpartition("__")[2] in NEVER_TUNED
