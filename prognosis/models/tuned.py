"""Tuning as a part of the model: its parameters are chosen anew wherever the model is fitted anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.limits import Limit, Shape
from prognosis.models.cox import Cox
from prognosis.models.logistic import Logistic
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import RecipeRefits, Refits
from prognosis.tuning.candidates import Grid, check_grid
from prognosis.tuning.remarks import remarks_on
from prognosis.tuning.search import Rows
from prognosis.tuning.tune import Rules, tune
from prognosis.validation.rows import cluster_of
from prognosis.wrapping import Wrapping, is_timed

Floats = NDArray[np.float64]
# What is tuned where no recipe is named: how strongly a regression is pulled towards no effect, the strongest first.
RIDGES: Mapping[str, Sequence[Any]] = {"ridge": (100.0, 10.0, 0.0)}
STRENGTHS: Mapping[str, Sequence[Any]] = {"strength": (100.0, 10.0, 1.0)}


def _whole(least: int) -> Shape:
    return Shape(
        f"a whole number of at least {least}",
        lambda x: isinstance(x, int | np.integer) and not isinstance(x, bool) and bool(x >= least),
    )


class Tuned(Wrapping):
    """A recipe with the parameters that judge patients left out best, found by cross-validation inside every fit.

    Parameters
    ----------
    recipe : that is tuned; None: `Cox` by its ridge for a time to event, ridge `Logistic` for a binary outcome.
    grid : by parameter the values to try, the simplest first: ``{"min_leaf": [30, 15, 5]}``. Parameters of an inner
        recipe or selector as scikit-learn names them, ``recipe__ridge``.
    budget : most candidates; of a larger grid so many are drawn at random (Y34).
    folds, repeats : of the inner cross-validation, the same for all candidates.
    metric : that chooses; None: Harrell's C, for a binary outcome ``log_loss``. Metrics at a horizon (``brier``,
        ``auc``) are read at the study's last.
    one_standard_error : True takes the simplest candidate within one standard error of the best.
    seed : of folds and draws; task : number of the resample, set by validations.

    Notes
    -----
    Every value of a metric is measured within one fold, and a candidate's score is their mean: answers of models of
    different folds are never compared. Harrell's C is the default for times since every recipe has a marker, and no
    weights for censoring have to be estimated in small folds; it does not see calibration: for a penalty that shrinks
    all coefficients alike choose ``brier``. The log loss is proper. Of equal candidates the simpler wins: the smaller
    sum of places in the lists. Patients drawn twice and clusters stay on one side of the folds, which are balanced by
    event. A candidate that cannot be fitted in a fold is out of the race, with its reason (Y36).
    Standard errors and p-values of the winner do not know of the choice (Y35). Imputed copies would each choose for
    themselves: ``missing="chained"`` is refused (C34). Cost: candidates times folds times repeats, and one fit.
    Source: Varma and Simon (2006), on the bias of tuning outside.
    """

    kind: ClassVar[str] = "tuned"
    limits: ClassVar[Mapping[str, Limit]] = {
        "recipe": Shape("a recipe that is not tuned already, or None", lambda x: x is None or _plain_recipe(x)),
        "budget": _whole(1),
        "folds": _whole(2),
        "repeats": _whole(1),
        "metric": Shape("the name of a metric, or None", lambda x: x is None or isinstance(x, str)),
        "one_standard_error": Shape("True or False", lambda x: isinstance(x, bool)),
        "seed": _whole(0),
        "task": _whole(0),
    }

    def __init__(
        self,
        recipe: Recipe | None = None,
        grid: Grid | None = None,
        budget: int = 50,
        folds: int = 5,
        repeats: int = 1,
        metric: str | None = None,
        one_standard_error: bool = False,
        seed: int = 0,
        task: int = 0,
    ) -> None:
        self.recipe = recipe
        self.grid = grid
        self.budget = budget
        self.folds = folds
        self.repeats = repeats
        self.metric = metric
        self.one_standard_error = one_standard_error
        self.seed = seed
        self.task = task

    @property
    def takes_missing(self) -> bool:
        """As the recipe."""
        return self.recipe is not None and self.recipe.takes_missing

    @property
    def selects(self) -> bool:
        """True: the choice follows the outcome."""
        return True

    def check_parameters(self) -> None:
        """Check every parameter, the recipe and every value of the grid.

        Raises
        ------
        FitError
            S14 parameters or values out of their limits, a grid without its recipe or a recipe without its grid; Y30
            to Y32 of the grid; L12 a recipe that leaks: no tuning mends it.
        """
        super().check_parameters()
        if self.recipe is None:
            if self.grid is not None:
                rule = "Tuned: a grid without the recipe whose parameters it lists"
                raise FitError(Finding("S14", rule, 'Tuned(Cox(), grid={"ridge": [100, 10, 0]})'))
            return
        self.recipe.check_parameters()
        raise_findings(check_grid(self.recipe, self.grid, "Tuned"), FitError)
        if self.recipe.leaks:
            rule = f"Tuned: {self.recipe.leaks[0].rule}"
            raise FitError(Finding(self.recipe.leaks[0].code, rule, "tune the recipe with inside=True"))

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Tuned:
        """Fit every candidate in the inner folds, choose, fit the winner to all rows.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) outcome.

        Raises
        ------
        FitError
            V01 fewer events than folds; Y33 no candidate could be fitted and judged; Y37 a metric that ranks nothing or
            lacks its horizon; what the recipe raises of all rows.
        PredictionError
            M12 a metric that this outcome does not have.
        """
        self.check_parameters()
        frame, y = as_frame(X), np.asarray(y)
        recipe, grid = self._declared(y)
        timed = "binary" not in recipe.answerable or "time" in (y.dtype.names or ())
        outcome = read_outcome(y, timed)
        raise_findings(_check_lengths(frame, outcome), DataContractError)
        rules = Rules(self.budget, self.folds, self.repeats, self.metric, self.one_standard_error, self.seed, self.task)
        rows = Rows(frame, y, outcome, self._together(frame, recipe), getattr(self, "_patient", None))
        found, fitted = tune(recipe, grid, rows, rules, getattr(self, "_horizon", None))
        self.tuning_ = found
        self._keep(fitted, frame.shape[1], remarks_on(found))
        return self

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Tune anew in every resample; the fitted winner need not travel to other processes."""
        return RecipeRefits(self.fresh(), X, y, horizons)

    def _declared(self, y: NDArray[Any]) -> tuple[Any, Grid]:
        """Return an unfitted recipe for this outcome, judged at the study's horizon, and its grid."""
        recipe, grid = self.recipe, self.grid
        if recipe is None or grid is None:
            recipe, grid = (Cox(), RIDGES) if is_timed(y) else (Logistic(penalty="ridge"), STRENGTHS)
        return self._unfitted(recipe), grid

    def _inner(self, y: NDArray[Any]) -> Any:
        """Return the recipe that is tuned, unfitted."""
        return self._declared(y)[0]

    def _together(self, frame: pd.DataFrame, recipe: Recipe) -> NDArray[np.int64] | None:
        """Rows of one cluster, or copies of one patient, which inner folds must not divide; None without."""
        name = cluster_of(recipe)
        if name is None or name not in frame:
            return getattr(self, "_patient", None)
        return pd.factorize(frame[name])[0].astype(np.int64)


def _plain_recipe(value: object) -> bool:
    return isinstance(value, Recipe) and not isinstance(value, Tuned)


def _check_lengths(frame: pd.DataFrame, outcome: SurvivalArrays) -> list[Finding]:
    if len(outcome.event) == len(frame):
        return []
    rule = f"X has {len(frame)} rows, y has {len(outcome.event)}"
    return [Finding("S18", rule, "give one outcome for each row")]
