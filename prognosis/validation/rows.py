"""What a plan of resampling may know of a study: events, clusters, and the column it divides by."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.validation.plans import PlanRows

if TYPE_CHECKING:
    from prognosis.recipe import Recipe
    from prognosis.study import Study


def plan_rows(study: Study, X: pd.DataFrame, recipe: Recipe, by: str | None) -> PlanRows:
    """Collect what a plan may know of the study's rows.

    Parameters
    ----------
    X : predictors and auxiliary columns. recipe : its clusters stay together. by : column of centres, groups or time.

    Raises
    ------
    FitError
        V04 a column that the cohort does not have.
    """
    name = cluster_of(recipe)
    cluster = None if name is None else pd.factorize(X[name])[0].astype(np.int64)
    event = study.outcome.event.astype(np.int64)
    if by is None:
        return PlanRows(event, study.seed, cluster)
    if by not in study.cohort.codebook:
        known = ", ".join(study.cohort.codebook)
        raise FitError(Finding("V04", f"the cohort has no column {by} to divide by", f"columns: {known}", by))
    column = study.cohort.view((by,))[by]
    codes, levels = pd.factorize(column, sort=True)
    names = tuple(str(level) for level in levels)
    return PlanRows(event, study.seed, cluster, codes.astype(np.int64), names, _as_numbers(column))


def cluster_of(recipe: Any) -> str | None:
    """Column of clusters of a recipe, or of the innermost one that it is fitted around; None without."""
    while getattr(recipe, "recipe", None) is not None:
        recipe = recipe.recipe
    name: str | None = getattr(recipe, "cluster", None)
    return name


def rows_digest(X: pd.DataFrame, y: NDArray[Any]) -> str:
    """SHA-256 of the rows that a model is fitted to: raw columns with their ids, and the outcome."""
    digest = hashlib.sha256(repr([*X.columns, *map(str, X.dtypes)]).encode())
    # numbers in one go: column by column takes longer than a fit where there are thousands
    plain = np.array([dtype == np.float64 for dtype in X.dtypes], bool)
    digest.update(np.ascontiguousarray(X.loc[:, plain].to_numpy(float)).tobytes())
    digest.update(pd.util.hash_pandas_object(X.loc[:, ~plain], index=True).to_numpy().tobytes())
    digest.update(np.ascontiguousarray(y).tobytes())
    return digest.hexdigest()


def _as_numbers(column: pd.Series) -> NDArray[np.float64] | None:
    """Return numbers, and dates as seconds, not a number where unknown; None for words."""
    values: Any = column
    if pd.api.types.is_datetime64_any_dtype(column):
        seconds = values.to_numpy("datetime64[s]").astype(np.int64).astype(float)
        return np.where(column.isna(), np.nan, seconds)
    if pd.api.types.is_numeric_dtype(column):
        return values.to_numpy(float)
    return None
