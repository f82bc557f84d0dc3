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
    """Categories of all columns, to be counted in resamples.

    Parameters
    ----------
    events : (n, levels + 1) 1 for a row with an event in a level; the last column for any event. column : (levels,)
        which column of `others` a level belongs to. others : (n, columns) 1 for a number that is no 0 or 1; a number
        is judged as a category only where nothing else was drawn.
    fewest : parameters of the model; as many events are needed, and more rows.
    """

    events: Floats
    column: Integers
    others: Floats
    fewest: int

    def have_events(self, rows: Integers) -> bool:
        """Tell whether there are rows and events for all parameters, some of them in every level."""
        counts = np.bincount(rows, minlength=len(self.events)).astype(float)
        events, others = counts @ self.events, counts @ self.others
        enough = len(rows) > max(self.fewest, 2) and events[-1] >= self.fewest
        return bool(enough and ((events[:-1] > 0) | (others[self.column] > 0)).all())


def groups_of(predictors: pd.DataFrame, died: NDArray[np.bool_], fewest: int) -> Groups:
    """Find what `check_levels` may take for categories: levels, and the 0 and 1 of numbers."""
    levels, column, others = [], [], []
    for place, name in enumerate(predictors.columns):
        values = predictors[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            own = [values.cat.codes.to_numpy() == level for level in range(len(values.cat.categories))]
            others.append(np.zeros(len(died)))
        else:
            x = values.to_numpy(float)
            own = [x == 0, x == 1]
            others.append(1.0 - own[0] - own[1])
        levels += own
        column += [place] * len(own)
    events = np.column_stack([*levels, np.ones(len(died))]) * died[:, None]
    return Groups(events, np.array(column), np.column_stack(others), fewest)


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
