"""Fuzzy c-means: every pixel belongs to every cluster by a share; no labels, no training (Bezdek 1981)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings, warn_findings

Floats = NDArray[np.float64]
# Pixels times clusters held at a time.
BLOCK = 1_000_000


@dataclass(frozen=True, eq=False)
class FuzzyClusters:
    """Clusters of pixels.

    Parameters
    ----------
    centres : (clusters, features), rising by the first feature. fuzziness : the exponent m.
    objective : (steps,) sum over pixels and clusters of membership ** m times squared distance; it never rises.
    findings : I92 where the centres still moved when the steps were used up.
    """

    centres: Floats
    fuzziness: float
    objective: tuple[float, ...]
    findings: tuple[Finding, ...] = ()

    def memberships(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return the shares of pixels, (pixels, features) to (pixels, clusters); each row sums to 1.

        Raises
        ------
        FitError
            I92 values that are not finite, or of other features.
        """
        _check_values(values)
        if values.shape[1] != self.centres.shape[1]:
            rule = f"pixels of {values.shape[1]} features, clusters of {self.centres.shape[1]}"
            raise FitError(Finding("I92", rule, "give the features that were clustered"))
        shares = np.empty((len(values), len(self.centres)), np.float32)
        for rows, block in _blocks(values, len(self.centres)):
            shares[rows] = _shares(_distances(block, self.centres), self.fuzziness)
        return shares


def fuzzy_c_means(
    values: NDArray[Any], clusters: int = 2, fuzziness: float = 2.0, steps: int = 300, tolerance: float = 1e-4
) -> FuzzyClusters:
    """Cluster pixels so that the sum of membership ** m times squared Euclidean distance is small.

    Parameters
    ----------
    values : (pixels, features), finite; features count by their scale, so standardise them before.
    clusters : at least 2. fuzziness : m above 1; near 1 it is k-means, 2 is Bezdek's usual value.
    steps : most of them. tolerance : the centres rest when none moves by more than this share of the pixels' spread.

    Returns
    -------
    FuzzyClusters
        Of two starts, both without chance (quantiles, and even steps, along the first principal axis), the one that
        ends lower. Only blocks of pixels are held besides the values.

    Raises
    ------
    FitError
        I92 fewer distinct pixels than clusters (a constant image), values that are not finite, settings that mean
        nothing.

    Notes
    -----
    Given the centres, the share of cluster i is proportional to d_i ** (-2 / (m - 1)), and given the shares the centre
    is the mean weighted by share ** m: each step lowers the objective or leaves it. It is a local optimum, and one that
    likes clusters of like size: a lesion of a few pixels in a large picture gets none, so cut the picture near it.
    """
    _check_values(values)
    faults = [
        (clusters < 2, f"{clusters} clusters", "at least 2"),
        (not 1 < fuzziness <= 100, f"fuzziness {fuzziness}", "a number above 1; 2 is usual"),
        (steps < 1 or not 0 < tolerance < 1, f"{steps} steps, tolerance {tolerance}", "at least one; 1e-4 is usual"),
        (_fewer_distinct(values, clusters), f"fewer than {clusters} distinct pixels: nothing divides them",
         "see whether the image is constant"),
    ]  # fmt: skip
    raise_findings((Finding("I92", rule, way_out) for wrong, rule, way_out in faults if wrong), FitError)
    mean = values.mean(axis=0, dtype=np.float64)
    scatter = sum(((block - mean).T @ (block - mean) for _, block in _blocks(values, 1)), start=np.zeros((1, 1)))
    rest = tolerance * float(np.sqrt(np.trace(scatter) / len(values)))
    starts = _starts(values, mean, np.linalg.eigh(scatter)[1][:, -1], clusters)
    runs = [_descend(values, start, fuzziness, steps, rest) for start in starts]
    best = min(runs, key=lambda run: run.objective[-1])
    warn_findings(best.findings)
    return best


def _descend(values: NDArray[Any], centres: Floats, fuzziness: float, steps: int, rest: float) -> FuzzyClusters:
    objective: list[float] = []
    moved = np.inf
    while len(objective) < steps and moved > rest:
        sums, weight, cost = np.zeros_like(centres), np.zeros(len(centres)), 0.0
        for _, block in _blocks(values, len(centres)):
            distance = _distances(block, centres)
            share = _shares(distance, fuzziness) ** fuzziness
            sums += share.T @ block
            weight += share.sum(axis=0)
            cost += float((share * distance).sum())
        # a crisp cluster far from every pixel may weigh nothing: it stays where it is
        found = np.divide(sums, weight[:, None], out=centres.copy(), where=weight[:, None] > 0)
        moved = float(np.abs(found - centres).max())
        centres = found
        objective.append(cost)
    order = np.lexsort(centres.T[::-1])
    rule = f"the centres still moved after {steps} steps"
    doubt = (Finding("I92", rule, "allow more steps, or fewer clusters", severity="warning"),) if moved > rest else ()
    return FuzzyClusters(centres[order], fuzziness, tuple(objective), doubt)


def _distances(block: Floats, centres: Floats) -> Floats:
    """Squared distances, (pixels, clusters); differences first, since products would cancel."""
    return np.stack([((block - centre) ** 2).sum(axis=1) for centre in centres], axis=1)


def _shares(distance: Floats, fuzziness: float) -> Floats:
    """Memberships from squared distances; a pixel on a centre belongs to it alone (to all that coincide, alike)."""
    nearest = distance.min(axis=1, keepdims=True)
    ratio = np.divide(nearest, distance, out=np.ones_like(distance), where=distance > 0)
    share = ratio ** (1 / (fuzziness - 1))
    return share / share.sum(axis=1, keepdims=True)


def _starts(values: NDArray[Any], mean: Floats, axis: Floats, clusters: int) -> tuple[Floats, Floats]:
    """Return two sets of centres on an axis through the mean."""
    along = np.concatenate([(block - mean) @ axis for _, block in _blocks(values, 1)])
    places = (np.arange(clusters) + 0.5) / clusters
    low, high = np.quantile(along, [0.005, 0.995])
    low, high = (low, high) if high > low else (along.min(), along.max())
    # quantiles of pixels that are mostly alike may coincide, and coinciding centres never part
    quantiles = np.quantile(along, places)
    even = low + places * (high - low)
    chosen = quantiles if len(np.unique(quantiles)) == clusters else along.min() + places * np.ptp(along)
    return mean + chosen[:, None] * axis, mean + even[:, None] * axis


def _blocks(values: NDArray[Any], clusters: int) -> Iterator[tuple[slice, Floats]]:
    size = max(1, BLOCK // clusters)
    for first in range(0, len(values), size):
        yield slice(first, first + size), values[first : first + size].astype(np.float64)


def _check_values(values: NDArray[Any]) -> None:
    if values.ndim != 2 or 0 in values.shape or not np.isfinite(values).all():
        rule = f"pixels of the shape {values.shape}, all of whose values must be finite"
        raise FitError(Finding("I92", rule, "give (pixels, features), and cut out what was not measured"))


def _fewer_distinct(values: NDArray[Any], clusters: int) -> bool:
    left = np.ones(len(values), bool)
    for _ in range(clusters):
        if not left.any():
            return True
        left &= (values != values[np.argmax(left)]).any(axis=1)
    return False
