"""Two units in one column, or the whole column in another unit: found by factors a laboratory would use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cohorts.errors import Finding
from cohorts.variable import Variable

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# g/L and g/dL; glucose; creatinine; fraction and per cent; per litre and per microlitre.
FACTORS = (10.0, 18.0, 88.4, 100.0, 1000.0)
MIN_ROWS = 8
MIN_SHARE = 0.02
MIN_DISTINCT = 5
WHOLE_COLUMN = 0.9
# Share of the distance between two units (in logarithms) within which a value belongs to one of them.
NEAR = 0.35
FEW_OUTSIDE = 3
MOSTLY = 0.95


@dataclass(frozen=True)
class _Mixture:
    """Rows that look like the same quantity times `factor`."""

    factor: float
    other: Mask
    median: float
    low: float
    high: float


def unit_faults(values: pd.Series, variable: Variable) -> list[Finding]:
    """Return one finding where a unit explains the values: C12 for the whole column, C11 for a part of it.

    Parameters
    ----------
    values : numbers by row id, NaN where missing.
    variable : declaration; `limits` or else `plausible` is the expected range. Without both, a second cluster of
        values at a laboratory factor from the first one, of like shape and with nothing between, is taken as
        a second unit.

    Notes
    -----
    A column that is rightly in two clusters declares ``one_unit_checked``.
    """
    if variable.one_unit_checked:
        return []
    numbers = values.to_numpy(dtype=np.float64)
    expected = variable.limits or variable.plausible
    if expected is not None:
        found = _explained_by_range(numbers, expected, hard=variable.limits is not None)
        if found is not None:
            return [_describe(found, values, variable, expected)]
    mixture = _two_clusters(numbers)
    return [] if mixture is None else [_describe(mixture, values, variable, expected)]


def _explained_by_range(numbers: FloatArray, expected: tuple[float, float], hard: bool) -> _Mixture | None:
    """Find the factor that brings the values outside the expected range into it."""
    low, high = expected
    known = ~np.isnan(numbers)
    outside = known & ((numbers < low) | (numbers > high)) & (numbers > 0)
    share = outside.sum() / max(known.sum(), 1)
    if outside.sum() < FEW_OUTSIDE or (not hard and share < WHOLE_COLUMN):
        return None
    rest = numbers[known & ~outside]
    middle = float(np.median(rest)) if share < WHOLE_COLUMN else float(np.sqrt(max(low, high / 100) * high))
    best: _Mixture | None = None
    closeness = np.inf
    for factor in [scale for step in FACTORS for scale in (step, 1 / step)]:
        scaled = numbers[outside] * factor
        if ((scaled >= low) & (scaled <= high)).mean() < WHOLE_COLUMN:
            continue
        distance = abs(np.log(np.median(scaled) / middle))
        # A tail of true values also fits when scaled far enough; a unit brings them to the middle of the others.
        if distance < closeness and (share >= WHOLE_COLUMN or distance < NEAR * abs(np.log(factor))):
            best, closeness = _Mixture(1 / factor, outside, middle, low, high), distance
    return best


def _two_clusters(numbers: FloatArray) -> _Mixture | None:
    positive = numbers > 0
    if positive.sum() < 2 * MIN_ROWS:
        return None
    logs = np.log(numbers, where=positive, out=np.full(len(numbers), np.nan))
    fits = [
        found
        for factor in FACTORS
        for step in (np.log(factor), -np.log(factor))
        if (found := _fit(logs, float(step))) is not None
    ]
    if not fits:
        return None
    _, step, main, other = min(fits, key=lambda fit: fit[0])
    own = numbers[main]
    low, high = np.percentile(own, [1, 99])
    return _Mixture(float(np.exp(step)), other, float(np.median(own)), float(low), float(high))


def _fit(logs: FloatArray, step: float) -> tuple[float, float, Mask, Mask] | None:
    """Try a second cluster at a distance `step` from the first; return (misfit, step, first, second) where it holds."""
    known = logs[~np.isnan(logs)]
    reach = NEAR * abs(step)
    centre = float(np.percentile(known, 50, method="lower"))
    for _ in range(5):
        # The median of all is drawn towards the other unit; that of its own cluster is not.
        centre = float(np.median(known[np.abs(known - centre) <= reach]))
    main, other = np.abs(logs - centre) <= reach, np.abs(logs - centre - step) <= reach
    first, second = logs[main], logs[other] - step
    if len(second) < max(MIN_ROWS, MIN_SHARE * len(known)) or len(second) > len(first):
        return None
    gap = np.sort([centre + np.sign(step) * reach, centre + step - np.sign(step) * reach])
    between = ((known > gap[0]) & (known < gap[1])).sum()
    # A long tail of one quantity fills the gap; two units leave it empty.
    if between > 0.02 * len(second) or len(first) + len(second) < MOSTLY * len(known):
        return None
    if len(np.unique(second)) < MIN_DISTINCT:
        return None
    misfit = abs(float(np.median(second)) - float(np.median(first)))
    return (misfit, step, main, other) if _alike(first, second, abs(step)) else None


def _alike(first: FloatArray, second: FloatArray, step: float) -> bool:
    """Say whether two clusters have a like place and a like spread, each much narrower than the step between them."""
    low, high = np.percentile(first, [5, 95])
    spreads = [float(np.subtract(*np.percentile(part, [75, 25]))) for part in (first, second)]
    if not low <= np.median(second) <= high or min(spreads) <= 0:
        return False
    return 1 / 3 <= spreads[1] / spreads[0] <= 3 and max(spreads) < NEAR * step


def _describe(found: _Mixture, values: pd.Series, variable: Variable, expected: tuple[float, float] | None) -> Finding:
    count, n = int(found.other.sum()), int(values.notna().sum())
    rows = tuple(str(row) for row in values.index[found.other])
    unit = f" {variable.unit}" if variable.unit else ""
    low, high = expected or (found.low, found.high)
    span = f"{low:.4g} to {high:.4g}{unit}" + ("" if expected else " (that of the other rows)")
    larger = found.factor > 1
    factor = found.factor if larger else 1 / found.factor
    if count >= WHOLE_COLUMN * n:
        median = float(values[found.other].median())
        rule = f"expected unit{unit or ' (undeclared)'}, range {span}, but the median is {median:.4g}"
        rule += f": {'divided' if larger else 'multiplied'} by {factor:g} it would fit"
        way_out = "convert the column, or correct unit and limits in the codebook"
        return Finding("C12", rule, way_out, variable.name, rows, f"{median:.4g}")
    near = f"{factor:g} times the median" if larger else f"1/{factor:g} of the median"
    rule = f"two units in one column: share of rows near {near} {found.median:.4g}{unit} of the others: "
    rule += f"{count / n:.0%} ({count} of {n}); expected range {span}"
    way_out = "convert these rows; if they are right, widen the limits or declare one_unit_checked = true"
    shown = ", ".join(f"{value:g}" for value in values[found.other].iloc[:3]) + (", ..." if count > 3 else "")
    return Finding("C11", rule, way_out, variable.name, rows, shown)
