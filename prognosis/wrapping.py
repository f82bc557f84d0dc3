"""A recipe fitted around another: what it answers is what the recipe inside answers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import Finding, PredictionError
from prognosis.evaluation import NONE
from prognosis.metrics.discrimination import harrell_c
from prognosis.models.cox import Cox
from prognosis.models.logistic import Logistic
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import Answers, Judged

Floats = NDArray[np.float64]


class Wrapping(Recipe):
    """A recipe around another.

    A subclass has the parameter `recipe` (None: `Cox` for a time to event, `Logistic` for a binary outcome), and its
    `fit` ends with `_keep`. One that hands other columns to the recipe than it gets says so by `_handed_on`.
    """

    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event", "competing", "binary")
    # the fitted recipe's estimate is kept; these are those of the default
    estimate_class: ClassVar[Any] = (*Cox.estimate_class, *Logistic.estimate_class)

    @property
    def inner(self) -> Recipe | None:
        """The recipe inside, unfitted, as it was given."""
        declared: Recipe | None = self._own("recipe")
        return declared

    @property
    def answerable(self) -> tuple[str, ...]:
        """Kinds of endpoint that the inner recipe answers."""
        return self.endpoints if self.inner is None else self.inner.answerable

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return () if self.inner is None else self.inner.auxiliary

    @property
    def answering_recipe(self) -> Recipe:
        """The recipe whose estimate answers."""
        check_is_fitted(self, "fitted_")
        answering: Recipe = self._own("fitted_").answering_recipe
        return answering

    def check_parameters(self) -> None:
        """Check every parameter, those of the recipe too."""
        super().check_parameters()
        if self.inner is not None:
            self.inner.check_parameters()

    def predict(self, X: pd.DataFrame | Floats) -> Floats:
        """Linear predictor of each row, (n,), by the fitted recipe."""
        frame = self._frame(X)
        eta: Floats = self._own("fitted_").predict(frame)
        return eta

    def score(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> float:
        """Harrell's C (the area under the ROC curve for a binary outcome), so that GridSearchCV can rank recipes."""
        return harrell_c(self.evaluation(X, y))

    def answers(self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats) -> Answers:
        """Answer for n rows as the fitted recipe does."""
        frame = self._frame(X)
        answers: Answers = self._own("fitted_").answers(frame, y, horizons)
        return answers

    def judged(
        self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats = NONE, thresholds: tuple[float, ...] = ()
    ) -> Judged:
        """Return rows as the recipe judges them."""
        judged: Judged = self._inner(y).judged(as_frame(X), y, horizons, thresholds)
        return judged

    def _own(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)

    def _inner(self, y: NDArray[Any]) -> Any:
        """Return an unfitted recipe for this outcome, judged at the study's horizon."""
        recipe: Any = self.inner
        if recipe is None:
            recipe = Cox() if is_timed(y) else Logistic()
        return self._unfitted(recipe)

    def _unfitted(self, recipe: Any) -> Any:
        """Return an unfitted copy of a recipe, judged at the study's horizon."""
        copy, horizon = clone(recipe), self._own("_horizon")
        return copy if horizon is None else copy.judged_at(horizon)

    def _keep(self, fitted: Recipe, columns: int, remarks: tuple[Finding, ...]) -> None:
        """Keep the fitted recipe and what it found; `columns` of X, `remarks` of this recipe before those of that."""
        own: Any = self
        inside: Any = fitted
        own.fitted_, own.n_features_in_ = inside, columns
        own.preparation_, own.estimate_, own.training_ = inside.preparation_, inside.estimate_, inside.training_
        own.warnings_ = (*remarks, *inside.warnings_)
        chosen = getattr(inside, "selection_", None)
        if chosen is not None:
            own.selection_ = chosen

    def _frame(self, X: pd.DataFrame | Floats) -> pd.DataFrame:
        """Columns of new rows as the recipe takes them; those of an array have no names, so their number must do."""
        check_is_fitted(self, "fitted_")
        frame, expected = as_frame(X), self._own("n_features_in_")
        if not isinstance(X, pd.DataFrame) and frame.shape[1] != expected:
            name = type(self).__name__
            rule = f"X has {frame.shape[1]} features, but {name} is expecting {expected} features as input"
            raise PredictionError(Finding("P05", rule, "give the columns of the training in their order, or a frame"))
        return self._handed_on(frame)

    def _handed_on(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Columns of new rows that the fitted recipe gets: all of them."""
        return frame


def is_timed(y: NDArray[Any]) -> bool:
    """Whether an outcome has times."""
    return "time" in (getattr(y, "dtype", np.dtype(float)).names or ())


def at_task(recipe: Any, task: int) -> Any:
    """Return an unfitted recipe whose random steps, where it has any, are those of a task."""
    return recipe.set_params(task=task) if task and "task" in recipe.get_params(deep=False) else recipe
