"""Shapley values by asking every coalition of variables: exact, for few variables."""

from __future__ import annotations

from math import comb

import numpy as np
from numpy.typing import NDArray

from prognosis.explaining.coalitions import Played

Floats = NDArray[np.float64]
# Variables up to which all coalitions are asked unless another method is wanted, and beyond which they never are.
USUAL, MOST = 12, 16


def enumerated(game: Played, variables: int) -> tuple[Floats, Floats]:
    """Return the value of each variable, (variables, h), and the worth of the empty coalition, (h,)."""
    known = coalitions(variables)
    worth = game.worth(known)
    return shapley_matrix(known) @ worth, worth[0]


def coalitions(variables: int) -> NDArray[np.bool_]:
    """Return every subset, (2 ** variables, variables); row r holds the bits of r."""
    return (np.arange(2**variables)[:, None] >> np.arange(variables)) % 2 == 1


def shapley_matrix(known: NDArray[np.bool_]) -> Floats:
    """Return what turns the worth of all coalitions into Shapley values, (variables, 2 ** variables).

    A coalition of s variables without i counts ``-s! (v - s - 1)! / v!`` for i, with it what it counts as the larger
    one of its pair.
    """
    v = known.shape[1]
    size = known.sum(axis=1)
    with_it = np.array([1 / (v * comb(v - 1, max(s - 1, 0))) for s in range(v + 1)])[size]
    without = np.array([1 / (v * comb(v - 1, min(s, v - 1))) for s in range(v + 1)])[size]
    return np.where(known, with_it[:, None], -without[:, None]).T
