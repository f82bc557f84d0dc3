"""Training rows as boosting takes them: in an order of their own, so that the order of a table has no say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.boosting.estimate import Asked
from prognosis.boosting.losses import CoxLoss, LogisticLoss
from prognosis.forest.estimate import Features, features_of
from prognosis.regression import Rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BoostedRows:
    """Rows in an order of their own. `X` : (n, features). `loss` : of them. `unit` : (n,) who belongs together."""

    X: Floats
    loss: CoxLoss | LogisticLoss
    unit: Integers

    @property
    def happened(self) -> NDArray[np.bool_]:
        """Rows with the event, (n,)."""
        if isinstance(self.loss, LogisticLoss):
            return self.loss.event
        return np.asarray(self.loss.outcome.event == self.loss.cause)


def asked_of(rows: Rows, features: Features) -> Asked:
    """Return what trees ask of the design; the means are weighted, over the known values."""
    values = features_of(rows.design, features.feature, features.step)
    known, weight = ~np.isnan(rows.design), rows.special.weight
    means = np.average(np.where(known, rows.design, 0.0), axis=0, weights=weight)
    means = means / np.average(known, axis=0, weights=weight)
    return Asked(
        names=rows.preparation.names,
        means=means,
        variables=features.variables,
        feature_names=features.names,
        feature=features.feature,
        step=features.step,
        origin=np.array([_middle(column[~np.isnan(column)]) for column in values.T]),
    )


def _middle(values: Floats) -> float:
    """Return the lower median: one of the values, so that equal ones lie exactly at it."""
    place = (len(values) - 1) // 2
    return float(np.partition(values, place)[place])


def order_of(rows: Rows) -> tuple[Integers, Integers]:
    """Return the order of the rows by outcome, values and weight, and whom each then belongs to (0, 1, ...), (n,)."""
    outcome, special = rows.outcome, rows.special
    time = outcome.time if outcome.timed else np.zeros(len(outcome.event))
    entry = np.zeros(len(time)) if outcome.entry is None else outcome.entry
    order = np.lexsort((special.weight, *rows.design.T[::-1], entry, outcome.event, time))
    if special.together is None:
        return order, np.arange(len(order))
    _, first, code = np.unique(special.together[order], return_index=True, return_inverse=True)
    return order, np.argsort(np.argsort(first))[code]
