"""Shapley values by letting variables in one by one in random orders: for many variables, with their error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from prognosis.explaining.coalitions import Played

Floats = NDArray[np.float64]
# Random orders, each followed by its reverse.
PAIRS = 32


def sampled(game: Played, orders: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Return the value of each variable, (variables, h), the worth of the empty coalition, (h,), and standard errors.

    Every order is walked forwards and backwards (antithetic: Mitchell et al. 2022), and a pair's mean is one
    observation; the errors, (variables, h), are those of the mean over the pairs and know of no other uncertainty.
    Values and worth sum to the answer whatever the orders.

    Parameters
    ----------
    orders : (pairs, variables) permutations, at least two.
    """
    both = np.concatenate([orders, orders[:, ::-1]])
    walks, v = both.shape
    # the number of variables before each one in each order
    rank = np.empty_like(both)
    np.put_along_axis(rank, both, np.arange(v)[None, :], axis=1)
    known = rank[:, None, :] < np.arange(v + 1)[None, :, None]
    worth = game.worth(known.reshape(-1, v)).reshape(walks, v + 1, -1)
    gained = np.diff(worth, axis=1)
    each = np.take_along_axis(gained, rank[:, :, None], axis=1)
    pairs = (each[: len(orders)] + each[len(orders) :]) / 2
    error = pairs.std(axis=0, ddof=1) / np.sqrt(len(pairs))
    return pairs.mean(axis=0), worth[0, 0], error


def random_orders(variables: int, seed: int) -> NDArray[np.int64]:
    """Return `PAIRS` orders of the variables, the same for every patient, so that one does not depend on others."""
    draw = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    return draw.permuted(np.tile(np.arange(variables), (PAIRS, 1)), axis=1)
