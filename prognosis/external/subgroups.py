"""Performance in declared groups of patients, each with its limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cohorts.errors import Finding, PredictionError
from prognosis.external.judging import Judging
from prognosis.external.measures import measure_all
from prognosis.external.record import MISSING, group_text
from prognosis.metrics.index import Index

# Fewer events than these say nothing of a group.
FEW_EVENTS = 10
# More values than these are no groups.
MOST_GROUPS = 20
COLUMNS = ("column", "group", "n", "events", "horizon", "metric", "threshold", "estimate", "lower", "upper", "limits")


def subgroup_table(
    judging: Judging, columns: pd.DataFrame, chosen: Sequence[Index], repeats: int, seed: int
) -> tuple[pd.DataFrame, tuple[Finding, ...]]:
    """Measure every group of every column.

    Parameters
    ----------
    columns : (n, ...) groups of the judged patients, row by row.

    Returns
    -------
    Table column, group, n, events, horizon, metric, threshold, estimate, lower, upper, limits, and findings: E15 a
    group with fewer than 10 events, whose lines are not a number; E13 what cannot be measured.

    Raises
    ------
    PredictionError
        E14 a column of too many values.
    """
    tables: list[pd.DataFrame] = []
    findings: list[Finding] = []
    for name in columns:
        for group, inside in _groups(columns[name]).items():
            rows = np.flatnonzero(inside)
            events = int((judging.judged.outcome.event[rows] == 1).sum())
            where = f" in {name}={group}"
            few = events < FEW_EVENTS
            found = measure_all(judging, [] if few else chosen, rows, repeats, seed, place=where)
            table = _unknown(judging, chosen) if few else found.table
            findings += found.reasons
            if few:
                rule = f"{events} events among {len(rows)} patients{where}, below {FEW_EVENTS}: not computed"
                findings.append(Finding("E15", rule, "merge groups", name, severity="warning"))
            tables.append(table.assign(column=name, group=group, n=len(rows), events=events))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    return table[list(COLUMNS)], tuple(findings)


def _groups(column: pd.Series) -> dict[str, np.ndarray]:
    """Patients of each group, those whose group is not known last."""
    codes, values = pd.factorize(column, sort=True)
    if len(values) > MOST_GROUPS:
        rule = f"{len(values)} different values are no groups"
        raise PredictionError(Finding("E14", rule, "declare groups as a column of categories", column.name))
    named = {group_text(value): codes == place for place, value in enumerate(values)}
    return named | ({MISSING: codes < 0} if (codes < 0).any() else {})


def _unknown(judging: Judging, chosen: Sequence[Index]) -> pd.DataFrame:
    places = [(h, i.name, t) for i in chosen for h, t in i.places(judging.horizons, judging.judged.thresholds)]
    table = pd.DataFrame(places, columns=["horizon", "metric", "threshold"])
    return table.assign(estimate=np.nan, lower=np.nan, upper=np.nan, limits="")
