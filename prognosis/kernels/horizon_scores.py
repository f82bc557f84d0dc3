"""Sums behind AUC and Brier score at a horizon: O(n) passes over patients that are sorted already."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def rows_in_order(table, order):
    """Columns of a table as rows, with the table's rows in another order, (h, n)."""
    n, width = order.size, table.shape[1]
    out = np.empty((width, n))
    # eight numbers: the cache line of a column
    block = 8
    for low in range(0, n, block):
        high = min(low + block, n)
        for j in range(width):
            for i in range(low, high):
                out[j, i] = table[order[i], j]
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def auc_area(risk, place, case, control, known, at_risk, beaten):
    """Area under the curve of weighted cases against weighted controls, ties half, and the weights of both.

    All (n,) in ascending order of `risk`; `place` is the patient's place in time, where the first `known` have left
    by the horizon. They weigh `case` as a case and `control` as a control, the others `at_risk` as controls. `beaten`
    (n,), by time, becomes the weight of the controls below each case, or of the cases not above each control; it may
    be empty.
    """
    cases, controls, pairs = 0.0, 0.0, 0.0
    low = 0
    while low < risk.size:
        value, tied_case, tied_control, high = risk[low], 0.0, 0.0, low
        while high < risk.size and risk[high] == value:
            # By multiplication: who has left is random in this order, and a branch would be guessed wrong.
            left = 1.0 * (place[high] < known)
            tied_case += left * case[high]
            tied_control += left * control[high] + (1 - left) * at_risk
            high += 1
        below = controls + 0.5 * tied_control
        pairs += tied_case * below
        if beaten.size:
            for k in range(low, high):
                is_case = 1.0 * (place[k] < known) * (case[k] > 0)
                beaten[place[k]] = is_case * below + (1 - is_case) * (cases + 0.5 * tied_case)
        controls += tied_control
        cases += tied_case
        low = high
    return pairs / (cases * controls), cases, controls


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def auc_parts(found, event, before, known, at_horizon, parts):
    """Turn what each patient beats (of `auc_area`, by time) into parts.

    A part is the derivative of the area by the log of the patient's weight, times n; their mean is 0.
    """
    area, cases, controls = found
    n = event.size
    for i in range(n):
        if i < known and event[i] == 0:
            parts[i] = 0.0
        elif i < known and event[i] == 1:
            parts[i] = n * (parts[i] / controls - area) / (cases * before[i])
        else:
            weight = 1 / (before[i] if i < known else at_horizon)
            parts[i] = n * weight * (1 - parts[i] / cases - area) / controls


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def brier_parts(risk, event, before, known, at_horizon, parts):
    """Squared error of each patient, weighted for censoring; their mean is the Brier score.

    Patients in the order of time; the first `known` have left by the horizon; the event of interest is 1.
    """
    n, total = event.size, 0.0
    for i in range(n):
        if i >= known:
            parts[i] = risk[i] ** 2 / at_horizon
        elif event[i] == 0:
            parts[i] = 0.0
        else:
            parts[i] = ((1 - risk[i]) if event[i] == 1 else risk[i]) ** 2 / before[i]
        total += parts[i]
    return total / n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def spread_censoring(parts, event, ends, known, order, scale, influence):
    """Influence of each patient (by the rows' own order), the estimation of the censoring weights included.

    `parts`: derivative of the measure by the log weight of each patient, by time. `ends` (n,): for the first of those
    with equal times the index after the last of them, else 0. A censoring at u changes the weights of all that depend
    on the censoring up to u: later events by the horizon and those who are still at risk.
    """
    n, centre, later = parts.size, parts.mean(), 0.0
    for i in range(known, n):
        later += parts[i]
    rest = np.empty(known)
    high = known
    for low in range(known - 1, -1, -1):
        if ends[low]:
            for i in range(low, high):
                rest[i] = later
            for i in range(low, high):
                later += parts[i]
            high = low
    compensator, step = 0.0, 0.0
    for i in range(known):
        if ends[i]:
            censored = 0
            for k in range(i, ends[i]):
                censored += event[k] == 0
            at_risk = n - i
            step = rest[i] / at_risk
            compensator += censored * step / at_risk
        own = step - compensator if event[i] == 0 else -compensator
        influence[order[i]] = scale * (parts[i] - centre + own)
    for i in range(known, n):
        influence[order[i]] = scale * (parts[i] - centre - compensator)
