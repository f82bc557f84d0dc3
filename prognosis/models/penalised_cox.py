"""Elastic-net penalised Cox regression with a cross-validated penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.cox.baseline import estimate_baseline
from prognosis.cox.regression import CoxRegression
from prognosis.limits import Bounds, Choice, Limit, Shape
from prognosis.penalised.cox_estimate import PenalisedCoxEstimate
from prognosis.penalised.cox_path import PenalisedPath, fit_path
from prognosis.penalised.cox_validation import CoxRows, cross_validate
from prognosis.penalised.penalty_choice import RULES, PenaltyCurve, Rule
from prognosis.preparation import Knots
from prognosis.regression import COLUMN_LIMITS, TERM_LIMITS, Regression, Rows, TrainingRows

Floats = NDArray[np.float64]
FEWEST_FOLDS = 3


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


class PenalisedCox(Regression):
    """Cox regression with the lasso, ridge or elastic-net penalty, for many predictors or few events.

    The penalty is ``penalty * (alpha * sum |b_j s_j| + (1 - alpha) / 2 * sum (b_j s_j)^2)`` per unit of case weight,
    with s_j the standard deviation of column j: every design column counts the same whatever its unit, dummies and
    spline columns one by one, as in glmnet.

    Parameters
    ----------
    alpha : 1 lasso (selects predictors), 0 ridge (keeps all), between them the elastic net.
    penalty : above 0; None chooses it by cross-validation inside the training rows, from glmnet's sequence.
    folds : of that cross-validation, at least 3; rows of one cluster stay together, events are spread evenly.
    rule : ``minimum`` of the cross-validated loss, or the largest penalty within ``one-standard-error`` of it.
    ties : ``breslow`` (glmnet has no other) or ``efron``; the baseline hazard follows.
    splines, interactions, transforms, strata, weights, offset : as in `Cox`.
    cluster : column of patients whose rows must not be divided between folds.
    seed : of the folds. The order of the rows in the table does not change them.

    Notes
    -----
    There are no standard errors and no intervals: see `PenalisedCoxEstimate`; N20 says so in the model's warnings.
    For a ridge with a known penalty and its covariance see ``Cox(ridge=...)``.
    Sources: Simon, Friedman, Hastie and Tibshirani (2011); Verweij and van Houwelingen (1993). Equal to R's glmnet
    4.1 to 1e-8 where glmnet is run to full convergence (``thresh = 1e-22``).
    """

    kind: ClassVar[str] = "penalised_cox"
    endpoints: ClassVar[tuple[str, ...]] = ("time_to_event",)
    remedy: ClassVar[str] = "PenalisedCox with fewer predictors"
    limits: ClassVar[Mapping[str, Limit]] = {
        "alpha": Bounds(0.0, 1.0),
        "penalty": Shape("a number above 0, or None", lambda x: x is None or (Bounds(0.0).allows(x) and x > 0)),
        "folds": Shape(f"a whole number of at least {FEWEST_FOLDS}", lambda x: _whole(x) and x >= FEWEST_FOLDS),
        "rule": Choice(RULES),
        "ties": Choice(("breslow", "efron")),
        "seed": Shape("a whole number of at least 0", lambda x: _whole(x) and x >= 0),
        **TERM_LIMITS,
        **COLUMN_LIMITS,
    }
    estimate_class: ClassVar[Any] = PenalisedCoxEstimate

    def __init__(
        self,
        alpha: float = 1.0,
        penalty: float | None = None,
        folds: int = 10,
        rule: Rule = "minimum",
        splines: Mapping[str, Knots] | None = None,
        interactions: Sequence[tuple[str, str]] = (),
        transforms: Mapping[str, str] | None = None,
        strata: Sequence[str] = (),
        weights: str | None = None,
        cluster: str | None = None,
        offset: str | None = None,
        ties: Literal["breslow", "efron"] = "breslow",
        seed: int = 0,
    ) -> None:
        self.alpha = alpha
        self.penalty = penalty
        self.folds = folds
        self.rule = rule
        self.splines = splines
        self.interactions = interactions
        self.transforms = transforms
        self.strata = strata
        self.weights = weights
        self.cluster = cluster
        self.offset = offset
        self.ties = ties
        self.seed = seed

    @property
    def selects(self) -> bool:
        """True unless it is a ridge."""
        return self.alpha > 0

    def fit(self, X: pd.DataFrame | Floats, y: NDArray[Any]) -> PenalisedCox:
        """Choose the penalty, where none is given, and estimate the model.

        Parameters
        ----------
        X : (n, predictors and auxiliary columns) raw predictors. y : (n,) structured outcome (event, time[, entry]).

        Raises
        ------
        FitError
            N21 fewer events than folds; N17 no convergence; N22 no predictor has any relation to the outcome;
            a constant column, too few rows or no events (all findings at once).
        DataContractError
            Missing values (C16), weights (T23) or columns that cannot be used.
        """
        rows = self.prepare(X, y, penalised=True)
        outcome, special = rows.outcome, rows.special
        kept = CoxRows(
            rows.design,
            outcome.time,
            outcome.event == 1,
            special.weight,
            outcome.entry,
            special.stratum,
            special.offset,
            self.ties == "efron",
        )
        path, curve, place = self._choose(kept, special.together)
        estimate = self._estimate(rows, kept, path, curve, place)
        eta = estimate.linear_predictor(rows.design, special.offset)
        training = TrainingRows(rows.design - estimate.means, outcome, special, eta)
        return self._keep(rows, estimate, training, self._doubts(estimate))

    def _choose(self, rows: CoxRows, cluster: NDArray[np.int64] | None) -> tuple[PenalisedPath, PenaltyCurve, int]:
        """Fit the path and find the place of the penalty in it."""
        likelihood = rows.likelihood()
        if self.penalty is not None:
            path = fit_path(likelihood, self.alpha, np.array([self.penalty]))
            return path, PenaltyCurve(path.penalty, path.nonzero, np.empty(0), np.empty(0)), 0
        fold = rows.deal(self.folds, self.seed, cluster)
        path = fit_path(likelihood, self.alpha)
        curve = cross_validate(rows, path, self.alpha, fold)
        return path, curve, curve.chosen(self.rule)

    def _estimate(
        self, rows: Rows, kept: CoxRows, path: PenalisedPath, curve: PenaltyCurve, place: int
    ) -> PenalisedCoxEstimate:
        special, coefficients, likelihood = rows.special, path.coefficients[place], kept.likelihood()
        unknown = np.full((len(coefficients), len(coefficients)), np.nan)
        fit = CoxRegression(
            coefficients=coefficients,
            covariance=unknown,
            means=np.average(rows.design, axis=0, weights=special.weight),
            loglik=(path.loglik_null, likelihood.loglik(coefficients * likelihood.scales)),
            score_test=float("nan"),
            iterations=0,
        )
        end = np.array([kept.time.max()])
        if special.stratum is not None:
            end = np.array([kept.time[special.stratum == s].max() for s in range(len(special.stratum_names))])
        return PenalisedCoxEstimate(
            names=rows.preparation.names,
            coefficients=coefficients,
            means=fit.means,
            covariance=unknown,
            naive_covariance=unknown,
            baseline=estimate_baseline(fit, rows.design, likelihood.risk_sets, end, special.offset, kept.efron),
            loglik=fit.loglik,
            score_test=fit.score_test,
            ties=self.ties,
            strata=tuple(self.strata),
            stratum_names=special.stratum_names,
            alpha=float(self.alpha),
            penalty=float(path.penalty[place]),
            rule="" if self.penalty is not None else self.rule,
            folds=0 if self.penalty is not None else int(self.folds),
            curve=curve,
        )

    def _doubts(self, estimate: PenalisedCoxEstimate) -> tuple[Finding, ...]:
        """Warn of what a reader would otherwise take for granted."""
        rule = "a penalised fit has no honest standard errors: coefficients and risks come without intervals"
        found = [Finding("N20", rule, "intervals need a bootstrap of the whole fit", severity="warning")]
        if not estimate.selected:
            rule = f"no predictor is left at penalty {estimate.penalty:.3g}: everybody has the same risk"
            found.append(
                Finding("N23", rule, "the predictors may say nothing; or a smaller penalty", severity="warning")
            )
        if self.penalty is None and estimate.penalty == estimate.curve.penalty[-1]:
            rule = "the cross-validated loss is smallest at the end of the path: hardly any penalty is needed"
            found.append(Finding("N24", rule, "consider Cox without a penalty", severity="warning"))
        return tuple(found)
