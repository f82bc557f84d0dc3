"""Machines in which small trees vote, each with its weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.classifiers.estimate import ClassifierEstimate
from prognosis.classifiers.leaf_shares import unsplit
from prognosis.classifiers.trees import Trees
from prognosis.forest.importance import splits_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes of trees, 1 for the event and -1 against it; `weight` : (trees,), above 0."""

    holds_rows: ClassVar[bool] = False

    trees: Trees
    weight: Floats

    def decision(self, z: Floats) -> Floats:
        """Twice the weighted mean vote, (m,), from -2 to 2: scikit-learn adds the votes against the other group."""
        return 2 * self.trees.mean(z, self.weight)

    def summary(self, columns: pd.DataFrame, variables: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002
        """Table of variables: term, splits, unused, minimal_depth; see `splits_of`. All trees count alike."""
        return splits_of(self.trees, variables)

    def doubts(self) -> list[Finding]:
        """Warn (B27) where nothing is split."""
        return unsplit(self.trees)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return trees and weights."""
        return self.trees.arrays() | {"tree_weight": self.weight}

    def to_dict(self) -> dict[str, Any]:
        """Nothing but arrays."""
        return {}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> Votes:
        """Rebuild; raises ValueError for what are no votes."""
        trees, weight = Trees.restore(arrays, columns), np.asarray(arrays["tree_weight"], float)
        if stored or weight.shape != (trees.trees,) or not (weight > 0).all() or not np.isfinite(weight.sum()):
            raise ValueError("the weights do not fit the trees")
        if not np.isin(trees.leaf, (-1.0, 1.0)).all():
            raise ValueError("the leaves hold no votes")
        return cls(trees, weight)


class VotesEstimate(ClassifierEstimate):
    """Boosted trees that vote."""

    machine_class: ClassVar[Any] = Votes
