"""Gradient, curvature and value of the Cox loss in the margin of every patient, for boosting."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def cox_loss(margin, sets, efron, out):
    """Write the derivatives of the negative log partial likelihood and return its value.

    Parameters
    ----------
    margin : (n,) log relative hazards. sets : first, last, death and weight (n,), events and death_weight (G,), as in
        `RiskSets` of one stratum. efron : share the risk among tied events, else Breslow's sums.
    out : (2, n) gradient and curvature are written. The curvature is the diagonal of the Hessian; a row of weight 2 has
        that of two rows, not the square of its weight.
    """
    first, last, death, weight, events, death_weight = sets
    gradient, curvature = out[0], out[1]
    n, groups = margin.size, events.size
    largest = margin.max()
    ratio = np.exp(margin - largest)
    # rows that leave at or after an event time, less those that enter at or after it
    staying, entering, tied = np.zeros(groups + 1), np.zeros(groups + 1), np.zeros(groups)
    for i in range(n):
        own = weight[i] * ratio[i]
        staying[last[i]] += own
        entering[first[i]] += own
        if death[i] >= 0:
            tied[death[i]] += own
    for g in range(groups - 1, -1, -1):
        staying[g] += staying[g + 1]
        entering[g] += entering[g + 1]
    # cumulated over event times: hazard and its square; at an event time, what those who die there have less of both
    hazard, square = np.zeros(groups + 1), np.zeros(groups + 1)
    less, less_square = np.zeros(groups), np.zeros(groups)
    value = 0.0
    for g in range(groups):
        at_risk = staying[g + 1] - entering[g + 1]
        parts = events[g] if efron else 1
        step = death_weight[g] / parts
        hazard[g + 1], square[g + 1] = hazard[g], square[g]
        for part in range(parts):
            share = part / parts
            sum_at_risk = at_risk - share * tied[g]
            value += step * (np.log(sum_at_risk) + largest)
            hazard[g + 1] += step / sum_at_risk
            square[g + 1] += step / sum_at_risk**2
            less[g] += step * share / sum_at_risk
            less_square[g] += step * (1.0 - (1.0 - share) ** 2) / sum_at_risk**2
    for i in range(n):
        total, squares = hazard[last[i]] - hazard[first[i]], square[last[i]] - square[first[i]]
        gradient[i] = 0.0
        if death[i] >= 0:
            total -= less[death[i]]
            squares -= less_square[death[i]]
            gradient[i] = -weight[i]
            value -= weight[i] * margin[i]
        expected = weight[i] * ratio[i] * total
        gradient[i] += expected
        curvature[i] = expected - min(weight[i], 1.0) * weight[i] * ratio[i] ** 2 * squares
    return value
