"""What a fitted model of the event within a window is: a model of a binary outcome, read at that one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.time_words import time_words
from prognosis.cox.baseline import Interval
from prognosis.early_relapse.known import SAME_TIME
from prognosis.estimate import NO_HORIZON
from prognosis.prediction import Remark

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class EarlyEstimate:
    """A model of a binary outcome, "the event within the window".

    Parameters
    ----------
    window : in the endpoint's unit. inner : estimate of the binary outcome, for known patients with their weights.
    """

    window: float
    inner: Any
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Design columns, (p,)."""
        names: tuple[str, ...] = self.inner.names
        return names

    @property
    def means(self) -> Floats:
        """Means of the columns in the weighted training rows, the origin of the linear predictor, (p,)."""
        means: Floats = self.inner.means
        return means

    @property
    def loglik(self) -> tuple[float, float]:
        """Weighted log-likelihoods of the binary outcome, without predictors and at the estimate."""
        return float(self.inner.loglik[0]), float(self.inner.loglik[1])

    @property
    def event_times(self) -> Floats:
        """The window."""
        return np.array([self.window])

    @property
    def holds_rows(self) -> bool:
        """True where the inner estimate holds predictors of single patients."""
        return bool(getattr(self.inner, "holds_rows", False))

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Linear predictor of the binary outcome, (m,)."""
        eta: Floats = self.inner.linear_predictor(design, offset)
        return eta

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
        """Probability of the event by the window with its limits, (m, h); other horizons are not a number."""
        found = self.inner.risk(design, NO_HORIZON, offset=offset, stratum=stratum, level=level, interval=interval)
        risk, lower, upper = (at_window(part, horizons, self.window) for part in found)
        return risk, lower, upper

    def remarks(self, horizons: Floats, unit: str) -> list[Remark]:
        """Say (W08) at which horizons the model does not answer."""
        text = "no risk is given at {}: the model answers for its window of {} only"
        window = time_words(self.window, unit)
        return [
            Remark("W08", text.format(time_words(float(horizon), unit), window), horizon=float(horizon))
            for horizon in np.asarray(horizons, float)[~is_window(horizons, self.window)]
        ]

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of terms of the binary outcome; for a logistic model odds ratios of the event within the window."""
        table: pd.DataFrame = self.inner.summary(level)
        return table

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file, those of the inner estimate."""
        arrays: dict[str, NDArray[Any]] = self.inner.arrays()
        return arrays

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {"window": self.window, "inner_class": type(self.inner).__name__, "inner": self.inner.to_dict()}

    @classmethod
    def around(cls, inner: Any, stored: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict` and the restored inner estimate.

        Raises
        ------
        ModelFileError
            L02 a window that is no positive number.
        """
        window = stored["window"]
        if not (isinstance(window, float | int) and np.isfinite(window) and window > 0):
            raise ValueError("the window is no positive number")
        return cls(float(window), inner)


class EarlyRegression(EarlyEstimate):
    """The same of a regression, which has coefficients."""

    @property
    def coefficients(self) -> Floats:
        """Log odds ratios, (p,)."""
        coefficients: Floats = self.inner.coefficients
        return coefficients

    @property
    def covariance(self) -> Floats:
        """Covariance of the coefficients, robust where weights are fractions, (p, p)."""
        covariance: Floats = self.inner.covariance
        return covariance

    @property
    def robust(self) -> str:
        """How the covariance was made: "", "robust" or "cluster"."""
        return str(self.inner.robust)

    @property
    def profile(self) -> Floats:
        """Limits and tests of the profile likelihood after Firth's fit, as the inner estimate has them."""
        profile: Floats = self.inner.profile
        return profile

    def risk_at(self, linear_predictor: Floats, horizons: Floats, stratum: int = 0) -> Floats:
        """Probability of the event by the window for uncentred ``design @ coefficients``, (m, h)."""
        return at_window(self.inner.risk_at(linear_predictor, NO_HORIZON, stratum), horizons, self.window)


def is_window(horizons: Floats, window: float) -> NDArray[np.bool_]:
    """Tell which horizons are the window, (h,)."""
    return np.isclose(np.asarray(horizons, float), window, rtol=SAME_TIME, atol=0)


def at_window(risk: Floats, horizons: Floats, window: float) -> Floats:
    """Spread one probability a patient, (m, 1), over horizons, (m, h): not a number where they are not the window."""
    return np.where(is_window(horizons, window), risk, np.nan)
