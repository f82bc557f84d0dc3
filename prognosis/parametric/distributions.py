"""The standard distributions of log time that accelerated failure time models stand on.

With w = (log t - location) / scale, a Weibull (or exponential) time has the smallest extreme value distribution,
a lognormal one the normal and a loglogistic one the logistic. Every function keeps its digits in both tails.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr, ndtri

Floats = NDArray[np.float64]

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True)
class Distribution:
    """A distribution of w, by functions of arrays.

    Parameters
    ----------
    log_density : log f. slope, curvature : its first and second derivative.
    log_survival : log S. hazard, hazard_slope : f / S and its derivative.
    log_between : log of S(a) - S(b), the probability of a < w <= b.
    quantile : w at which S(w) = 1 - p.
    fixed_scale : the scale is 1 and not estimated. proportional_hazards : covariates also multiply the hazard.
    """

    log_density: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]
    curvature: Callable[[Floats], Floats]
    log_survival: Callable[[Floats], Floats]
    hazard: Callable[[Floats], Floats]
    hazard_slope: Callable[[Floats], Floats]
    log_between: Callable[[Floats, Floats], Floats]
    quantile: Callable[[float], float]
    fixed_scale: bool = False
    proportional_hazards: bool = False


def _log1mexp(x: Floats) -> Floats:
    """Log of 1 - exp(x) for x < 0."""
    out: Floats = np.log(-np.expm1(x))
    return out


def _power(w: Floats) -> Floats:
    # Survival is 0 to the last bit long before e^w leaves the range of numbers.
    out: Floats = np.exp(np.minimum(w, 600.0))
    return out


def _extreme_between(a: Floats, b: Floats) -> Floats:
    # S(a) - S(b) = S(a) (1 - exp(e^a - e^b)): nothing cancels where both lie close together.
    return -_power(a) + _log1mexp(_power(b) * np.expm1(a - b))


def _normal_log_density(w: Floats) -> Floats:
    return -0.5 * w**2 - HALF_LOG_TWO_PI


def _normal_hazard(w: Floats) -> Floats:
    out: Floats = np.exp(_normal_log_density(w) - log_ndtr(-w))
    return out


def _normal_hazard_slope(w: Floats) -> Floats:
    hazard = _normal_hazard(w)
    return hazard * (hazard - w)


def _normal_between(a: Floats, b: Floats) -> Floats:
    # The upper tail is mirrored: there the distribution function is 1 to all digits.
    upper = a + b > 0
    low, high = log_ndtr(np.where(upper, -b, a)), log_ndtr(np.where(upper, -a, b))
    return np.asarray(high + _log1mexp(low - high), float)


def _logistic_log_survival(w: Floats) -> Floats:
    return -np.logaddexp(0.0, w)


def _logistic_between(a: Floats, b: Floats) -> Floats:
    # S(a) - S(b) = S(a) F(b) (1 - exp(a - b)).
    return _logistic_log_survival(a) + _logistic_log_survival(-b) + _log1mexp(a - b)


def _extreme(*, fixed_scale: bool) -> Distribution:
    return Distribution(
        log_density=lambda w: w - _power(w),
        slope=lambda w: 1 - _power(w),
        curvature=lambda w: -_power(w),
        log_survival=lambda w: -_power(w),
        hazard=_power,
        hazard_slope=_power,
        log_between=_extreme_between,
        quantile=lambda p: math.log(-math.log1p(-p)),
        fixed_scale=fixed_scale,
        proportional_hazards=True,
    )


DISTRIBUTIONS: Mapping[str, Distribution] = {
    "weibull": _extreme(fixed_scale=False),
    "exponential": _extreme(fixed_scale=True),
    "lognormal": Distribution(
        log_density=_normal_log_density,
        slope=lambda w: -w,
        curvature=lambda w: np.full_like(w, -1.0),
        log_survival=lambda w: np.asarray(log_ndtr(-w), float),
        hazard=_normal_hazard,
        hazard_slope=_normal_hazard_slope,
        log_between=_normal_between,
        quantile=lambda p: float(ndtri(p)),
    ),
    "loglogistic": Distribution(
        log_density=lambda w: _logistic_log_survival(w) + _logistic_log_survival(-w),
        slope=lambda w: -np.tanh(w / 2),
        curvature=lambda w: -2 * expit(w) * expit(-w),
        log_survival=_logistic_log_survival,
        hazard=expit,
        hazard_slope=lambda w: expit(w) * expit(-w),
        log_between=_logistic_between,
        quantile=lambda p: math.log(p) - math.log1p(-p),
    ),
}
