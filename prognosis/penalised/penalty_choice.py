"""Choice of a penalty by cross-validation: folds, the curve over the penalties, and the two usual rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Rule = Literal["minimum", "one-standard-error"]
RULES = ("minimum", "one-standard-error")


@dataclass(frozen=True)
class PenaltyCurve:
    """Cross-validated loss over a sequence of penalties, (L,) each.

    Parameters
    ----------
    penalty : decreasing. nonzero : coefficients that are not zero in the fit to all rows.
    mean, se : mean loss over the folds and its standard error; not a number where nothing was cross-validated.
    """

    penalty: Floats
    nonzero: Integers
    mean: Floats
    se: Floats

    def chosen(self, rule: Rule) -> int:
        """Place of the smallest loss, or of the largest penalty within one standard error of it."""
        best = int(np.argmin(self.mean))
        if rule == "minimum":
            return best
        return int(np.argmax(self.mean <= self.mean[best] + self.se[best]))


def loss_curve(penalty: Floats, nonzero: Integers, loss: Floats, weight: Floats) -> PenaltyCurve:
    """Mean and standard error of the (folds, L) losses with the (folds,) weights, as ``cv.glmnet``.

    Raises
    ------
    FitError
        N04 when no penalty has a finite loss.
    """
    mean = np.average(loss, axis=0, weights=weight)
    if not np.isfinite(mean).any():
        rule = "extreme values: the cross-validated loss is infinite at every penalty"
        raise FitError(Finding("N04", rule, "look for wrong values, or use a transform such as log"))
    mean = np.where(np.isfinite(mean), mean, np.inf)
    with np.errstate(invalid="ignore"):
        spread = np.average((loss - mean) ** 2, axis=0, weights=weight)
    return PenaltyCurve(penalty, nonzero, mean, np.sqrt(spread / (len(loss) - 1)))


def deal_folds(
    event: NDArray[np.bool_],
    folds: int,
    seed: int,
    *,
    cluster: Integers | None = None,
    order_by: Floats | None = None,
) -> Integers:
    """Deal rows into folds 0, 1, ... with the same number of events (but for one) in each, (n,).

    Parameters
    ----------
    event, cluster : (n,). Rows of one cluster stay together and count as an event when one of them is.
    order_by : (n, k) values that put the rows into one order, so that the folds (of one seed) do not depend on the
        order in which the patients stand in the table; None takes them as they stand.

    Raises
    ------
    FitError
        N21 when there are fewer events, or clusters with events, than folds.
    """
    n = len(event)
    rank = np.empty(n, np.int64)
    rank[np.arange(n) if order_by is None else np.lexsort(order_by.T[::-1])] = np.arange(n)
    unit = rank if cluster is None else _rank_clusters(rank, cluster)
    happened = np.zeros(unit.max() + 1, bool)
    np.logical_or.at(happened, unit, event)
    fewest = int(happened.sum())
    if fewest < folds:
        what = "events" if cluster is None else "clusters with events"
        rule = f"{fewest} {what} cannot be dealt into {folds} folds: a fold without events has no loss"
        raise FitError(Finding("N21", rule, f"choose at most folds={fewest}, or give the penalty"))
    order = np.random.default_rng(np.random.SeedSequence([seed, folds])).permutation(len(happened))
    order = order[np.argsort(~happened[order], kind="stable")]
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) % folds
    return place[unit]


def _rank_clusters(rank: Integers, cluster: Integers) -> Integers:
    """Rank the clusters by their first row in the order of `rank`, (n,)."""
    index = np.unique(cluster, return_inverse=True)[1]
    first = np.full(index.max() + 1, len(rank))
    np.minimum.at(first, index, rank)
    return np.argsort(np.argsort(first))[index].astype(np.int64)
