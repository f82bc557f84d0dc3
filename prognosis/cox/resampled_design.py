"""Design columns of a resample: only knots and scales are learnt anew, and only their columns are made again."""

from __future__ import annotations

import numbers
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.preparation import Knots, Preparation, Term

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Groups:
    """Categories of one column, counted in resamples: n and events of each, rows outside them.

    `code` : (n,) of each row; -1 for a number that is no 0 or 1. levels : how many. all_named : True for a category,
    every level of which must be there; a number is only judged where nothing but 0 and 1 was drawn.
    """

    code: Integers
    levels: int
    all_named: bool

    def without_events(self, rows: Integers, died: NDArray[np.bool_]) -> bool:
        """Tell whether a level may lack rows or events among the rows (repeats allowed)."""
        code = self.code[rows]
        if not self.all_named and (code < 0).any():
            return False
        return bool((np.bincount(code[died[rows]], minlength=self.levels) == 0).any())


def groups_of(column: pd.Series) -> Groups | None:
    """Return the categories of a column; None for numbers among which more than two values are common."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return Groups(column.cat.codes.to_numpy(np.int64), len(column.cat.categories), all_named=True)
    x = column.to_numpy(float)
    code = np.where(x == 0, 0, np.where(x == 1, 1, -1))
    return Groups(code, 2, all_named=False) if (code >= 0).any() else None


@dataclass(frozen=True, eq=False)
class ResampledDesign:
    """The way from raw predictors to the design of a resample.

    Parameters
    ----------
    preparation : of all rows. blocks : main columns of each predictor by it, (n, k) each. design : (n, p) by it.
    changing : predictors with knots or scales that are learnt. splines, transforms : of these.
    """

    preparation: Preparation
    blocks: dict[str, Floats]
    design: Floats
    changing: pd.DataFrame
    splines: dict[str, Knots]
    transforms: dict[str, str]

    def of(self, train: Integers) -> Floats:
        """Design of all rows, (n, p), prepared by the rows `train`; raises what `Preparation.fit` does."""
        if not self.changing.shape[1]:
            return self.design
        learnt = Preparation.fit(self.changing.iloc[train], self.splines, self.transforms)
        blocks = self.blocks | {term.variable: term.values(self.changing[term.variable]) for term in learnt.terms}
        return _assembled(blocks, self.preparation.interactions)


def resampled_design(
    predictors: pd.DataFrame, preparation: Preparation, splines: dict[str, Knots], transforms: dict[str, str]
) -> ResampledDesign:
    """Tell apart what every resample shares and what it learns.

    Parameters
    ----------
    predictors : (n, q) complete raw values. preparation : learnt from them. splines, transforms : as declared.
    """
    learnt = [term.variable for term in preparation.terms if _is_learnt(term, splines.get(term.variable))]
    blocks = {term.variable: term.values(predictors[term.variable]) for term in preparation.terms}
    return ResampledDesign(
        preparation,
        blocks,
        _assembled(blocks, preparation.interactions),
        predictors[learnt],
        {name: knots for name, knots in splines.items() if name in learnt},
        {name: transform for name, transform in transforms.items() if name in learnt},
    )


def _is_learnt(term: Term, knots: Knots | None) -> bool:
    return term.transform == "scaled" or isinstance(knots, numbers.Integral)


def _assembled(blocks: dict[str, Floats], interactions: tuple[tuple[str, str], ...]) -> Floats:
    """Put main columns and products together, in the order of `Preparation.columns`."""
    crossed = [(blocks[b][:, :, None] * blocks[a][:, None, :]).reshape(len(blocks[a]), -1) for a, b in interactions]
    return np.ascontiguousarray(np.hstack([*blocks.values(), *crossed]))
