"""Information of the Cox partial likelihood over presorted risk sets, by matrix products of blocks of rows."""

from __future__ import annotations

import numpy as np
from numba import njit

# Rows a block: the block and its weighted copy stay in the second-level cache, and no copy of the design is made.
BLOCK = 512


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def information(design, sets, ties, late, room):
    """Return the information (p, p), from what `gradient` has left in the room.

    `late` : (n, 1) hazard while at risk, asked only for the rows that enter late.
    """
    risk, s1, d1 = room[1:]
    return _hazard_moments(design, risk, sets, ties, late) - _mean_moments(s1, d1, ties)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _hazard_moments(design, risk, sets, ties, late):
    """Sum ``risk * hazard * x x'`` over the rows, (p, p), by products of blocks; the hazard is that while at risk."""
    n, p = design.shape
    out, part, scaled = np.zeros((p, p)), np.empty((p, p)), np.empty((BLOCK, p))
    since_opening = ties[:, 1].copy()
    for g in range(1, since_opening.size):
        if not sets.opens[g]:
            since_opening[g] += since_opening[g - 1]
    for start in range(0, n, BLOCK):
        size = min(BLOCK, n - start)
        for k in range(size):
            i = start + k
            a, b, g = sets.first[i], sets.last[i], sets.death[i]
            hazard = 0.0
            if a < b:
                hazard = since_opening[b - 1] if sets.opens[a] else late[i, 0]
            if g >= 0:
                hazard -= ties[g, 2]
            hazard *= risk[i]
            for j in range(p):
                scaled[k, j] = hazard * design[i, j]
        np.dot(design[start : start + size].T, scaled[:size], part)
        out += part
    return out


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _mean_moments(s1, d1, ties):
    """Sum the outer products of the risk-set means over the tied denominators, (p, p), by products of blocks."""
    times, p = s1.shape
    out = np.zeros((p, p))
    part = np.empty((p, p))
    roots = np.empty((BLOCK, p))
    filled = 0
    for g in range(times):
        fold = ties[g, 4] / ties[g, 3]
        main = np.sqrt(ties[g, 3])
        rest = np.sqrt(max(ties[g, 5] - ties[g, 4] * fold, 0.0))
        for j in range(p):
            roots[filled, j] = main * s1[g, j]
        if fold > 0.0:
            for j in range(p):
                roots[filled, j] -= main * fold * d1[g, j]
        filled += 1
        if rest > 0.0:
            for j in range(p):
                roots[filled, j] = rest * d1[g, j]
            filled += 1
        if filled > BLOCK - 2 or g == times - 1:
            np.dot(roots[:filled].T, roots[:filled], part)
            out += part
            filled = 0
    return out
