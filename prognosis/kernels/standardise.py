"""Columns of a design centred at their weighted means, scaled by their weighted spread, rows in a given order."""

from __future__ import annotations

import numpy as np
from numba import njit

# The order of rows that stay where they are.
IN_PLACE = np.empty(0, np.int64)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def standardised(design, weight, order):
    """Return the standardised design (n, p) and what `standardise` returns."""
    out = np.empty(design.shape)
    means, scales, squares = standardise(design, weight, order, out)
    return out, means, scales, squares


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def standardise(design, weight, order, out):
    """Write the standardised design to `out` (n, p); return means, scales (0: constant column) and sums of squares.

    Row i of the result is row ``order[i]`` of the design; an empty order leaves the rows where they are.

    The sums of squares are unweighted, about the unweighted mean. A constant column is left at zero.
    """
    n, p = design.shape
    total = weight.sum()
    means, plain = np.zeros(p), np.zeros(p)
    lowest, highest = design[0].copy(), design[0].copy()
    # loops of one statement: in longer ones the compiler does not see that the arrays are different
    for i in range(n):
        for j in range(p):
            means[j] += weight[i] * design[i, j]
        for j in range(p):
            plain[j] += design[i, j]
        for j in range(p):
            lowest[j] = min(lowest[j], design[i, j])
        for j in range(p):
            highest[j] = max(highest[j], design[i, j])
    means /= total
    plain /= n
    scales, squares = np.zeros(p), np.zeros(p)
    for i in range(n):
        for j in range(p):
            centred, own = design[i, j] - means[j], design[i, j] - plain[j]
            scales[j] += weight[i] * centred * centred
            squares[j] += own * own
    scales = np.sqrt(scales / total)
    inverse = np.zeros(p)
    for j in range(p):
        if highest[j] > lowest[j]:
            inverse[j] = 1.0 / scales[j]
        else:
            scales[j] = 0.0
    for i in range(n):
        row = order[i] if order.size else i
        for j in range(p):
            out[i, j] = (design[row, j] - means[j]) * inverse[j]
    return means, scales, squares


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def standardise_columns(design, weight, out):
    """Do the same for a design whose columns are contiguous, as those of a frame are; rows stay where they are.

    Moments are summed about a value near the mean, the average of a thousand rows spread over all, so that one pass
    keeps the digits of a column far from zero; a second is made about the mean itself where that was not near.
    """
    n, p = design.shape
    total = weight.sum()
    means, scales, squares, inverse = np.zeros(p), np.zeros(p), np.zeros(p), np.zeros(p)
    for j in range(p):
        column = design[:, j]
        near = column[:: max(n // 1000, 1)].mean()
        weighted, plain, weighted_square, square = _moments(column, weight, near)
        if weighted * weighted > 0.5 * total * weighted_square:
            near += weighted / total
            weighted, plain, weighted_square, square = _moments(column, weight, near)
        means[j] = near + weighted / total
        squares[j] = square - plain * plain / n
        if _differs(column):
            scales[j] = np.sqrt(weighted_square / total - (weighted / total) ** 2)
            inverse[j] = 1.0 / scales[j]
    for i in range(n):
        for j in range(p):
            out[i, j] = (design[i, j] - means[j]) * inverse[j]
    return means, scales, squares


# sums in an order of the compiler's choice, several at a time; infinities and not-a-numbers stay what they are
@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})  # type: ignore[untyped-decorator]
def _moments(column, weight, near):
    """Sum the deviations from a value and their squares, weighted and plain."""
    weighted, plain, weighted_square, square = 0.0, 0.0, 0.0, 0.0
    for i in range(column.size):
        off = column[i] - near
        weighted += weight[i] * off
        plain += off
        weighted_square += weight[i] * off * off
        square += off * off
    return weighted, plain, weighted_square, square


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _differs(column):
    """Tell whether any value is another one than the first."""
    same = 1
    while same < column.size and column[same] == column[0]:
        same += 1
    return same < column.size
