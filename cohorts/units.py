"""Two units in one column, or the whole column in another unit: found by factors a laboratory would use."""

from __future__ import annotations

from collections.abc import Iterator
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
# Least width of the empty stretch between two units, as a share of their distance.
GAP = 0.25
# Most of a cluster (its middle half) must be narrower than this share of the distance.
NARROW = 0.2
STRAYS = 0.1


@dataclass(frozen=True)
class _Mixture:
    """Rows that look like the same quantity times a factor, the likeliest one first."""

    factors: tuple[float, ...]
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
    found = None
    if expected is not None:
        found = _explained_by_range(numbers, expected, hard=variable.limits is not None)
        if found is not None and found.other.sum() >= WHOLE_COLUMN * (~np.isnan(numbers)).sum():
            return [_describe(found, values, variable, expected)]
    mixture = _two_clusters(numbers)
    # Some values in the other unit can lie within the limits; the cluster then names more rows than the limits do.
    if found is not None and (mixture is None or (found.other & ~mixture.other).any()):
        mixture = found
    return [] if mixture is None else [_describe(mixture, values, variable, expected)]


def _explained_by_range(numbers: FloatArray, expected: tuple[float, float], hard: bool) -> _Mixture | None:
    """Find the factors that bring the values outside the expected range into it."""
    low, high = expected
    known = ~np.isnan(numbers)
    outside = known & ((numbers < low) | (numbers > high)) & (numbers > 0)
    whole = outside.sum() >= WHOLE_COLUMN * known.sum()
    if outside.sum() < FEW_OUTSIDE or not (hard or whole):
        return None
    rest = numbers[known & ~outside]
    # For a whole column nothing but the range says where the values belong: its middle on the log scale.
    middle = float(np.sqrt(max(low, high / 100) * high)) if whole else float(np.median(rest))
    fits = []
    for factor in [scale for step in FACTORS for scale in (step, 1 / step)]:
        scaled = numbers[outside] / factor
        distance = abs(np.log(np.median(scaled) / middle))
        inside = ((scaled >= low) & (scaled <= high)).mean() >= WHOLE_COLUMN
        # A tail of true values also fits when scaled far enough; a unit brings them to the middle of the others.
        if inside and (whole or distance < NEAR * abs(np.log(factor))):
            fits.append((distance, factor))
    return _Mixture(tuple(factor for _, factor in sorted(fits)), outside, middle, low, high) if fits else None


def _two_clusters(numbers: FloatArray) -> _Mixture | None:
    """Find a second cluster of values at a laboratory factor from the first one."""
    positive = numbers > 0
    logs = np.log(numbers, where=positive, out=np.full(len(numbers), np.nan))
    known = np.sort(logs[positive])
    # What can be negative is a difference or a score and has no unit to be mistaken for another.
    if len(known) < 2 * MIN_ROWS or (numbers < 0).any():
        return None
    steps = [sign * float(np.log(factor)) for factor in FACTORS for sign in (1, -1)]
    fits = [(misfit, step, cut) for step in steps for misfit, cut in _fit(known, step)]
    if not fits:
        return None
    _, step, cut = min(fits)
    other = (logs > cut) if step > 0 else (logs < cut)
    own = numbers[positive & ~other]
    low, high = np.percentile(own, [1, 99])
    return _Mixture((float(np.exp(step)),), other, float(np.median(own)), float(low), float(high))


def _fit(known: FloatArray, step: float) -> list[tuple[float, float]]:
    """Try a second cluster at a distance `step` from the first in sorted logarithms.

    Returns
    -------
    One pair (misfit, cut between the clusters) where two such clusters exist, else nothing.
    """
    centre = _middle(known)
    for _ in range(5):
        # The median of all is drawn towards the other unit; that of its own cluster is not.
        centre = _middle(_within(known, centre, NEAR * abs(step)))
    found = []
    for cut in _cuts(known, centre, step):
        place = int(np.searchsorted(known, cut))
        first, second = (known[:place], known[place:]) if step > 0 else (known[place:], known[:place])
        enough = max(MIN_ROWS, MIN_SHARE * len(known)) <= len(second) <= len(first)
        if enough and len(np.unique(second)) >= MIN_DISTINCT and _alike(first, second - step, abs(step)):
            found.append((abs(_middle(second) - step - _middle(first)), cut))
    return found[:1]


def _cuts(known: FloatArray, centre: float, step: float) -> Iterator[float]:
    """Yield where the two units may part: a long tail of one quantity leaves no gap, two units do."""
    between = _within(known, centre + step / 2, abs(step) / 2)
    gaps = np.diff(between)
    if len(gaps) and gaps.max() >= GAP * abs(step):
        widest = int(gaps.argmax())
        yield float(between[widest : widest + 2].mean())
    # A few stray values may lie in the gap.
    reach = NEAR * abs(step)
    strays = _within(known, centre + step / 2, abs(step) / 2 - reach)
    if len(strays) <= STRAYS * len(_within(known, centre + step, reach)):
        yield centre + step / 2


def _within(known: FloatArray, centre: float, reach: float) -> FloatArray:
    start, end = np.searchsorted(known, [centre - reach, centre + reach])
    return known[start:end]


def _middle(part: FloatArray) -> float:
    """Return a value that occurs: between two units of equal share the mean of the middle two would be in neither."""
    return float(part[(len(part) - 1) // 2])


def _alike(first: FloatArray, second: FloatArray, step: float) -> bool:
    """Say whether two clusters have a like place and a like spread, each much narrower than the step between them."""
    low, high = np.percentile(first, [5, 95])
    spreads = [float(np.subtract(*np.percentile(part, [75, 25]))) for part in (first, second)]
    if not low <= _middle(second) <= high or min(spreads) <= 0:
        return False
    return 1 / 3 <= spreads[1] / spreads[0] <= 3 and max(spreads) < NARROW * step


def _describe(found: _Mixture, values: pd.Series, variable: Variable, expected: tuple[float, float] | None) -> Finding:
    count, n = int(found.other.sum()), int(values.notna().sum())
    rows = tuple(str(row) for row in values.index[found.other])
    unit = f" {variable.unit}" if variable.unit else ""
    low, high = expected or (found.low, found.high)
    span = f"{low:.4g} to {high:.4g}{unit}" + ("" if expected else " (that of the other rows)")
    larger = found.factors[0] > 1
    sizes = [factor if larger else 1 / factor for factor in found.factors if (factor > 1) == larger]
    if count >= WHOLE_COLUMN * n:
        median = float(values[found.other].median())
        rule = f"expected unit{unit or ' (undeclared)'}, range {span}, but the median is {median:.4g}"
        size = " or ".join(f"{size:g}" for size in sizes)
        rule += f": {'divided' if larger else 'multiplied'} by {size} it would fit"
        way_out = "convert the column, or correct unit and limits in the codebook"
        return Finding("C12", rule, way_out, variable.name, rows, f"{median:.4g}")
    near = f"{sizes[0]:g} times the median" if larger else f"1/{sizes[0]:g} of the median"
    rule = f"two units in one column: share of rows near {near} {found.median:.4g}{unit} of the others: "
    rule += f"{count / n:.0%} ({count} of {n}); expected range {span}"
    way_out = "convert these rows; if they are right, widen the limits or declare one_unit_checked = true"
    shown = ", ".join(f"{value:g}" for value in values[found.other].iloc[:3]) + (", ..." if count > 3 else "")
    return Finding("C11", rule, way_out, variable.name, rows, shown)
