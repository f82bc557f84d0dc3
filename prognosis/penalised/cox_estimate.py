"""What a fitted penalised Cox model is: the estimates of a Cox model without standard errors, and its penalty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from prognosis.cox.baseline import Interval, risk_with_interval
from prognosis.cox.estimate import CoxEstimate
from prognosis.normal import z_of_level
from prognosis.penalised.penalty_choice import PenaltyCurve

Floats = NDArray[np.float64]

OWN = ("alpha", "penalty", "rule", "folds")
CURVE = ("penalty", "nonzero", "mean", "se")


def _no_curve() -> PenaltyCurve:
    empty = np.empty(0)
    return PenaltyCurve(empty, np.empty(0, np.int64), empty, empty)


@dataclass(frozen=True)
class PenalisedCoxEstimate(CoxEstimate):
    """Estimates of an elastic-net penalised Cox model on design columns.

    Coefficients are biased towards zero on purpose, and the data chose which are zero: no standard error describes
    that, so `covariance`, the limits of `risk` and the errors of `summary` are not a number. Intervals need a
    bootstrap of the whole fit with its cross-validation.

    Parameters
    ----------
    alpha : 1 lasso, 0 ridge. penalty : of these coefficients. rule, folds : how it was chosen ("", 0: it was given).
    curve : the penalties tried, the number of coefficients that are not zero, and the cross-validated loss
        (partial-likelihood deviance an event); empty loss where the penalty was given.
    """

    alpha: float = 1.0
    penalty: float = 0.0
    rule: str = ""
    folds: int = 0
    curve: PenaltyCurve = field(default_factory=_no_curve)

    @property
    def selected(self) -> tuple[str, ...]:
        """Columns whose coefficient is not zero."""
        return tuple(name for name, beta in zip(self.names, self.coefficients, strict=True) if beta)

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
        """Estimate the probability of the event by each horizon, (m, h); the limits are not a number.

        `design` is uncentred. Not a number beyond the last observed time (of the stratum).
        """
        ratio = np.exp(self.linear_predictor(design, offset))
        strata = np.zeros(len(design), np.int64) if stratum is None else stratum
        hazard = np.empty((len(design), len(horizons)))
        for s in np.unique(strata):
            at = self.baseline.position(horizons, int(s))
            baseline = np.where(at >= 0, self.baseline.cumulative_hazard[np.maximum(at, 0)], 0.0)
            baseline = np.where(horizons > self.baseline.end[s], np.nan, baseline)
            hazard[strata == s] = ratio[strata == s, None] * baseline
        return risk_with_interval(hazard, np.full_like(hazard, np.nan), z_of_level(level), interval)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file; what is not a number is left out."""
        known = {key: value for key, value in super().arrays().items() if "covariance" not in key}
        return known | {f"curve_{name}": getattr(self.curve, name) for name in CURVE}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        known = {key: value for key, value in super().to_dict().items() if key != "score_test"}
        return known | {name: getattr(self, name) for name in OWN}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> PenalisedCoxEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        p = len(stored["names"])
        plain = {key: value for key, value in stored.items() if key not in OWN} | {"score_test": float("nan")}
        unknown = np.full((p, p), np.nan)
        complete = {**arrays, "covariance": unknown, "naive_covariance": unknown}
        bare = cast(PenalisedCoxEstimate, super().restore(plain, complete))
        curve = PenaltyCurve(*(arrays[f"curve_{name}"] for name in CURVE))
        return replace(bare, curve=curve, **{name: stored[name] for name in OWN})
