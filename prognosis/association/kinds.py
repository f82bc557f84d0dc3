"""Kinds of columns, and which measure of association each pair of kinds allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Cohort
from cohorts.errors import Finding

Floats = NDArray[np.float64]
Kind = Literal["numeric", "ordinal", "binary", "nominal"]
Measure = Literal["spearman", "point_biserial", "phi", "cramers_v", "correlation_ratio", "theils_u"]
KINDS: tuple[Kind, ...] = ("numeric", "ordinal", "binary", "nominal")
# The kinds of both columns, in either order, that a measure is meaningful for; the first that fits is a pair's own.
ALLOWED: Mapping[Measure, frozenset[frozenset[Kind]]] = {
    "phi": frozenset({frozenset({"binary"})}),
    "point_biserial": frozenset({frozenset({"binary", "numeric"})}),
    "spearman": frozenset(
        frozenset(pair)
        for pair in (("numeric",), ("ordinal",), ("binary",), ("numeric", "ordinal"), ("binary", "ordinal"),
                     ("binary", "numeric"))
    ),
    "correlation_ratio": frozenset({frozenset({"nominal", "numeric"}), frozenset({"ordinal", "numeric"})}),
    "cramers_v": frozenset(
        frozenset(pair)
        for pair in (("nominal",), ("nominal", "binary"), ("nominal", "ordinal"), ("binary",), ("ordinal",),
                     ("binary", "ordinal"))
    ),
}  # fmt: skip
ALLOWED = {**ALLOWED, "theils_u": ALLOWED["cramers_v"]}
WHY: Mapping[str, str] = {
    "spearman": "Spearman's correlation compares ranks, and the codes of {} have no order",
    "point_biserial": "the point-biserial correlation is that of a binary column with a number",
    "phi": "phi is that of two binary columns",
    "cramers_v": "Cramer's V is that of two categories",
    "theils_u": "Theil's U is that of two categories",
    "correlation_ratio": "the correlation ratio is that of a number between the groups of a category",
}


@dataclass(frozen=True)
class Column:
    """One column as numbers, (n,): its values, or the places of its levels; not a number where missing."""

    name: str
    label: str
    kind: Kind
    value: Floats


def read_column(cohort: Cohort, name: str) -> Column | Finding:
    """Return a column, or why it has no place among associations (W20)."""
    declared, values = cohort.codebook[name], cohort.view((name,))[name]
    if declared.kind not in KINDS:
        rule = f"a column of kind {declared.kind} has no place among associations"
        return Finding("W20", rule, "choose numbers and categories", name)
    kind: Kind = declared.kind
    if isinstance(values.dtype, pd.CategoricalDtype):
        value = np.where(values.isna(), np.nan, values.cat.codes.to_numpy(float))
        # two levels have one order, up to the sign: the second against the first
        kind = "binary" if len(values.cat.categories) == 2 and kind == "nominal" else kind
    else:
        value = values.to_numpy(float, na_value=np.nan)
        known = value[~np.isnan(value)]
        kind = "binary" if len(known) and np.isin(known, (0.0, 1.0)).all() else kind
    return Column(name, declared.label.get("en") or name, kind, value)


def own_measure(one: Kind, other: Kind) -> Measure:
    """Return the measure of a pair of kinds."""
    return next(measure for measure, pairs in ALLOWED.items() if frozenset({one, other}) in pairs)


def misfit(measure: Measure, one: Column, other: Column) -> Finding | None:
    """Say why a measure that was asked for is not meaningful for a pair (W21), None where it is."""
    if frozenset({one.kind, other.kind}) in ALLOWED[measure]:
        return None
    nominal = " and ".join(column.name for column in (one, other) if column.kind == "nominal")
    rule = f"{WHY[measure].format(nominal)}; {one.name} is {one.kind}, {other.name} {other.kind}"
    return Finding("W21", rule, f"leave measure out: {own_measure(one.kind, other.kind)} fits this pair", one.name)
