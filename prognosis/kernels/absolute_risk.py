"""Absolute risk of one cause with the others competing, and its variance, in one walk over the event times.

F(t) = sum over u <= t of S(u-) dL1(u). A change of dLk(s) moves F(t) by ``[k = 1] S(s-) - (F(t) - F(s)) w(s)``, with
w = 1 for S = exp(-L) and 1 / (1 - dL) for the product limit; sums of such terms over s need only what has been summed
so far, so that every horizon is answered on the way.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def absolute_risk(ratio, centred, steps, covariance, until, product_limit):
    """Return risk and variance of m patients at h horizons, both (m, h), of the first of K causes.

    Parameters
    ----------
    ratio : (m, K) relative hazards. centred : (K, m, p) covariates minus the training means of each cause.
    steps : hazard (G, K), its variance (G, K), and risk-set mean times hazard (G, K, p) at the G times of any event.
    covariance : (K, p, p) of the coefficients. until : (h,) number of times up to each horizon, not decreasing.
    product_limit : survival as a product, else exponential.
    """
    hazard, variance, drift = steps
    m, causes = ratio.shape
    p = centred.shape[2]
    risk = np.zeros((m, until.size))
    error = np.zeros((m, until.size))
    for i in range(m):
        survival, reached, cumulative = 1.0, 0.0, 0.0
        # Sums over s of v, of v times a + F w, and so on: noise (K, 3) and drift (K, 2, p); own = [k = 1] S(s-) + F w.
        noise = np.zeros((causes, 3))
        shift = np.zeros((causes, 2, p))
        place = 0
        for g in range(hazard.shape[0]):
            while place < until.size and until[place] <= g:
                risk[i, place] = reached
                error[i, place] = _variance(reached, noise, shift, covariance)
                place += 1
            if place == until.size:
                break
            total = 0.0
            for k in range(causes):
                total += ratio[i, k] * hazard[g, k]
            # More hazard than there is survival left: the causes share what is left.
            share = 1.0 / total if product_limit and total > 1.0 else 1.0
            reached += survival * share * ratio[i, 0] * hazard[g, 0]
            w = 1.0
            if product_limit:
                w = 1.0 / (1.0 - total) if total < 1.0 else 0.0
            for k in range(causes):
                own = reached * w + (survival if k == 0 else 0.0)
                spread = ratio[i, k] * ratio[i, k] * variance[g, k]
                noise[k, 0] += own * own * spread
                noise[k, 1] += own * w * spread
                noise[k, 2] += w * w * spread
                for j in range(p):
                    moved = ratio[i, k] * (centred[k, i, j] * hazard[g, k] - drift[g, k, j])
                    shift[k, 0, j] += own * moved
                    shift[k, 1, j] += w * moved
            cumulative += total
            survival = survival * max(1.0 - total, 0.0) if product_limit else np.exp(-cumulative)
        while place < until.size:
            risk[i, place] = reached
            error[i, place] = _variance(reached, noise, shift, covariance)
            place += 1
    return risk, error


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _variance(reached, noise, shift, covariance):
    """Variance of the risk reached so far, from the sums of `absolute_risk`."""
    causes, _, p = shift.shape
    out = 0.0
    for k in range(causes):
        out += noise[k, 0] - 2.0 * reached * noise[k, 1] + reached * reached * noise[k, 2]
        for a in range(p):
            left = shift[k, 0, a] - reached * shift[k, 1, a]
            for b in range(p):
                out += left * covariance[k, a, b] * (shift[k, 0, b] - reached * shift[k, 1, b])
    return max(out, 0.0)
