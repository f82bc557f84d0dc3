"""Is a patient, all predictors together, unlike those of the training cohort? Squared Mahalanobis distance.

A combination can be foreign though each value is usual: 25 years and a creatinine of 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

Floats = NDArray[np.float64]

# Share of the training patients that lie within the limit.
QUANTILE = 0.99
# Eigenvalues of the correlation matrix below this share of the largest count as no spread at all.
RANK_TOLERANCE = 1e-10
# Distance from the plane of the training cohort, in standard deviations, that is no rounding.
OFF_PLANE = 1e-6


@dataclass(frozen=True)
class JointDistance:
    """Centre and spread of the training cohort on the design scale.

    Parameters
    ----------
    mean : (p,) of the design columns. scale : (p,) their standard deviations, 1 for a constant column.
    axes : (p, r) principal axes of the standardised columns that have a spread. spread : (r,) variance along each.
    limit : 99th percentile of the squared distances of the training patients (R's type 7).
    normal_limit : 99th percentile if the columns were jointly normal, chi-square with r degrees of freedom.
    """

    mean: Floats
    scale: Floats
    axes: Floats
    spread: Floats
    limit: float
    normal_limit: float

    @classmethod
    def fit(cls, design: Floats) -> JointDistance:
        """Learn mean and covariance (divisor n - 1) of the (n, p) uncentred training design, n at least 2.

        Collinear columns are no hindrance: the covariance is inverted where it has a spread (pseudo-inverse).
        """
        mean, scale = design.mean(axis=0), design.std(axis=0, ddof=1)
        # The mean of equal numbers can differ from them by rounding.
        scale = np.where(scale > RANK_TOLERANCE * np.abs(mean), scale, 1.0)
        standardised = (design - mean) / scale
        spread, axes = np.linalg.eigh(standardised.T @ standardised / (len(design) - 1))
        kept = spread > RANK_TOLERANCE * max(spread[-1], 0.0)
        learnt = cls(mean, scale, axes[:, kept], spread[kept], np.inf, float(chdtri(int(kept.sum()), 1 - QUANTILE)))
        limit = float(np.quantile(learnt.squared(design), QUANTILE))
        return cls(mean, scale, learnt.axes, learnt.spread, limit, learnt.normal_limit)

    @property
    def rank(self) -> int:
        """Dimensions in which training patients differ."""
        return len(self.spread)

    def squared(self, design: Floats) -> Floats:
        """Squared Mahalanobis distance of each row of an uncentred design, (m,).

        Infinite for a patient who breaks a relation that all training patients keep (two columns that always agreed).
        """
        standardised = (design - self.mean) / self.scale
        along = standardised @ self.axes
        off_plane = np.abs(standardised - along @ self.axes.T).max(axis=1, initial=0.0)
        return np.where(off_plane > OFF_PLANE, np.inf, (along**2 / self.spread).sum(axis=1))

    def outlying(self, design: Floats) -> NDArray[np.bool_]:
        """Tell which rows, (m,), are further from the centre than 99 % of the training patients."""
        # Rounding must not flag the training patient who sets the limit.
        return np.asarray(self.squared(design) > self.limit * (1 + 1e-9))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {"mean": self.mean, "scale": self.scale, "axes": self.axes, "spread": self.spread}

    def to_dict(self) -> dict[str, float]:
        """Return what is not an array."""
        return {"limit": self.limit, "normal_limit": self.normal_limit}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> JointDistance:
        """Rebuild from `to_dict` and `arrays`."""
        return cls(arrays["mean"], arrays["scale"], arrays["axes"], arrays["spread"], **stored)


def joint_remark(squared: float, limit: float) -> str:
    """Say that a combination of values is unusual though each may be usual; text of the remark P08."""
    far = (
        "breaks a relation that all training patients keep"
        if np.isinf(squared)
        else "is unusual in the training cohort"
    )
    return (
        f"the combination of the values {far} (squared Mahalanobis distance {squared:.3g}; "
        f"training 99th percentile {limit:.3g}), even if each value lies in its own range"
    )
