"""What a fitted random survival forest is: its trees, and which design columns they ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.cox.baseline import Interval
from prognosis.forest.importance import splits_of
from prognosis.forest.trees import Forest
from prognosis.preparation import Preparation

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Mortality, against the mean of the training rows, below which the linear predictor falls no further.
FLOOR = 1e-3
OWN = ("names", "variables", "feature_names", "level", "rounded")


@dataclass(frozen=True)
class ForestEstimate:
    """A random survival forest on design columns.

    The risk of a patient is the mean over trees of 1 minus the Kaplan-Meier curve of the leaf (the Aalen-Johansen
    incidence with competing events). A forest has no standard errors, so the limits of `risk` are not a number.

    Parameters
    ----------
    names, means : (columns,) of the design. variables : (features,) raw variable of each feature that a tree can ask;
    feature_names : (features,). feature : (columns,) feature to which a column belongs. step : (columns,) what it adds
    to it: the place of the level for a column of an ordered category, else 1.
    forest : the trees. level : mean mortality of the training rows. rounded : values are rounded to floats of 32 bits
    before a tree sees them, as scikit-survival does.

    Notes
    -----
    The linear predictor is the log of the mortality (`Forest.mortality`) against its training mean, not below
    log(1/1000). It orders patients; the curves of two patients can cross, so the risk at one horizon need not follow
    it.
    """

    names: tuple[str, ...]
    means: Floats
    variables: tuple[str, ...]
    feature_names: tuple[str, ...]
    feature: Integers
    step: Floats
    forest: Forest
    level: float
    rounded: bool = False
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def event_times(self) -> Floats:
        """Times at which the risk is drawn."""
        return self.forest.event_times

    @property
    def loglik(self) -> tuple[float, float]:
        """Not a number: a forest maximises no likelihood."""
        return float("nan"), float("nan")

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log of the mortality against its training mean, (m,), plus an offset; see the notes of the class."""
        ratio = self.forest.mortality(self.features(design)) / self.level
        eta: Floats = np.log(np.maximum(ratio, FLOOR))
        return eta if offset is None else eta + offset

    def mortality(self, design: Floats) -> Floats:
        """Return what orders patients by risk, (m,); see `Forest.mortality`."""
        return self.forest.mortality(self.features(design))

    def risk(
        self,
        design: Floats,
        horizons: Floats,
        *,
        offset: Floats | None = None,  # noqa: ARG002
        stratum: NDArray[np.int64] | None = None,  # noqa: ARG002
        level: float = 0.95,  # noqa: ARG002
        interval: Interval = "log",  # noqa: ARG002
    ) -> tuple[Floats, Floats, Floats]:
        """Estimate the probability of the event by each horizon, (m, h); the limits are not a number.

        Not a number beyond the last observed time. `offset`, `stratum`, `level` and `interval` are those of other
        models: a forest has none of them.
        """
        risk = self.forest.risk(self.features(design), horizons)
        unknown = np.full_like(risk, np.nan)
        return risk, unknown, unknown

    def features(self, design: Floats) -> Floats:
        """Return what the trees ask, (m, features), from uncentred design columns (m, columns)."""
        return features_of(design, self.feature, self.step, rounded=self.rounded)

    def summary(self, level: float = 0.95) -> pd.DataFrame:  # noqa: ARG002
        """Table of terms: splits, trees without one, and mean minimal depth; see `splits_of`."""
        return splits_of(self.forest, self.variables)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return {"means": self.means, "column_feature": self.feature, "column_step": self.step} | self.forest.arrays()

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {name: getattr(self, name) for name in OWN}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ForestEstimate:
        """Rebuild from `to_dict` and `arrays`.

        Raises
        ------
        ModelFileError
            L07 arrays that are no forest, or features that are none.
        """
        own = ("means", "column_feature", "column_step")
        features = len(stored["feature_names"])
        forest = Forest.restore({key: value for key, value in arrays.items() if key not in own}, features)
        feature = arrays["column_feature"].astype(np.int64)
        if len(stored["variables"]) != features or sorted(set(feature.tolist())) != list(range(features)):
            raise ValueError("the columns do not make the features")
        if not stored["level"] > 0 or stored["rounded"] not in (True, False):
            raise ValueError("the mean mortality is not positive, or the rounding unknown")
        return cls(
            names=tuple(stored["names"]),
            means=arrays["means"],
            variables=tuple(stored["variables"]),
            feature_names=tuple(stored["feature_names"]),
            feature=feature,
            step=arrays["column_step"],
            forest=forest,
            level=float(stored["level"]),
            rounded=stored["rounded"],
        )


@dataclass(frozen=True)
class Features:
    """How design columns become features: those of an ordered category become one number, the place of the level.

    Parameters
    ----------
    names, variables : (features,). feature, step : (columns,); see `ForestEstimate`.
    """

    names: tuple[str, ...]
    variables: tuple[str, ...]
    feature: Integers
    step: Floats

    @classmethod
    def of(cls, preparation: Preparation, ordered: tuple[str, ...]) -> Features:
        """Declare the features of a preparation; `ordered` names the categories whose levels have an order."""
        names: list[str] = []
        variables: list[str] = []
        feature: list[int] = []
        step: list[float] = []
        for term in preparation.terms:
            whole = term.variable in ordered
            for place, name in enumerate(term.names):
                if not whole or place == 0:
                    names.append(term.variable if whole else name)
                    variables.append(term.variable)
                feature.append(len(names) - 1)
                step.append(place + 1.0 if whole else 1.0)
        return cls(tuple(names), tuple(variables), np.array(feature), np.array(step))


def features_of(design: Floats, feature: Integers, step: Floats, *, rounded: bool = False) -> Floats:
    """Return features, (m, features); `feature`, `step` : (columns,); see `ForestEstimate`."""
    out = np.zeros((len(design), int(feature.max()) + 1))
    for column, place, size in zip(design.T, feature, step, strict=True):
        out[:, place] += size * column
    return out.astype(np.float32).astype(np.float64) if rounded else out
