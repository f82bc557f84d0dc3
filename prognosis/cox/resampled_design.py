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
    """Categories of all columns, to be looked for in resamples.

    Parameters
    ----------
    shown : (n, bytes) a bit for each level that a row shows to be of use: by an event in it, or by a number that is no
        0 or 1; a number is judged as a category only where nothing else was drawn. every : (bytes,) all of the bits.
    died : (n,). fewest : parameters of the model; as many events are needed, and more rows.
    """

    shown: NDArray[np.uint8]
    every: NDArray[np.uint8]
    died: NDArray[np.bool_]
    fewest: int

    def have_events(self, rows: Integers) -> bool:
        """Tell whether there are rows and events for all parameters, some of them in every level."""
        enough = len(rows) > max(self.fewest, 2) and np.count_nonzero(self.died[rows]) >= self.fewest
        return bool(enough and (np.bitwise_or.reduce(self.shown[rows], axis=0) == self.every).all())


def groups_of(predictors: pd.DataFrame, died: NDArray[np.bool_], fewest: int) -> Groups:
    """Find what `check_levels` may take for categories: levels, and the 0 and 1 of numbers."""
    shown: list[NDArray[np.bool_]] = []
    for name in predictors.columns:
        values = predictors[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            codes = values.cat.codes.to_numpy()
            shown += [died & (codes == level) for level in range(len(values.cat.categories))]
        else:
            x = values.to_numpy(float)
            other = (x != 0) & (x != 1)
            shown += [died & (x == 0) | other, died & (x == 1) | other]
    bits = np.column_stack([*shown, np.ones(len(died), bool)])
    return Groups(np.packbits(bits, axis=1), np.packbits(np.ones(bits.shape[1], bool)), died, fewest)


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
    """Put main columns and products together, in the order of `Preparation.columns`; each column in one piece."""
    crossed = [(blocks[b][:, :, None] * blocks[a][:, None, :]).reshape(len(blocks[a]), -1) for a, b in interactions]
    return np.asfortranarray(np.hstack([*blocks.values(), *crossed]))
