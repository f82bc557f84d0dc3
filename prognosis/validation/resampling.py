"""Resamples with seeds that depend on the run seed and the index only, never on the number of workers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
# Third word of the seed of folds; resamples have two.
FOLDS = 1


def bootstrap_rows(n: int, seed: int, index: int) -> Integers:
    """Draw the rows of bootstrap resample number `index`, (n,) with replacement."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, index]))
    return generator.integers(0, n, n)


def bootstrap_clusters(cluster: Integers, seed: int, index: int) -> Integers:
    """Draw whole clusters, as many as there are, and return their rows; `cluster` is 0, 1, ..., (n,).

    Rows of one cluster (visits of a patient, patients of a hospital) are no independent evidence: drawn one by one,
    they would stand on both sides of a resample.
    """
    count = np.bincount(cluster)
    rows = np.split(np.argsort(cluster, kind="stable"), np.cumsum(count)[:-1])
    return np.concatenate([rows[drawn] for drawn in bootstrap_rows(len(count), seed, index)])


def dealt_folds(event: Integers, cluster: Integers | None, k: int, seed: int, repeat: int) -> Integers:
    """Deal rows (or whole clusters) into k folds of nearly equal size and share of every event code, (n,) from 0.

    The stream is another one than that of the bootstrap's resamples.
    """
    generator = np.random.default_rng(np.random.SeedSequence([seed, repeat, FOLDS]))
    if cluster is None:
        return _dealt(event, k, generator)
    # a cluster counts by the most telling of its rows
    code = np.zeros(int(cluster.max()) + 1, np.int64)
    np.maximum.at(code, cluster, np.where(event == 1, event.max() + 1, event))
    return _dealt(code, k, generator)[cluster]


def _dealt(code: Integers, k: int, generator: np.random.Generator) -> Integers:
    order = generator.permutation(len(code))
    # Sorted by code, the shuffled units are dealt round like cards: sizes differ by one at most.
    dealt = order[np.argsort(code[order], kind="stable")]
    fold = np.empty(len(code), np.int64)
    fold[dealt] = np.arange(len(code)) % k
    return fold
