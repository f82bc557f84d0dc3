"""Can this model be estimated from these rows? Rank, separation, events per parameter, leaks: all findings at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

from cohorts.errors import Finding, FitError
from prognosis.kernels.concordance import concordance_counts

Floats = NDArray[np.float64]

# Ratio of the smallest to the largest singular value of the standardised columns.
RANK_TOLERANCE = 1e-9
# Limit for the condition number of the correlation matrix of the columns.
CONDITION_LIMIT = 1e10
# Squares and cubes of values beyond this, and squares of differences below its inverse, leave the arithmetic.
LARGEST = 1e50
EVENTS_PER_PARAMETER = 10
LEAK_CONCORDANCE = 0.95
# The penalised fit that messages name where a recipe names none of its own.
REMEDY = 'Cox(penalty="firth") or Cox(ridge=1.0)'


def check_rows(n: int, p: int, events: int, *, penalised: bool, remedy: str = REMEDY) -> list[Finding]:
    """Enough rows and events for p parameters: C17, C18, T11, T12; `remedy` names a penalised fit."""
    if n < 3:
        return [Finding("C18", f"n={n} rows: no model can be estimated", "check the filters and the rows left out")]
    if events == 0:
        return [Finding("T11", f"0 events among n={n} rows", "check the event column and its codes")]
    findings = []
    if n <= p and not penalised:
        rule = f"n={n} rows for p={p} parameters"
        findings.append(Finding("C17", rule, f"fewer predictors, or a penalised fit: {remedy}"))
    elif events < p and not penalised:
        rule = f"{events} events for {p} parameters: EPV {events / p:.2g} is below 1 (events per parameter)"
        findings.append(Finding("T12", rule, f"fewer predictors, or a penalised fit: {remedy}"))
    elif events < EVENTS_PER_PARAMETER * p:
        epv = f"EPV {events / p:.2g} (events per parameter)"
        rule = f"{events} events for {p} parameters: {epv} is below {EVENTS_PER_PARAMETER}"
        advice = "expect optimism: validate, and consider fewer predictors or a penalty"
        findings.append(Finding("T12", rule, advice, severity="warning"))
    return findings


def check_levels(
    frame: pd.DataFrame, event: NDArray[np.bool_], *, penalised: bool, remedy: str = REMEDY
) -> list[Finding]:
    """Categories without rows or events (C05), alone in their column (C01), or with few rows (C22)."""
    findings = []
    for name in _with_levels(frame):
        column = frame[name]
        if isinstance(column.dtype, pd.CategoricalDtype) and len(column.cat.categories) < 2:
            findings.append(Finding("C01", f"column {name} is constant: one category only", "leave it out", str(name)))
            continue
        for level, n, d in _counts(column, event):
            if n == 0:
                rule = f"category '{level}' has 0 rows"
                findings.append(
                    Finding("C05", rule, "take the level out of the codebook or merge categories", str(name))
                )
            elif d == 0 and not penalised:
                rule = f"category '{level}' has 0 events of n={n}: it separates the events (monotone likelihood)"
                advice = f"merge categories, or use a penalised fit: {remedy}"
                findings.append(Finding("C05", rule, advice, str(name)))
            elif n < 10:
                rule = f"rare level '{level}': n={n}"
                findings.append(Finding("C22", rule, "consider merging it", str(name), severity="warning"))
    return findings


def _with_levels(frame: pd.DataFrame) -> list[str]:
    """Name categories and columns of nothing but 0 and 1; of numbers by one look, since there may be thousands."""
    numbers = real_columns(frame)
    values = numbers.to_numpy(float, na_value=np.nan)
    told = dict(zip(numbers.columns, ((values == 0) | (values == 1) | np.isnan(values)).all(axis=0), strict=True))
    return [name for name in frame.columns if (told[name] if name in told else _has_levels(frame[name]))]


def _counts(column: pd.Series, event: NDArray[np.bool_]) -> list[tuple[object, int, int]]:
    """Each level with its rows and its events."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, levels = column.cat.codes.to_numpy(), list(column.cat.categories)
    else:
        codes, found = pd.factorize(column)
        levels = list(found)
    rows, died = (np.bincount(own[own >= 0], minlength=len(levels)).tolist() for own in (codes, codes[event]))
    return list(zip(levels, rows, died, strict=True))


