"""What every fitted model's numbers can do; a model is as good as any other behind this contract."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.cox.baseline import Interval

Floats = NDArray[np.float64]

# The one "horizon" of a binary outcome: it has no time.
NO_HORIZON = np.array([np.nan])


class Estimate(Protocol):
    """Estimates on design columns, and the answers that follow from them.

    A model with one linear predictor also has `coefficients` and `means`, (p,) each, and ``risk_at``; one with a
    baseline hazard has `baseline`.
    """

    @property
    def strata(self) -> tuple[str, ...]:
        """Columns that define strata, () without."""

    @property
    def stratum_names(self) -> tuple[str, ...]:
        """Labels of the strata, () without."""

    @property
    def event_times(self) -> Floats:
        """Times at which the risk is drawn; none for a binary outcome."""

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Linear predictor against the training means, (m,), higher for a higher risk."""

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
        """Probability of the event by each horizon with its limits, (m, h) each."""

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of terms."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""


def require_coefficients(estimate: Any, what: str) -> None:
    """Refuse a question about coefficients to a model that has none, a forest say.

    Raises
    ------
    FitError
        N03 naming what was asked.
    """
    if not hasattr(estimate, "coefficients"):
        rule = f"this model has no coefficients, and so no {what}"
        raise FitError(Finding("N03", rule, "use predict, or fit a regression"))
