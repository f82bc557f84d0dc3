"""Logistic regression for a binary endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, raise_findings
from prognosis.column_checks import check_columns
from prognosis.evaluation import Recalibration
from prognosis.imputation.pooled_logistic import pool_logistic
from prognosis.imputation.pooling import Pooled
from prognosis.limits import Bounds, Choice, Limit, Shape
from prognosis.logistic.estimate import INTERCEPT, LogisticEstimate, estimate_from
from prognosis.logistic.likelihood import standardise
from prognosis.logistic.profile import Profile
from prognosis.logistic.regression import fit_firth, fit_logistic, robust_errors
from prognosis.logistic.statistics import BINS, logistic_statistics
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.penalised.logistic_choice import choose_penalty, doubts_of, lasso_estimate
from prognosis.penalised.logistic_path import PathRows
from prognosis.penalised.penalty_choice import RULES, PenaltyCurve, Rule
from prognosis.preparation import Knots
from prognosis.published.estimate import PublishedOdds
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Regression, Rows, TrainingRows
from prognosis.special_columns import SpecialColumns

Floats = NDArray[np.float64]
PENALTIES = ("firth", "ridge", "lasso")
FEWEST_FOLDS = 3


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


class Logistic(Regression):
    """Logistic regression for a binary endpoint: maximum likelihood, Firth, ridge or lasso.

    Parameters
    ----------
    penalty : None, maximum likelihood, as R's ``glm`` and ``rms::lrm``.
        ``firth``, for separated or rare events: Jeffreys' prior, profile limits and tests as ``logistf``. Predicted
        risks are pulled towards 1/2; their mean is not exactly the observed share.
        ``ridge``, ``strength / 2 * sum(coefficient^2 * variance of the column)`` as the ``penalty`` of ``rms::lrm``
        (for a factor ``lrm`` penalises distances from the mean of its levels instead).
        ``lasso``, ``strength * sum(|coefficient| * standard deviation)`` per patient, as glmnet's lambda; selects.
    strength : of ridge or lasso; None chooses it by cross-validation inside the training rows, from glmnet's sequence.
    folds : of that cross-validation, at least 3; rows of one cluster stay together, events are spread evenly.
    rule : ``minimum`` of the cross-validated deviance, or the strongest within ``one-standard-error`` of it.
    splines, interactions, transforms, offset : as in `Cox`.
    weights : column of case weights, as if a row stood there so many times; weights that are no whole numbers give
        robust standard errors.
    cluster : column of clusters for robust standard errors, as ``rms::robcov``.
    seed : of the folds. The order of the rows in the table does not change them.

    Notes
    -----
    Sources: Firth (1993), Heinze and Schemper (2002), Harrell (2015), Friedman, Hastie and Tibshirani (2010). Equal to
    R's ``glm`` to 1e-10 on the golden values.
    """

    kind: ClassVar[str] = "logistic"
    endpoints: ClassVar[tuple[str, ...]] = ("binary",)
    remedy: ClassVar[str] = 'Logistic(penalty="firth")'
    limits: ClassVar[Mapping[str, Limit]] = {
        "penalty": Shape(f"None or one of {', '.join(PENALTIES)}", lambda x: x is None or x in PENALTIES),
        "strength": Shape("a number above 0, or None", lambda x: x is None or (Bounds(0.0).allows(x) and x > 0)),
        "folds": Shape(f"a whole number of at least {FEWEST_FOLDS}", lambda x: _whole(x) and x >= FEWEST_FOLDS),
        "rule": Choice(RULES),
        "seed": Shape("a whole number of at least 0", lambda x: _whole(x) and x >= 0),
        **TERM_LIMITS,
        **{name: limit for name, limit in COLUMN_LIMITS.items() if name != "strata"},
    }
    estimate_class: ClassVar[Any] = (LogisticEstimate, PublishedOdds)

    def __init__(
        self,
        penalty: str | None = None,
        strength: float | None = None,
        folds: int = 10,
        rule: Rule = "minimum",
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
        seed: int = 0,
    ) -> None:
        self.penalty = penalty
        self.strength = strength
        self.folds = folds
        self.rule = rule
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.weights = weights
        self.cluster = cluster
        self.offset = offset
        self.seed = seed

    @property
    def selects(self) -> bool:
        """True for the lasso."""
        return self.penalty == "lasso"

    def check_parameters(self) -> None:
        """Check every parameter.

        Raises
        ------
        FitError
            S14 naming all parameters out of their limits, or a strength that no penalty uses.
        """
        super().check_parameters()
        if self.strength is not None and self.penalty not in ("ridge", "lasso"):
            rule = f"Logistic: strength={self.strength!r} without a penalty that has one"
            raise FitError(Finding("S14", rule, 'penalty must be "ridge" or "lasso"'))

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> Logistic:
        """Estimate the model.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) outcome, 0 or 1 (or the field event).

        Raises
        ------
        FitError
            C06 columns separate the events; C30 a coefficient about which nothing is known; C31 all rows have the
            event; C32 robust errors asked of Firth's fit; N15 to N17 no convergence; N21 fewer events than folds;
            besides what every regression raises (all findings at once).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        self.check_parameters()
        event = read_outcome(y, timed=False).event == 1
        if len(event) and event.all():
            rule = f"all of n={len(event)} rows have the event: there is nothing to compare"
            raise FitError(Finding("C31", rule, "check the event column, its codes and the rows left out"))
        rows = self.prepare(X, y, penalised=self.penalty is not None)
        estimate, curve = self._estimate(rows)
        self.penalty_curve_ = curve
        eta = estimate.linear_predictor(rows.design, rows.special.offset)
        training = TrainingRows(rows.design - estimate.means, rows.outcome, rows.special, eta)
        return self._keep(rows, estimate, training, doubts_of(estimate, curve))

    def _estimate(self, rows: Rows) -> tuple[LogisticEstimate, PenaltyCurve | None]:
        if self.penalty is None:
            return self._likelihood_estimate(rows, 0.0), None
        if self.penalty == "firth":
            return self._firth_estimate(rows), None
        special, curve = rows.special, None
        data = PathRows(rows.design, rows.outcome.event == 1, special.weight, rows.preparation.names, special.offset)
        lasso, strength = self.penalty == "lasso", self.strength
        if strength is None:
            chosen, curve = choose_penalty(data, float(lasso), self.rule, self.folds, self.seed, special.together)
            # The variance of rms has n - 1 below, glmnet's n; glmnet's loss is a mean over the patients.
            strength = chosen if lasso else chosen * (float(special.weight.sum()) - 1)
        estimate = lasso_estimate(data, strength) if lasso else self._likelihood_estimate(rows, strength)
        return estimate, curve

    def _likelihood_estimate(self, rows: Rows, ridge: float) -> LogisticEstimate:
        special, event = rows.special, rows.outcome.event == 1
        weight, offset, cluster = special.weight, special.offset, special.cluster
        fit = fit_logistic(rows.design, event, rows.preparation.names, weight=weight, offset=offset, ridge=ridge)
        covariance, robust = fit.joint_covariance, ""
        if cluster is not None or _fractional(weight):
            covariance = robust_errors(fit, rows.design, event, weight=weight, offset=offset, cluster=cluster)
            robust = "robust" if cluster is None else "cluster"
        return replace(
            estimate_from(fit, rows.preparation.names, self.penalty or ""),
            joint_covariance=covariance,
            strength=ridge,
            robust=robust,
        )

    def _firth_estimate(self, rows: Rows) -> LogisticEstimate:
        special, event, names = rows.special, rows.outcome.event == 1, rows.preparation.names
        raise_findings(check_columns(rows.design, names, penalised=False), FitError)
        self._check_independent(special)
        fit = fit_firth(rows.design, event, names, weight=special.weight, offset=special.offset)
        source = Profile(standardise(rows.design, event, names, special.weight, special.offset), firth=True)
        return replace(estimate_from(fit, names, "firth"), source=source)

    def _check_independent(self, special: SpecialColumns) -> None:
        if special.cluster is not None or _fractional(special.weight):
            rule = (
                "a profile likelihood takes the rows for independent patients, which clusters and sampling weights deny"
            )
            raise FitError(Finding("C32", rule, "leave cluster or weights out, or fit without Firth's penalty"))

    def profile_limits(self, level: float = 0.95) -> pd.DataFrame:
        """Profile likelihood limits of the freshly fitted model, as R's ``confint``.

        Returns
        -------
        Frame of term (the intercept at zero first), coefficient, lower and upper, all as log odds ratios.

        Raises
        ------
        FitError
            C33 after a ridge or lasso fit; C32 where errors are robust; N16 a limit is not found.

        Notes
        -----
        The limits solve the equation of the profile likelihood to rounding; those of ``MASS`` (and R's ``confint`` of
        a ``glm``) are interpolated, with an error in the fourth digit.
        """
        kept, estimate = self.training_, self.estimate_
        if self.penalty in ("ridge", "lasso"):
            rule = f"a {self.penalty} fit has no profile likelihood with a known distribution"
            raise FitError(Finding("C33", rule, 'profile limits exist for penalty=None and penalty="firth"'))
        self._check_independent(kept.special)
        design, event = kept.design + estimate.means, kept.outcome.event == 1
        rows = standardise(design, event, estimate.names, kept.special.weight, kept.special.offset)
        lower, upper = Profile(rows, firth=self.penalty == "firth").limits(level).T
        coefficient = np.append(estimate.intercept_at_zero, estimate.coefficients)
        term = (INTERCEPT, *estimate.names)
        return pd.DataFrame({"term": term, "coefficient": coefficient, "lower": lower, "upper": upper})

    def statistics(self, *, bins: int | None = BINS) -> dict[str, float]:
        """Fit and discrimination of the freshly fitted model in its training rows; see `logistic_statistics`.

        Log-likelihoods are the estimate's: penalised after Firth's fit, as ``logistf`` tests it.
        """
        kept, estimate = self.training_, self.estimate_
        log_odds = estimate.intercept + kept.linear_predictor
        return logistic_statistics(
            kept.outcome.event == 1, log_odds, estimate.loglik, estimate.freedom, kept.weight, bins=bins
        )

    def recalibrated(self, outcome: SurvivalArrays, special: SpecialColumns, linear_predictor: Floats) -> Recalibration:
        """Refit intercept and slope of the linear predictor by maximum likelihood of a logistic model."""
        column, event = linear_predictor[:, None], outcome.event == 1
        fit = fit_logistic(column, event, ("linear predictor",), weight=special.weight)
        return Recalibration(float(fit.coefficients[0]), null=fit.loglik[0], refitted=fit.loglik[1])

    def pool(self, fits: Sequence[Any]) -> tuple[LogisticEstimate, Pooled]:
        """Pool fits to completed copies of the same rows; see `pool_logistic`. A lasso has no errors to pool."""
        if self.penalty == "lasso":
            pooled: tuple[LogisticEstimate, Pooled] = super().pool(fits)
            return pooled
        return pool_logistic([fit.estimate_ for fit in fits], len(fits[0].training_.linear_predictor))


def _fractional(weight: Floats) -> bool:
    return bool((weight != np.round(weight)).any())
