"""Cox proportional hazards regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.baseline import estimate_baseline
from prognosis.cox_estimate import CoxEstimate
from prognosis.cox_regression import CoxRegression, fit_cox
from prognosis.cox_residuals import robust_covariance, score_residuals
from prognosis.limits import Bounds, Choice, Limit
from prognosis.pooled_estimate import pool_cox
from prognosis.pooling import Pooled
from prognosis.preparation import Knots
from prognosis.proportional_hazards import Transform, proportional_hazards_test
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Regression, Rows, TrainingRows
from prognosis.risk_sets import RiskSets, build_risk_sets

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class CoxTraining(TrainingRows):
    """The training rows with their risk sets."""

    risk_sets: RiskSets = field(kw_only=True)


class Cox(Regression):
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
        **TERM_LIMITS,
        **COLUMN_LIMITS,
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
        rows = self.prepare(X, y, penalised=self.ridge > 0)
        efron = self.ties == "efron"
        died, special = rows.outcome.event == 1, rows.special
        risk_sets = build_risk_sets(rows.outcome.time, died, rows.outcome.entry, special.stratum, special.weight)
        names = rows.preparation.names
        fit = fit_cox(rows.design, risk_sets, names, offset=special.offset, efron=efron, ridge=self.ridge)
        estimate = self._estimate(fit, rows, risk_sets)
        eta = estimate.linear_predictor(rows.design, special.offset)
        return self._keep(
            rows, estimate, CoxTraining(rows.design - fit.means, rows.outcome, special, eta, risk_sets=risk_sets)
        )

    def _estimate(self, fit: CoxRegression, rows: Rows, risk_sets: RiskSets) -> CoxEstimate:
        efron, design, special, time = self.ties == "efron", rows.design, rows.special, rows.outcome.time
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
            names=rows.preparation.names,
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

    def pool(self, fits: Sequence[Any]) -> tuple[CoxEstimate, Pooled]:
        """Pool Cox models of completed copies of the same rows; see `pool_cox`."""
        training = fits[0].training_
        designs = [fit.training_.design + fit.estimate_.means for fit in fits]
        estimates = [fit.estimate_ for fit in fits]
        return pool_cox(estimates, designs, training.risk_sets, training.special.offset)

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
