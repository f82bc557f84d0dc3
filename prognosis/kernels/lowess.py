"""Cleveland's locally weighted regression in one pass (no robustness steps), step for step as R's ``lowess``."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def lowess(x: Floats, y: Floats, span: float = 2 / 3) -> tuple[Floats, Floats]:
    """Smooth y over x by local lines with tricube weights, ``lowess(x, y, iter = 0)`` of R.

    Parameters
    ----------
    x, y : (n,). span : share of the points that each local line sees.

    Returns
    -------
    x sorted and the smooth there, (n,) each; equal x have equal values.

    Notes
    -----
    Source: Cleveland (1979, 1981). As in R, lines are fitted at points more than 1 % of the range apart and joined
    linearly. Cost O(n log n).
    """
    order = np.argsort(x, kind="stable")
    across = np.ascontiguousarray(x[order], dtype=float)
    smooth = _smooth(across, np.ascontiguousarray(y[order], dtype=float), span, 0.01 * float(np.ptp(x)))
    return across, np.asarray(smooth)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _smooth(x, y, span, apart):
    """Fit a line at every point that is far enough from the last one, and join them."""
    n = x.size
    fitted = np.empty(n)
    # The small number as in R: 2/3 of 3 points are 2.
    seen = max(2, min(n, int(span * n + 1e-7)))
    left, last, i = 0, -1, 0
    weight = np.empty(n)
    while last < n - 1:
        while left + seen < n and x[i] - x[left] > x[left + seen] - x[i]:
            left += 1
        fitted[i] = _local(x, y, i, left, min(left + seen, n) - 1, weight)
        for j in range(last + 1, i):
            part = (x[j] - x[last]) / (x[i] - x[last])
            fitted[j] = part * fitted[i] + (1 - part) * fitted[last]
        last = i
        i = last + 1
        far = x[last] + apart
        while i < n and x[i] <= far:
            if x[i] == x[last]:
                fitted[i] = fitted[last]
                last = i
            i += 1
        i = max(last + 1, i - 1)
    return fitted


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _local(x, y, i, left, right, weight):
    """Value at x[i] of the line through the points of a window (and those tied with its last)."""
    n, at = x.size, x[i]
    width = max(at - x[left], x[right] - at)
    total, end = 0.0, left
    while end < n:
        distance = abs(x[end] - at)
        weight[end] = 0.0
        if distance <= 0.999 * width:
            weight[end] = 1.0 if distance <= 0.001 * width else (1 - (distance / width) ** 3) ** 3
            total += weight[end]
        elif x[end] > at:
            break
        end += 1
    if total <= 0:
        return y[i]
    centre, square = 0.0, 0.0
    for j in range(left, end):
        weight[j] /= total
        centre += weight[j] * x[j]
    for j in range(left, end):
        square += weight[j] * (x[j] - centre) ** 2
    # Points all but on one spot have a mean and no slope.
    slope = (at - centre) / square if width > 0 and np.sqrt(square) > 0.001 * (x[n - 1] - x[0]) else 0.0
    value = 0.0
    for j in range(left, end):
        value += weight[j] * (slope * (x[j] - centre) + 1) * y[j]
    return value
