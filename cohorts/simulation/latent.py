"""Correlated covariates from normal variables that nobody sees: cut at quantiles, or stretched to a measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cohorts.simulation.effects import Bools, Floats

NORMAL = NormalDist()


def loaded(shared: Floats, loading: float, rng: np.random.Generator) -> Floats:
    """Return standard normal values that correlate with standard normal `shared` by `loading`."""
    return loading * shared + np.sqrt(1 - loading**2) * rng.standard_normal(len(shared))


def present(latent: Floats, share: float) -> Bools:
    """Return who has a finding that this share of people has: those with the highest latent values."""
    return np.asarray(latent > NORMAL.inv_cdf(1 - share))


def classes(latent: Floats, shares: Mapping[str, float]) -> NDArray[np.int8]:
    """Return the place of each patient's class; classes take their shares from the lowest latent values upwards."""
    cuts = [NORMAL.inv_cdf(min(total, 1 - 1e-12)) for total in accumulate(shares.values())][:-1]
    return np.searchsorted(np.array(cuts), latent).astype(np.int8)


def measured(latent: Floats, low: float, high: float, decimals: int, middle: float, spread: float) -> Floats:
    """Return a normal measurement within limits, rounded as a laboratory does."""
    return np.clip(np.round(middle + spread * latent, decimals), low, high)


def measured_log(latent: Floats, low: float, high: float, decimals: int, median: float, spread: float) -> Floats:
    """Return a lognormal measurement within limits, rounded; `spread` is that of its logarithm."""
    return np.clip(np.round(median * np.exp(spread * latent), decimals), low, high)


def picked(rng: np.random.Generator, shares: Sequence[float], n: int) -> NDArray[np.int8]:
    """Return places drawn with these probabilities, independent of everything else."""
    edges = np.cumsum(shares)[:-1]
    return np.searchsorted(edges, rng.random(n), side="right").astype(np.int8)
