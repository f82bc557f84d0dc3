"""A measure of predictions at horizons with its error, and the difference of two that judged the same patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, PredictionError
from prognosis.normal import two_sided_p, z_of_level

Floats = NDArray[np.float64]
UNBOUNDED = (-np.inf, np.inf)


@dataclass(frozen=True)
class Measured:
    """A measure at h horizons.

    Parameters
    ----------
    name : what was measured. horizons, estimate, std_err : (h,).
    influence : (n, h) influence of each patient on the estimate, scaled so that the standard error is the root of the
        sum of squares; patients in the order of the outcome. No rows where errors were not asked for.
    bounds : smallest and largest possible value; limits stop there.
    warnings : what the reader must know.
    """

    name: str
    horizons: Floats
    estimate: Floats
    std_err: Floats
    influence: Floats
    bounds: tuple[float, float] = (0.0, 1.0)
    warnings: tuple[Finding, ...] = ()

    def limits(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return lower and upper limits, (h,) each: normal, cut at the bounds as ``riskRegression::Score`` does."""
        reach = z_of_level(level) * self.std_err
        lower, upper = (np.clip(self.estimate + sign * reach, *self.bounds) for sign in (-1, 1))
        return lower, upper

    @property
    def p_value(self) -> Floats:
        """(h,) two-sided p-value of the estimate being 0; of use for differences."""
        z = np.full(len(self.estimate), np.nan)
        return two_sided_p(np.divide(self.estimate, self.std_err, out=z, where=self.std_err > 0))

    def table(self, level: float = 0.95) -> pd.DataFrame:
        """List one row a horizon: estimate, standard error and limits."""
        lower, upper = self.limits(level)
        columns = {"horizon": self.horizons, "measure": self.name, "estimate": self.estimate}
        return pd.DataFrame({**columns, "std_err": self.std_err, "lower": lower, "upper": upper})


def from_influence(
    name: str, horizons: Floats, estimate: Floats, influence: Floats, bounds: tuple[float, float] = (0.0, 1.0)
) -> Measured:
    """Build a measure whose standard error is the root of the sum of the squared influence."""
    by_horizon = influence.T
    error = np.sqrt(np.einsum("ji,ji->j", by_horizon, by_horizon))
    return Measured(
        name, horizons, estimate, error if len(influence) else np.full_like(error, np.nan), influence, bounds
    )


def paired_difference(of: Measured, over: Measured) -> Measured:
    """Estimate the difference of a measure between two predictions for the same patients, with its error.

    Raises
    ------
    PredictionError
        M09 when the two are different measures, or of other patients or horizons.

    Notes
    -----
    ``delta`` and its ``se`` in the contrasts of ``riskRegression::Score``, where `over` is the reference.
    """
    same = of.influence.shape == over.influence.shape and np.array_equal(of.horizons, over.horizons, equal_nan=True)
    if of.name != over.name or not same:
        rule = f"{of.name} {of.influence.shape} less {over.name} {over.influence.shape} is no paired difference"
        raise PredictionError(Finding("M09", rule, "measure both predictions in the same patients and horizons"))
    return from_influence(f"difference of {of.name}", of.horizons, of.estimate - over.estimate,
                          of.influence - over.influence, UNBOUNDED)  # fmt: skip
