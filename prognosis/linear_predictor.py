"""The linear predictor on the origin that all models share: the training means of all columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def linear_predictor_of(design: Floats, means: Floats, coefficients: Floats, offset: Floats | None = None) -> Floats:
    """Sum the coefficients times the distance of each column from its training mean, (m,), and an offset.

    Column by column: equal patients get equal values to the last bit, wherever they stand in the table. A matrix
    product does not promise that, and concordance would count such pairs as ordered.
    """
    eta = np.zeros(len(design)) if offset is None else np.array(offset, float)
    for column, mean, coefficient in zip(design.T, means, coefficients, strict=True):
        eta += (column - mean) * coefficient
    return eta
