"""Decision values of support vector machines in patients left out, many small machines in a row."""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_STEPS = 10_000_000
# Curvature of a pair of rows with equal columns, so that a step along it is finite.
FLAT = 1e-12


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pair(gram, alpha, gradient, sign, cost):
    """Return the pair of rows whose step gains most (-1 for none), and the two ends of the violation."""
    first, up = -1, -np.inf
    for t in range(sign.size):
        free = alpha[t] < cost[t] if sign[t] > 0 else alpha[t] > 0
        if free and -sign[t] * gradient[t] > up:
            up, first = -sign[t] * gradient[t], t
    second, low, best = -1, np.inf, 0.0
    for t in range(sign.size):
        free = alpha[t] > 0 if sign[t] > 0 else alpha[t] < cost[t]
        gap = up + sign[t] * gradient[t]
        if free:
            low = min(low, up - gap)
        if free and gap > 0:
            bend = max(gram[first, first] + gram[t, t] - 2 * gram[first, t], FLAT)
            if -gap * gap / bend < best:
                best, second = -gap * gap / bend, t
    return first, second, up, low


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def solve_dual(gram, sign, cost, tolerance):
    """Maximise the dual of the soft-margin machine by sequential minimal optimisation.

    Parameters
    ----------
    gram : (n, n) kernel. sign : (n,) 1 with the event, -1 without. cost : (n,) of each row. tolerance : largest
        violation of the optimality conditions.

    Returns
    -------
    Dual coefficients (n,), signed; and the constant of the decision value.

    Notes
    -----
    Pairs are chosen by second-order gain. Source: Fan, Chen and Lin (2005), as in libsvm.
    """
    n = sign.size
    alpha, gradient = np.zeros(n), -np.ones(n)
    for _ in range(MOST_STEPS):
        i, j, up, low = _pair(gram, alpha, gradient, sign, cost)
        if j < 0 or up - low < tolerance:
            break
        bend = max(gram[i, i] + gram[j, j] - 2 * gram[i, j], FLAT)
        step = (up + sign[j] * gradient[j]) / bend
        step = min(step, cost[i] - alpha[i] if sign[i] > 0 else alpha[i])
        step = min(step, alpha[j] if sign[j] > 0 else cost[j] - alpha[j])
        alpha[i] += sign[i] * step
        alpha[j] -= sign[j] * step
        for k in (i, j):
            # at a bound exactly, or rounding would leave it among the free
            if alpha[k] < 1e-14 * cost[k]:
                alpha[k] = 0.0
            elif alpha[k] > cost[k] * (1 - 1e-14):
                alpha[k] = cost[k]
        for t in range(n):
            gradient[t] += sign[t] * step * (gram[t, i] - gram[t, j])
    return alpha * sign, _constant(alpha, gradient, sign, cost)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _constant(alpha, gradient, sign, cost):
    """Mean over the rows on the margin; without any, the middle of what the others allow."""
    total, count, upper, lower = 0.0, 0, np.inf, -np.inf
    for t in range(sign.size):
        value = sign[t] * gradient[t]
        if 0 < alpha[t] < cost[t]:
            total += value
            count += 1
        elif (alpha[t] == 0) == (sign[t] > 0):
            upper = min(upper, value)
        else:
            lower = max(lower, value)
    return -total / count if count else -(upper + lower) / 2


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _gram(z, gamma):
    """Gaussian kernel of all rows, the linear one where gamma is 0."""
    n = z.shape[0]
    gram = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for c in range(z.shape[1]):
                total += (z[i, c] - z[j, c]) ** 2 if gamma > 0 else z[i, c] * z[j, c]
            gram[i, j] = gram[j, i] = np.exp(-gamma * total) if gamma > 0 else total
    return gram


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def decisions_left_out(design, sign, weight, cost, fold, gamma, tolerance):
    """Train a machine without each fold and return the decision values in it, (n,).

    Parameters
    ----------
    design : (n, columns), standardised here by the weighted rows of each training part. weight, cost : (n,).
    fold : (n,) from 0. gamma : of the Gaussian kernel, 0 for a linear machine.
    """
    n, columns = design.shape
    out = np.empty(n)
    z = np.empty((n, columns))
    for k in range(fold.max() + 1):
        inside = fold != k
        total = weight[inside].sum()
        for c in range(columns):
            column = design[:, c]
            mean = (weight[inside] * column[inside]).sum() / total
            spread = np.sqrt((weight[inside] * (column[inside] - mean) ** 2).sum() / total)
            varies = column[inside].max() > column[inside].min()
            z[:, c] = (column - mean) / (spread if varies else 1.0)
        gram = _gram(z, gamma)
        train = np.flatnonzero(inside)
        dual, constant = solve_dual(gram[train][:, train], sign[train], cost[train], tolerance)
        for i in np.flatnonzero(~inside):
            out[i] = constant
            for place in range(train.size):
                out[i] += dual[place] * gram[i, train[place]]
    return out
