"""Logistic fits to several completed data sets pooled into one model that answers as any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.imputation.pooling import Pooled, pool
from prognosis.logistic.estimate import INTERCEPT, LogisticEstimate

Floats = NDArray[np.float64]


def pool_logistic(
    estimates: Sequence[LogisticEstimate], n: int, complete_freedom: float | None = None
) -> tuple[LogisticEstimate, Pooled]:
    """Pool logistic models by Rubin's rules.

    Parameters
    ----------
    estimates : one fit a copy, of the same rows and columns. n : number of rows.
    complete_freedom : default n minus the coefficients with the intercept, as mice.

    Returns
    -------
    The estimate with pooled intercept and coefficients, their total covariance, and the means over the copies as
    origin; and the details of the pooling. Log-likelihoods are means over the copies: they are no test of the pooled
    model. After Firth's fit limits are Wald's: a profile of pooled likelihoods does not exist.

    Raises
    ------
    FitError
        C39 fewer than two fits, or fits of different terms.
    """
    names = [(INTERCEPT, *one.names) for one in estimates]
    at_zero = [np.append(one.intercept_at_zero, one.coefficients) for one in estimates]
    freedom = n - len(names[0]) if complete_freedom is None else complete_freedom
    pooled = pool(names, at_zero, [one.covariance_at_zero for one in estimates], freedom)
    naive = pool(names, at_zero, [_model_based(one).covariance_at_zero for one in estimates], freedom)
    means = np.mean([one.means for one in estimates], axis=0)
    moved = np.eye(len(means) + 1)
    moved[0, 1:] = means
    null, model = np.mean([one.loglik for one in estimates], axis=0)
    estimate = replace(
        estimates[0],
        coefficients=pooled.estimate[1:],
        means=means,
        intercept=float(moved[0] @ pooled.estimate),
        joint_covariance=moved @ pooled.total @ moved.T,
        naive_covariance=moved @ naive.total @ moved.T,
        loglik=(float(null), float(model)),
        freedom=float(np.mean([one.freedom for one in estimates])),
        source=None,
        stored_profile=None,
    )
    return estimate, pooled


def _model_based(estimate: LogisticEstimate) -> LogisticEstimate:
    """Return the estimate with its model-based covariance."""
    return replace(estimate, joint_covariance=estimate.naive_covariance)
