"""The strength of a ridge or lasso penalty by cross-validation, the lasso's estimate, and what to warn of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.penalised.logistic_path import PathRows, cross_validate, fit_path
from prognosis.penalised.penalty_choice import PenaltyCurve, Rule, deal_folds

Floats = NDArray[np.float64]


def choose_penalty(
    data: PathRows, alpha: float, rule: Rule, folds: int, seed: int, cluster: NDArray[np.int64] | None = None
) -> tuple[float, PenaltyCurve]:
    """Choose glmnet's lambda among those of its sequence; the order of the rows does not matter.

    Parameters
    ----------
    data : the training rows. alpha : 1 lasso, 0 ridge. rule, folds, seed : see `Logistic`. cluster : (n,) or None.

    Raises
    ------
    FitError
        N21 fewer events than folds; N22 no predictor has any relation to the outcome; N17 no convergence.
    """
    fold = deal_folds(data.event, folds, seed, cluster=cluster, order_by=data.ordering)
    curve = cross_validate(data, fit_path(data, alpha), alpha, fold)
    return float(curve.penalty[curve.chosen(rule)]), curve


def lasso_estimate(data: PathRows, strength: float) -> LogisticEstimate:
    """Estimate the lasso at one strength; its errors are not a number."""
    path = fit_path(data, 1.0, np.array([strength]))
    coefficients, intercept = path.coefficients[0], float(path.intercept[0])
    unknown = np.full((len(coefficients) + 1, len(coefficients) + 1), np.nan)
    return LogisticEstimate(
        names=data.names,
        coefficients=coefficients,
        means=path.means,
        intercept=intercept + float(path.means @ coefficients),
        joint_covariance=unknown,
        naive_covariance=unknown,
        loglik=(path.loglik_null, float((1 - path.explained[0]) * path.loglik_null)),
        freedom=float(path.nonzero[0]),
        penalty="lasso",
        strength=strength,
    )


def doubts_of(estimate: LogisticEstimate, curve: PenaltyCurve | None) -> tuple[Finding, ...]:
    """Warn of what a reader of a penalised fit would otherwise take for granted."""
    found = []
    if estimate.penalty == "lasso":
        rule = "a lasso has no honest standard errors: coefficients and risks come without intervals"
        found.append(Finding("N20", rule, "intervals need a bootstrap of the whole fit", severity="warning"))
        if not estimate.coefficients.any():
            rule = f"no predictor is left at strength {estimate.strength:.3g}: everybody has the same risk"
            advice = "the predictors may say nothing; or a smaller strength"
            found.append(Finding("N23", rule, advice, severity="warning"))
    if curve is not None and int(np.argmin(curve.mean)) == len(curve.mean) - 1:
        rule = "the cross-validated deviance is smallest at the end of the path: hardly any penalty is needed"
        found.append(Finding("N24", rule, "consider Logistic without a penalty", severity="warning"))
    return tuple(found)
