"""Newton's search for the maximum of a likelihood, and whether there is one: the same for every regression."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Value, score (p,) and curvature (p, p): minus the second derivatives.
State = tuple[float, Floats, Floats]

MAX_ITERATIONS = 200
# Predicted gain in log-likelihood at which one last step makes the error negligible (quadratic convergence).
LAST_GAIN = 1e-12
# A step is halved until it is this part of itself.
SHORTEST = 1e-8
# Information at the estimate over that at the start, in the worst direction: below this there is no maximum.
VANISHED = 1e-7
# As a part of the largest: below this an eigenvalue of an information is rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Maximum:
    """Where the steps ended: coefficients with value, score and curvature there.

    `converged` is False when the steps came to no end, led to no gain, or ended where nothing is finite.
    """

    beta: Floats
    value: float
    score: Floats
    curvature: Floats
    iterations: int
    converged: bool


def climb(
    objective: Callable[[Floats], State],
    start: Floats,
    step_of: Callable[[Floats, State], Floats],
    *,
    state: State | None = None,
    last: float = LAST_GAIN,
    longest: float = np.inf,
) -> Maximum:
    """Take Newton steps, halved where the value falls, until one step past a promised gain below `last`.

    Parameters
    ----------
    objective : value, score and curvature at coefficients; a value that is not finite is never accepted.
    start : (p,). step_of : the step from coefficients and state; not a number where there is none.
    state : of the start, if it is known. longest : largest change of a coefficient in one step.
    """
    beta, state = start, objective(start) if state is None else state
    for iteration in range(1, MAX_ITERATIONS + 1):
        value, score, _ = state
        step = step_of(beta, state)
        if not np.isfinite(step).all():
            return Maximum(beta, *state, iteration, converged=False)
        gain = float(score @ step)
        if (widest := float(np.abs(step).max(initial=0.0))) > longest:
            step = step * (longest / widest)
        lowest = value - 1e-9 * max(1.0, abs(value))
        candidate, fraction = objective(beta + step), 1.0
        while not lowest <= candidate[0] < np.inf and fraction > SHORTEST:
            fraction /= 2
            candidate = objective(beta + fraction * step)
        if not lowest <= candidate[0] < np.inf:
            return Maximum(beta, *state, iteration, converged=False)
        beta, state = beta + fraction * step, candidate
        if 0 <= gain < last:
            return Maximum(beta, *state, iteration, converged=all(np.isfinite(part).all() for part in state[1:]))
    return Maximum(beta, *state, MAX_ITERATIONS, converged=False)


def inverse_of(curvature: Floats) -> Floats:
    """Inverse of a positive definite matrix; not a number where it is none."""
    try:
        inverse = np.asarray(np.linalg.inv(curvature), float)
    except np.linalg.LinAlgError:
        return np.full_like(curvature, np.nan)
    return inverse if (np.diag(inverse) > 0).all() else np.full_like(curvature, np.nan)


def vanished_direction(before: Floats, after: Floats, limit: float = VANISHED) -> Floats | None:
    """Find the direction in which the information has vanished on the way to the estimate, or None.

    Parameters
    ----------
    before, after : (p, p) information at the start and at the estimate, which must be finite.

    Returns
    -------
    (p,) absolute weights of the coefficients. A collinear direction has little information at both ends: the ratio
    tells it from one in which the likelihood keeps growing.
    """
    values, axes = np.linalg.eigh(before)
    whiten = axes / np.sqrt(np.maximum(values, ROUNDING * values[-1]))
    ratios, directions = np.linalg.eigh(whiten.T @ after @ whiten)
    return None if ratios[0] >= limit else np.abs(whiten @ directions[:, 0])


def named(names: tuple[str, ...], weight: Floats, part: float) -> list[str]:
    """Columns whose weight is above a part of the largest."""
    return [name for name, w in zip(names, weight, strict=True) if w > part * weight.max()]
