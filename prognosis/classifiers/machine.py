"""What a classifier learns: a machine on standardised columns whose decision value orders patients by risk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
EventWeight = float | Literal["balanced"]
# Of a standardised value.
DIGITS = 10


class Machine(Protocol):
    """A trained machine as plain numbers; `holds_rows` : they hold predictors of single patients."""

    holds_rows: ClassVar[bool]

    def decision(self, z: Floats) -> Floats:
        """Decision value of each row of standardised columns, (m, columns) to (m,), higher for a higher risk."""

    def summary(self, columns: pd.DataFrame, variables: tuple[str, ...]) -> pd.DataFrame:
        """Table of terms; `columns` : term, mean and sd of each column; `variables` : (columns,) raw variables."""

    def doubts(self) -> list[Any]:
        """Return findings of what a reader would otherwise take for granted."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the numbers of the model file."""

    def to_dict(self) -> dict[str, Any]:
        """Return what is not an array."""

    @classmethod
    def restore(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], columns: int) -> Self:
        """Rebuild, believing nothing; raises ValueError where the parts are no such machine."""


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows that a machine learns from.

    Parameters
    ----------
    design : (n, columns). event : (n,). weight : (n,) case weights. together : (n,) rows of one cluster or patient,
    which no inner division separates, or None.
    """

    design: Floats
    event: Flags
    weight: Floats
    together: Integers | None = None

    def take(self, rows: NDArray[Any]) -> LabelledRows:
        """Return some rows."""
        together = None if self.together is None else self.together[rows]
        return LabelledRows(self.design[rows], self.event[rows], self.weight[rows], together)

    def in_order(self) -> LabelledRows:
        """Return the rows in an order that their values give, so that no machine depends on that of the table."""
        return self.take(np.lexsort((self.weight, self.event, *self.design.T[::-1])))

    @property
    def share(self) -> float:
        """Share of the rows with the event."""
        return float(np.average(self.event, weights=self.weight))

    @property
    def targets(self) -> tuple[float, float]:
        """Platt's targets: the probabilities for rows without and with the event that stand for 0 and 1.

        1 / (N- + 2) and (N+ + 1) / (N+ + 2): what so many patients all alike can show. Source: Platt (1999).
        """
        having = float(self.weight[self.event].sum())
        others = float(self.weight[~self.event].sum())
        return 1 / (others + 2), (having + 1) / (having + 2)

    def with_event_weight(self, ratio: EventWeight) -> LabelledRows:
        """Multiply the weight of rows with the event; ``balanced`` : both groups weigh half of all together."""
        having = float(self.weight[self.event].sum())
        others = float(self.weight[~self.event].sum())
        if ratio == "balanced":
            half = (having + others) / 2
            factor = np.where(self.event, half / having, half / others)
        else:
            factor = np.where(self.event, float(ratio), 1.0)
        return replace(self, weight=self.weight * factor)


@dataclass(frozen=True, eq=False)
class Scale:
    """Means and standard deviations of columns, all (columns,).

    `rest` : what a mean is beyond the digits of its number; of values near 1e9 a part of their spread.
    """

    means: Floats
    rest: Floats
    sds: Floats

    def standardised(self, design: Floats) -> Floats:
        """Return columns, (m, columns), with mean 0 and standard deviation 1 in the training rows, to `DIGITS` places.

        A search goes another way by the last bit, which the unit of a column would decide.
        """
        return np.ascontiguousarray(np.round(((design - self.means) - self.rest) / self.sds, DIGITS))


@dataclass(frozen=True, eq=False)
class Trained:
    """A machine with the scale of its columns in its own training rows."""

    scale: Scale
    machine: Any

    def decision(self, design: Floats) -> Floats:
        """Decision value of each row of design columns, (m,)."""
        decided: Floats = self.machine.decision(self.scale.standardised(design))
        return decided


Learner = Callable[[LabelledRows, int], Any]


def scale_of(design: Floats, weight: Floats) -> Scale:
    """Learn means and weighted standard deviations (denominator n); a column that is constant stays as it is."""
    means = np.average(design, axis=0, weights=weight)
    apart = design - means
    rest = np.average(apart, axis=0, weights=weight)
    spread = np.sqrt(np.average((apart - rest) ** 2, axis=0, weights=weight))
    return Scale(means, rest, np.where(np.ptp(design, axis=0) > 0, spread, 1.0))


def train(rows: LabelledRows, learner: Learner, event_weight: EventWeight, seed: int) -> Trained:
    """Standardise the columns, weigh the groups and train; neither order nor units of the columns have an influence."""
    ordered = rows.in_order()
    scale = scale_of(ordered.design, ordered.weight)
    scaled = replace(ordered, design=scale.standardised(ordered.design))
    return Trained(scale, learner(scaled.with_event_weight(event_weight), seed))
