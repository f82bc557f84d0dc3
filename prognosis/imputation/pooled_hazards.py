"""A pooled model that answers as any other: coefficients by Rubin's rules, one origin, one baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from prognosis.competing.fine_gray_estimate import FineGrayEstimate
from prognosis.cox.baseline import Baseline, estimate_baseline
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.regression import CoxRegression
from prognosis.imputation.pooling import Pooled, pool
from prognosis.risk_sets import RiskSets

Floats = NDArray[np.float64]


def pool_cox(
    estimates: Sequence[CoxEstimate],
    designs: Sequence[Floats],
    risk_sets: RiskSets,
    offset: Floats | None = None,
    complete_freedom: float | None = None,
) -> tuple[CoxEstimate, Pooled]:
    """Pool Cox models of several completed data sets into one that predicts, draws and saves.

    Parameters
    ----------
    estimates : one fit a copy, of the same rows and columns. designs : (n, p) uncentred columns of each copy.
    risk_sets : of the outcome, common to all copies. offset : (n,). complete_freedom : default events minus p.

    Returns
    -------
    The estimate with pooled coefficients, their total covariance, and the means over the copies as origin; and the
    details of the pooling. Its baseline is the mean over the copies of the cumulative hazard of each copy at the
    pooled coefficients and the common origin; its variance adds (1 + 1 / copies) times their spread over the copies.
    Log-likelihoods and the score statistic are means over the copies: they are no test of the pooled model.

    Raises
    ------
    FitError
        C39 fewer than two fits, or fits of different terms.
    """
    names, coefficients = [one.names for one in estimates], [one.coefficients for one in estimates]
    events = int(risk_sets.events.sum())
    freedom = events - len(names[0]) if complete_freedom is None else complete_freedom
    pooled = pool(names, coefficients, [one.covariance for one in estimates], freedom)
    naive = pool(names, coefficients, [one.naive_covariance for one in estimates])
    first = estimates[0]
    common = CoxRegression(
        coefficients=pooled.estimate,
        covariance=naive.total,
        means=np.mean([one.means for one in estimates], axis=0),
        loglik=_mean_pair([one.loglik for one in estimates]),
        score_test=float(np.mean([one.score_test for one in estimates])),
        iterations=0,
    )
    efron, end = first.ties == "efron", first.baseline.end
    baselines = [estimate_baseline(common, design, risk_sets, end, offset, efron) for design in designs]
    estimate = replace(
        first,
        coefficients=common.coefficients,
        means=common.means,
        covariance=pooled.total,
        naive_covariance=naive.total,
        baseline=mean_baseline(baselines),
        loglik=common.loglik,
        score_test=common.score_test,
        # profile limits are not pooled by Rubin's rules; limits by t take their place
        profile=None,
    )
    return estimate, pooled


def pool_fine_gray(estimates: Sequence[FineGrayEstimate], complete_freedom: float) -> tuple[FineGrayEstimate, Pooled]:
    """Pool Fine-Gray models of several completed data sets.

    Parameters
    ----------
    estimates : one fit a copy, of the same rows and columns. complete_freedom : events of interest minus p.

    Returns
    -------
    As `pool_cox`, but with the baseline of `shifted_baseline`: the log cumulative subdistribution hazard of every
    patient is the mean of those by the copies' own models, as Rubin's rules have it.

    Raises
    ------
    FitError
        C39 fewer than two fits, or fits of different terms.
    """
    names, coefficients = [one.names for one in estimates], [one.coefficients for one in estimates]
    pooled = pool(names, coefficients, [one.covariance for one in estimates], complete_freedom)
    naive = pool(names, coefficients, [one.naive_covariance for one in estimates])
    means = np.mean([one.means for one in estimates], axis=0)
    estimate = replace(
        estimates[0],
        coefficients=pooled.estimate,
        means=means,
        covariance=pooled.total,
        naive_covariance=naive.total,
        baseline=shifted_baseline(estimates, pooled.estimate, means),
        loglik=_mean_pair([one.loglik for one in estimates]),
    )
    return estimate, pooled


def shifted_baseline(estimates: Sequence[FineGrayEstimate], coefficients: Floats, means: Floats) -> Baseline:
    """Pool baselines on the log scale at a common origin; no training row is needed.

    Each copy's hazard moves to the common origin exactly. For the variance it also moves to the pooled coefficients,
    to first order, so that what the coefficients explain is not counted twice.
    """
    at_origin = [_moved(one, means) for one in estimates]
    steps = [one.coefficients - coefficients for one in estimates]
    known = [
        replace(base, cumulative_hazard=base.cumulative_hazard + base.mean_hazard @ step)
        for base, step in zip(at_origin, steps, strict=True)
    ]
    hazard = np.exp(np.mean([np.log(base.cumulative_hazard) for base in at_origin], axis=0))
    return replace(mean_baseline(known), cumulative_hazard=hazard)


def _moved(estimate: FineGrayEstimate, means: Floats) -> Baseline:
    base, shift = estimate.baseline, means - estimate.means
    ratio = float(np.exp(shift @ estimate.coefficients))
    return replace(
        base,
        cumulative_hazard=ratio * base.cumulative_hazard,
        variance=ratio**2 * base.variance,
        mean_hazard=ratio * (base.mean_hazard - np.outer(base.cumulative_hazard, shift)),
    )


def mean_baseline(baselines: Sequence[Baseline]) -> Baseline:
    """Average baselines of one origin and one set of event times; the variance by Rubin's rules."""
    hazards = np.array([one.cumulative_hazard for one in baselines])
    between = hazards.var(axis=0, ddof=1) * (1 + 1 / len(baselines))
    return replace(
        baselines[0],
        cumulative_hazard=hazards.mean(axis=0),
        variance=np.mean([one.variance for one in baselines], axis=0) + between,
        mean_hazard=np.mean([one.mean_hazard for one in baselines], axis=0),
    )


def _mean_pair(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    null, model = np.mean(pairs, axis=0)
    return float(null), float(model)
