"""First-order features: the distribution of intensities inside a region, wherever they lie."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from imaging_head.region import Region


def first_order(region: Region, bin_width: float) -> Mapping[str, float]:
    """Return the 18 first-order features by name.

    Parameters
    ----------
    region : of the image. bin_width : of the histogram that entropy and uniformity are taken from.

    Notes
    -----
    Moments divide by n; kurtosis is 3 for a normal distribution; percentiles interpolate linearly; skewness and
    kurtosis of equal intensities are 0. Energy grows with the region, total energy is energy times the volume of a
    voxel. Definitions: pyradiomics 3 (van Griethuysen et al. 2017), which deviates from IBSI in kurtosis and bins.
    """
    x = region.values
    mean, (p10, q1, median, q3, p90) = x.mean(), np.percentile(x, (10, 25, 50, 75, 90))
    away, central = x - mean, x[(x >= p10) & (x <= p90)]
    variance, energy = float((away**2).mean()), float((x**2).sum())
    share = shares(region.levels(bin_width)[region.mask])
    found = {
        "10Percentile": p10,
        "90Percentile": p90,
        "Energy": energy,
        "Entropy": -(share * np.log2(share)).sum(),
        "InterquartileRange": q3 - q1,
        "Kurtosis": (away**4).mean() / variance**2 if variance else 0.0,
        "Maximum": x.max(),
        "MeanAbsoluteDeviation": np.abs(away).mean(),
        "Mean": mean,
        "Median": median,
        "Minimum": x.min(),
        "Range": np.ptp(x),
        "RobustMeanAbsoluteDeviation": np.abs(central - central.mean()).mean(),
        "RootMeanSquared": np.sqrt(energy / len(x)),
        "Skewness": (away**3).mean() / variance**1.5 if variance else 0.0,
        "TotalEnergy": energy * region.voxel,
        "Uniformity": (share**2).sum(),
        "Variance": variance,
    }
    return {name: float(value) for name, value in found.items()}


def shares(levels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of the voxels at each grey level that occurs."""
    return np.unique(levels, return_counts=True)[1] / len(levels)
