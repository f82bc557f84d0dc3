"""Boosted trees of every cause, combined into the absolute risk of one with the others competing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.boosting.estimate import BoostedEstimate
from prognosis.cox.baseline import LARGEST_EXPONENT, Baseline, Interval
from prognosis.kernels.absolute_risk import absolute_risk

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class CauseSpecificBoosted:
    """One boosted model a cause on the same design columns; the first is of the event of interest.

    The risk is ``F(t) = sum of S(u-) dH1(u)`` over the times u of any event up to t, with the product-limit survival S
    free of every event, as `CauseSpecificEstimate`; the limits are not a number.

    Parameters
    ----------
    models : K estimates. causes : (K,) their event codes, the event of interest first.
    """

    models: tuple[BoostedEstimate, ...]
    causes: tuple[int, ...]
    strata: tuple[str, ...] = ()
    stratum_names: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Design columns."""
        return self.models[0].names

    @property
    def means(self) -> Floats:
        """Training means of the columns."""
        return self.models[0].means

    @property
    def event_times(self) -> Floats:
        """Distinct times of the event of interest, where the risk steps."""
        return self.models[0].event_times

    @property
    def loglik(self) -> tuple[float, float]:
        """Not a number: see `BoostedEstimate`."""
        return self.models[0].loglik

    def linear_predictor(self, design: Floats, offset: Floats | None = None) -> Floats:
        """Log relative cause-specific hazard of the event of interest, (m,)."""
        return self.models[0].linear_predictor(design, offset)

    def linear_contributions(self, design: Floats) -> tuple[Floats, float]:
        """Contributions to `linear_predictor`, (m, columns), and its base; see `BoostedEstimate`."""
        return self.models[0].linear_contributions(design)

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
        """Estimate the probability of the event of interest by each horizon, (m, h); the limits are not a number."""
        times = np.asarray(horizons, float)
        order = np.argsort(times, kind="stable")
        eta = np.column_stack([model.linear_predictor(design, offset) for model in self.models])
        grid, hazard = self._grid()
        causes, steps = len(self.models), len(grid)
        # the kernel's variances need coefficients, of which there are none
        none = (np.zeros((steps, causes)), np.zeros((steps, causes, 0)))
        ratio, until = np.exp(np.minimum(eta, LARGEST_EXPONENT)), np.searchsorted(grid, times[order], side="right")
        centred, covariance = np.zeros((causes, len(design), 0)), np.zeros((causes, 0, 0))
        risk = np.empty((len(design), len(times)))
        risk[:, order] = absolute_risk(ratio, centred, (hazard, *none), covariance, until, True)[0]
        risk[:, times > self._hazards[0].end[0]] = np.nan
        unknown = np.full_like(risk, np.nan)
        return risk, unknown, unknown

    @property
    def _hazards(self) -> tuple[Baseline, ...]:
        return tuple(model.steps for model in self.models if model.steps is not None)

    def _grid(self) -> tuple[Floats, Floats]:
        """Return the times of any event, (G,), and each cause's steps of the hazard, (G, K)."""
        grid = np.unique(np.concatenate([steps.time for steps in self._hazards]))
        hazard = np.zeros((len(grid), len(self.models)))
        for k, steps in enumerate(self._hazards):
            hazard[np.searchsorted(grid, steps.time), k] = np.diff(steps.cumulative_hazard, prepend=0.0)
        return grid, hazard

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Table of the variables of every cause: cause, term, splits, gain, cover."""
        parts = [model.summary(level) for model in self.models]
        for cause, part in zip(self.causes, parts, strict=True):
            part.insert(0, "cause", cause)
        return pd.concat(parts, ignore_index=True)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file, ``CAUSE.threshold`` and so on."""
        return {
            f"{cause}.{key}": value
            for cause, model in zip(self.causes, self.models, strict=True)
            for key, value in model.arrays().items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return {"causes": list(self.causes), "models": [model.to_dict() for model in self.models]}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> CauseSpecificBoosted:
        """Rebuild from `to_dict` and `arrays`; raises as `BoostedEstimate.restore`."""
        causes = tuple(stored["causes"])
        models = tuple(
            BoostedEstimate.restore(own, _of_cause(cause, arrays))
            for cause, own in zip(causes, stored["models"], strict=True)
        )
        whole = all(isinstance(cause, int) and not isinstance(cause, bool) for cause in causes)
        if len(causes) < 2 or causes[0] != 1 or not whole or len(set(causes)) != len(causes):
            raise ValueError("the causes are not those of a competing endpoint")
        alike = {(model.names, model.steps.end[0]) for model in models if model.steps is not None}
        if len(alike) != 1 or any(model.steps is None for model in models):
            raise ValueError("the causes do not share columns and follow-up, or one has no hazard")
        return cls(models, causes)


def _of_cause(cause: object, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays of one cause by their own names."""
    return {key.partition(".")[2]: value for key, value in arrays.items() if key.partition(".")[0] == str(cause)}
