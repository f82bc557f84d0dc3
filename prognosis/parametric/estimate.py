"""What a fitted accelerated failure time model is, and the answers that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.cox.baseline import Interval, risk_with_interval
from prognosis.linear_predictor import linear_predictor_of
from prognosis.normal import two_sided_p, z_of_level
from prognosis.parametric.distributions import DISTRIBUTIONS, Distribution

Floats = NDArray[np.float64]

# Survival is 1 below and 0 above to the last bit; nothing overflows between.
LOWEST, HIGHEST = -1e8, 300.0


@dataclass(frozen=True)
class ParametricEstimate:
    """Estimates of an accelerated failure time model, log T = location + scale W.

    The linear predictor is MINUS the location (less that at the training means): higher for an earlier event, as for
    every model here. So `coefficients` have the opposite sign of R's ``survreg``; `log_time_ratios` and `summary`
    have R's.

    Parameters
    ----------
    names : (p,) design columns. coefficients : (p,) minus log time ratios. means : (p,) training means, the origin.
    covariance : (p, p) of the coefficients. location : of log time at the training means. scale : as ``survreg``.
    joint_covariance : of (location, log time ratios, log scale), model-based, or robust where `robust` says so; an
        exponential model has no last row.
    event_times : distinct times of events (of visits that found one). end : (1,) last observed time.
    loglik : log-likelihood without predictors and at the estimate, of times as R gives it.
    distribution : weibull, exponential, lognormal or loglogistic. robust : "" or "cluster".
    """

    names: tuple[str, ...]
    coefficients: Floats
    means: Floats
    location: float
    scale: float
    joint_covariance: Floats
    event_times: Floats
    end: Floats
    loglik: tuple[float, float]
    distribution: str
    robust: str = ""
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def covariance(self) -> Floats:
        """Covariance of the coefficients, (p, p)."""
        p = len(self.names)
        return self.joint_covariance[1 : p + 1, 1 : p + 1]

    @property
    def log_time_ratios(self) -> Floats:
        """Coefficients of R's ``survreg``, (p,): what a unit adds to log time."""
        return -self.coefficients

    @property
    def intercept(self) -> float:
        """Location of log time where all columns are 0, R's intercept."""
        return float(self.location - self.means @ self.log_time_ratios)

    @property
    def survreg_covariance(self) -> Floats:
        """Covariance of (intercept, log time ratios, log scale), R's ``vcov(survreg)``."""
        shift = np.eye(len(self.joint_covariance))
        shift[0, 1 : len(self.names) + 1] = -self.means
        return shift @ self.joint_covariance @ shift.T

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Minus the location of log time, against a patient at the training means, (m,): higher for a higher risk.

        An offset is, as in ``survreg``, a part of log time and lowers the risk.
        """
        lowered = None if offset is None else -np.asarray(offset, float)
        return linear_predictor_of(design, self.means, self.coefficients, lowered)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: NDArray[np.int64] | None = None,  # noqa: ARG002
        level: float = 0.95,
        interval: Interval = "log",
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the probability of the event by each horizon with its limits, each (m, h).

        Limits by the delta method on the named scale of survival: ``log``, ``log-log`` or ``plain``. Not a number
        beyond the last observed time, though the formula would go on. There are no strata.
        """
        times = np.asarray(horizons, float)
        w = self._standardised(self.linear_predictor(design, offset), times)
        hazard = -self._shape.log_survival(w)
        se = self._shape.hazard(w) * self._se_of_standardised(design, w)
        hazard[:, times > self.end[0]] = np.nan
        return risk_with_interval(hazard, se, z_of_level(level), interval)

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:  # noqa: ARG002
        """Probability of the event by each horizon for uncentred ``design @ coefficients``, (m, h)."""
        times = np.asarray(horizons, float)
        w = self._standardised(np.asarray(linear_predictor, float) - self.means @ self.coefficients, times)
        risk: Floats = -np.expm1(self._shape.log_survival(w))
        risk[:, times > self.end[0]] = np.nan
        return risk

    def quantile(
        self,
        design: Floats,
        probability: float = 0.5,
        *,
        offset: Floats | None = None,
        level: float = 0.95,
        extrapolate: bool = False,
    ) -> tuple[Floats, Floats, Floats]:
        """Time by which the event has happened with this probability (0.5: the median), with limits, (m,) each.

        Limits by the delta method on log time, as ``predict(survreg, "uquantile", se.fit = TRUE)``. What lies beyond
        the last observed time is not a number, unless `extrapolate` asks for the formula.

        Raises
        ------
        PredictionError
            S14 for a probability outside (0, 1).
        """
        if not 0 < probability < 1:
            rule = f"probability={probability!r} is not allowed"
            raise PredictionError(Finding("S14", rule, "a number between 0 and 1; 0.5 is the median"))
        w = self._shape.quantile(probability)
        middle = self.location - self.linear_predictor(design, offset) + self.scale * w
        width = z_of_level(level) * self.scale * self._se_of_standardised(design, np.full((len(design), 1), w))[:, 0]
        with np.errstate(over="ignore"):
            limits = np.exp([middle, middle - width, middle + width])
        if not extrapolate:
            limits[limits > self.end[0]] = np.nan
        return limits[0], limits[1], limits[2]

    def _standardised(self, linear_predictor: Floats, times: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            log_time = np.log(times)
        w = (log_time[None, :] - self.location + linear_predictor[:, None]) / self.scale
        return np.clip(w, LOWEST, HIGHEST)

    def _se_of_standardised(self, design: Floats, w: Floats) -> Floats:
        """Return the standard error of (log t - location) / scale at values w, (m, h)."""
        location = np.column_stack([np.ones(len(design)), design - self.means])
        k = location.shape[1]
        covariance = self.joint_covariance
        variance = ((location @ covariance[:k, :k]) * location).sum(axis=1)[:, None] / self.scale**2
        if len(covariance) > k:
            cross = (location @ covariance[:k, k])[:, None] / self.scale
            variance = variance + 2 * w * cross + w**2 * covariance[k, k]
        return np.sqrt(np.maximum(variance, 0.0))

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of terms with R's signs: term, coefficient (log time ratio), se, time_ratio, lower, upper, z, p.

        Weibull and exponential models also give hazard_ratio, hazard_ratio_lower and hazard_ratio_upper:
        exp(-coefficient / scale), its error by the delta method from coefficient and scale.
        """
        z = z_of_level(level)
        coefficient, se = self.log_time_ratios, np.sqrt(np.diag(self.covariance))
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            statistic = coefficient / se
            ratio = np.exp([coefficient, coefficient - z * se, coefficient + z * se])
        table: dict[str, Any] = {
            "term": self.names,
            "coefficient": coefficient,
            "se": se,
            "time_ratio": ratio[0],
            "lower": ratio[1],
            "upper": ratio[2],
            "z": statistic,
            "p": two_sided_p(statistic),
        }
        if self._shape.proportional_hazards:
            table |= self._hazard_ratios(z)
        return pd.DataFrame(table)

    @property
    def _shape(self) -> Distribution:
        return DISTRIBUTIONS[self.distribution]

    def _hazard_ratios(self, z: float) -> dict[str, Floats]:
        p = len(self.names)
        log_ratio = self.coefficients / self.scale
        variance = np.diag(self.covariance) / self.scale**2
        if len(self.joint_covariance) > p + 1:
            with_scale, of_scale = self.joint_covariance[1 : p + 1, -1], self.joint_covariance[-1, -1]
            # log ratio = -b exp(-log scale): derivatives -1/scale in b and -log ratio in log scale.
            variance = variance + 2 * log_ratio * with_scale / self.scale + log_ratio**2 * of_scale
        width = z * np.sqrt(variance)
        with np.errstate(over="ignore"):
            ratio = np.exp([log_ratio, log_ratio - width, log_ratio + width])
        return {"hazard_ratio": ratio[0], "hazard_ratio_lower": ratio[1], "hazard_ratio_upper": ratio[2]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {
            "coefficients": self.coefficients,
            "means": self.means,
            "joint_covariance": self.joint_covariance,
            "event_times": self.event_times,
            "end": self.end,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {
            "names": list(self.names),
            "location": self.location,
            "scale": self.scale,
            "loglik": list(self.loglik),
            "distribution": self.distribution,
            "robust": self.robust,
            "strata": list(self.strata),
            "stratum_names": list(self.stratum_names),
        }

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ParametricEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        names = ("coefficients", "means", "joint_covariance", "event_times", "end")
        plain: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in stored.items()
        }
        numbers: dict[str, Any] = {key: arrays[key] for key in names}
        return cls(**numbers, **plain)
