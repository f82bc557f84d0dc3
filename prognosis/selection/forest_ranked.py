"""Nested sets of predictors in the order of a forest's importance; the set with the least error is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from prognosis.limits import Bounds, Limit, Shape
from prognosis.metrics.discrimination import harrell_c
from prognosis.selection.candidates import Candidates
from prognosis.selection.forest_importance import brier_left_out, importances, survival_forest
from prognosis.selection.result import Path, Selection
from prognosis.selection.selector import Selector, whole

Floats = NDArray[np.float64]
GROWING, DEALING = 1, 2


class ForestRanked(Selector):
    """Rank predictors by a forest, drop the last ones again and again, keep the set whose forest has the least error.

    Parameters
    ----------
    drop : share of the predictors that goes at each step, at least one. trees : of each forest.
    folds : of the inner cross-validation for a binary outcome.
    tolerance : the smallest set is kept whose error is at most this above the least one.

    Notes
    -----
    The ranking is that of the first forest and not renewed, which would overfit (Svetnik et al. 2004). Error: 1 minus
    the out-of-bag C for a time to event, by this package's forest; the Brier score in inner folds for a binary
    outcome, for which scikit-learn's forest would take a patient drawn twice by a resample out of its bag and leave him
    in. Both flatter the set that was chosen by them. Predictors that are forced in are in every set.
    Source: Diaz-Uriarte and Alvarez de Andres (2006), ``varSelRF``.
    """

    kind: ClassVar[str] = "forest_ranked"
    words: ClassVar[str] = "the ranking of a forest"
    limits: ClassVar[Mapping[str, Limit]] = {
        "drop": Shape("a number above 0 and below 1", lambda x: isinstance(x, float) and 0 < x < 1),
        "trees": whole(1),
        "folds": whole(2),
        "tolerance": Bounds(0.0),
    }

    def __init__(self, drop: float = 0.2, trees: int = 500, folds: int = 5, tolerance: float = 0.0) -> None:
        self.drop = drop
        self.trees = trees
        self.folds = folds
        self.tolerance = tolerance

    def choose(self, candidates: Candidates) -> Selection:
        """Rank, thin out, compare.

        Raises
        ------
        FitError
            N21 fewer events than folds; F22 delayed entry; those of the forest.
        """
        candidates.require_events()
        rows = candidates.in_order()
        seed = int(rows.draw(GROWING).integers(2**31))
        importance = importances(rows, rows.predictors, seed, self.trees)
        order = [name for _, name in sorted(zip(-importance, rows.names, strict=True)) if name not in rows.always]
        sizes = self.sizes(len(order))
        errors = np.array([self._error(rows, order[:size], seed) for size in sizes])
        place = int(np.flatnonzero(errors <= errors.min() + self.tolerance)[-1]) if sizes else 0
        kept = order[: sizes[place]] if sizes else []
        steps = [
            ("chosen" if step == place else "", "", (float(size), float(errors[step])))
            for step, size in enumerate(sizes)
        ]
        path = Path.of(("predictors", "error"), steps)
        return self.selected(rows, kept, {"importance": importance}, rank=-importance, path=path)

    def sizes(self, k: int) -> list[int]:
        """Return the sizes of the sets, from all predictors to one."""
        sizes = [k] if k else []
        while sizes and sizes[-1] > 1:
            sizes.append(min(sizes[-1] - 1, int(sizes[-1] * (1 - self.drop))) or 1)
        return sizes

    def _error(self, rows: Candidates, names: list[str], seed: int) -> float:
        chosen = {*names, *rows.always}
        predictors = rows.frame[[name for name in rows.names if name in chosen]]
        if rows.outcome.timed:
            return 1 - harrell_c(survival_forest(rows, predictors, seed, self.trees).out_of_bag())
        return brier_left_out(rows, predictors, rows.folds(self.folds, DEALING), self.trees, seed)
