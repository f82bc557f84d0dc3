"""A pooled accelerated failure time model: location, time ratios and scale by Rubin's rules on one origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.imputation.pooling import Pooled, pool
from prognosis.parametric.estimate import ParametricEstimate

Floats = NDArray[np.float64]


def pool_parametric(estimates: Sequence[ParametricEstimate], n: int) -> tuple[ParametricEstimate, Pooled]:
    """Pool accelerated failure time models of several completed data sets.

    Location (at the means over the copies), log time ratios and log scale are pooled together, so that limits of
    curves and quantiles hold the missing information too.

    Parameters
    ----------
    estimates : one fit a copy, of the same rows and columns. n : patients; the complete degrees of freedom are n minus
        all parameters, as R's ``survreg``.

    Returns
    -------
    The pooled estimate and the pooling of its log time ratios (R's signs). Log-likelihoods are means over the copies.

    Raises
    ------
    FitError
        C39 fewer than two fits, or fits of different terms.
    """
    means = np.mean([one.means for one in estimates], axis=0)
    size, p = len(estimates[0].joint_covariance), len(means)
    names = [("location", *one.names, "log(scale)")[:size] for one in estimates]
    vectors, covariances = zip(*(_at_origin(one, means) for one in estimates), strict=True)
    joint = pool(names, vectors, covariances, n - size)
    terms = slice(1, p + 1)
    pooled = Pooled(
        names=joint.names[terms],
        copies=joint.copies,
        estimate=joint.estimate[terms],
        within=joint.within[terms, terms],
        between=joint.between[terms, terms],
        complete_freedom=joint.complete_freedom[terms],
    )
    null, model = np.mean([one.loglik for one in estimates], axis=0)
    estimate = replace(
        estimates[0],
        coefficients=-joint.estimate[terms],
        means=means,
        location=float(joint.estimate[0]),
        scale=float(np.exp(joint.estimate[-1])) if size > p + 1 else estimates[0].scale,
        joint_covariance=joint.total,
        loglik=(float(null), float(model)),
    )
    return estimate, pooled


def _at_origin(estimate: ParametricEstimate, means: Floats) -> tuple[Floats, Floats]:
    """Parameters and covariance with the location at other means."""
    shift = np.eye(len(estimate.joint_covariance))
    shift[0, 1 : len(means) + 1] = means - estimate.means
    own = np.concatenate([[estimate.location], estimate.log_time_ratios, [np.log(estimate.scale)]])[: len(shift)]
    return shift @ own, shift @ estimate.joint_covariance @ shift.T
