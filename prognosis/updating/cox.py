"""A Cox model at a new level, or with a new slope and baseline, in another cohort."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.competing.fine_gray_estimate import FineGrayEstimate
from prognosis.cox.baseline import Baseline, baseline_of
from prognosis.cox.estimate import CoxEstimate
from prognosis.cox.regression import fit_cox
from prognosis.outcome import SurvivalArrays
from prognosis.risk_sets import build_risk_sets
from prognosis.updating.likelihoods import SLOPE, Level, NewRows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Hazards = TypeVar("Hazards", CoxEstimate, FineGrayEstimate)


@dataclass(frozen=True)
class Observed:
    """Outcome of the new patients as a Cox model sees it.

    Parameters
    ----------
    outcome : (n,). stratum : (n,) index in the model's strata, or None. rows : under the model.
    cut : patients followed beyond the model's follow-up, whose later time does not count for its level.
    """

    outcome: SurvivalArrays
    stratum: Integers | None
    rows: NewRows
    cut: int


def observe_cox(
    estimate: CoxEstimate, design: Floats, outcome: SurvivalArrays, stratum: Integers | None, offset: Floats | None
) -> Observed:
    """Count events and cumulative baseline hazard of new patients, up to the end of the model's follow-up."""
    centred = design - estimate.means
    fixed = np.zeros(len(design)) if offset is None else offset
    strata = np.zeros(len(design), np.int64) if stratum is None else stratum
    end = estimate.baseline.end[strata]
    until = np.minimum(outcome.time, end)
    exposure = _hazard(estimate.baseline, until, strata)
    if outcome.entry is not None:
        exposure = exposure - _hazard(estimate.baseline, np.minimum(outcome.entry, end), strata)
    late = outcome.time > end
    event = (outcome.event == 1) & ~late
    eta = estimate.linear_predictor(design)
    rows = NewRows(event, centred, estimate.names, eta, fixed, exposure)
    return Observed(outcome, stratum, rows, int(late.sum()))


def _hazard(baseline: Baseline, times: Floats, strata: Integers) -> Floats:
    """Cumulative baseline hazard at each patient's own time and stratum, (n,)."""
    out = np.empty(len(times))
    for s in np.unique(strata):
        rows = strata == s
        at = baseline.position(times[rows], int(s))
        out[rows] = np.where(at >= 0, baseline.cumulative_hazard[np.maximum(at, 0)], 0.0)
    return out


def cox_with_level(estimate: Hazards, level: Level) -> Hazards:
    """Multiply the baseline (subdistribution) hazard by exp(intercept).

    For Cox the intercept is the log of observed over expected events, its variance 1 / events (Crowson et al. 2016).
    It adds to that of the model as if the two were independent.
    """
    ratio, b = np.exp(level.intercept), estimate.baseline
    variance = ratio**2 * (b.variance + (b.cumulative_hazard * level.intercept_error) ** 2)
    moved = replace(
        b, cumulative_hazard=ratio * b.cumulative_hazard, variance=variance, mean_hazard=ratio * b.mean_hazard
    )
    return replace(estimate, baseline=moved)


def cox_with_slope(estimate: CoxEstimate, seen: Observed) -> tuple[CoxEstimate, float, float]:
    """Multiply the linear predictor by its Cox coefficient in the new cohort, and estimate the baseline there.

    Returns
    -------
    Estimate, slope and its standard error (R: ``coxph(Surv(time, event) ~ lp)``). The covariance of the coefficients
    holds that of the slope and, times its square, the model's own, as if the two were independent.

    Raises
    ------
    FitError
        E06 a stratum of the model without patients in the new cohort; as `fit_cox`.
    """
    rows, names = seen.rows, estimate.stratum_names
    absent = [name for s, name in enumerate(names) if seen.stratum is not None and not (seen.stratum == s).any()]
    if absent:
        rule = f"the new cohort has no patient in the stratum {'; '.join(absent)}, whose baseline is to be estimated"
        raise FitError(Finding("E06", rule, 'update by "intercept", which keeps the baselines'))
    outcome, efron = seen.outcome, estimate.ties == "efron"
    sets = build_risk_sets(outcome.time, outcome.event == 1, outcome.entry, seen.stratum)
    column = np.ascontiguousarray(rows.linear_predictor[:, None])
    fit = fit_cox(column, sets, SLOPE, offset=rows.offset, efron=efron)
    slope, variance = float(fit.coefficients[0]), float(fit.covariance[0, 0])
    eta = slope * rows.linear_predictor + rows.offset
    own = np.outer(estimate.coefficients, estimate.coefficients) * variance
    changed: dict[str, Any] = {
        "coefficients": slope * estimate.coefficients,
        "covariance": own + slope**2 * estimate.covariance,
        "naive_covariance": own + slope**2 * estimate.naive_covariance,
        "baseline": baseline_of(np.ascontiguousarray(rows.centred), eta, sets, _last_times(seen, len(names)), efron),
        "loglik": fit.loglik,
        "score_test": fit.score_test,
        # Limits of a profile are those of another likelihood.
        "profile": None,
    }
    return replace(estimate, **changed), slope, float(np.sqrt(variance))


def _last_times(seen: Observed, strata: int) -> Floats:
    time = seen.outcome.time
    if seen.stratum is None:
        return np.array([time.max()])
    return np.array([time[seen.stratum == s].max() for s in range(strata)])
