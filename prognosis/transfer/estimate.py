"""What a transferred Cox model is: penalised estimates, the source beside them, and how much it helped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from prognosis.penalised.cox_estimate import PenalisedCoxEstimate

Floats = NDArray[np.float64]
PLAIN = ("method", "weight", "alone", "slope", "slope_se", "slope_p")
ARRAYS = ("source", "tried", "tried_loss")


@dataclass(frozen=True)
class TransferEstimate(PenalisedCoxEstimate):
    """Estimates of a Cox model that leans on a source; without standard errors, as every penalised fit.

    Parameters
    ----------
    method : how. weight : of the source's linear predictor. source : (p,) its coefficients by column, 0 where it has
        none. tried, tried_loss : (k,) weights and their cross-validated loss (partial-likelihood deviance an event).
    alone : loss of the target alone, by a ridge without the source in the same folds.
    slope, slope_se, slope_p : coefficient of the source's linear predictor in the target (1: its effects hold on
        average, 0: they say nothing, below 0: reversed), its error, and p of the likelihood-ratio test against 0;
        None without a source.
    """

    method: str = "both"
    weight: float = 0.0
    alone: float = 0.0
    slope: float | None = None
    slope_se: float | None = None
    slope_p: float | None = None
    source: Floats = field(default_factory=lambda: np.empty(0))
    tried: Floats = field(default_factory=lambda: np.empty(0))
    tried_loss: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def gain(self) -> float:
        """Loss an event that the source saves in patients left out; below 0 it does harm (negative transfer)."""
        return float(self.alone - self.tried_loss.min())

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""
        return super().arrays() | {name: getattr(self, name) for name in ARRAYS}

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""
        return super().to_dict() | {name: getattr(self, name) for name in PLAIN}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TransferEstimate:
        """Rebuild from `to_dict` and `arrays`."""
        bare = super().restore({key: value for key, value in stored.items() if key not in PLAIN}, arrays)
        own = {name: stored[name] for name in PLAIN} | {name: arrays[name] for name in ARRAYS}
        return replace(cast(TransferEstimate, bare), **own)
