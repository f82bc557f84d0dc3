"""The normal distribution for intervals and Wald tests, without importing scipy.stats."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc


def z_of_level(level: float) -> float:
    """Two-sided normal quantile, 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def two_sided_p(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two-sided p-value of a standard normal statistic, accurate in the far tail."""
    return np.asarray(erfc(np.abs(z) / np.sqrt(2)), dtype=float)
