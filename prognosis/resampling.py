"""Resamples with seeds that depend on the run seed and the index only, never on the number of workers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bootstrap_rows(n: int, seed: int, index: int) -> NDArray[np.int64]:
    """Draw the rows of bootstrap resample number `index`, (n,) with replacement."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, index]))
    return generator.integers(0, n, n)
