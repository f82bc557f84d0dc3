"""A new level read at a horizon, for hazards against which events cannot be counted one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.metrics.observed_expected import calibration_intercept
from prognosis.outcome import SurvivalArrays
from prognosis.updating.likelihoods import Level

Floats = NDArray[np.float64]


def level_at_horizon(
    estimate: Any, design: Floats, outcome: SurvivalArrays, horizons: Floats, offset: Floats | None
) -> Level:
    """Estimate by how much the cumulative (subdistribution) hazard at the last usable horizon is higher than predicted.

    Of a published model the baseline between the horizons is not known, and a subdistribution hazard has patients at
    risk after a competing event: the intercept of cloglog(observed) = intercept + cloglog(predicted), by pseudo-values.

    Parameters
    ----------
    estimate : with `risk`. design : (n, p) uncentred. horizons : (h,) of the model. offset : (n,) or None.

    Raises
    ------
    FitError
        E04 the follow-up ends before the first horizon, or the model has none.
    PredictionError
        As `calibration_intercept`: V33 delayed entry.

    Source: Gerds, Andersen and Kattan (2014); van Geloven et al. (2022).
    """
    last = float(outcome.time.max())
    usable = np.sort(np.asarray(horizons, float))
    usable = usable[usable <= last]
    if not len(usable):
        rule = f"no horizon of the model lies within the follow-up of {last:g}"
        raise FitError(Finding("E04", rule, "update in a cohort with a longer follow-up, or declare horizons"))
    risk = estimate.risk(design, usable[-1:], offset=offset)[0]
    found = calibration_intercept(outcome, risk, usable[-1:])
    return Level(float("nan"), 1, float(found.estimate[0]), 1.0, float(found.std_err[0]))
