"""A recipe that chooses its predictors before another is fitted to them: the choice is a part of the fit."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.limits import Shape
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import Refits
from prognosis.selection.candidates import Candidates, narrowed
from prognosis.selection.result import Selection
from prognosis.selection.selector import FLAG, Selector
from prognosis.wrapping import Wrapping, at_task

Floats = NDArray[np.float64]


class Choosing(Wrapping):
    """A recipe fitted to the predictors that a selector keeps.

    A subclass has the parameters `recipe`, `inside` and `reproduce_published`, and says by `chooser`, `forced` and
    `stream` what chooses, what is kept in any case, and from which stream its random steps draw.
    """

    @property
    def chooser(self) -> Selector:
        """What chooses."""
        raise NotImplementedError

    @property
    def forced(self) -> tuple[str, ...]:
        """Predictors that are kept in any case."""
        return ()

    @property
    def stream(self) -> tuple[int, ...]:
        """Seed and task of the random steps."""
        return (0, 0)

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return tuple(dict.fromkeys((*super().auxiliary, *self.chooser.extra)))

    @property
    def selects(self) -> bool:
        """True."""
        return True

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """What would reach the training from the patients who judge (L12)."""
        if self._own("inside"):
            return ()
        rule = "predictors were selected outside the resamples, with the outcomes of the patients who judge the model"
        way_out = "inside=True selects anew in every resample; reproduce_published=True shows both numbers"
        return (Finding("L12", rule, way_out, severity="warning" if self._own("reproduce_published") else "error"),)

    def honest(self) -> Self:
        """Return the same without what leaks."""
        honest: Self = copy.copy(self).set_params(inside=True)
        return honest

    def check_parameters(self) -> None:
        """Check every parameter, those of the selector and of the recipe too; what limits the choice (S19)."""
        super().check_parameters()
        self.chooser.check_parameters()

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Self:
        """Choose among the predictors, fit the recipe to those that are kept.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors, more than patients perhaps. y : (n,) outcome.

        Raises
        ------
        FitError
            S19 nothing limits the choice; S20 no predictor is kept; Y01 and more of the selector; those of the recipe.
        DataContractError
            Missing values (C16) or columns that cannot be used.
        """
        self.check_parameters()
        frame, recipe = as_frame(X), self._inner(y)
        chosen = self.choose(frame, y)
        patient = self._own("_patient", None)
        inner = narrowed(recipe, set(chosen.candidates) - set(chosen.kept)).of_patients(patient)
        kept: Any = inner.fit(frame[[*chosen.kept, *recipe.auxiliary]], y)
        self._keep(kept, frame.shape[1], _said(chosen, self.chooser.words))
        self.selection_ = chosen
        return self

    def choose(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Selection:
        """Choose among the predictors, and fit nothing to them; see `fit`."""
        self.check_parameters()
        candidates = Candidates.of(
            self._inner(y),
            as_frame(X),
            y,
            always=self.forced,
            extra=self.chooser.extra,
            patient=self._own("_patient", None),
            seed=self.stream,
        )
        return self.chooser.choose(candidates)

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Select in every resample; where the choice was made outside, refit what it chose among all patients."""
        if self._own("inside"):
            return super().refits(X, y, horizons)
        recipe, chosen = self._inner(y), self.choose(X, y)
        inner = narrowed(recipe, set(chosen.candidates) - set(chosen.kept))
        refits: Refits = inner.refits(X[[*chosen.kept, *recipe.auxiliary]], y, horizons)
        return refits

    def _inner(self, y: NDArray[Any]) -> Any:
        """Return an unfitted recipe for this outcome, whose random steps are of this task."""
        return at_task(super()._inner(y), self.stream[1])


def _does_not_choose(value: object) -> bool:
    return value is None or (isinstance(value, Recipe) and not isinstance(value, Choosing))


CHOOSING_LIMITS = {
    "recipe": Shape("a recipe that does not choose its predictors by a selector, or None", _does_not_choose),
    "inside": FLAG,
    "reproduce_published": FLAG,
}


def _said(chosen: Selection, words: str) -> tuple[Finding, ...]:
    """Warn (S21) that the errors do not know of the choice, where there was one."""
    if len(chosen.kept) == len(chosen.candidates):
        return ()
    rule = (
        f"{len(chosen.kept)} of {len(chosen.candidates)} predictors were kept by {words}: standard errors, intervals "
        "and p-values of the model do not know of the choice"
    )
    return (Finding("S21", rule, "validate: the selection is repeated in every resample", severity="warning"),)
