"""Decision values of a small support vector machine, in the rows that it was trained on and in others."""

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
def decisions_of(z, sign, cost, seen, gamma, tolerance):
    """Train a machine on the rows seen and return the decision values of all, (n,).

    Parameters
    ----------
    z : (n, columns), standardised. sign : (n,) 1 with the event, -1 without. cost : (n,). seen : (n,).
    gamma : of the Gaussian kernel, 0 for a linear machine. tolerance : see `solve_dual`.
    """
    gram, train = _gram(z, gamma), np.flatnonzero(seen)
    m = train.size
    own, own_sign, own_cost = np.empty((m, m)), np.empty(m), np.empty(m)
    for a in range(m):
        own_sign[a], own_cost[a] = sign[train[a]], cost[train[a]]
        for b in range(m):
            own[a, b] = gram[train[a], train[b]]
    dual, constant = solve_dual(own, own_sign, own_cost, tolerance)
    out = np.full(sign.size, constant)
    for i in range(sign.size):
        for a in range(m):
            out[i] += dual[a] * gram[i, train[a]]
    return out
