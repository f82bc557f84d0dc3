"""The event within a window of time, from censored follow-up, by any model of a binary outcome."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import DataContractError, Finding, FitError, PredictionError
from prognosis.classifiers.classifier import whole
from prognosis.curves.observed import observe
from prognosis.early_relapse.estimate import EarlyEstimate, EarlyRegression, at_window
from prognosis.early_relapse.known import CENSORINGS, Censoring, Known, known_within, said_of
from prognosis.estimate import NO_HORIZON
from prognosis.evaluation import NONE, Recalibration
from prognosis.limits import Bounds, Choice, Limit, Shape
from prognosis.metrics.discrimination import harrell_c
from prognosis.models.logistic import Logistic
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.profile import ObservedCurve
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import Answers, Judged, RecipeRefits, Refits
from prognosis.regression import Regression
from prognosis.sample_size_shortfall import events_shortfall
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Where a recipe takes the column of weights: itself, or the one that it is fitted around.
WEIGHTS = ("weights", "recipe__weights")


class EarlyRelapse(Recipe):
    """Relapse (the event of interest) within a window of time: a model of a binary outcome, from censored follow-up.

    Parameters
    ----------
    recipe : of a binary endpoint; None: `Logistic`. Under ``ipcw`` it must take case weights.
    window : time by which the event counts as early, in the unit of the endpoint: 12, 18 or 24 months are usual.
    censoring : what becomes of patients censored before the window ends. ``ipcw`` (default): the others are weighted by
        the inverse probability of being uncensored. ``exclude`` leaves them out, ``naive`` counts them as free of the
        event; both are biased, and their warning (W06) says by how much.
    task : number of the resample, set by validations and handed to the recipe.

    Notes
    -----
    Weights: 1/G(T-) at an event of any cause, 1/G(window-) for who was followed so long, with G the reverse
    Kaplan-Meier of the very rows that are fitted, anew in every resample; see `known_within`. It is right where
    censoring does not depend on the predictors. Errors of a logistic model are the sandwich's, with the weights taken
    as known, which makes intervals a little too wide. With competing events, who had another event first is free of
    the event of interest (W07): the risk is its cumulative incidence.

    The model answers at its window only; other horizons are not a number, with a remark (W08). A validation judges it
    at the window, by the same metrics as every model of the study, with the censoring of those judged. The calibration
    slope is that of the inner likelihood, weighted by ``ipcw`` whatever `censoring` was.

    Sources: Zheng, Cai and Feng (2006); Blanche, Holt and Scheike (2023); Vock et al. (2016).
    """

    kind: ClassVar[str] = "early_relapse"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event", "competing")
    limits: ClassVar[Mapping[str, Limit]] = {
        "recipe": Shape("a recipe of a binary endpoint, or None", lambda x: x is None or _is_binary(x)),
        "window": Shape("a number above 0", lambda x: Bounds(0.0).allows(x) and x > 0),
        "censoring": Choice(CENSORINGS),
        "task": whole(0),
    }
    estimate_class: ClassVar[Any] = (EarlyEstimate, EarlyRegression)

    def __init__(
        self, recipe: Recipe | None = None, window: float = 24.0, censoring: Censoring = "ipcw", task: int = 0
    ) -> None:
        self.recipe = recipe
        self.window = window
        self.censoring = censoring
        self.task = task

    @property
    def around(self) -> Any:
        """The recipe of the binary outcome, unfitted."""
        return Logistic() if self.recipe is None else self.recipe

    @property
    def answering_recipe(self) -> Recipe:
        """The recipe itself, around the one that answers where the inner recipe chose among predictors."""
        check_is_fitted(self, "fitted_")
        inner: Any = self.fitted_.answering_recipe
        if inner is self.fitted_:
            return self
        answering: Recipe = clone(self).set_params(recipe=clone(inner).set_params(weights=None))
        return answering

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        columns: tuple[str, ...] = self.around.auxiliary
        return columns

    @property
    def offset(self) -> str | None:
        """Column with a fixed part of the linear predictor, as the inner recipe declares it."""
        return getattr(self.around, "offset", None)

    @property
    def penalty(self) -> str | None:
        """Penalty of the inner recipe, None where it has none: Firth's asks for a profile in the model file."""
        return getattr(self.around, "penalty", None)

    @property
    def selects(self) -> bool:
        """As the inner recipe."""
        return bool(self.around.selects)

    @property
    def held_out_only(self) -> bool:
        """As the inner recipe."""
        return bool(self.around.held_out_only)

    def check_parameters(self) -> None:
        """Check every parameter, and that the inner recipe can use the weights.

        Raises
        ------
        FitError
            S14 a parameter out of its limits; W09 a recipe that takes no weights, has others already, or leaks.
        """
        super().check_parameters()
        inner = self.around
        inner.check_parameters()
        faults = _inner_faults(inner, weighted=self.censoring == "ipcw")
        if faults:
            raise FitError(*faults)

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> EarlyRelapse:
        """Find who is known to have relapsed early or not, and fit the inner recipe to them.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time).

        Raises
        ------
        FitError
            W01 the window lies beyond the follow-up; W02 no event before it ends; W03 delayed entry; W09 an inner
            recipe that cannot be weighted; T30 events known to lie between two visits; what the inner recipe raises.
        DataContractError
            What the inner recipe raises.
        """
        self.check_parameters()
        frame = as_frame(X)
        outcome = _read(y, frame)
        known = known_within(outcome, self.window, self.censoring)
        self.column_, self.n_features_in_ = _free_name(frame), frame.shape[1]
        inner, rows = self._inner(self.column_), frame.iloc[known.rows]
        patient = getattr(self, "_patient", None)
        inner = inner.of_patients(None if patient is None else patient[known.rows])
        self.fitted_: Any = inner.fit(rows.assign(**{self.column_: known.weight})[self._wanted(frame)], _binary(known))
        kind = EarlyRegression if hasattr(self.fitted_.estimate_, "coefficients") else EarlyEstimate
        self.estimate_ = kind(float(self.window), self.fitted_.estimate_)
        self.preparation_, self.training_ = self.fitted_.preparation_, self.fitted_.training_
        self.selection_, self.outcome_, self.known_ = getattr(self.fitted_, "selection_", None), outcome, known
        self.warnings_ = (*said_of(known, self.window, self.censoring), *self.fitted_.warnings_, *self._few(known))
        return self

    def predict(self, X: pd.DataFrame | Floats) -> Floats:
        """Linear predictor of each row, (n,), higher for a higher risk."""
        eta: Floats = self._answers(self._frame(X)).linear_predictor
        return eta

    def score(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> float:
        """Harrell's C of the whole follow-up, so that GridSearchCV can rank recipes."""
        return harrell_c(self.evaluation(X, y))

    def answers(self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats) -> Answers:
        """Answer for n rows; risks at other horizons than the window are not a number."""
        frame = self._frame(X)
        outcome, found = _read(y, frame), self._answers(frame)
        recalibrate = partial(self._recalibrate_rows, outcome, found.linear_predictor)
        risk = at_window(found.risk, horizons, self.window)
        return Answers(found.marker, found.linear_predictor, risk, recalibrate)

    def judged(
        self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats = NONE, thresholds: tuple[float, ...] = ()
    ) -> Judged:
        """Return rows as they are judged: with the outcome of the study, whole follow-up and all patients."""
        return Judged(_read(y, as_frame(X)), None, None, horizons, thresholds)

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Refit unfitted copies: labels, weights and model are made anew in every resample."""
        return RecipeRefits(self.fresh(), X, y, horizons)

    def observed(self) -> tuple[ObservedCurve | None, tuple[ObservedCurve, ...]]:
        """Observed curve of all training rows, those censored early included."""
        outcome = self.outcome_
        return observe(outcome.time, outcome.event), ()

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit the inner likelihood to the linear predictor alone, in these patients weighted for their censoring."""
        known = known_within(outcome, self.window, "ipcw")
        binary = SurvivalArrays(np.full(len(known.rows), np.nan), known.early.astype(np.int64))
        weighted = SpecialColumns(special.weight[known.rows] * known.weight)
        refit = getattr(self.around, "recalibrated", None) or Logistic().recalibrated
        found: Recalibration = refit(binary, weighted, linear_predictor[known.rows])
        return found

    def _recalibrate_rows(self, outcome: SurvivalArrays, linear_predictor: Floats, rows: Integers) -> Recalibration:
        return self.recalibrated(outcome.take(rows), SpecialColumns(np.ones(len(rows))), linear_predictor[rows])

    def _inner(self, column: str) -> Any:
        """Return the inner recipe, unfitted, told where the weights stand."""
        inner = clone(self.around)
        if self.censoring == "ipcw":
            inner.set_params(**{str(_place_of_weights(inner)): column})
        if self.task and "task" in inner.get_params(deep=False):
            inner.set_params(task=self.task)
        return inner

    def _wanted(self, frame: pd.DataFrame) -> list[str]:
        return [*frame.columns, self.column_] if self.censoring == "ipcw" else list(frame.columns)

    def _answers(self, frame: pd.DataFrame) -> Answers:
        """Answers of the inner model; a new patient counts once."""
        whole = frame.assign(**{self.column_: 1.0})[self._wanted(frame)]
        found: Answers = self.fitted_.answers(whole, np.zeros(len(frame), np.int64), NO_HORIZON)
        return found

    def _few(self, known: Known) -> list[Finding]:
        """Say by Riley's criteria whether there are patients enough for a regression (Z01)."""
        if not isinstance(self.fitted_, Regression):
            return []
        return events_shortfall(len(known.rows), int(known.early.sum()), len(self.preparation_.names))

    def _frame(self, X: pd.DataFrame | Floats) -> pd.DataFrame:
        """Raw columns of new rows; those of an array have no names, so their number must be that of the training."""
        check_is_fitted(self, "fitted_")
        frame = as_frame(X)
        if isinstance(X, pd.DataFrame) or frame.shape[1] == self.n_features_in_:
            return frame
        rule = f"X has {frame.shape[1]} features, but EarlyRelapse is expecting {self.n_features_in_} features as input"
        raise PredictionError(Finding("P05", rule, "give the columns of the training in their order, or a frame"))


def _is_binary(value: object) -> bool:
    return isinstance(value, Recipe) and "binary" in value.answerable and not isinstance(value, EarlyRelapse)


def _place_of_weights(inner: Recipe) -> str | None:
    """Find the parameter that names the column of weights, None where there is none."""
    parameters = inner.get_params(deep=True)
    return next((name for name in WEIGHTS if name in parameters), None)


def _inner_faults(inner: Recipe, *, weighted: bool) -> list[Finding]:
    """Find what keeps a recipe from being fitted to weighted labels (W09)."""
    name, place = type(inner).__name__, _place_of_weights(inner)
    faults = []
    if weighted and place is None:
        rule = f"{name} takes no weights, which patients censored before the window make necessary"
        faults.append(Finding("W09", rule, 'choose Logistic() or another recipe with a parameter "weights"'))
    if place is not None and inner.get_params(deep=True)[place] is not None:
        rule = f"{name} has weights of its own, which the weights for censoring would have to be multiplied with"
        faults.append(Finding("W09", rule, "leave them out, or choose Cox and read its risk at the window"))
    if inner.leaks:
        rule = f"{name} chooses outside the resamples"
        faults.append(Finding("W09", rule, "inside=True chooses anew in every resample"))
    return faults


def _read(y: NDArray[Any], frame: pd.DataFrame) -> SurvivalArrays:
    outcome = read_outcome(y)
    if len(outcome.event) != len(frame):
        rule = f"X has {len(frame)} rows, y has {len(outcome.event)}"
        raise DataContractError(Finding("S18", rule, "give one outcome for each row"))
    if outcome.last_free is not None:
        rule = "events are known to lie between two visits (last_free), which EarlyRelapse cannot use"
        raise FitError(Finding("T30", rule, "choose AcceleratedFailureTime, or an endpoint without last_free"))
    return outcome


def _binary(known: Known) -> NDArray[np.int64]:
    return known.early.astype(np.int64)


def _free_name(frame: pd.DataFrame) -> str:
    """Name the column of weights as no other column of the rows."""
    name = "weight for censoring"
    while name in frame.columns:
        name += "'"
    return name
