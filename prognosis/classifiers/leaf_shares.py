"""Machines that answer with the share of events in the leaves of trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.classifiers.calibration import share_to_log_odds
from prognosis.classifiers.estimate import ClassifierEstimate
from prognosis.classifiers.trees import Trees
from prognosis.forest.importance import splits_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeafShares:
    """Mean over trees of the share of events in the leaf; the decision value is its log odds.

    `targets` : probabilities beyond which no share is believed; see `LabelledRows.targets`.
    """

    holds_rows: ClassVar[bool] = False

    trees: Trees
    targets: tuple[float, float]

    def share(self, z: Floats) -> Floats:
        """Mean share of events, (m,)."""
        return self.trees.mean(z)

    def decision(self, z: Floats) -> Floats:
        """Log odds of the share, (m,)."""
        return share_to_log_odds(self.share(z), self.targets)

    def summary(self, columns: pd.DataFrame, variables: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002
        """Table of variables: term, splits, unused, minimal_depth; see `splits_of`."""
        return splits_of(self.trees, variables)

    def doubts(self) -> list[Finding]:
        """Warn (B27) where nothing is split."""
        return unsplit(self.trees)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees."""
        return self.trees.arrays()

    def to_dict(self) -> dict[str, Any]:
        """Return the targets."""
        return {"targets": list(self.targets)}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> LeafShares:
        """Rebuild; raises ValueError for what are no trees, or shares that are none."""
        trees = Trees.restore(arrays, columns)
        low, high = map(float, stored["targets"])
        if not 0 < low <= high < 1 or not ((trees.leaf >= 0) & (trees.leaf <= 1)).all():
            raise ValueError("the shares of the leaves are none")
        return cls(trees, (low, high))


class LeafSharesEstimate(ClassifierEstimate):
    """A decision tree, or many of them."""

    machine_class: ClassVar[Any] = LeafShares


def unsplit(trees: Trees) -> list[Finding]:
    """Warn (B27) where no tree has a split."""
    if (trees.feature >= 0).any():
        return []
    rule = "no split is worth its leaves: everybody has the same risk"
    advice = "the predictors may say nothing; a smaller min_leaf, more patients, or Logistic"
    return [Finding("B27", rule, advice, severity="warning")]
