"""Accelerated failure time regression with a parametric distribution of the event times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.evaluation import Recalibration
from prognosis.imputation.pooled_parametric import pool_parametric
from prognosis.imputation.pooling import Pooled
from prognosis.limits import Choice, Limit
from prognosis.outcome import SurvivalArrays
from prognosis.parametric.distributions import DISTRIBUTIONS
from prognosis.parametric.estimate import ParametricEstimate
from prognosis.parametric.likelihood import log_times
from prognosis.parametric.regression import fit_parametric
from prognosis.preparation import Knots
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Regression, TrainingRows
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]


class AcceleratedFailureTime(Regression):
    """Accelerated failure time regression: predictors stretch or shorten the time to the event.

    Events may be exact or, with ``TimeToEvent(last_free=...)``, found at a visit; entry may be delayed.

    Parameters
    ----------
    distribution : of the event time: ``weibull``, ``exponential``, ``lognormal`` or ``loglogistic``.
    splines : restricted cubic splines by variable: a number of knots (Harrell's default places) or the knots.
    interactions : pairs of predictors.
    transforms : by variable, one of log, log1p, sqrt, square, scaled.
    weights : column of case weights; as in R they change standard errors like counts, fractional ones too (N34 warns).
    cluster : column of clusters for robust standard errors.
    offset : column with a fixed part of log time: as in R a higher value means a LATER event.

    Notes
    -----
    Sources: Kalbfleisch and Prentice (2002), chapter 3; Lin and Wei (1989). Equal to R's ``survreg`` to 1e-12 on the
    golden values. Beyond R: delayed entry, and censoring at time 0 (which ``survreg`` refuses and which says nothing).
    """

    kind: ClassVar[str] = "accelerated_failure_time"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event",)
    interval_censoring: ClassVar[bool] = True
    limits: ClassVar[Mapping[str, Limit]] = {
        "distribution": Choice(tuple(DISTRIBUTIONS)),
        **TERM_LIMITS,
        **{name: limit for name, limit in COLUMN_LIMITS.items() if name != "strata"},
    }
    estimate_class: ClassVar[Any] = ParametricEstimate

    def __init__(
        self,
        distribution: str = "weibull",
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
    ) -> None:
        self.distribution = distribution
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.weights = weights
        self.cluster = cluster
        self.offset = offset

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> AcceleratedFailureTime:
        """Estimate the model.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors.
        y : (n,) structured outcome (event, time[, entry][, last_free]).

        Raises
        ------
        FitError
            The likelihood has no maximum (C05, N31, N33), columns depend on each other, too few rows or events.
        DataContractError
            Missing values (C16), weights (T23), events at time 0 (N30), impossible `last_free` (T35, T36, T38).
        """
        rows = self.prepare(X, y)
        outcome, special = rows.outcome, rows.special
        fit = fit_parametric(
            rows.design,
            log_times(outcome),
            DISTRIBUTIONS[self.distribution],
            rows.preparation.names,
            weight=special.weight,
            offset=special.offset,
            cluster=special.cluster,
        )
        estimate = ParametricEstimate(
            names=rows.preparation.names,
            coefficients=-fit.coefficients,
            means=fit.means,
            location=fit.location,
            scale=fit.scale,
            joint_covariance=fit.covariance,
            event_times=np.unique(outcome.time[outcome.event == 1]),
            end=np.array([outcome.time.max()]),
            loglik=fit.loglik,
            distribution=self.distribution,
            robust="" if special.cluster is None else "cluster",
        )
        eta = estimate.linear_predictor(rows.design, special.offset)
        training = TrainingRows(rows.design - fit.means, outcome, special, eta)
        return self._keep(rows, estimate, training, _warn_fractional(special))

    def pool(self, fits: Sequence[Any]) -> tuple[ParametricEstimate, Pooled]:
        """Pool fits to completed copies of the same rows; see `pool_parametric`."""
        return pool_parametric([fit.estimate_ for fit in fits], len(fits[0].training_.linear_predictor))

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit the linear predictor by this model's own likelihood, location and scale estimated anew."""
        fit = fit_parametric(
            linear_predictor[:, None],
            log_times(outcome),
            DISTRIBUTIONS[self.distribution],
            ("linear predictor",),
            weight=special.weight,
        )
        return Recalibration(float(-fit.coefficients[0]), null=fit.loglik[0], refitted=fit.loglik[1])


def _warn_fractional(special: SpecialColumns) -> tuple[Finding, ...]:
    if special.cluster is not None or not (special.weight != np.round(special.weight)).any():
        return ()
    rule = "weights are no whole numbers: the standard errors treat them as numbers of patients, as R's survreg"
    return (Finding("N34", rule, "name a cluster column (the patient) for robust errors", severity="warning"),)
