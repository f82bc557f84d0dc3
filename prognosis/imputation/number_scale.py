"""The scale on which a number is imputed for new patients: normal scores by its distribution in training."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

SHARES = np.linspace(0.0, 1.0, 101)
# Score of the smallest and largest value: the middle of the outermost half step.
EXTREME = 0.25 / 100


@dataclass(frozen=True)
class NumberScale:
    """Percentiles of a number in training and whether all its values were whole.

    A value becomes the normal quantile of its percentile (ties share the middle one), in units of the standard
    deviation of these scores; a score becomes the value of its percentile. So drawn values follow the skewness of the
    training values and never leave their range.

    Parameters
    ----------
    percentiles : (101,) minimum, 1st to 99th percentile, maximum. whole : drawn values are rounded.
    """

    percentiles: Floats
    whole: bool

    @classmethod
    def of(cls, values: Floats) -> NumberScale:
        """Learn the scale from training values, (n,)."""
        return cls(np.quantile(values, SHARES), bool((values == np.round(values)).all()))

    @cached_property
    def _knots(self) -> tuple[Floats, Floats]:
        value, place, count = np.unique(self.percentiles, return_inverse=True, return_counts=True)
        middle = np.bincount(place, weights=SHARES) / count
        score = ndtri(np.clip(middle, EXTREME, 1 - EXTREME))
        variance = float((count * score**2).sum() / count.sum() - ((count * score).sum() / count.sum()) ** 2)
        return value, score / np.sqrt(variance) if variance > 0 else np.zeros_like(score)

    def score(self, values: Floats) -> Floats:
        """Return normal scores, (n,); beyond the training range that of its end."""
        return np.asarray(np.interp(values, *self._knots))

    def value(self, score: Floats) -> Floats:
        """Return the values of normal scores, (n,)."""
        values = np.interp(ndtr(score), SHARES, self.percentiles)
        return np.round(values) if self.whole else np.asarray(values)