def _has_levels(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or set(column.unique()) <= {0, 1}


def check_columns(
    design: Floats, names: Sequence[str], stratum: NDArray[np.int64] | None = None, *, penalised: bool
) -> list[Finding]:
    """Constant (C01), duplicate (C02), dependent (C03) and nearly dependent (C04) design columns.

    Within strata, where there are any: what only differs between strata cannot be estimated. A penalty needs no
    independent columns, but no fit can use a constant one.
    """
    groups = [slice(None)] if stratum is None else [stratum == s for s in np.unique(stratum)]
    spread = np.max([_widths(design[rows]) for rows in groups], axis=0)
    constant = [name for name, width in zip(names, spread, strict=True) if width == 0]
    if constant:
        where = "" if stratum is None else " within every stratum"
        return [Finding("C01", f"column {name} is constant{where}", "leave it out", name) for name in constant]
    narrow = [(name, width) for name, width in zip(names, spread, strict=True) if width < 1 / LARGEST]
    if narrow:
        way_out = "leave it out, or change its unit"
        return [
            Finding("C01", f"column {name} is constant but for {width:.2g}", way_out, name) for name, width in narrow
        ]
    twins = [] if penalised else _twins(design, names)
    if twins or penalised:
        return twins
    centred = np.vstack([design[rows] - design[rows].mean(axis=0) for rows in groups])
    _, singular, axes = np.linalg.svd(centred / np.sqrt((centred**2).mean(axis=0)), full_matrices=False)
    relative = singular / singular[0]
    if relative[-1] < RANK_TOLERANCE:
        rank = int((relative >= RANK_TOLERANCE).sum())
        involved = _involved(axes[rank:], names)
        rule = f"columns {', '.join(involved)} depend on each other exactly: rank {rank} of {len(names)}"
        return [Finding("C03", rule, "leave one of them out", ", ".join(involved))]
    condition = 1 / relative[-1] ** 2
    if condition > CONDITION_LIMIT:
        involved = _involved(axes[-1:], names)
        which = f"columns {', '.join(involved)} are nearly dependent"
        rule = f"condition number {condition:.1e} is above {CONDITION_LIMIT:.0e}: {which}"
        advice = "leave one of them out; for a spline take fewer knots or a transform such as log1p"
        return [Finding("C04", rule, advice, ", ".join(involved))]
    return []


def _widths(design: Floats) -> Floats:
    """Range of each column; one that is known of some rows only is not constant."""
    width: Floats = np.ptp(design, axis=0)
    if np.isnan(width).any():
        width = np.where(np.isnan(width), np.where(np.isnan(design).all(axis=0), 0.0, np.inf), width)
    return width


def _twins(design: Floats, names: Sequence[str]) -> list[Finding]:
    seen: dict[bytes, str] = {}
    findings = []
    for name, column in zip(names, design.T, strict=True):
        twin = seen.setdefault(np.ascontiguousarray(column).tobytes(), name)
        if twin != name:
            rule = f"columns {twin} and {name} hold the same values"
            findings.append(Finding("C02", rule, "leave one of them out", f"{twin}, {name}"))
    return findings


def _involved(axes: Floats, names: Sequence[str]) -> list[str]:
    weight = np.abs(axes).max(axis=0)
    return [name for name, w in zip(names, weight, strict=True) if w > 0.05 * weight.max()]


def check_leaks(
    frame: pd.DataFrame, time: Floats, event: NDArray[np.bool_], entry: Floats | None = None
) -> list[Finding]:
    """Predictors that nearly order the outcome on their own, in either direction (C08)."""
    findings = []
    numbers = frame.loc[:, [not isinstance(dtype, pd.CategoricalDtype) for dtype in frame.dtypes]]
    for name, column in zip(
        numbers.columns, np.asfortranarray(numbers.to_numpy(float, na_value=np.nan)).T, strict=True
    ):
        known = slice(None) if np.isfinite(column).all() else np.isfinite(column)
        entered = None if entry is None else entry[known]
        counts = concordance_counts(time[known], event[known], column[known], entry=entered)
        c = max(counts.concordance, 1 - counts.concordance)
        if c > LEAK_CONCORDANCE:
            rule = f"column {name} alone orders the outcome: univariate C > 0.95 (C = {c:.3f})"
            advice = "check whether it was recorded after the outcome"
            findings.append(Finding("C08", rule, advice, str(name), severity="warning"))
    return findings


def check_complete(predictors: pd.DataFrame, *, gaps: bool = False) -> list[Finding]:
    """No predictor at all (S15), missing values (C16) unless the model has a rule for them, infinite ones (C27)."""
    if predictors.shape[1] == 0:
        return [Finding("S15", "no predictor", "name at least one predictor")]
    if not gaps:
        gone = predictors.isna()
        if gone.to_numpy().any():
            return missing_findings(gone.sum(), len(predictors))
    sound = sound_columns(predictors)
    doubtful = [predictors[name] for name in predictors.columns if name not in sound]
    return [finding for column in doubtful if _is_number(column.dtype) for finding in check_sizes(column)]


def sound_columns(frame: pd.DataFrame) -> set[str]:
    """Names of numeric columns in which nothing is missing, infinite or too large: one look at all of them."""
    numbers = real_columns(frame)
    sound = (np.abs(numbers.to_numpy(float, na_value=np.nan)) <= LARGEST).all(axis=0)
    return set(numbers.columns[sound])


def real_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of numbers and of true and false."""
    real = {dtype: is_numeric_dtype(dtype) and not is_complex_dtype(dtype) for dtype in set(frame.dtypes)}
    return frame if all(real.values()) else frame.loc[:, [real[dtype] for dtype in frame.dtypes]]


def _is_number(dtype: Any) -> bool:
    return bool(is_numeric_dtype(dtype) and not is_complex_dtype(dtype) and not is_bool_dtype(dtype))


def check_sizes(column: pd.Series) -> list[Finding]:
    """Infinite numbers, and those too large to compute with (C27)."""
    size = np.abs(column.to_numpy(float, na_value=np.nan))
    faults = {
        "the value is infinite": np.isinf(size),
        f"the value is beyond {LARGEST:.0e}, too large to compute with": np.isfinite(size) & (size > LARGEST),
    }
    return [
        Finding("C27", rule, "correct it", str(column.name), tuple(map(str, column.index[rows])))
        for rule, rows in faults.items()
        if rows.any()
    ]


def check_constant(names: tuple[str, ...], widths: Floats) -> None:
    """Refuse columns without width (C01)."""
    constant = [name for name, width in zip(names, widths, strict=True) if not width > 0]
    if constant:
        raise FitError(*(Finding("C01", f"column {name} is constant", "leave it out", name) for name in constant))


def missing_findings(missing: pd.Series, n: int) -> list[Finding]:
    """Name every column with missing values (C16)."""
    listed = ", ".join(
        f"{name} {count} ({100 * count / n:.1f} percent)" for name, count in missing[missing > 0].items()
    )
    columns = ", ".join(str(name) for name in missing.index[missing > 0])
    rule = f"missing values without a declared strategy; columns and counts: {listed} of {n} rows"
    advice = (
        'declare missing="complete_cases" or "chained" in Study, or [imputation] method = "complete_cases" or '
        '"chained" in the study file ("own side" in both, and as an option of the model, for models that can split so)'
    )
    return [Finding("C16", rule, advice, columns)]


def check_names(names: Sequence[str], terms: Sequence[str]) -> list[Finding]:
    """No two design columns and no two terms may bear one name (C02): tables are read by their names."""
    counts = [Counter(given) for given in (names, terms)]
    twice = sorted({name for count in counts for name, times in count.items() if times > 1})
    return [Finding("C02", f"two columns of the model are called {name}", "rename a predictor", name) for name in twice]
