"""Feed-forward networks as plain weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding
from prognosis.classifiers.estimate import ClassifierEstimate

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """Networks of one shape whose log odds are averaged; hidden units are tanh.

    Parameters
    ----------
    sizes : units of each layer, the columns first and 1 last. weights : (nets, numbers) of each net, layer by layer:
        the (units below, units) matrix row by row, then the (units,) constants. settled : nets that found a minimum.
    """

    holds_rows: ClassVar[bool] = False

    sizes: tuple[int, ...]
    weights: Floats
    settled: int

    def decision(self, z: Floats) -> Floats:
        """Mean log odds of the event over the nets, (m,)."""
        total = np.zeros(len(z))
        for net in self.weights:
            total += self._log_odds(net, z)
        return total / len(self.weights)

    def _log_odds(self, net: Floats, z: Floats) -> Floats:
        below, first = z, 0
        for layer, (inputs, units) in enumerate(pairwise(self.sizes)):
            matrix = net[first : first + inputs * units].reshape(inputs, units)
            first += inputs * units
            # einsum adds up row by row, so that no row's answer depends on the rows beside it
            below = np.einsum("ij,jk->ik", below, matrix) + net[first : first + units]
            first += units
            if layer < len(self.sizes) - 2:
                below = np.tanh(below)
        return np.asarray(below[:, 0])

    def summary(self, columns: pd.DataFrame, variables: tuple[str, ...]) -> pd.DataFrame:  # noqa: ARG002
        """Table of the columns as the net sees them: term, mean, sd. It has no number of a single term."""
        return columns

    def doubts(self) -> list[Finding]:
        """Warn (B28) of nets whose search was stopped."""
        nets = len(self.weights)
        if self.settled == nets:
            return []
        rule = f"{nets - self.settled} of {nets} nets had not settled when the search was stopped"
        return [Finding("B28", rule, "a larger decay, fewer units, or more steps", severity="warning")]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights."""
        return {"weights": self.weights}

    def to_dict(self) -> dict[str, Any]:
        """Return shape and state."""
        return {"sizes": list(self.sizes), "settled": self.settled}

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> Network:
        """Rebuild; raises ValueError where weights and layers do not fit."""
        sizes, weights = tuple(stored["sizes"]), np.asarray(arrays["weights"], float)
        if any(type(size) is not int or size < 1 for size in sizes) or len(sizes) < 3:
            raise ValueError("the layers of the net are none")
        if sizes[0] != columns or sizes[-1] != 1 or weights.shape != (len(weights), numbers_of(sizes)):
            raise ValueError("the weights do not fit the layers of the net")
        if not len(weights) or type(stored["settled"]) is not int or not 0 <= stored["settled"] <= len(weights):
            raise ValueError("the nets do not fit their state")
        return cls(sizes, weights, stored["settled"])


def numbers_of(sizes: Sequence[int]) -> int:
    """How many weights and constants a net of these layers has."""
    return sum((inputs + 1) * units for inputs, units in pairwise(sizes))


class NetworkEstimate(ClassifierEstimate):
    """A neural network, or the mean of several."""

    machine_class: ClassVar[Any] = Network
