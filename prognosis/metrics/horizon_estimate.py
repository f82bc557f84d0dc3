"""A measure at horizons that has a perfect value to be compared with, such as a calibration slope of 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.metrics.measured import UNBOUNDED, Measured
from prognosis.normal import two_sided_p, z_of_level

Floats = NDArray[np.float64]
Scale = Literal["plain", "log"]


@dataclass(frozen=True)
class HorizonEstimate(Measured):
    """One number a horizon with its error; see `Measured`.

    Parameters
    ----------
    perfect : value of a perfect prediction. scale : of the limits; on ``log`` by the delta method.
    """

    perfect: float = 0.0
    scale: Scale = "plain"

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return lower and upper confidence limits, (h,) each."""
        if self.scale == "plain":
            return super().limits(level)
        width = np.exp(z_of_level(level) * self.std_err / self.estimate)
        return self.estimate / width, self.estimate * width

    @property
    def p_value(self) -> Floats:
        """(h,) two-sided p-value of the perfect value, on the scale of the limits."""
        distance = self.estimate - self.perfect
        if self.scale == "log":
            distance = np.log(self.estimate / self.perfect) * self.estimate
        z = np.full(len(distance), np.nan)
        return two_sided_p(np.divide(distance, self.std_err, out=z, where=self.std_err > 0))

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """List one row a horizon: estimate, standard error, limits and p-value of the perfect value."""
        return super().table(level).assign(perfect=self.perfect, p=self.p_value)


def estimate_of(
    name: str,
    horizons: Floats,
    estimate: Floats,
    influence: Floats,
    perfect: float,
    *,
    scale: Scale = "plain",
    findings: tuple[Finding, ...] = (),
) -> HorizonEstimate:
    """Take the standard error from the influence."""
    error = np.sqrt((influence**2).sum(axis=0))
    return HorizonEstimate(name, horizons, estimate, error, influence, UNBOUNDED, findings, perfect, scale)
