"""What a forest says of its own training rows: every row is answered by the trees that did not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.evaluation import NONE, Evaluation
from prognosis.forest.sampling import Drawn
from prognosis.forest.trees import Forest
from prognosis.metrics.discrimination import harrell_c
from prognosis.outcome import SurvivalArrays

Floats = NDArray[np.float64]
# Permutations have a stream of their own beside those of the trees.
PERMUTING = 2**31


@dataclass(frozen=True, eq=False)
class OutOfBag:
    """The training rows, in time order, and which trees did not see them.

    Parameters
    ----------
    drawn, forest : of the fit. outcome : (n,) in time order. used : (trees, n) rows out of each tree's bag.
    """

    drawn: Drawn
    forest: Forest
    outcome: SurvivalArrays
    used: NDArray[np.bool_]

    @classmethod
    def of(cls, drawn: Drawn, forest: Forest, outcome: SurvivalArrays) -> OutOfBag:
        """Find the rows out of each bag; `outcome` : (n,) in the order of the data.

        Raises
        ------
        FitError
            F26 fewer than two rows with an answer: too few trees.
        """
        used = np.stack([drawn.bag(tree)[0] == 0 for tree in range(forest.trees)])
        if used.any(axis=0).sum() < 2:
            raise FitError(Finding("F26", f"all rows are in the bags of {forest.trees} trees", "grow more trees"))
        return cls(drawn, forest, outcome.take(drawn.order), used)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows that at least one tree did not see."""
        return np.flatnonzero(self.used.any(axis=0))

    def evaluation(self, horizons: Floats = NONE, X: Floats | None = None) -> Evaluation:
        """Put outcome and answers together, as metrics see them.

        Parameters
        ----------
        horizons : (h,) of the risks. X : (n, features) in time order, default those of the training.
        """
        rows = self.rows
        values, used = (self.drawn.X if X is None else X)[rows], np.ascontiguousarray(self.used[:, rows])
        weight = self.drawn.weight[rows]
        return Evaluation(
            self.outcome.take(rows),
            self.forest.mortality(values, used),
            horizons=horizons,
            risks=self.forest.risk(values, horizons, used) if len(horizons) else np.empty((len(rows), 0)),
            weight=None if (weight == 1).all() else weight,
        )

    def importance(self, variables: Sequence[str], repeats: int) -> pd.DataFrame:
        """Fall of Harrell's C when the values of a variable are dealt out anew among the rows: term, importance, se.

        Parameters
        ----------
        variables : (features,) raw variable of each feature; the columns of one move together. repeats : permutations.

        Notes
        -----
        Near 0, and below it by chance, for what says nothing that the others do not say. `se` : of the mean over
        permutations, given the forest. Sources: Breiman (2001); Ishwaran et al. (2008).
        """
        own, n = harrell_c(self.evaluation()), len(self.drawn.time)
        names = list(dict.fromkeys(variables))
        falls = np.empty((len(names), repeats))
        for place, name in enumerate(names):
            columns = [j for j, variable in enumerate(variables) if variable == name]
            draw = np.random.default_rng(np.random.SeedSequence([*self.drawn.seed, PERMUTING, place]))
            for repeat in range(repeats):
                X = self.drawn.X.copy()
                X[:, columns] = X[draw.permutation(n)][:, columns]
                falls[place, repeat] = own - harrell_c(self.evaluation(X=X))
        error = falls.std(axis=1, ddof=1) / np.sqrt(repeats) if repeats > 1 else np.full(len(names), np.nan)
        return pd.DataFrame({"term": names, "importance": falls.mean(axis=1), "se": error})
