"""What every regression on design columns shares: the way from raw rows to checked ones, and the linear predictor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import DataContractError, Finding, FitError, PredictionError, raise_findings, warn_findings
from prognosis.answering import Answering
from prognosis.column_checks import (
    REMEDY,
    check_columns,
    check_complete,
    check_leaks,
    check_levels,
    check_rows,
    real_columns,
)
from prognosis.cox.recalibration import recalibrate_cox
from prognosis.evaluation import NONE, Recalibration
from prognosis.imputation.pooling import Pooled
from prognosis.limits import COLUMN, KNOTS_BY_COLUMN, TEXT_BY_COLUMN, Limit, Names
from prognosis.metrics.discrimination import harrell_c
from prognosis.outcome import SurvivalArrays, has_time, pairs_of, read_outcome
from prognosis.preparation import Preparation
from prognosis.recipe import Recipe, as_frame
from prognosis.refits import Answers, Judged
from prognosis.special_columns import SpecialColumns, check_strata, keep_weighted, read_offset, read_special_columns

Floats = NDArray[np.float64]

# Limits of the parameters that regressions share, for the recipe's own table.
TERM_LIMITS: Mapping[str, Limit] = {
    "splines": KNOTS_BY_COLUMN,
    "interactions": Names(2),
    "transforms": TEXT_BY_COLUMN,
}
COLUMN_LIMITS: Mapping[str, Limit] = {"strata": Names(), "weights": COLUMN, "cluster": COLUMN, "offset": COLUMN}


@dataclass(frozen=True)
class Rows:
    """Checked rows of a regression: nothing missing, infinite, constant or dependent.

    Parameters
    ----------
    preparation : from raw predictors to columns. design : (n, p) uncentred, C-contiguous.
    outcome, special : of the same rows. warnings : findings.
    """

    preparation: Preparation
    design: Floats
    outcome: SurvivalArrays
    special: SpecialColumns
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class TrainingRows:
    """The training rows, kept for diagnostics of a freshly fitted model and never saved.

    Parameters
    ----------
    design : (n, p), centred at the training means. outcome, special : of the rows. linear_predictor : (n,).
    """

    design: Floats
    outcome: SurvivalArrays
    special: SpecialColumns
    linear_predictor: Floats

    @property
    def weight(self) -> Floats:
        """Case weights, (n,)."""
        return self.special.weight

    @property
    def stratum(self) -> NDArray[np.int64] | None:
        """Index of each row's stratum, or None."""
        return self.special.stratum


