"""Logistic regression: maximum likelihood, ridge or Firth's penalised likelihood, by Newton on standardised columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.logistic.likelihood import (
    LAST_SCORING_GAIN,
    BinaryRows,
    FirthLikelihood,
    Likelihood,
    maximise,
    standardise,
)
from prognosis.logistic.separation import find_separation, separated
from prognosis.newton import Maximum, inverse_of, vanished_direction
from prognosis.robust_errors import robust_covariance

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Information at the estimate over that of the null model in the worst direction: below this, separation is looked for.
VANISHED = 1e-6
# In standard deviations of the column: a larger standard error means that nothing was learnt.
LARGEST_ERROR = 100.0


@dataclass(frozen=True)
class LogisticRegression:
    """Estimates of a logistic model on the scale of the given columns.

    Parameters
    ----------
    intercept : log odds at the means. coefficients : (p,) log odds ratios per unit of each column.
    joint_covariance : (1 + p, 1 + p) of (log odds at the means, coefficients): inverse of the (penalised) information.
    means : (p,) weighted column means, the origin.
    loglik : log-likelihood of the null model and at the estimate; without the ridge penalty, with Firth's.
    freedom : degrees of freedom of the coefficients: p, under a ridge penalty the effective number.
    iterations : Newton steps taken.
    """

    intercept: float
    coefficients: Floats
    joint_covariance: Floats
    means: Floats
    loglik: tuple[float, float]
    freedom: float
    iterations: int


def fit_logistic(
    design: Floats,
    event: Flags,
    names: tuple[str, ...],
    *,
    weight: Floats | None = None,
    offset: Floats | None = None,
    ridge: float = 0.0,
) -> LogisticRegression:
    """Estimate a logistic model by maximum likelihood, with an optional ridge penalty.

    Parameters
    ----------
    design : (n, p) covariates, no missing values. event : (n,). names : (p,) their names, for messages.
    weight : (n,) case weights, as if a row stood there so many times. offset : (n,) fixed part of the log odds.
    ridge : penalty ``ridge / 2 * sum(coefficient^2 * variance of the column)``, as the ``penalty`` of ``rms::lrm``
        for numeric columns. (For a factor of k levels ``lrm`` penalises the distances from the mean of the levels
        instead.) Variances with denominator n - 1; weights count as repeated rows.

    Raises
    ------
    FitError
        C06 columns separate the events (no maximum exists); C30 a standard error exceeds 100 standard deviations;
        N15 Newton does not converge; C01 a column is constant; C31 all rows have the event or none has.

    Notes
    -----
    Source: McCullagh and Nelder (1989). Equal to R's ``glm(family = binomial)`` at full convergence.
    """
    rows = standardise(design, event, names, weight, offset)
    penalty = np.full(len(names) + 1, ridge * (1 + 1 / max(rows.weight.sum() - 1, 1.0)))
    penalty[0] = 0.0
    objective = Likelihood(rows, penalty if ridge else None)
    found = maximise(objective, rows.start())
    covariance = inverse_of(found.curvature)
    if not ridge:
        _check(rows, found, covariance, names)
    if not (found.converged and np.isfinite(covariance).all()):
        raise _not_converged(found)
    null = maximise(Likelihood(rows.null()), rows.null().start()).value
    effective = np.diag(objective.information(found.beta) @ covariance)[1:]
    return LogisticRegression(
        intercept=float(found.beta[0]),
        coefficients=found.beta[1:] / rows.scales,
        joint_covariance=rows.to_given(covariance),
        means=rows.means,
        loglik=(null, objective.loglik(found.beta)),
        freedom=float(effective.sum()) if ridge else float(len(names)),
        iterations=found.iterations,
    )


def fit_firth(
    design: Floats,
    event: Flags,
    names: tuple[str, ...],
    *,
    weight: Floats | None = None,
    offset: Floats | None = None,
) -> LogisticRegression:
    """Estimate a logistic model by Firth's penalised likelihood, which has a maximum even where columns separate.

    Parameters as `fit_logistic`. Both log-likelihoods are penalised, with the information of all columns, as
    ``logistf`` reports them. The covariance is the inverse information at the estimate (Heinze and Schemper, 2002; so
    ``brglm2`` and ``logistf`` up to 1.24).

    Raises
    ------
    FitError
        N16 Newton does not converge; C01 a column is constant; C31 all rows have the event or none has.
    """
    rows = standardise(design, event, names, weight, offset)
    objective = FirthLikelihood(rows)
    last = LAST_SCORING_GAIN
    null = maximise(objective, rows.start(), np.arange(len(names) + 1) == 0, last)
    found = maximise(objective, null.beta, last=last)
    covariance = inverse_of(objective.information(found.beta))
    if not (found.converged and np.isfinite(covariance).all()):
        rule = f"the penalised likelihood was not maximised in {found.iterations} Newton steps"
        raise FitError(Finding("N16", rule, "look for columns that depend on each other and for extreme values"))
    return LogisticRegression(
        intercept=float(found.beta[0]),
        coefficients=found.beta[1:] / rows.scales,
        joint_covariance=rows.to_given(covariance),
        means=rows.means,
        loglik=(null.value, found.value),
        freedom=float(len(names)),
        iterations=found.iterations,
    )


def robust_errors(
    fit: LogisticRegression,
    design: Floats,
    event: Flags,
    *,
    weight: Floats | None = None,
    offset: Floats | None = None,
    cluster: NDArray[np.int64] | None = None,
) -> Floats:
    """Sandwich covariance of (log odds at the means, coefficients), (1 + p, 1 + p), by row or by cluster.

    Source: Huber (1967); R's ``rms::robcov``: scores are summed by cluster, without a small-sample factor.

    Raises
    ------
    FitError
        C29 when there are no more clusters than parameters.
    """
    n = len(event)
    centred = np.column_stack([np.ones(n), design - fit.means])
    eta = centred @ np.concatenate([[fit.intercept], fit.coefficients]) + (0.0 if offset is None else offset)
    sign = np.where(event, 1.0, -1.0)
    residual = sign / (1 + np.exp(np.minimum(sign * eta, 700.0)))
    weights = np.ones(n) if weight is None else weight
    return robust_covariance(centred * residual[:, None], weights, fit.joint_covariance, cluster)


def _check(rows: BinaryRows, found: Maximum, covariance: Floats, names: tuple[str, ...]) -> None:
    """Refuse what has no maximum or says nothing: separation first, whatever way it showed."""
    too_large = ~(np.sqrt(np.diag(covariance))[1:] <= LARGEST_ERROR)
    if found.converged and not too_large.any():
        null = Likelihood(rows).information(rows.start())
        if vanished_direction(null, found.curvature, VANISHED) is None:
            return
    separation = find_separation(rows)
    if separation is not None:
        raise separated(separation, names)
    if too_large.any():
        which = ", ".join(name for name, wrong in zip(names, too_large, strict=True) if wrong)
        rule = f"next to nothing is known about {which}: standard errors above {LARGEST_ERROR:g} standard deviations"
        raise FitError(Finding("C30", rule, 'leave one out, or use a penalised fit: Logistic(penalty="ridge")', which))


def _not_converged(found: Maximum) -> FitError:
    rule = f"the likelihood was not maximised in {found.iterations} Newton steps"
    return FitError(Finding("N15", rule, 'look for extreme values, or use a penalised fit: Logistic(penalty="firth")'))
