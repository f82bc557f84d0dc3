"""Stored image scores in a validation: each fold has its own values, and only the score's own folds are honest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts import Score
from cohorts.errors import Finding, LeakageError, raise_findings
from prognosis.refits import Answers, Refits
from prognosis.validation.divisions import GivenFolds
from prognosis.validation.plans import Plan

if TYPE_CHECKING:
    from prognosis.recipe import Recipe
    from prognosis.study import Study

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
WAY_OUT = "validate with Study(..., folds=score.folds), where score is nested"


@dataclass(frozen=True, eq=False)
class ScoredRefits:
    """Refits of a recipe to rows whose stored scores are those of the fold that a task leaves out.

    Parameters
    ----------
    recipe, X, y, horizons : see `RecipeRefits`; X holds the scores of the final fit. values : (n, k) by column.
    """

    recipe: Recipe
    X: pd.DataFrame
    y: NDArray[np.void]
    horizons: Floats
    values: Mapping[str, Floats]

    def __call__(self, train: Integers, task: int) -> Answers:
        """Fit to the rows with the scores of fold `task` - 1 and answer for all with the same; see `Refits`."""
        return self._refits(task)(train, task)

    @property
    def identity(self) -> bytes:
        """Digest of the values, for a journal."""
        return hashlib.sha256(b"".join(np.ascontiguousarray(v).tobytes() for v in self.values.values())).digest()

    def _refits(self, task: int) -> Refits:
        if not task:
            return self.recipe.refits(self.X, self.y, self.horizons)
        own = {name: values[:, task - 1] for name, values in self.values.items()}
        return self.recipe.refits(self.X.assign(**own), self.y, self.horizons)


def refits_in(study: Study, recipe: Recipe, X: pd.DataFrame, y: NDArray[Any], horizons: Floats, plan: Plan) -> Refits:
    """Return what refits a recipe to rows of a study, with the stored scores that fit the plan.

    Raises
    ------
    LeakageError
        L16 a plain score, L17 a bootstrap, L18 another division of the patients than the score's own folds.
    """
    scores = [score for score in study.cohort.scores if score.name in X.columns]
    if not scores:
        return recipe.refits(X, y, horizons)
    ids = study.outcome.ids
    raise_findings([finding for score in scores for finding in check_score(score, plan, ids)], LeakageError)
    values = {
        score.name: np.column_stack([score.in_fold(ids, fold) for fold in range(score.folds.k)]) for score in scores
    }
    return ScoredRefits(recipe, X, y, horizons, values)


def check_score(score: Score, plan: Plan, ids: Sequence[str]) -> list[Finding]:
    """Say why a stored score cannot be validated by a plan; at most one finding."""
    name = score.name
    if plan.method in ("bootstrap", "632+"):
        rule = f"score {name} is stored: its networks saw patients whom a resample leaves out"
        return [Finding("L17", rule, WAY_OUT, name)]
    if not score.nested:
        rule = f"score {name} is plain: a training patient's value comes from a network that saw the test patients"
        return [Finding("L16", rule, f"cross-fit it with nested=True, and {WAY_OUT}", name)]
    own = tuple(int(fold) for fold in score.folds.assignment.reindex(list(ids), fill_value=-1))
    if not isinstance(plan, GivenFolds) or plan.fold != own:
        rule = f"score {name} was made by other folds than those of this {plan.method}"
        return [Finding("L18", rule, WAY_OUT, name)]
    return []
