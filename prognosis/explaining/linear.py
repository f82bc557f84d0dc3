"""Exact contributions to a linear predictor, columns summed into clinical variables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.explaining.explanation import Parts
from prognosis.preparation import Preparation

Floats = NDArray[np.float64]


def linear_values(estimate: Any, preparation: Preparation, design: Floats, offset: Floats | None) -> Parts:
    """Return coefficients times the distance of each column from its training mean, (m, variables, 1).

    The Shapley values of a linear predictor where variables are averaged over independently; of an interaction each of
    the two variables gets half. What they start from is the offset.
    """
    values = by_variable((design - estimate.means) * estimate.coefficients, preparation)
    return Parts(values[:, :, None], _column(offset, len(design)), None)


def native_values(estimate: Any, preparation: Preparation, design: Floats, offset: Floats | None) -> Parts:
    """Return the model's own contributions of columns, summed: ``estimate.linear_contributions``."""
    values, base = estimate.linear_contributions(design)
    return Parts(by_variable(values, preparation)[:, :, None], base + _column(offset, len(design)), None)


def by_variable(parts: Floats, preparation: Preparation) -> Floats:
    """Sum the contributions of columns, (m, columns), into variables, (m, variables); interactions equally."""
    place = {variable: number for number, variable in enumerate(preparation.predictors)}
    out = np.zeros((len(parts), len(place)))
    for part, column in zip(parts.T, preparation.columns, strict=True):
        for variable in column.variables:
            out[:, place[variable]] += part / len(column.variables)
    return out


def _column(offset: Floats | None, m: int) -> Floats:
    return np.zeros((m, 1)) if offset is None else np.array(offset, float)[:, None]
