"""Cox proportional hazards regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from cohorts.errors import DataContractError, Finding, FitError, raise_findings
from prognosis.baseline import estimate_baseline
from prognosis.column_checks import check_columns, check_leaks, check_levels, check_rows
from prognosis.cox_estimate import CoxEstimate
from prognosis.cox_regression import CoxRegression, fit_cox
from prognosis.cox_residuals import robust_covariance, score_residuals
from prognosis.limits import COLUMN, KNOTS_BY_COLUMN, TEXT_BY_COLUMN, Bounds, Choice, Limit, Names
from prognosis.metrics.discrimination import harrell_c
from prognosis.preparation import Knots, Preparation
from prognosis.proportional_hazards import Transform, proportional_hazards_test
from prognosis.recipe import Evaluation, Recipe, SurvivalArrays, as_frame, read_outcome
from prognosis.risk_sets import RiskSets, build_risk_sets
from prognosis.special_columns import SpecialColumns, check_strata, keep_weighted, read_special_columns

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoxTraining:
    """The training rows, kept for diagnostics of a freshly fitted model and never saved."""

    design: Floats
    outcome: SurvivalArrays
    risk_sets: RiskSets
    linear_predictor: Floats
    stratum: NDArray[np.int64] | None = None


class Cox(Recipe):
    """Cox proportional hazards regression for a time to event.

    Parameters
    ----------
    ties : ``efron`` (default, as R) or ``breslow``; the baseline hazard follows.
    splines : restricted cubic splines by variable: a number of knots (Harrell's default places) or the knots.
    interactions : pairs of predictors.
    transforms : by variable, one of log, log1p, sqrt, square, scaled.
    strata : columns whose combinations have a baseline of their own.
    weights : column of case weights; weights that are no whole numbers give robust standard errors, as in R.
    cluster : column of clusters for robust standard errors.
    offset : column with a fixed part of the linear predictor.
    ridge : penalty ``ridge / 2 * sum(coefficient^2 * variance of the column)``, as R's ``ridge(scale=TRUE)``.

    Notes
    -----
    Sources: Cox (1972), Efron (1977), Lin and Wei (1989). Equal to R's ``coxph`` to 1e-8 on the golden values.
    """

    kind: ClassVar[str] = "cox"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event",)
    limits: ClassVar[Mapping[str, Limit]] = {
        "ties": Choice(("efron", "breslow")),
        "ridge": Bounds(0.0),
        "splines": KNOTS_BY_COLUMN,
        "interactions": Names(2),
        "transforms": TEXT_BY_COLUMN,
        "strata": Names(),
        "weights": COLUMN,
        "cluster": COLUMN,
        "offset": COLUMN,
    }
    estimate_class: ClassVar[Any] = CoxEstimate

    def __init__(
        self,
        ties: str = "efron",
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        strata: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
        ridge: float = 0.0,
    ) -> None:
        self.ties = ties
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.strata = strata
        self.weights = weights
        self.cluster = cluster
        self.offset = offset
        self.ridge = ridge

    @property
    def auxiliary(self) -> tuple[str, ...]:
        """Columns of X that are no predictors."""
        return (*self.strata, *(name for name in (self.weights, self.cluster, self.offset) if name))

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Cox:
        """Estimate the model.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time[, entry]).

        Raises
        ------
        FitError
            The likelihood has no maximum, columns depend on each other, too few rows or events (all findings at once).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        frame, outcome, special, left_out = keep_weighted(*self._read(as_frame(X), y))
        if (outcome.event > 1).any():
            rule = "the outcome has competing events, which one Cox model leaves out"
            raise FitError(Finding("T30", rule, "declare a TimeToEvent endpoint that says how the other event counts"))
        predictors = frame.drop(columns=list(self.auxiliary))
        died = outcome.event == 1
        warnings = [*left_out, *check_strata(special, died), *self._check(predictors, outcome, died)]
        self.preparation_ = Preparation.fit(predictors, self.splines, self.transforms, self.interactions)
        design = self.preparation_.design(predictors)
        names = self.preparation_.names
        warnings += check_rows(len(design), design.shape[1], int(died.sum()), penalised=self.ridge > 0)
        raise_findings(warnings, FitError)
        raise_findings(check_columns(design, names, special.stratum, penalised=self.ridge > 0), FitError)
        risk_sets = build_risk_sets(outcome.time, died, outcome.entry, special.stratum, special.weight)
        efron = self.ties == "efron"
        fit = fit_cox(design, risk_sets, names, offset=special.offset, efron=efron, ridge=self.ridge)
        self.estimate_ = self._estimate(fit, design, risk_sets, special, outcome.time)
        self.warnings_ = tuple(warnings)
        eta = self.estimate_.linear_predictor(design, special.offset)
        self.training_ = CoxTraining(design - fit.means, outcome, risk_sets, eta, special.stratum)
        return self

    def _check(self, predictors: pd.DataFrame, outcome: SurvivalArrays, died: NDArray[np.bool_]) -> list[Finding]:
        if predictors.shape[1] == 0:
            raise FitError(Finding("S15", "no predictor", "name at least one predictor"))
        missing = predictors.isna().sum()
        if missing.any():
            raise DataContractError(*missing_findings(missing, len(predictors)))
        raise_findings(_check_finite(predictors), DataContractError)
        if len(predictors) < 3 or not died.any():
            raise FitError(*check_rows(len(predictors), predictors.shape[1], int(died.sum()), penalised=False))
        findings = check_levels(predictors, died, penalised=self.ridge > 0)
        numeric = predictors.select_dtypes(include=["number", "bool"])
        return findings + check_leaks(numeric, outcome.time, died, outcome.entry)

    def _estimate(
        self, fit: CoxRegression, design: Floats, risk_sets: RiskSets, special: SpecialColumns, time: Floats
    ) -> CoxEstimate:
        efron = self.ties == "efron"
        end = np.array([time.max()])
        if special.stratum is not None:
            end = np.array([time[special.stratum == s].max() for s in range(len(special.stratum_names))])
        baseline = estimate_baseline(fit, design, risk_sets, end, special.offset, efron)
        covariance, robust = fit.covariance, ""
        fractional = bool((special.weight != np.round(special.weight)).any())
        if special.cluster is not None or fractional:
            centred = np.ascontiguousarray(design - fit.means)
            eta = centred @ fit.coefficients + (0.0 if special.offset is None else special.offset)
            residuals = score_residuals(centred, eta, risk_sets, efron)
            covariance = robust_covariance(residuals, special.weight, fit.covariance, special.cluster)
            robust = "robust" if special.cluster is None else "cluster"
        return CoxEstimate(
            names=self.preparation_.names,
            coefficients=fit.coefficients,
            means=fit.means,
            covariance=covariance,
            naive_covariance=fit.covariance,
            baseline=baseline,
            loglik=fit.loglik,
            score_test=fit.score_test,
            ties=self.ties,
            robust=robust,
            strata=tuple(self.strata),
            stratum_names=special.stratum_names,
        )

    def predict(self, X: pd.DataFrame | Floats) -> Floats:
        """Linear predictor of each row, (n,), higher for an earlier event; the origin is the training mean."""
        check_is_fitted(self, "estimate_")
        frame = as_frame(X)
        offset = frame[self.offset].to_numpy(float) if self.offset else None
        return self.estimate_.linear_predictor(self.preparation_.design(frame), offset)

    def score(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> float:
        """Harrell's C in these rows, so that GridSearchCV can rank recipes."""
        return harrell_c(self.evaluation(X, y))

    def evaluation(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Evaluation:
        """Return outcome and linear predictor in some rows, with the weights and strata of the model."""
        frame, outcome, special, _ = keep_weighted(*self._read(as_frame(X), y))
        return Evaluation(
            time=outcome.time,
            event=outcome.event == 1,
            linear_predictor=self.predict(frame),
            entry=outcome.entry,
            weight=special.weight if self.weights else None,
            stratum=special.stratum,
            efron=self.ties == "efron",
        )

    def _read(self, frame: pd.DataFrame, y: NDArray[Any]) -> tuple[pd.DataFrame, SurvivalArrays, SpecialColumns]:
        special = read_special_columns(
            frame, strata=tuple(self.strata), weights=self.weights, cluster=self.cluster, offset=self.offset
        )
        outcome = read_outcome(y)
        if len(outcome.time) != len(frame):
            rule = f"X has {len(frame)} rows, y has {len(outcome.time)}"
            raise DataContractError(Finding("S18", rule, "give one outcome for each row"))
        return frame, outcome, special

    def proportional_hazards(self, transform: Transform = "km") -> pd.DataFrame:
        """Score test of proportional hazards for each term and globally, as R's ``cox.zph``."""
        kept = self.training_
        return proportional_hazards_test(
            kept.design,
            kept.linear_predictor,
            kept.risk_sets,
            self.preparation_.terms_of_test(),
            entry=kept.outcome.entry,
            time=kept.outcome.time,
            transform=transform,
            efron=self.ties == "efron",
        )


def _check_finite(predictors: pd.DataFrame) -> list[Finding]:
    numeric = predictors.select_dtypes(include="number")
    infinite = np.isinf(numeric.to_numpy(float))
    return [
        Finding("C27", "the value is infinite", "correct it", str(name), tuple(map(str, numeric.index[rows])))
        for name, rows in zip(numeric.columns, infinite.T, strict=True)
        if rows.any()
    ]


def missing_findings(missing: pd.Series, n: int) -> list[Finding]:
    """Name every column with missing values (C16)."""
    listed = ", ".join(
        f"{name} {count} ({100 * count / n:.1f} percent)" for name, count in missing[missing > 0].items()
    )
    columns = ", ".join(str(name) for name in missing.index[missing > 0])
    rule = f"missing values without a declared strategy; columns and counts: {listed} of {n} rows"
    advice = 'declare missing="complete_cases" in Study, or [imputation] method = "complete_cases" in the study file'
    return [Finding("C16", rule, advice, columns)]
