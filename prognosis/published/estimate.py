"""What a publication tells of a model: coefficients and the baseline at some horizons, without their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError
from cohorts.time_words import time_words
from prognosis.cox.baseline import Interval
from prognosis.linear_predictor import linear_predictor_of
from prognosis.logistic.estimate import ARRAYS, LogisticEstimate
from prognosis.prediction import Remark

Floats = NDArray[np.float64]
# Horizons that differ by less than this part of themselves are one horizon.
SAME_TIME = 1e-9
NO_LIMITS = "the publication gives no covariance: there is no interval"


@dataclass(frozen=True)
class PublishedHazard:
    """A proportional hazards model of which the baseline is known at some horizons only.

    Parameters
    ----------
    names : (p,) design columns. coefficients : (p,) log hazard ratios (or log subdistribution hazard ratios).
    means : (p,) columns of the reference patient, whose survival is given.
    time : (h,) horizons. cumulative_hazard : (h,) minus the log of the reference patient's survival there (with
        competing events of 1 minus the incidence).
    """

    names: tuple[str, ...]
    coefficients: Floats
    means: Floats
    time: Floats
    cumulative_hazard: Floats
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def event_times(self) -> Floats:
        """The published horizons."""
        return self.time

    @property
    def covariance(self) -> Floats:
        """Not a number: nobody knows it, (p, p)."""
        return np.full((len(self.names),) * 2, np.nan)

    @property
    def loglik(self) -> tuple[float, float]:
        """Not a number."""
        return float("nan"), float("nan")

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log relative hazard against the reference patient, (m,)."""
        return linear_predictor_of(design, self.means, self.coefficients, offset)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: NDArray[np.int64] | None = None,
        level: float = 0.95,
        interval: Interval = "log",
    ) -> tuple[Floats, Floats, Floats]:
        """Probability of the event by each published horizon, (m, h); others, and all limits, are not a number."""
        del stratum, level, interval
        relative = np.exp(self.linear_predictor(design, offset))
        risk = -np.expm1(-relative[:, None] * self.hazard_at(horizons))
        unknown = np.full_like(risk, np.nan)
        return risk, unknown, unknown.copy()

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:  # noqa: ARG002
        """Probability of the event by each published horizon for uncentred ``design @ coefficients``, (m, h)."""
        relative = np.exp(np.asarray(linear_predictor, float) - self.means @ self.coefficients)
        return -np.expm1(-relative[:, None] * self.hazard_at(horizons))

    def hazard_at(self, horizons: Floats) -> Floats:
        """Cumulative hazard of the reference patient by each horizon, (h,); not a number where it is not published."""
        times = np.asarray(horizons, float)
        equal = np.isclose(times[:, None], self.time, rtol=SAME_TIME, atol=0)
        return np.where(equal.any(axis=1), self.cumulative_hazard[equal.argmax(axis=1)], np.nan)

    def remarks(self, horizons: Floats, unit: str) -> list[Remark]:
        """Say that there is no interval (E19), and which horizons are not published (E18)."""
        known = ", ".join(f"{time:g}" for time in self.time)
        text = "no risk is given at {}: the publication gives the baseline at {} only"
        unknown = np.asarray(horizons, float)[np.isnan(self.hazard_at(horizons))]
        return [Remark("E19", NO_LIMITS)] + [
            Remark("E18", text.format(time_words(float(horizon), unit), known), horizon=float(horizon))
            for horizon in unknown
        ]

    def summary(self, level: float = 0.95) -> pd.DataFrame:  # noqa: ARG002
        """Table of terms: coefficient, hazard_ratio; se, limits, z and p are not a number."""
        table = pd.DataFrame({"term": self.names, "coefficient": self.coefficients, "se": np.nan})
        table["hazard_ratio"] = np.exp(self.coefficients)
        return table.assign(lower=np.nan, upper=np.nan, z=np.nan, p=np.nan)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {name: getattr(self, name) for name in NUMBERS}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {"names": list(self.names)}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> PublishedHazard:
        """Rebuild from `to_dict` and `arrays`.

        Raises
        ------
        ModelFileError
            L07 horizons that do not increase, or hazards that fall.
        """
        if (np.diff(arrays["time"]) <= 0).any() or (np.diff(arrays["cumulative_hazard"]) < 0).any():
            rule = "field estimate.cumulative_hazard decreases: a negative hazard"
            raise ModelFileError(Finding("L07", rule, "get the file again"))
        numbers: dict[str, Any] = {name: arrays[name] for name in NUMBERS}
        return cls(names=tuple(stored["names"]), **numbers)


NUMBERS = ("coefficients", "means", "time", "cumulative_hazard")


@dataclass(frozen=True)
class PublishedOdds(LogisticEstimate):
    """A published logistic model: covariances, limits and likelihoods are not a number."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {name: getattr(self, name) for name in ARRAYS}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {"names": list(self.names), "intercept": self.intercept}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> PublishedOdds:
        """Rebuild from `to_dict` and `arrays`."""
        return cls.known(tuple(stored["names"]), arrays["coefficients"], arrays["means"], stored["intercept"])

    @classmethod
    def known(cls, names: tuple[str, ...], coefficients: Floats, means: Floats, intercept: float) -> PublishedOdds:
        """Take what is published: (p,) coefficients, and the log odds of the patient with columns `means`."""
        unknown, nan = np.full((len(names) + 1,) * 2, np.nan), float("nan")
        return cls(
            names=names,
            coefficients=coefficients,
            means=means,
            intercept=intercept,
            joint_covariance=unknown,
            naive_covariance=unknown.copy(),
            loglik=(nan, nan),
            freedom=float(len(names)),
            stored_profile=np.empty((0, 3)),
        )