class Regression(Recipe):
    """A recipe that estimates coefficients of design columns.

    A subclass has whichever of the parameters splines, transforms, interactions, strata, weights, cluster and offset
    its likelihood can use; `remedy` names its penalised fit in messages.
    """

    remedy: ClassVar[str] = REMEDY

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return (*self._own("strata", ()), *(name for name in map(self._own, ("weights", "cluster", "offset")) if name))

    def prepare(self, X: pd.DataFrame | Floats, y: NDArray[Any], *, penalised: bool = False) -> Rows:
        """Check the rows for this model and return them as arrays.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) outcome. penalised : the fit needs neither
            events in every category nor independent columns.

        Raises
        ------
        FitError
            Columns depend on each other, too few rows or events, competing events (all findings at once).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        frame, outcome, special = self._read(as_frame(X), y)
        identified = replace(special, patient=self._own("_patient"))
        frame, outcome, special, left_out = keep_weighted(frame, outcome, identified)
        raise_findings(self._unanswerable(outcome), FitError)
        predictors = frame.drop(columns=list(self.auxiliary)) if self.auxiliary else frame
        time, happened = pairs_of(outcome)
        n, events = len(predictors), self._limiting(outcome)
        warnings = [*left_out, *_check_codes(outcome), *check_strata(special, happened)]
        raise_findings(check_complete(predictors, gaps=self.takes_missing), DataContractError)
        if n < 3 or not happened.any():
            raise FitError(*check_rows(n, predictors.shape[1], events, penalised=False))
        warnings += check_levels(predictors, happened, penalised=penalised, remedy=self.remedy)
        warnings += check_leaks(real_columns(predictors), time, happened, outcome.entry)
        preparation = self._own("_preparation") or self.learn(predictors)
        design = preparation.design(predictors)
        warnings += check_rows(n, design.shape[1], events, penalised=penalised, remedy=self.remedy)
        raise_findings(warnings, FitError)
        raise_findings(check_columns(design, preparation.names, special.stratum, penalised=penalised), FitError)
        return Rows(preparation, design, outcome, special, tuple(warnings))

    def learn(self, predictors: pd.DataFrame) -> Preparation:
        """Learn levels, scales and knots from raw predictors, complete unless the model has a rule for gaps."""
        declared = (self._own("splines"), self._own("transforms"), self._own("interactions", ()))
        return Preparation.fit(predictors, *declared, gaps=self.takes_missing)

    def prepared(self, preparation: Preparation) -> Self:
        """Use this preparation in place of one learned from the rows; copies of a data set need the same columns."""
        given: Any = self
        given._preparation = preparation
        return self

    def pool(self, fits: Sequence[Any]) -> tuple[Any, Pooled]:
        """Pool fits of this recipe to completed copies of the same rows into one estimate and its details.

        Raises
        ------
        FitError
            C34 for a recipe whose fits cannot be pooled.
        """
        rule = f"{len(fits)} fits of {type(self).__name__} cannot be pooled by Rubin's rules"
        raise FitError(Finding("C34", rule, 'missing="complete_cases"'))

    def predict(self, X: pd.DataFrame | Floats) -> Floats:
        """Linear predictor of each row, (n,), higher for a higher risk; the origin is the training mean."""
        check_is_fitted(self, "estimate_")
        fitted: Any = self
        frame = self._frame(X)
        name = self._own("offset")
        offset = read_offset(frame, name) if name else None
        eta: Floats = fitted.estimate_.linear_predictor(fitted.preparation_.design(frame), offset)
        return eta

    def score(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> float:
        """Harrell's C (the area under the ROC curve for a binary outcome), so that GridSearchCV can rank recipes."""
        return harrell_c(self.evaluation(X, y))

    def answers(self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats) -> Answers:
        """Answer for n rows; rows of weight 0 too."""
        check_is_fitted(self, "estimate_")
        fitted: Any = self
        answering = Answering(fitted.preparation_, fitted.estimate_, self._own("offset"), None, 0)
        return self.answers_from(X, y, horizons, answering, self.marker)

    def answers_from(
        self,
        X: pd.DataFrame | Floats,
        y: NDArray[Any],
        horizons: Floats,
        answering: Answering,
        marker: Callable[[pd.DataFrame], Floats],
    ) -> Answers:
        """Return the same for answers that are made of the rows otherwise, averaged over imputed values say."""
        frame, outcome, special = self._read(self._frame(X), y)
        if len(horizons):
            risk, _, _, eta = answering.risk(frame, horizons, 0.95, "log")
        else:
            risk, eta = np.empty((len(frame), 0)), answering.linear_predictor(frame)
        return Answers(marker(frame), eta, risk, self.recalibration(outcome, special, eta))

    def judged(
        self, X: pd.DataFrame | Floats, y: NDArray[Any], horizons: Floats = NONE, thresholds: tuple[float, ...] = ()
    ) -> Judged:
        """Return rows as they are judged: outcome, weights and strata of this recipe."""
        _, outcome, special = self._read(self._frame(X), y)
        weight = special.weight if self._own("weights") else None
        return Judged(outcome, weight, special.stratum, horizons, thresholds)

    def marker(self, frame: pd.DataFrame) -> Floats:
        """Return what orders the rows by risk, (n,): the linear predictor, unless it does not."""
        return self.predict(frame)

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit this model's own likelihood to the linear predictor alone; Cox's unless a subclass says otherwise.

        With competing events: of the cause-specific hazard.
        """
        return recalibrate_cox(outcome, linear_predictor, special, efron=self._own("ties", "efron") == "efron")

    def recalibration(
        self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats
    ) -> Callable[[NDArray[np.int64]], Recalibration]:
        """Return what recalibrates chosen rows; a subclass with a faster way gives the same numbers."""
        return partial(self._recalibrate_rows, outcome, special, linear_predictor)

    def _recalibrate_rows(
        self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats, rows: NDArray[np.int64]
    ) -> Recalibration:
        return self.recalibrated(outcome.take(rows), special.take(rows), linear_predictor[rows])

    def _keep(self, rows: Rows, estimate: Any, training: TrainingRows, warnings: tuple[Finding, ...] = ()) -> Self:
        """Remember a fit in the attributes that scikit-learn's conventions ask for."""
        fitted: Any = self
        fitted.preparation_, fitted.estimate_ = rows.preparation, estimate
        fitted.training_, fitted.warnings_ = training, (*rows.warnings, *warnings)
        fitted.n_features_in_ = len(rows.preparation.predictors) + len(self.auxiliary)
        return self

    def _frame(self, X: pd.DataFrame | Floats) -> pd.DataFrame:
        """Raw columns of new rows; those of an array have no names, so their number must be that of the training."""
        fitted: Any = self
        frame = as_frame(X)
        if isinstance(X, pd.DataFrame) or frame.shape[1] == fitted.n_features_in_:
            return frame
        who = type(self).__name__
        rule = f"X has {frame.shape[1]} features, but {who} is expecting {fitted.n_features_in_} features as input"
        raise PredictionError(Finding("P05", rule, "give the columns of the training in their order, or a frame"))

    def _own(self, name: str, default: Any = None) -> Any:
        return getattr(self, name, default)

    def _read(self, frame: pd.DataFrame, y: NDArray[Any]) -> tuple[pd.DataFrame, SurvivalArrays, SpecialColumns]:
        special = read_special_columns(
            frame,
            strata=tuple(self._own("strata", ())),
            weights=self._own("weights"),
            cluster=self._own("cluster"),
            offset=self._own("offset"),
        )
        outcome = read_outcome(y, timed=has_time(y, self.endpoints))
        if len(outcome.event) != len(frame):
            rule = f"X has {len(frame)} rows, y has {len(outcome.event)}"
            raise DataContractError(Finding("S18", rule, "give one outcome for each row"))
        return frame, outcome, special

    def _unanswerable(self, outcome: SurvivalArrays) -> list[Finding]:
        """Outcomes that this likelihood would silently misread."""
        findings = []
        if "competing" not in self.endpoints and (outcome.event > 1).any():
            rule = f"the outcome has competing events, which one {type(self).__name__} model leaves out"
            findings.append(Finding("T30", rule, "declare a TimeToEvent endpoint that says how the other event counts"))
        if outcome.last_free is not None and not self.interval_censoring:
            rule = f"events are known to lie between two visits (last_free), which {type(self).__name__} cannot use"
            findings.append(Finding("T30", rule, "choose AcceleratedFailureTime, or an endpoint without last_free"))
        return findings

    def _limiting(self, outcome: SurvivalArrays) -> int:
        """Count the events; for a binary outcome those of the rarer class."""
        events = int((outcome.event == 1).sum())
        return events if outcome.timed else min(events, len(outcome.event) - events)


def _check_codes(outcome: SurvivalArrays) -> list[Finding]:
    """Doubt (T13) codes 1 and 2 without a 0: other packages write them for censored and dead."""
    if (outcome.event == 0).any() or not (outcome.event > 1).any():
        return []
    rule = "no row is censored, and there are competing events"
    advice = "0 is censored, 1 the event, 2 and more competing events: check the codes"
    finding = Finding("T13", rule, advice, severity="warning")
    warn_findings([finding], stacklevel=5)
    return [finding]
