"""Resamples with seeds that depend on the run seed and the index only, never on the number of workers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bootstrap_rows(n: int, seed: int, index: int) -> NDArray[np.int64]:
    """Draw the rows of bootstrap resample number `index`, (n,) with replacement."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, index]))
    return generator.integers(0, n, n)


def bootstrap_clusters(cluster: NDArray[np.int64], seed: int, index: int) -> NDArray[np.int64]:
    """Draw whole clusters, as many as there are, and return their rows; `cluster` is 0, 1, ..., (n,).

    Rows of one cluster (visits of a patient, patients of a hospital) are no independent evidence: drawn one by one,
    they would stand on both sides of a resample.
    """
    count = np.bincount(cluster)
    rows = np.split(np.argsort(cluster, kind="stable"), np.cumsum(count)[:-1])
    return np.concatenate([rows[drawn] for drawn in bootstrap_rows(len(count), seed, index)])
