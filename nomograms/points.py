"""Points of a nomogram as rms's `nomogram` computes them: grids of values, spans, one scale for all predictors.

A predictor that takes part in an interaction shares its axes with its partners: one axis for each setting of the
partners, holding all main effects and interactions among them, so that the points over all groups add up.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from nomograms.pretty import multiples, pretty_unit
from prognosis.profile import LevelProfile, NumericProfile
from prognosis.transforms import DOMAIN

if TYPE_CHECKING:
    from prognosis.model import FittedModel

Floats = NDArray[np.float64]
Value = float | str
Limits = Literal["rms", "centiles"]

LARGEST = 100.0
NO_EFFECT = 1e-12


@dataclass(frozen=True)
class Grid:
    """Values of an axis: the labelled ones, and candidates for finer ticks between them.

    Parameters
    ----------
    values : labelled values. fine : values in steps of a round unit, a tenth or less of the labelled step, sorted;
        equal to `values` on a discrete axis.
    discrete : categories, or a number with at most ten distinct values.
    """

    values: tuple[Value, ...]
    fine: tuple[Value, ...]
    discrete: bool


def grid_of(model: FittedModel, name: str, limits: Limits = "rms") -> Grid:
    """Return the values on the axis of one predictor.

    Categories: all levels seen in training. Numbers with at most ten distinct values: those. Other numbers:
    ``pretty`` values over the full range (``rms``) or over the 1st to 99th centile (``centiles``).
    """
    profile = model.profile[name]
    if isinstance(profile, LevelProfile):
        # a published model does not tell the shares: all its levels count as seen
        shares = profile.shares or (1.0,) * len(profile.levels)
        seen = tuple(level for level, share in zip(profile.levels, shares, strict=True) if share > 0)
        return Grid(seen, seen, True)
    if profile.values:
        return Grid(profile.values, profile.values, True)
    lower, upper = (profile.p1, profile.p99) if limits == "centiles" else (profile.minimum, profile.maximum)
    mantissa, exponent, first, last = pretty_unit(lower, upper)
    split = mantissa if exponent == 0 and is_whole(profile) else 10 * mantissa
    fine = multiples(range(first * split, last * split + 1), 1, exponent - (split > mantissa))
    values = multiples(range(first, last + 1), mantissa, exponent)
    return Grid(_defined(model, name, values, lower), _defined(model, name, fine, lower), False)


def is_whole(profile: NumericProfile) -> bool:
    """Whether a number counts: it needs no ticks between whole numbers (a quartile may lie between two of them)."""
    scaled = (profile.minimum, 4 * profile.p25, 2 * profile.median, 4 * profile.p75, profile.maximum)
    return all(float(value).is_integer() for value in scaled)


def _defined(model: FittedModel, name: str, values: Floats, lower: float) -> tuple[float, ...]:
    # a logarithm has no value at 0, where `pretty` likes to start: the axis then starts at the smallest value seen
    transform = next(term.transform for term in model.preparation.terms if term.variable == name)
    if transform is None or transform not in DOMAIN:
        return tuple(float(value) for value in values)
    bound, closed = DOMAIN[transform]
    kept = values[(values >= bound) if closed else (values > bound)]
    return tuple(
        float(value) for value in (kept if len(kept) == len(values) else np.union1d([lower], kept[kept > lower]))
    )


def typical_patient(model: FittedModel) -> dict[str, Value]:
    """Return the median of every number and the commonest level of every category."""
    return {
        name: entry.mode if isinstance(entry, LevelProfile) else _adjust_to(entry)
        for name, entry in ((name, model.profile[name]) for name in model.predictors)
    }


def _adjust_to(entry: NumericProfile) -> float:
    # the median of an even number of 0/1 values may be 0.5, which nobody is
    return min(entry.values, key=lambda value: abs(value - entry.median)) if entry.values else entry.median


def contribution(model: FittedModel, group: Sequence[str], values: Mapping[str, Sequence[Value]]) -> Floats:
    """Return what a group of interacting predictors adds to the log hazard, uncentred, (n,).

    Parameters
    ----------
    group : predictors whose main effects and mutual interactions are summed.
    values : n values for each predictor of the group.
    """
    rows = len(values[group[0]])
    filled = {
        name: list(values[name]) if name in group else [value] * rows for name, value in typical_patient(model).items()
    }
    design = model.preparation.design(pd.DataFrame(filled))
    own = [place for place, column in enumerate(model.preparation.columns) if set(column.variables) <= set(group)]
    return np.asarray(design[:, own] @ model.estimate.coefficients[own], float)


@dataclass(frozen=True)
class Axis:
    """One drawn axis: a predictor, at one setting of the predictors that it interacts with.

    Parameters
    ----------
    variable : predictor on the axis. setting : value of each partner, empty without interaction.
    values, points : labelled values and their points, (m,). fine, fine_points : the finer grid, sorted.
    discrete : whether only these values exist.
    """

    variable: str
    setting: tuple[tuple[str, Value], ...]
    values: tuple[Value, ...]
    points: Floats
    fine: tuple[Value, ...]
    fine_points: Floats
    discrete: bool

    @property
    def name(self) -> str:
        """Name as rms gives it: ``age`` or ``age (sex=F)``."""
        inner = " ".join(f"{partner}={_plain(value)}" for partner, value in self.setting)
        return f"{self.variable} ({inner})" if inner else self.variable


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.12g}"


@dataclass(frozen=True)
class Group:
    """Predictors that share axes: one alone, or those linked by interactions; the first stands on the axis."""

    variables: tuple[str, ...]
    minimum: float
    axes: tuple[Axis, ...]

    @property
    def has_effect(self) -> bool:
        """Whether any value changes the risk; a lasso leaves some predictors without effect, and without a line."""
        return max(float(np.abs(axis.fine_points).max()) for axis in self.axes) > LARGEST * NO_EFFECT


@dataclass(frozen=True)
class Points:
    """The scale of a nomogram.

    Parameters
    ----------
    groups : predictors in order. per_unit : points per unit of the linear predictor (rms: `sc`).
    constant : uncentred linear predictor at 0 total points, the sum of all minima.
    """

    groups: tuple[Group, ...]
    per_unit: float
    constant: float

    @property
    def axes(self) -> tuple[Axis, ...]:
        """All axes from top to bottom, those of predictors without effect included."""
        return tuple(axis for group in self.groups for axis in group.axes)

    @property
    def drawn(self) -> tuple[Group, ...]:
        """Predictors that change the risk, which alone get lines."""
        return tuple(group for group in self.groups if group.has_effect)

    @property
    def largest_total(self) -> float:
        """Total points of the worst combination that the axes can show."""
        return float(sum(max(axis.fine_points.max() for axis in group.axes) for group in self.groups))


def groups_of(model: FittedModel) -> tuple[tuple[str, ...], ...]:
    """Return the predictors linked by interactions, directly or through others; a continuous one comes first.

    Raises
    ------
    PredictionError
        G05: two continuous predictors interact, which lines on paper cannot show.
    """
    linked = {name: {name} for name in model.predictors}
    for a, b in model.preparation.interactions:
        union = linked[a] | linked[b]
        linked.update(dict.fromkeys(union, union))
    groups: list[tuple[str, ...]] = []
    for name in model.predictors:
        if not any(name in group for group in groups):
            members = [other for other in model.predictors if other in linked[name]]
            groups.append(tuple(sorted(members, key=lambda other: _is_discrete(model, other))))
    for group in groups:
        continuous = [name for name in group if not _is_discrete(model, name)]
        if len(continuous) > 1:
            rule = f"the continuous predictors {' and '.join(continuous)} interact: no line can show both"
            way_out = "declare one of them as a category with levels, or use predict instead of a nomogram"
            raise PredictionError(Finding("G05", rule, way_out, column=continuous[0]))
    return tuple(groups)


def _is_discrete(model: FittedModel, name: str) -> bool:
    profile = model.profile[name]
    return isinstance(profile, LevelProfile) or bool(profile.values)


def points_of(model: FittedModel, limits: Limits = "rms") -> Points:
    """Compute the axes and the common scale: the predictor with the largest span takes 0 to 100 points.

    Raises
    ------
    PredictionError
        G05 two continuous predictors interact; G06 no predictor changes the risk.
    """
    drafts = [(group, _contributions(model, group, limits)) for group in groups_of(model)]
    minima = [min(float(labelled.min()) for _, _, labelled, _ in lines) for _, lines in drafts]
    maxima = [max(float(labelled.max()) for _, _, labelled, _ in lines) for _, lines in drafts]
    span = max(high - low for low, high in zip(minima, maxima, strict=True))
    if span < NO_EFFECT:
        raise PredictionError(Finding("G06", "no predictor changes the risk: there are no points to give"))
    per_unit = LARGEST / span
    groups = []
    for (variables, lines), low in zip(drafts, minima, strict=True):
        axes = tuple(
            Axis(variables[0], setting, grid.values, (labelled - low) * per_unit, grid.fine, (fine - low) * per_unit,
                 grid.discrete)
            for setting, grid, labelled, fine in lines
        )  # fmt: skip
        groups.append(Group(variables, low, axes))
    return Points(tuple(groups), per_unit, float(sum(minima)))


Line = tuple[tuple[tuple[str, Value], ...], Grid, Floats, Floats]


def _contributions(model: FittedModel, group: tuple[str, ...], limits: Limits) -> list[Line]:
    grid, partners = grid_of(model, group[0], limits), group[1:]
    # the first partner varies fastest, as in R's expand.grid
    levels = [grid_of(model, partner, limits).values for partner in reversed(partners)]
    lines: list[Line] = []
    for combination in itertools.product(*levels):
        setting = tuple(zip(partners, reversed(combination), strict=True))

        def along(values: tuple[Value, ...], setting: Any = setting) -> Floats:
            held = {partner: [value] * len(values) for partner, value in setting}
            return contribution(model, group, {group[0]: values, **held})

        lines.append((setting, grid, along(grid.values), along(grid.fine)))
    return lines
