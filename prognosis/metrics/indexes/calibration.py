"""How well predicted risks agree with observed ones: slope, intercept, observed to expected, smooth calibration."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.evaluation import Evaluation
from prognosis.metrics.binary_calibration import smooth_calibration
from prognosis.metrics.calibration_curve import calibration_curve, calibration_errors
from prognosis.metrics.index import Index, Reading, bare, binary_reading, reading, refuse_weights
from prognosis.metrics.observed_expected import calibration_intercept, observed_expected
from prognosis.metrics.weights import check_events
from prognosis.normal import z_of_level

Floats = NDArray[np.float64]
NORMAL = z_of_level(0.95)


def calibration_slope(e: Evaluation) -> float:
    """Estimate the calibration slope: the coefficient of the linear predictor in these patients.

    1 is perfect, below 1 the predictions are too extreme (overfitting). The likelihood is the model's own.
    Source: van Houwelingen (2000); the ``Slope`` of ``rms::validate``.

    Raises
    ------
    FitError
        The slope cannot be estimated (the linear predictor separates the events, say).
    """
    return e.recalibration.slope


def _slope(e: Evaluation, errors: bool) -> Reading:
    """By the model's own likelihood, with its model-based error; for risks of a binary outcome the sandwich's."""
    if not errors:
        return bare(np.array([calibration_slope(e)]))
    if not e.outcome.timed and not e.recalibrate:
        return binary_reading(e, "calibration_slope")
    estimate, width = calibration_slope(e), NORMAL * e.recalibration.std_err
    return Reading(np.array([estimate]), np.array([estimate - width]), np.array([estimate + width]), np.empty((0, 1)))


def _intercept(e: Evaluation, errors: bool) -> Reading:
    refuse_weights(e, "calibration_intercept")
    if not e.outcome.timed:
        return binary_reading(e, "calibration_intercept")
    return reading(calibration_intercept(e.outcome, e.risk, e.horizons), errors)


def _observed_expected(e: Evaluation, errors: bool) -> Reading:
    refuse_weights(e, "oe_ratio")
    if not e.outcome.timed:
        return binary_reading(e, "oe_ratio")
    if errors or e.outcome.entry is not None:
        return reading(observed_expected(e.outcome, e.risk, e.horizons), errors)
    check_events(e.outcome)
    mean = e.risk.mean(axis=0)
    if not (np.isfinite(mean) & (mean > 0)).all():
        raise PredictionError(Finding("M01", "the mean predicted risk is missing or 0", "leave the horizon out"))
    return bare(e.censoring.observed / mean)


@lru_cache(maxsize=1)
def _smooth(e: Evaluation) -> Floats:
    """ICI, E50 and E90 at each horizon, (3, h); kept for a moment, since three metrics ask for them."""
    refuse_weights(e, "ici")
    if not e.outcome.timed:
        smooth = smooth_calibration(e.outcome.event, e.risk[:, 0])
        return np.array([[smooth.ici], [smooth.quantile(0.5)], [smooth.quantile(0.9)]])
    if e.outcome.entry is not None:
        curve = calibration_curve(e.outcome, e.risk, e.horizons, method="cox")
    else:
        curve = calibration_curve(e.outcome, e.risk, e.horizons)
    found = calibration_errors(curve.risk, curve.smoothed, curve.horizons)
    return np.array([found.ici, found.e50, found.e90])


def _ici(e: Evaluation, errors: bool) -> Reading:  # noqa: ARG001
    return bare(_smooth(e)[0])


def _e50(e: Evaluation, errors: bool) -> Reading:  # noqa: ARG001
    return bare(_smooth(e)[1])


def _e90(e: Evaluation, errors: bool) -> Reading:  # noqa: ARG001
    return bare(_smooth(e)[2])


SLOPE = Index("calibration_slope", _slope, 40, internal=True, perfect=1.0, fixed_when_apparent=True)
INTERCEPT = Index("calibration_intercept", _intercept, 41, by_horizon=True, perfect=0.0, fixed_when_apparent=True)
OE = Index("oe_ratio", _observed_expected, 42, by_horizon=True, internal=True, perfect=1.0, fixed_when_apparent=True,
           bounds=(0.0, np.inf))  # fmt: skip
SMOOTH: dict[str, Any] = {"by_horizon": True, "perfect": 0.0, "higher_is_better": False, "fixed_when_apparent": True,
                          "bounds": (0.0, 1.0), "pooled": True}  # fmt: skip
ICI = Index("ici", _ici, 43, **SMOOTH)
E50 = Index("e50", _e50, 44, **SMOOTH)
E90 = Index("e90", _e90, 45, **SMOOTH)
