"""Texture of pairs: the grey-level co-occurrence matrix (GLCM) of neighbouring voxels, and its features."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from imaging_head.region import Region

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# One of each pair of opposite directions to the 26 neighbours: the matrices are symmetric.
DIRECTIONS = tuple(step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0))


def grey_level_pairs(region: Region, bin_width: float, *, in_plane: bool = False) -> Mapping[str, float]:
    """Return the 24 features of the co-occurrence matrix by name.

    Parameters
    ----------
    region : of the image. bin_width : of the grey levels. in_plane : pairs within a slice only.

    Notes
    -----
    Neighbours at distance 1 in 13 directions (4 within a slice), both inside the mask; one symmetric matrix a
    direction; features are means over the directions that have a pair. A region without any pair has no such features
    (not a number). Where all pairs are of one level, the correlation is 1 and the measures of information are 0; the
    maximal correlation is 1 only where the whole region has one level.
    Definitions: Haralick (1973), pyradiomics 3.
    """
    levels = region.levels(bin_width)
    flat = len(np.unique(levels[region.mask])) == 1
    found = [_features(matrix, flat) for matrix in matrices(levels, in_plane=in_plane)]
    if not found:
        return dict.fromkeys(_features(np.ones((1, 1)), flat), float("nan"))
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def matrices(levels: Integers, *, in_plane: bool = False) -> list[Floats]:
    """Return the matrix of each direction that has a pair: shares of the pairs, (levels, levels), symmetric.

    Parameters
    ----------
    levels : (z, y, x) from 1, 0 outside.
    """
    highest = int(levels.max())
    out = []
    for step in DIRECTIONS:
        if in_plane and step[0]:
            continue
        here = levels[tuple(slice(max(-s, 0), levels.shape[axis] - max(s, 0)) for axis, s in enumerate(step))]
        there = levels[tuple(slice(max(s, 0), levels.shape[axis] - max(-s, 0)) for axis, s in enumerate(step))]
        both = (here > 0) & (there > 0)
        if both.any():
            pairs = (here[both] - 1) * highest + there[both] - 1
            counts = np.bincount(pairs, minlength=highest**2).reshape(highest, highest)
            out.append((counts + counts.T) / (2.0 * both.sum()))
    return out


def _features(p: Floats, flat: bool) -> dict[str, float]:
    """Features of one symmetric matrix of shares; `flat` : the region has one level."""
    size = len(p)
    i = np.arange(1.0, size + 1)
    margin = p.sum(axis=0)
    mean = float(i @ margin)
    variance = float((i - mean) ** 2 @ margin)
    away = i[:, None] + i[None, :] - 2 * mean
    apart, together = _diagonals(p)
    k, total = np.arange(float(size)), np.arange(2.0, 2 * size + 1)
    average = float(k @ apart)
    joint = _entropy(p.ravel())
    return {
        "Autocorrelation": float(i @ p @ i),
        "ClusterProminence": float((away**4 * p).sum()),
        "ClusterShade": float((away**3 * p).sum()),
        "ClusterTendency": float((away**2 * p).sum()),
        "Contrast": float(k**2 @ apart),
        "Correlation": float((i - mean) @ p @ (i - mean)) / variance if variance else 1.0,
        "DifferenceAverage": average,
        "DifferenceEntropy": _entropy(apart),
        "DifferenceVariance": float((k - average) ** 2 @ apart),
        "Id": float((apart / (1 + k)).sum()),
        "Idm": float((apart / (1 + k**2)).sum()),
        "Idmn": float((apart / (1 + k**2 / size**2)).sum()),
        "Idn": float((apart / (1 + k / size)).sum()),
        **_information(margin, joint),
        "InverseVariance": float((apart[1:] / k[1:] ** 2).sum()),
        "JointAverage": mean,
        "JointEnergy": float((p**2).sum()),
        "JointEntropy": joint,
        "MCC": 1.0 if flat else _maximal_correlation(p, margin),
        "MaximumProbability": float(p.max()),
        "SumAverage": float(total @ together),
        "SumEntropy": _entropy(together),
        "SumSquares": variance,
    }


def _diagonals(p: Floats) -> tuple[Floats, Floats]:
    """Shares of the pairs by difference (from 0) and by sum (from 2) of their levels."""
    row, column = np.indices(p.shape)
    apart: Floats = np.bincount(np.abs(row - column).ravel(), p.ravel(), minlength=len(p)).astype(float)
    together: Floats = np.bincount((row + column).ravel(), p.ravel(), minlength=2 * len(p) - 1).astype(float)
    return apart, together


def _entropy(share: Floats) -> float:
    """Entropy in bits; a share of 0 adds nothing."""
    some = share[share > 0]
    return float(-(some * np.log2(some)).sum()) + 0.0


def _information(margin: Floats, joint: float) -> dict[str, float]:
    """Haralick's two measures of correlation; the mutual information is never below 0."""
    alone = _entropy(margin)
    mutual = max(2 * alone - joint, 0.0)
    return {
        "Imc1": -mutual / alone if alone > 0 else 0.0,
        # base e on bits, as pyradiomics has it
        "Imc2": float(np.sqrt(1 - np.exp(-2 * mutual))),
    }


def _maximal_correlation(p: Floats, margin: Floats) -> float:
    """Second largest singular value of the matrix divided by the roots of its margins; 0 where there is one level."""
    some = margin > 0
    if some.sum() < 2:
        return 0.0
    root = np.sqrt(margin[some])
    scaled = np.linalg.eigvalsh(p[np.ix_(some, some)] / np.outer(root, root))
    return float(np.sort(np.abs(scaled))[-2])
