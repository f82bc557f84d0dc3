"""Values that can be read but should not be believed: outside limits, sentinels, rare levels, rows told twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cohorts.errors import Finding
from cohorts.event_codes import show_values
from cohorts.variable import Codebook, Variable

RARE_LEVEL = 10
MIN_SENTINELS = 3
SENTINELS = (-1, -9, -99, -999, -9999, 99, 888, 999, 8888, 9999, 99999)
# Below this many continuous columns equal rows are no sign of a patient told twice.
MIN_CONTINUOUS = 2
MANY_VALUES = 10


def outside_limits(values: pd.Series, variable: Variable) -> list[Finding]:
    """Return values outside the hard limits (C13, error) and outside the plausible range (C19, warning)."""
    findings = []
    outside = pd.Series(False, index=values.index)
    if variable.limits:
        outside = ~values.between(*variable.limits) & values.notna()
        if outside.any():
            way_out = "correct the value or leave the cell empty"
            rule = f"outside the limits {_range(variable.limits, variable.unit)}"
            findings.append(_outside("C13", rule, way_out, values[outside], variable))
    if variable.plausible:
        doubtful = ~values.between(*variable.plausible) & values.notna() & ~outside
        if doubtful.any():
            rule = f"{doubtful.sum()} values outside the plausible range {_range(variable.plausible, variable.unit)}"
            finding = _outside("C19", rule, "check them against the chart", values[doubtful], variable, "warning")
            findings.append(finding)
    return findings


def sentinels(values: pd.Series, variable: Variable) -> list[Finding]:
    """Warn (C15) of a repeated 999, -1 or the like, far from all other values, where no limits are declared."""
    if variable.limits:
        return []
    findings = []
    numbers = values.to_numpy(float, na_value=np.nan)
    for code in SENTINELS:
        # most columns have none, and a table may have thousands of columns
        if (numbers == code).sum() < MIN_SENTINELS:
            continue
        marked = values == code
        rest = values[~marked & values.notna()]
        # A column of a few codes, such as -1, 0, 1, is a scale and no measurement.
        if rest.nunique() <= MANY_VALUES:
            continue
        far = rest.min() >= 0 if code < 0 else code > 3 * rest.max()
        if far:
            rule = f"the value {code} occurs {marked.sum()} times and lies apart from all others: a code for missing?"
            way_out = "declare it in missing_codes, or declare limits that include it"
            findings.append(_outside("C15", rule, way_out, values[marked], variable, "warning"))
    return findings


def rare_levels(frame: pd.DataFrame, codebook: Codebook) -> Iterator[Finding]:
    """Warn (C22) of levels with fewer than 10 rows, one finding a column."""
    for name, column in frame.items():
        variable = codebook[str(name)]
        if variable.is_categorical:
            counts = column.value_counts()
            rare = counts[counts < RARE_LEVEL]
            if len(rare):
                shown = ", ".join(f"level {level!r} n={count}" for level, count in rare.items())
                rule = f"rare levels (fewer than {RARE_LEVEL} rows): {shown}"
                way_out = "join levels that belong together before modelling"
                yield Finding("C22", rule, way_out, column=str(name), severity="warning")


def identical_rows(frame: pd.DataFrame) -> list[Finding]:
    """Warn (C24) of patients whose rows agree in every column, which can be one patient under two ids."""
    continuous = [name for name in frame if _is_continuous(frame[name])]
    if len(continuous) < MIN_CONTINUOUS:
        return []
    # First the cheap columns: only rows equal there can be equal everywhere.
    candidates = frame[frame.duplicated(subset=continuous, keep=False) & frame[continuous].notna().any(axis=1)]
    twins = candidates[candidates.duplicated(keep=False)]
    if twins.empty:
        return []
    rule = f"n identical rows: {len(twins)} patients agree with another one in every column"
    way_out = "check whether one patient is in the table under two ids"
    return [Finding("C24", rule, way_out, rows=tuple(map(str, twins.index)), severity="warning")]


def _is_continuous(column: pd.Series) -> bool:
    if not pd.api.types.is_float_dtype(column.dtype):
        return False
    return column.nunique() > MANY_VALUES


def _outside(
    code: str, rule: str, way_out: str, values: pd.Series, variable: Variable, severity: str = "error"
) -> Finding:
    rows = tuple(str(row) for row in values.index)
    shown = show_values(np.unique(values))
    kind = "warning" if severity == "warning" else "error"
    return Finding(code, rule, way_out, column=variable.name, rows=rows, value=shown, severity=kind)  # type: ignore[arg-type]


def _range(bounds: tuple[float, float], unit: str | None) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}" + (f" {unit}" if unit else "")
