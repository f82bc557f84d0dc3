"""One predictor of a stored imputation: its distribution in training and its model given all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from prognosis.imputation.conditional_models import Directions
from prognosis.imputation.multinomial import chosen, class_shares, fit_multinomial
from prognosis.imputation.number_scale import NumberScale
from prognosis.imputation.raw_columns import RawColumn

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class StoredColumn:
    """Conditional model of one predictor given all others.

    The state of a number is its normal score, that of a category the place of its level.

    Parameters
    ----------
    name : its column. levels : of a category; () for a number and for a yes-no number (0 or 1).
    scale : of a number; None for a category and a yes-no number.
    shares : (levels,) in training; (0,) for a number.
    coefficients : (1, 1 + q) of the score of a number, (levels - 1, 1 + q) log odds against the first level, on the q
        covariate columns of all predictors; zero in its own.
    residual : standard deviation of the score given the others; 0 for a category.
    """

    name: str
    levels: tuple[str, ...]
    scale: NumberScale | None
    shares: Floats
    coefficients: Floats
    residual: float = 0.0

    @property
    def width(self) -> int:
        """Number of covariate columns it makes."""
        return 1 if self.scale else len(self.shares) - 1

    def block(self, state: Floats) -> Floats:
        """Covariate columns, (m, width)."""
        return state[:, None] if self.scale else (state[:, None] == np.arange(1, len(self.shares))).astype(float)

    def state(self, column: pd.Series) -> Floats:
        """State of given values, (m,): not a number where missing, -1 for an unknown level."""
        if self.levels:
            given = pd.Categorical(column)
            known = pd.Index(self.levels).get_indexer([str(level) for level in given.categories])
            return np.append(known, np.nan)[given.codes]
        values = column.to_numpy(float, na_value=np.nan)
        if self.scale:
            return np.where(np.isnan(values), np.nan, self.scale.score(values))
        return np.where(np.isnan(values) | np.isin(values, (0.0, 1.0)), values, -1.0)

    def started(self, uniform: Floats) -> Floats:
        """Draw from the distribution in training, (m,) states."""
        if self.scale:
            return np.asarray(ndtri(uniform))
        return chosen(np.broadcast_to(self.shares, (len(uniform), len(self.shares))), uniform).astype(float)

    def drawn(self, covariates: Floats, uniform: Floats) -> Floats:
        """Draw given the others, (m, q), (m,) states."""
        # Column by column: equal patients get equal bits, which a matrix product does not promise.
        eta = np.tile(self.coefficients[:, 0], (len(covariates), 1))
        for column, slopes in zip(covariates.T, self.coefficients[:, 1:].T, strict=True):
            eta += column[:, None] * slopes
        if self.scale:
            return np.asarray(eta[:, 0] + self.residual * ndtri(uniform))
        # A level never seen in training is never drawn.
        likely = class_shares(eta) * (self.shares > 0)
        return chosen(likely / likely.sum(axis=1, keepdims=True), uniform).astype(float)

    def filled(self, column: pd.Series, where: NDArray[np.bool_], state: Floats) -> pd.Series:
        """Return the column with the cells `where` (m,) filled from states; its dtype stays."""
        cells = self.scale.value(state) if self.scale else state
        out = column.copy()
        values = [self.levels[int(place)] for place in cells] if self.levels else cells
        if self.levels and isinstance(column.dtype, pd.CategoricalDtype):
            own = {str(level): level for level in column.cat.categories}
            out = out.cat.add_categories([level for level in dict.fromkeys(values) if level not in own])
            values = [own.get(level, level) for level in values]
        out.iloc[np.flatnonzero(where)] = pd.array(values, dtype=out.dtype)
        return out


def store_columns(columns: Sequence[RawColumn], completed: Sequence[Sequence[Floats]]) -> tuple[StoredColumn, ...]:
    """Estimate every predictor given the others from completed copies stacked, each a list of (n,) values."""
    stacked = [np.concatenate(parts) for parts in zip(*completed, strict=True)]
    plain = [_without_model(column, values) for column, values in zip(columns, stacked, strict=True)]
    states = [c.scale.score(values) if c.scale else values for c, values in zip(plain, stacked, strict=True)]
    blocks = [column.block(state) for column, state in zip(plain, states, strict=True)]
    covariates, edges = np.hstack(blocks), np.cumsum([0, *(column.width for column in plain)])
    return tuple(
        _with_model(column, state, covariates, np.arange(edges[place], edges[place + 1]), len(completed))
        for place, (column, state) in enumerate(zip(plain, states, strict=True))
    )


def _without_model(column: RawColumn, values: Floats) -> StoredColumn:
    if not column.levels:
        return StoredColumn(column.name, (), NumberScale.of(values), np.empty(0), np.empty((0, 0)))
    shares = np.bincount(values.astype(np.int64), minlength=len(column.levels)) / len(values)
    levels = tuple(map(str, column.levels)) if column.kind == "category" else ()
    return StoredColumn(column.name, levels, None, shares, np.empty((0, 0)))


def _with_model(
    column: StoredColumn, state: Floats, covariates: Floats, own: NDArray[np.int64], copies: int
) -> StoredColumn:
    rest = covariates.copy()
    rest[:, own] = 0.0
    directions = Directions.of(rest)
    scores = directions.scores(rest)
    if column.scale:
        mean = float(state.mean())
        slopes = scores.T @ (state - mean) / len(scores)
        freedom = max(len(scores) // copies - len(slopes) - 1, 1)
        residual = np.sqrt(((state - mean - scores @ slopes) ** 2).sum() / copies / freedom)
        beta = np.concatenate([[mean], slopes])[None, :]
    else:
        levels, places = np.unique(state.astype(np.int64), return_inverse=True)
        beta, residual = np.zeros((len(column.shares) - 1, 1 + scores.shape[1])), 0.0
        if len(levels) > 1:
            model = fit_multinomial(scores, places.astype(np.int64), len(levels))
            beta[levels[1:] - 1] = model.coefficients.reshape(len(levels) - 1, -1)
    slopes = beta[:, 1:] @ directions.axes.T
    coefficients = np.column_stack([beta[:, 0] - slopes @ directions.mean, slopes])
    return StoredColumn(column.name, column.levels, column.scale, column.shares, coefficients, float(residual))
