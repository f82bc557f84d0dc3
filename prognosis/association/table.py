"""Associations of every pair of columns, by the measure that their kinds allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Cohort
from cohorts.errors import DataContractError, Finding, raise_findings, warn_findings
from prognosis.association.kinds import ALLOWED, Column, Measure, misfit, own_measure, read_column
from prognosis.association.measures import (
    NAN,
    Association,
    correlation_ratio,
    cramers_v,
    crossed,
    phi,
    point_biserial,
    spearman,
    theils_u,
)
from prognosis.association.result import Associations

Integers = NDArray[np.int64]
# Expected counts below this make the chi-squared test approximate.
SPARSE = 5.0


def associations(
    cohort: Cohort, columns: Sequence[str], *, measure: Measure | None = None, bias_corrected: bool = True
) -> Associations:
    """Estimate how every pair of columns goes together, on the patients in whom both are known.

    Numbers and ordered categories: Spearman. A binary column and a number: point-biserial. Two binary columns: phi.
    Two categories, one of them without an order: Cramer's V. A category without order and a number: correlation
    ratio. Beside each pair of categories, Theil's U both ways.

    Parameters
    ----------
    cohort : checked patients. columns : of kind numeric, ordinal, binary or nominal; 0 and 1 are binary.
    measure : one measure for all pairs; refused where it is not meaningful.
    bias_corrected : Cramer's V with the correction of Bergsma (2013); False: the plain one.

    Raises
    ------
    DataContractError
        S14 an unknown measure; S01 a column that does not exist; C02 one named twice; W20 fewer than two columns, or
        one that is no number or category; W21 a measure that is not meaningful for a pair (Spearman for codes without
        order, point-biserial without a binary column), with all findings at once.
    """
    if isinstance(columns, str) or len(columns) < 2:
        raise DataContractError(Finding("W20", f"columns={columns!r}: no pair", 'give two or more, ["age", "sex"]'))
    if measure is not None and measure not in get_args(Measure):
        rule = f"measure={measure!r} is not allowed"
        raise DataContractError(Finding("S14", rule, f"None, or one of {', '.join(get_args(Measure))}"))
    names = tuple(columns)
    raise_findings(_name_faults(cohort, names), DataContractError)
    read = [read_column(cohort, name) for name in names]
    raise_findings((found for found in read if isinstance(found, Finding)), DataContractError)
    known = [column for column in read if isinstance(column, Column)]
    pairs = list(combinations(known, 2))
    if measure is not None:
        faults = [misfit(measure, *pair) for pair in pairs]
        raise_findings((fault for fault in faults if fault is not None), DataContractError)
    table = pd.DataFrame([line for pair in pairs for line in _lines(*pair, measure, bias_corrected)])
    sparse = table.pop("sparse")
    warnings = _doubts(table, sparse)
    warn_findings(warnings)
    kinds, labels = (tuple(getattr(column, name) for column in known) for name in ("kind", "label"))
    return Associations(table, names, kinds, labels, len(cohort), bias_corrected, warnings)


def _name_faults(cohort: Cohort, names: tuple[str, ...]) -> list[Finding]:
    listed = ", ".join(cohort.codebook)
    faults = [
        Finding("S01", "the cohort has no such column", f"columns: {listed}", name)
        for name in names
        if name not in cohort.codebook
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    return faults + [Finding("C02", f"column {name} is named twice", "name it once", name) for name in twice]


def _lines(one: Column, other: Column, asked: Measure | None, corrected: bool) -> Iterator[dict[str, Any]]:
    """Yield the lines of one pair: its measure, and Theil's U both ways where both are categories."""
    both = ~(np.isnan(one.value) | np.isnan(other.value))
    n = int(both.sum())
    measure = asked or own_measure(one.kind, other.kind)
    constant = [column.name for column in (one, other) if n and np.ptp(column.value[both]) == 0]
    reason = f"{n} patients in whom both are known" if n < 2 else ""
    if not reason and constant:
        reason = f"{' and '.join(constant)} has one value in the {n} patients in whom both are known"
    ways: list[tuple[Column, Column, Measure]] = [(one, other, measure)] if measure != "theils_u" else []
    if measure == "theils_u" or (asked is None and frozenset({one.kind, other.kind}) in ALLOWED["theils_u"]):
        ways += [(one, other, "theils_u"), (other, one, "theils_u")]
    for first, second, way in ways:
        found = Association(NAN) if reason else _measured(way, first, second, both, corrected)
        lost = "" if reason or np.isfinite(found.value) else f"as many categories as the {n} patients"
        sparse = not reason and way in ("phi", "cramers_v") and _is_sparse(first.value[both], second.value[both])
        yield {
            "first": first.name, "second": second.name, "measure": way, "value": found.value, "lower": found.lower,
            "upper": found.upper, "p": found.p, "n": n, "missing": len(both) - n, "reason": reason or lost,
            "sparse": sparse,
        }  # fmt: skip


def _measured(measure: Measure, one: Column, other: Column, both: NDArray[np.bool_], corrected: bool) -> Association:
    x, y = one.value[both], other.value[both]
    if measure in ("spearman", "point_biserial", "phi"):
        return {"spearman": spearman, "point_biserial": point_biserial, "phi": phi}[measure](x, y)
    if measure == "correlation_ratio":
        group, number = (x, y) if other.kind == "numeric" else (y, x)
        return correlation_ratio(group.astype(np.int64), number)
    codes = x.astype(np.int64), y.astype(np.int64)
    return theils_u(*codes) if measure == "theils_u" else cramers_v(*codes, corrected=corrected)


def _is_sparse(x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
    table = crossed(x.astype(np.int64), y.astype(np.int64))
    expected = table.sum(axis=1)[:, None] * table.sum(axis=0) / table.sum()
    return bool(expected.min() < SPARSE)


def _doubts(table: pd.DataFrame, sparse: pd.Series) -> tuple[Finding, ...]:
    """Warn of pairs without a value (W22), and of tests on few expected patients (W23)."""
    found = []
    for lines, code, rule, advice in (
        (table[table["reason"] != ""], "W22", "{} pairs have no value: {}", "the column reason says why"),
        (
            table[sparse],
            "W23",
            "{} pairs have fewer than 5 expected patients in a cell, so that their p-values are rough: {}",
            "merge rare levels",
        ),
    ):
        pairs = list(dict.fromkeys(frozenset(pair) for pair in zip(lines["first"], lines["second"], strict=True)))
        if pairs:
            shown = ", ".join(" and ".join(sorted(pair)) for pair in pairs[:3]) + (", ..." if len(pairs) > 3 else "")
            found.append(Finding(code, rule.format(len(pairs), shown), advice, severity="warning"))
    return tuple(found)
