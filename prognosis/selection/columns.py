"""Design columns of all candidates, and the predictor that each is of: a predictor is chosen whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.preparation import Preparation
from prognosis.recipe import Recipe

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class OwnedColumns:
    """Columns with their predictors.

    Parameters
    ----------
    design : (n, p). owner : (p,) ascending: the predictor, 0 to k - 1. names : (k,) predictors.
    """

    design: Floats
    owner: Integers
    names: tuple[str, ...]

    def of(self, places: NDArray[Any]) -> Floats:
        """Return the columns of some predictors."""
        return np.ascontiguousarray(self.design[:, np.isin(self.owner, places)])

    def any_of(self, told: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell of each predictor whether it holds of any of its columns, (k,) of (p,)."""
        return np.bincount(self.owner, told, minlength=len(self.names)) > 0


def owned_columns(recipe: Recipe | None, predictors: pd.DataFrame) -> OwnedColumns:
    """Make the design columns of all predictors as the recipe would; without one, numbers as they are.

    Plain numbers, which can be thousands, are taken as one block; categories and what the recipe bends by themselves.
    """
    splines, transforms = (getattr(recipe, name, None) or {} for name in ("splines", "transforms"))
    names = tuple(map(str, predictors.columns))
    real = {dtype: _is_real(dtype) for dtype in set(predictors.dtypes)}
    bent = {*splines, *transforms}
    plain = np.array([real[d] and name not in bent for name, d in zip(names, predictors.dtypes, strict=True)], bool)
    blocks, owners = [predictors.loc[:, plain].to_numpy(float)], [np.flatnonzero(plain)]
    if bent or not plain.all():
        other = predictors.loc[:, ~plain]
        preparation = Preparation.fit(other, splines, transforms)
        blocks.append(preparation.design(other))
        place = {name: number for number, name in enumerate(names)}
        owners.append(np.array([place[column.variables[0]] for column in preparation.columns], np.int64))
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return OwnedColumns(np.hstack(blocks)[:, order], owner[order], names)


def _is_real(dtype: Any) -> bool:
    return pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
