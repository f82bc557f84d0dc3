"""Declared categories that no patient of a cohort has: no effect can be estimated for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cohorts.cohort import Cohort
from cohorts.errors import Finding
from cohorts.variable import CATEGORICAL, Codebook, Variable


def without_unused_levels(cohort: Cohort, names: Sequence[str]) -> tuple[Cohort, list[Finding]]:
    """Return the cohort with those levels of some columns that a patient has, and a warning (C42) by column.

    A codebook of a disease declares more than one hospital sees. A column with fewer than two levels in use stays as
    it is: a fit refuses it.
    """
    used = {name: _used(cohort, name) for name in names if cohort.codebook[name].kind in CATEGORICAL}
    fewer = {name: left for name, left in used.items() if 2 <= len(left) < len(cohort.codebook[name].levels or ())}
    if not fewer:
        return cohort, []
    table = cohort.table.assign(**{name: cohort.table[name].cat.set_categories(left) for name, left in fewer.items()})
    narrow = {name: _narrowed(cohort.codebook[name], left) for name, left in fewer.items()}
    book = Codebook({**cohort.codebook, **narrow}, cohort.codebook.file)
    findings = [_finding(cohort.codebook[name], left) for name, left in fewer.items()]
    return replace(cohort, table=table, codebook=book), findings


def _used(cohort: Cohort, name: str) -> tuple[str, ...]:
    present = set(cohort.table[name].dropna())
    return tuple(level for level in cohort.codebook[name].levels or () if level in present)


def _narrowed(variable: Variable, left: tuple[str, ...]) -> Variable:
    """Declare the levels that are left; an inclusion names them only."""
    changed: dict[str, Any] = {"levels": left}
    if variable.inclusion is not None:
        changed["inclusion"] = tuple(level for level in variable.inclusion if level in left) or None
    return variable.model_copy(update=changed)


def _finding(variable: Variable, left: tuple[str, ...]) -> Finding:
    levels = variable.levels or ()
    gone = [level for level in levels if level not in left]
    several = "categories" if len(gone) > 1 else "category"
    rule = f"{several} {', '.join(map(repr, gone))} of {variable.name} with 0 rows left out: no effect can be estimated"
    if levels[0] != left[0]:
        rule += f"; the reference is '{left[0]}'"
    way_out = "such a patient will get no risk from this model; merge categories if that must not be"
    return Finding("C42", rule, way_out, variable.name, severity="warning")
