"""Standard errors of cumulative incidences: the infinitesimal jackknife, and the variance of cmprsk's cuminc."""

from __future__ import annotations

import numpy as np

from prognosis.curves.counts import Counts
from prognosis.curves.hazard_steps import greenwood
from prognosis.curves.jackknife import Path, influence_products
from prognosis.curves.rows import Floats, Integers


def jackknife_error(counts: Counts, weight: Floats, codes: Integers, incidence: Floats) -> tuple[Floats, Floats]:
    """Return the standard errors of every incidence, (k, K), and of the event-free probability, (k,).

    `codes` : (n,) 0 for censored, j for the j-th cause. With u over the event times up to t, a row's influence on
    F_j(t) is the sum of its influence on S(u-) dH_j(u) minus (F_j(t) - F_j(u)) times that on H(u), so P - F_j(t) Q
    with two paths P and Q; nothing is summed over pairs of times.
    """
    survival, slopes = counts.survival, greenwood(counts)
    before = np.concatenate([[1.0], survival[:-1]])
    any_cause = Path(slopes.by_death[counts.place] * (codes > 0), slopes.by_risk)
    squares = influence_products(counts, weight, any_cause, any_cause)
    errors = []
    for j in range(incidence.shape[1]):
        free, reached = before / counts.n_risk, incidence[:, j]
        own = free[counts.place] * (codes == j + 1) + reached[counts.place] * any_cause.own
        path = Path(own, -free * counts.n_event[:, j] / counts.n_risk + reached * any_cause.risk)
        variance = influence_products(counts, weight, path, path) + reached**2 * squares
        variance = variance - 2 * reached * influence_products(counts, weight, path, any_cause)
        errors.append(np.sqrt(np.maximum(variance, 0.0)))
    return np.column_stack(errors), survival * np.sqrt(np.maximum(squares, 0.0))


def gray_error(counts: Counts, before: Floats, incidence: Floats, cause: int) -> Floats:
    """Return the standard error of one incidence as ``cmprsk::cuminc``, (k,).

    Source: Gray (1988), the variance with hypergeometric corrections of ties. `before` : (k,) S(t-).
    """
    y, own = counts.n_risk, counts.n_event[:, cause]
    other = counts.deaths - own
    after = before * np.where(counts.last_dies, 0.0, 1 - counts.deaths / y)
    inverse = np.divide(1.0, after, out=np.zeros(len(y)), where=after > 0)
    ratio = incidence * inverse
    of_own, of_other = ((before / y) ** 2 * d * _correct_ties(d, y) for d in (own, other))
    of_other = of_other * (after > 0)
    sums = [
        np.cumsum((1 + ratio) ** 2 * of_own + ratio**2 * of_other),
        np.cumsum(inverse * ((1 + ratio) * of_own + ratio * of_other)),
        np.cumsum(inverse**2 * (of_own + of_other)),
    ]
    variance = sums[0] - 2 * incidence * sums[1] + incidence**2 * sums[2]
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _correct_ties(d: Floats, y: Floats) -> Floats:
    return np.where(d > 1, 1 - (d - 1) / np.maximum(y - 1, 1), 1.0)
