"""Univariate screening as a part of the model: the predictors are chosen anew wherever the model is fitted anew."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import Finding, FitError, PredictionError
from prognosis.evaluation import NONE
from prognosis.limits import Limit, Shape
from prognosis.metrics.discrimination import harrell_c
from prognosis.models.cox import Cox
from prognosis.models.logistic import Logistic
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import Answers, Judged, Refits
from prognosis.screening import Screening, screen

Floats = NDArray[np.float64]


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def _share(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and 0 < value <= 1


class Screened(Recipe):
    """A recipe fitted to the predictors that pass a univariate score test.

    Parameters
    ----------
    recipe : of the model; None: `Cox` for a time to event, `Logistic` for a binary outcome. Its splines, transforms,
        strata, weights, offset and ties are those of the tests; what it declares of predictors that are not kept is
        left out.
    keep : most predictors that are kept, those with the smallest p-values; None without limit.
    alpha : p-value that they must be below; None without limit.
    inside : False chooses once, on all patients, and validates only what comes after. That leaks the outcome of the
        patients who judge the model (L12), and a validation refuses it.
    reproduce_published : True lets it run all the same: the honest and the leaky numbers then stand side by side.

    Notes
    -----
    The tests are those of `prognosis.screening.screen`, equal to the score test of R's ``coxph``. A fitted model asks
    new patients for the kept predictors only, and keeps all tests as its `screening`. Its standard errors and p-values
    do not know of the choice (S21). Missing values are refused; imputed copies would each choose for themselves, so
    that ``missing="chained"`` is refused (C34).
    Sources, on the harm of a choice outside: Ambroise and McLachlan (2002); Simon et al. (2003).
    """

    kind: ClassVar[str] = "screened"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event", "competing", "binary")
    limits: ClassVar[Mapping[str, Limit]] = {
        "recipe": Shape("a recipe that does not screen, or None", lambda x: x is None or _plain_recipe(x)),
        "keep": Shape("a whole number of at least 1, or None", lambda x: x is None or _whole(x)),
        "alpha": Shape("a number above 0 and at most 1, or None", lambda x: x is None or _share(x)),
        "inside": Shape("True or False", lambda x: isinstance(x, bool)),
        "reproduce_published": Shape("True or False", lambda x: isinstance(x, bool)),
    }
    estimate_class: ClassVar[Any] = (*Cox.estimate_class, *Logistic.estimate_class)

    def __init__(
        self,
        recipe: Recipe | None = None,
        keep: int | None = 10,
        alpha: float | None = None,
        inside: bool = True,
        reproduce_published: bool = False,
    ) -> None:
        self.recipe = recipe
        self.keep = keep
        self.alpha = alpha
        self.inside = inside
        self.reproduce_published = reproduce_published

    @property
    def answerable(self) -> tuple[str, ...]:
        """Kinds of endpoint that the inner recipe answers."""
        return self.endpoints if self.recipe is None else self.recipe.answerable

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return () if self.recipe is None else self.recipe.auxiliary

    @property
    def selects(self) -> bool:
        """True."""
        return True

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """What would reach the training from the patients who judge (L12)."""
        if self.inside:
            return ()
        rule = "predictors were selected outside the resamples, with the outcomes of the patients who judge the model"
        way_out = "inside=True selects anew in every resample; reproduce_published=True shows both numbers"
        return (Finding("L12", rule, way_out, severity="warning" if self.reproduce_published else "error"),)

    def honest(self) -> Screened:
        """Return the same without what leaks."""
        honest: Screened = copy.copy(self).set_params(inside=True)
        return honest

    def check_parameters(self) -> None:
        """Check every parameter; something must limit the choice (S19)."""
        super().check_parameters()
        if self.keep is None and self.alpha is None:
            rule = "Screened: keep=None and alpha=None keep every predictor"
            raise FitError(Finding("S19", rule, "give keep=10, alpha=0.05, or both"))
        if self.recipe is not None:
            self.recipe.check_parameters()

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Screened:
        """Test every predictor, keep the best, fit the recipe to them.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors, more than patients perhaps. y : (n,) outcome.

        Raises
        ------
        FitError
            S19 nothing limits the choice; S20 no predictor passes; what the recipe raises.
        DataContractError
            Missing values (C16) or columns that cannot be used.
        """
        self.check_parameters()
        frame, recipe = as_frame(X), self._inner(y)
        chosen = screen(recipe, frame, y, self.keep, self.alpha)
        narrow = _narrowed(recipe, chosen).of_patients(getattr(self, "_patient", None))
        fitted: Any = narrow.fit(frame[[*chosen.kept, *recipe.auxiliary]], y)
        self.fitted_, self.screening_ = fitted, chosen
        self.preparation_, self.estimate_, self.training_ = fitted.preparation_, fitted.estimate_, fitted.training_
        self.warnings_ = (*_said(chosen), *fitted.warnings_)
        self.n_features_in_ = frame.shape[1]
        return self

    def predict(self, X: pd.DataFrame | Floats) -> Floats:
        """Linear predictor of each row, (n,); columns that were not kept are not looked at."""
        frame = self._frame(X)
        eta: Floats = self.fitted_.predict(frame)
        return eta

    def score(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> float:
        """Harrell's C (the area under the ROC curve for a binary outcome), so that GridSearchCV can rank recipes."""
        return harrell_c(self.evaluation(X, y))

    def answers(self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats) -> Answers:
        """Answer for n rows as the fitted recipe does."""
        frame = self._frame(X)
        answers: Answers = self.fitted_.answers(frame, y, horizons)
        return answers

    def judged(
        self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats = NONE, thresholds: tuple[float, ...] = ()
    ) -> Judged:
        """Return rows as the recipe judges them."""
        return self._inner(y).judged(as_frame(X), y, horizons, thresholds)

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Select in every resample; where the choice was made outside, refit what it chose among all patients."""
        if self.inside:
            return super().refits(X, y, horizons)
        recipe = self._inner(y)
        chosen = screen(recipe, X, y, self.keep, self.alpha)
        return _narrowed(recipe, chosen).refits(X[[*chosen.kept, *recipe.auxiliary]], y, horizons)

    @property
    def answering_recipe(self) -> Recipe:
        """The recipe whose estimate answers."""
        check_is_fitted(self, "fitted_")
        answering: Recipe = self.fitted_
        return answering

    def _inner(self, y: NDArray[Any]) -> Any:
        """Return an unfitted recipe for this outcome."""
        recipe: Any = self.recipe
        if recipe is None:
            recipe = Cox() if "time" in (getattr(y, "dtype", np.dtype(float)).names or ()) else Logistic()
        inner, horizon = clone(recipe), getattr(self, "_horizon", None)
        return inner if horizon is None else inner.judged_at(horizon)

    def _frame(self, X: pd.DataFrame | Floats) -> pd.DataFrame:
        """Raw columns of new rows; those of an array have no names, so their number must be that of the training."""
        check_is_fitted(self, "fitted_")
        frame = as_frame(X)
        if isinstance(X, pd.DataFrame) or frame.shape[1] == self.n_features_in_:
            return frame
        rule = f"X has {frame.shape[1]} features, but Screened is expecting {self.n_features_in_} features as input"
        raise PredictionError(Finding("P05", rule, "give the columns of the training in their order, or a frame"))


def _plain_recipe(value: object) -> bool:
    return isinstance(value, Recipe) and not isinstance(value, Screened)


def _narrowed(recipe: Any, chosen: Screening) -> Any:
    """Return the recipe without declarations of predictors that were not kept; unknown names stay, to be refused."""
    dropped = set(chosen.candidates) - set(chosen.kept)
    changed: dict[str, Any] = {}
    for name in ("splines", "transforms"):
        declared = getattr(recipe, name, None)
        if declared:
            changed[name] = {key: value for key, value in declared.items() if key not in dropped}
    pairs = getattr(recipe, "interactions", ())
    if pairs:
        changed["interactions"] = [pair for pair in pairs if not dropped & set(pair)]
    return recipe.set_params(**changed)


def _said(chosen: Screening) -> tuple[Finding, ...]:
    """Warn (S21) that the errors do not know of the choice, where there was one."""
    if len(chosen.kept) == len(chosen.candidates):
        return ()
    rule = (
        f"{len(chosen.kept)} of {len(chosen.candidates)} predictors were kept by univariate score tests: standard "
        "errors, intervals and p-values of the model do not know of the choice"
    )
    return (Finding("S21", rule, "validate: the selection is repeated in every resample", severity="warning"),)
