"""The mean of several ROC curves, whose area is the mean of their areas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prognosis.metrics.roc import RocCurve

Floats = NDArray[np.float64]


def mean_roc(curves: Sequence[RocCurve]) -> tuple[Floats, Floats]:
    """Average the sensitivities of curves at equal specificity.

    Returns
    -------
    (k,) 1 - specificity, rising, each value twice, and (k,) mean sensitivity before and after the curves' steps there.

    Notes
    -----
    Fawcett (2006), vertical averaging, at every place where a curve has a corner and not on a grid: the area below the
    mean curve is the mean area to the last digits, ties counting one half.
    """
    places = np.unique(np.concatenate([1 - curve.specificity for curve in curves]))
    sides = np.mean([_sides(curve, places) for curve in curves], axis=0)
    return np.repeat(places, 2), sides.ravel()


def _sides(curve: RocCurve, places: Floats) -> Floats:
    """Sensitivity just before and just after places, (k, 2)."""
    corner, first = np.unique(1 - curve.specificity, return_index=True)
    last = np.append(first[1:], len(curve.specificity)) - 1
    low, high = curve.sensitivity[first], curve.sensitivity[last]
    here = np.clip(np.searchsorted(corner, places), 0, len(corner) - 1)
    before = np.maximum(here - 1, 0)
    width = np.where(here > before, corner[here] - corner[before], 1.0)
    between = high[before] + (low[here] - high[before]) * (places - corner[before]) / width
    at = corner[here] == places
    return np.column_stack([np.where(at, low[here], between), np.where(at, high[here], between)])
