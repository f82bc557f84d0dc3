"""What a fitted boosted model is: its trees, how far their margin is believed, and the level of the risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from prognosis.boosting.ensemble import Ensemble
from prognosis.boosting.importance import importance_of
from prognosis.cox.baseline import LARGEST_EXPONENT, Baseline, Interval
from prognosis.forest.estimate import features_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
OWN = ("names", "variables", "feature_names")
STEPS = ("time", "edges", "cumulative_hazard", "end")


@dataclass(frozen=True)
class Asked:
    """What the trees ask of design columns.

    Parameters
    ----------
    names, means : (columns,) of the design. variables : (features,) raw variable of each feature; feature_names :
        (features,). feature : (columns,) feature to which a column belongs. step : (columns,) what it adds to it.
    origin : (features,) a value in the middle, taken from a feature: trees ask in 32 bits, which hold differences to it
        and not what all values have in common.
    """

    names: tuple[str, ...]
    means: Floats
    variables: tuple[str, ...]
    feature_names: tuple[str, ...]
    feature: Integers
    step: Floats
    origin: Floats

    def features(self, design: Floats) -> Floats:
        """Return features, (m, features), from uncentred design columns (m, columns)."""
        return features_of(design, self.feature, self.step) - self.origin


@dataclass(frozen=True)
class BoostedEstimate:
    """Boosted trees of one event, on design columns.

    The linear predictor is ``slope * (margin - level)``, a log hazard ratio (log odds ratio) against the mean margin of
    the training rows; the risk is ``1 - exp(-H0(t) exp(linear predictor))``, with the stored cumulative hazard H0, or
    ``expit(intercept + linear predictor)`` for a binary outcome. There are no standard errors: the limits of `risk` are
    not a number.

    Parameters
    ----------
    asked : the features. ensemble : the trees. level : weighted mean margin of the training rows. slope : by which
        margins are multiplied, see `GradientBoosting`. steps : cumulative hazard at the mean margin, None for a binary
        outcome. intercept : log odds there, not a number with a hazard.
    """

    asked: Asked
    ensemble: Ensemble
    level: float
    slope: float
    steps: Baseline | None
    intercept: float
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Design columns."""
        return self.asked.names

    @property
    def means(self) -> Floats:
        """Training means of the columns."""
        return self.asked.means

    @property
    def event_times(self) -> Floats:
        """Times at which the risk is drawn."""
        return np.empty(0) if self.steps is None else self.steps.time

    @property
    def loglik(self) -> tuple[float, float]:
        """Not a number: in the training rows a boosted likelihood says nothing."""
        return float("nan"), float("nan")

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log hazard ratio (log odds ratio) against the mean margin, (m,), plus an offset."""
        eta = self.slope * (self.ensemble.margin(self.asked.features(design)) - self.level)
        return eta if offset is None else eta + offset

    def linear_contributions(self, design: Floats) -> tuple[Floats, float]:
        """Exact path-dependent Shapley values of the linear predictor, (m, columns), and its base.

        Columns of one ordered category are one feature; the first has its value. See `Ensemble.contributions`.
        """
        values, base = self.ensemble.contributions(self.asked.features(design))
        out = np.zeros((len(design), len(self.names)))
        out[:, np.unique(self.asked.feature, return_index=True)[1]] = self.slope * values
        return out, self.slope * (base - self.level)

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,
        stratum: Integers | None = None,  # noqa: ARG002
        level: float = 0.95,  # noqa: ARG002
        interval: Interval = "log",  # noqa: ARG002
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the probability of the event by each horizon, (m, h); the limits are not a number.

        Not a number beyond the last observed time. `stratum`, `level` and `interval` are those of other models.
        """
        eta = self.linear_predictor(design, offset)
        if self.steps is not None and np.isnan(horizons).any():
            raise ValueError("a model of times is asked without a time")
        risk = self._probability(eta) if self.steps is None else self._by_horizon(eta, self.steps, horizons)
        unknown = np.full_like(risk, np.nan)
        return risk, unknown, unknown

    def _probability(self, eta: Floats) -> Floats:
        return np.asarray(expit(self.intercept + eta))[:, None]

    def _by_horizon(self, eta: Floats, steps: Baseline, horizons: Floats) -> Floats:
        at = steps.position(horizons)
        hazard = np.where(at >= 0, steps.cumulative_hazard[np.maximum(at, 0)], 0.0)
        risk = -np.expm1(-np.exp(np.minimum(eta, LARGEST_EXPONENT))[:, None] * hazard)
        return np.where(horizons > steps.end[0], np.nan, risk)

    def summary(self, level: float = 0.95) -> pd.DataFrame:  # noqa: ARG002
        """Table of variables: splits, gain and cover; see `importance_of`."""
        return importance_of(self.ensemble, self.asked.variables)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        asked = {
            "means": self.means,
            "column_feature": self.asked.feature,
            "column_step": self.asked.step,
            "feature_origin": self.asked.origin,
        }
        steps = {} if self.steps is None else {name: getattr(self.steps, name) for name in STEPS}
        return asked | steps | self.ensemble.arrays()

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        intercept = None if np.isnan(self.intercept) else self.intercept
        numbers = {"level": self.level, "slope": self.slope, "intercept": intercept}
        return {name: getattr(self.asked, name) for name in OWN} | numbers

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> BoostedEstimate:
        """Rebuild from `to_dict` and `arrays`.

        Raises
        ------
        ModelFileError
            L07 arrays that are no trees.
        ValueError
            Features that are none, a slope that is not positive, or neither a hazard nor an intercept.
        """
        features, feature = len(stored["feature_names"]), arrays["column_feature"].astype(np.int64)
        origin = arrays["feature_origin"]
        parts = (stored["variables"], origin)
        if any(len(part) != features for part in parts) or sorted(set(feature.tolist())) != list(range(features)):
            raise ValueError("the columns do not make the features")
        intercept = stored["intercept"]
        if not stored["slope"] > 0 or (intercept is None) != ("time" in arrays):
            raise ValueError("the slope is not positive, or the level of the risk unknown")
        names, variables, feature_names = (tuple(map(str, stored[name])) for name in OWN)
        asked = Asked(names, arrays["means"], variables, feature_names, feature, arrays["column_step"], origin)
        return cls(
            asked=asked,
            ensemble=Ensemble.restore(arrays, features),
            level=float(stored["level"]),
            slope=float(stored["slope"]),
            steps=None if intercept is not None else _steps(arrays),
            intercept=float("nan") if intercept is None else float(intercept),
        )


def _steps(arrays: Mapping[str, NDArray[Any]]) -> Baseline:
    """Rebuild the cumulative hazard of the one stratum; its variance is never asked."""
    named = {name: arrays[name] for name in STEPS}
    if len(named["end"]) != 1 or not len(named["time"]) or named["end"][0] < named["time"][-1]:
        raise ValueError("the hazard is not that of one stratum")
    unknown = np.full(len(named["time"]), np.nan)
    return Baseline(**named, variance=unknown, mean_hazard=np.empty((len(unknown), 0)))
