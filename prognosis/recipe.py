"""What every model recipe is: a scikit-learn estimator of plain parameters that fits raw predictors to an outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.curves.observed import observe
from prognosis.evaluation import NONE, Evaluation
from prognosis.limits import Limit
from prognosis.profile import ObservedCurve
from prognosis.refits import Answers, Judged, RecipeRefits, Refits

Floats = NDArray[np.float64]


class Recipe(BaseEstimator):
    """A model before it has seen data.

    A new model is one file in ``prognosis/models`` with a subclass that sets `kind`, `endpoints` and
    `estimate_class` (a class, or several where the endpoint decides), and whose ``fit(X, y)`` sets ``preparation_``,
    ``estimate_``, ``warnings_`` and ``training_``.
    """

    kind: ClassVar[str] = ""
    endpoints: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Mapping[str, Limit]] = {}
    estimate_class: ClassVar[Any] = None
    # True when the likelihood can use an event that is only known to lie between two visits.
    interval_censoring: ClassVar[bool] = False
    # Another way to an endpoint that this recipe does not answer, in words.
    elsewhere: ClassVar[str] = "choose another model"

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors: strata, weights, cluster, offset."""
        return ()

    @property
    def selects(self) -> bool:
        """True when fitting chooses among predictors, so that the optimism bootstrap would flatter it."""
        return False

    @property
    def answerable(self) -> tuple[str, ...]:
        """Kinds of endpoint that this recipe, with its parameters, answers."""
        return self.endpoints

    @property
    def takes_missing(self) -> bool:
        """True when the model has a rule of its own for missing predictors; else rows with one are refused."""
        return getattr(self, "missing", "refuse") == "own side"

    @property
    def answering_recipe(self) -> Recipe:
        """The recipe whose estimate answers: this one, unless it is fitted around another."""
        return self

    @property
    def around(self) -> Recipe | None:
        """The recipe inside, where the estimate holds that one's estimate; None for most."""
        return None

    @property
    def leaks(self) -> tuple[Finding, ...]:
        """What would reach the training from the patients who judge the refits; none of it is ever allowed silently."""
        return ()

    @property
    def leaking(self) -> str:
        """What is done outside the resamples, where something leaks."""
        return "selection" if self.leaks else ""

    def honest(self) -> Recipe:
        """Return the same recipe, fitted or not, without what leaks."""
        return self

    @property
    def held_out_only(self) -> bool:
        """True when the optimism bootstrap flatters the recipe, so that only patients left out can judge it."""
        return self.selects

    def answers(self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats) -> Answers:
        """Answer for n rows: marker, linear predictor, risk by each horizon, and the recalibration of chosen rows."""
        raise NotImplementedError

    def judged(
        self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats = NONE, thresholds: tuple[float, ...] = ()
    ) -> Judged:
        """Return rows as they are judged: outcome, weights and strata of this recipe."""
        raise NotImplementedError

    def refits(self, X: pd.DataFrame, y: NDArray[Any], horizons: Floats) -> Refits:
        """Return what refits this recipe to chosen rows; a recipe with a faster way gives the same numbers by it."""
        return RecipeRefits(self, X, y, horizons)

    def evaluation(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Evaluation:
        """Return outcome, marker and linear predictor in some rows, for the metrics without a horizon."""
        answers = self.answers(X, y, NONE)
        return self.judged(X, y).evaluation(answers, np.arange(len(answers.marker)))

    def observed(self) -> tuple[ObservedCurve | None, tuple[ObservedCurve, ...]]:
        """Observed curve of the training rows, weighted as the fit, and one a stratum (none without strata).

        Kaplan-Meier; with competing events 1 minus the Aalen-Johansen incidence; None for a binary outcome. A recipe
        fitted around another shows what that one does.
        """
        kept: Any = self
        inside = getattr(self, "fitted_", None)
        if inside is not None:
            curves: tuple[ObservedCurve | None, tuple[ObservedCurve, ...]] = inside.observed()
            return curves
        training = kept.training_
        outcome, weight, stratum = training.outcome, training.weight, training.stratum
        if not outcome.timed:
            return None, ()

        def curve(rows: NDArray[Any] | slice) -> ObservedCurve:
            part = outcome.take(rows)
            return observe(part.time, part.event, part.entry, weight[rows])

        strata = () if stratum is None else tuple(curve(stratum == s) for s in range(stratum.max() + 1))
        return curve(slice(None)), strata

    def judged_at(self, horizon: float) -> Self:
        """Set the horizon at which risks are compared and checked, where a model needs one; else its last event."""
        judged: Any = self
        judged._horizon = horizon
        return self

    def fresh(self) -> Any:
        """Return an unfitted copy that is judged at the same horizon."""
        copy, horizon = clone(self), getattr(self, "_horizon", None)
        return copy if horizon is None else copy.judged_at(horizon)

    def of_patients(self, patient: NDArray[np.int64] | None) -> Any:
        """Tell who each row is, where a resample holds some rows more than once: folds inside the fit keep them."""
        told: Any = self
        told._patient = patient
        return told

    def check_parameters(self) -> None:
        """Check every parameter that has a declared limit.

        Raises
        ------
        FitError
            S14 naming all parameters out of their limits.
        """
        faults = [
            Finding(
                "S14",
                f"{type(self).__name__}: {name}={getattr(self, name)!r} is not allowed",
                f"{name} must be {limit}",
            )
            for name, limit in self.limits.items()
            if not limit.allows(getattr(self, name))
        ]
        if faults:
            raise FitError(*faults)


def as_frame(X: pd.DataFrame | Floats) -> pd.DataFrame:
    """Return raw predictors as a frame with names of text; columns of an array become x0, x1, ...

    Raises
    ------
    DataContractError
        C02 when two columns bear one name.
    """
    if isinstance(X, pd.DataFrame):
        names = [str(name) for name in X.columns]
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        raise_findings(
            (Finding("C02", f"columns {name} and {name} bear one name", "rename one", name) for name in twice),
            DataContractError,
        )
        return X.set_axis(names, axis="columns")
    values = np.empty((0, 0)) if issparse(X) else np.asarray(X)
    raise_findings(_array_faults(X, values), DataContractError)
    return pd.DataFrame(values.astype(float), columns=[f"x{j}" for j in range(values.shape[1])])


def _array_faults(X: Any, values: NDArray[Any]) -> list[Finding]:
    if issparse(X):
        return [Finding("C10", "a sparse matrix is not supported", "give a dense one: X.toarray()")]
    if values.ndim != 2:
        rule = f"an array of {values.ndim} dimension(s) for a table of patients and predictors"
        return [Finding("S18", rule, "Reshape your data: X.reshape(-1, 1) for one predictor")]
    if values.dtype.kind == "c":
        return [Finding("C10", "Complex data not supported", "give real numbers")]
    if values.dtype.kind in "USV" or (values.dtype == object and any(isinstance(cell, str) for cell in values.flat)):
        return [Finding("C10", "string dtype in an array of predictors", "give numbers, or a frame with categories")]
    return []
