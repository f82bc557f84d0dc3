"""Sums behind AUC and Brier score at a horizon: O(n) passes over patients that are sorted already."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _write_rows(table, order, out):
    """Write the columns of a table as the rows of `out` (h, n), with the table's rows in another order."""
    n, width = order.size, table.shape[1]
    # eight numbers: the cache line of a column
    block = 8
    for low in range(0, n, block):
        high = min(low + block, n)
        for j in range(width):
            for i in range(low, high):
                out[j, i] = table[order[i], j]


def rows_in_order(table: Floats, order: NDArray[np.int64]) -> Floats:
    """Return the columns of a table as rows, with the table's rows in another order, (h, n)."""
    # numpy asks for large pages, which a kernel does not
    out = np.empty((table.shape[1], len(order)))
    _write_rows(table, order, out)
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
def auc_parts(found, case, control, known, at_risk, parts):
    """Turn what each patient beats (of `auc_area`) into parts; all (n,) by time, weights as there.

    A part is the derivative of the area by the log of the patient's weight, times n; their mean is 0.
    """
    area, cases, controls = found
    n = parts.size
    by_case, by_control = n / cases, n / controls
    for i in range(known):
        as_case, as_control = parts[i] / controls - area, 1 - parts[i] / cases - area
        parts[i] = by_case * case[i] * as_case + by_control * control[i] * as_control
    for i in range(known, n):
        parts[i] = by_control * at_risk * (1 - parts[i] / cases - area)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _write_brier_parts(table, order, case, control, known, at_risk, out):
    """Write the parts of `brier_parts` in one pass over the risks (n, h)."""
    n, width, block = order.size, table.shape[1], 8
    for low in range(0, n, block):
        high = min(low + block, n)
        for j in range(width):
            # of these rows the first have left by the horizon
            middle = min(max(known[j], low), high)
            for i in range(low, middle):
                risk = table[order[i], j]
                missed = 1 - risk
                out[j, i] = case[i] * missed * missed + control[i] * risk * risk
            for i in range(middle, high):
                risk = table[order[i], j]
                out[j, i] = at_risk[j] * risk * risk


def brier_parts(
    risk: Floats, order: NDArray[np.int64], case: Floats, control: Floats, known: NDArray[np.int64], at_risk: Floats
) -> Floats:
    """Return the squared error of each patient at each horizon, (h, n) by time, weighted for censoring.

    Their means are the Brier scores. `risk` (n, h), `order` (n,) by time; weights (n,) by time and (h,) as in
    `brier_scores`.
    """
    # numpy asks for large pages, which a kernel does not
    out = np.empty((risk.shape[1], len(order)))
    _write_brier_parts(risk, order, case, control, known, at_risk, out)
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def brier_scores(risk, place, case, control, known, at_risk):
    """Brier score at each horizon, (h,), in one pass over risks (n, h) as they lie in memory, in any order of patients.

    `place`, `case`, `control` : (n,) place in time and weights of each patient who has left, in that order. `known`,
    `at_risk` : (h,) how many have left, and the weight of the others.
    """
    n, width = risk.shape
    left, staying = np.zeros(width), np.zeros(width)
    for i in range(n):
        at, as_case, as_control = place[i], case[i], control[i]
        for j in range(width):
            square = risk[i, j] * risk[i, j]
            gone = 1.0 * (at < known[j])
            missed = 1.0 - risk[i, j]
            left[j] += gone * (as_case * missed * missed + as_control * square)
            staying[j] += (1.0 - gone) * square
    return (left + at_risk * staying) / n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def censoring_hazards(event, ends):
    """Prepare what `spread_censoring` needs at the first of the patients with equal times, (n, 2), 0 at the others.

    One over the number at risk, and the number of censorings over its square. `ends` (n,): for the first of those with
    equal times the index after the last of them, else 0.
    """
    n = event.size
    out = np.zeros((n, 2))
    for i in range(n):
        if ends[i]:
            censored = 0
            for k in range(i, ends[i]):
                censored += event[k] == 0
            out[i, 0] = 1.0 / (n - i)
            out[i, 1] = censored * out[i, 0] * out[i, 0]
    return out


# a sum in an order of the compiler's choice, several at a time; infinities and not-a-numbers stay what they are
@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})  # type: ignore[untyped-decorator]
def _total(values):
    total = 0.0
    for value in values:
        total += value
    return total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def spread_censoring(parts, censored, hazards, known, order, scale, influence, rest):
    """Influence of each patient (by the rows' own order), the estimation of the censoring weights included.

    `parts`: derivative of the measure by the log weight of each patient, by time. `censored` (n,), `hazards` (n, 2):
    see `censoring_hazards`. `rest` (n,): room. A censoring at u changes the weights of all that depend on the censoring
    up to u: later events by the horizon and those who are still at risk.
    """
    n, later = parts.size, _total(parts[known:])
    centre = (later + _total(parts[:known])) / n
    among = 0.0
    for i in range(known - 1, -1, -1):
        # what lies after the time of the patient counts, not what lies at it
        among += parts[i]
        rest[i] = later
        if hazards[i, 0] > 0.0:
            later += among
            among = 0.0
    compensator, step = 0.0, 0.0
    for i in range(known):
        if hazards[i, 0] > 0.0:
            step = rest[i] * hazards[i, 0]
            compensator += rest[i] * hazards[i, 1]
        own = step - compensator if censored[i] else -compensator
        influence[order[i]] = scale * (parts[i] - centre + own)
    for i in range(known, n):
        influence[order[i]] = scale * (parts[i] - centre - compensator)
