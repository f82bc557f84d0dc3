"""Boosted trees judged inside the training rows: how many trees, and how far their margins may be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.boosting.growing import Growth, Stage, stages, trees_of
from prognosis.boosting.losses import Loss
from prognosis.forest.trees import over_threads

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Trees grown in every fold before the folds are looked at together.
STEP = 20


@dataclass(frozen=True, eq=False)
class CrossFit:
    """What the rows left out of each fold say.

    Parameters
    ----------
    trees : how many are best. margin : (n,) of each row, by trees that did not see it, less the mean margin of those
        that they did see. loss : (trees grown,) of all rows left out, by the number of trees.
    """

    trees: int
    margin: Floats
    loss: Floats


@dataclass(frozen=True, eq=False)
class _Fold:
    held: NDArray[np.bool_]
    training: Loss
    loss: Loss
    growing: Iterator[Stage]


def cross_fit(
    X: Floats, loss: Loss, growth: Growth, unit: Integers, fold: Integers, most: int, patience: int | None
) -> CrossFit:
    """Grow trees without each fold in turn and let them answer for it.

    Parameters
    ----------
    X, loss, growth, unit : as `stages`. fold : (n,) 0, 1, ...; rows of one unit are in one fold. most : trees.
    patience : trees without a smaller loss after which no more are grown; None grows all and uses all.
    """
    folds = [_prepared(X, loss, growth, unit, fold == k, k) for k in range(int(fold.max()) + 1)]
    losses: Floats = np.empty(0)
    grown: list[tuple[Floats, Any]] = []
    while len(losses) < most and not _over(losses, patience):
        grown = over_threads(partial(_step, min(STEP, most - len(losses))), folds)
        losses = np.concatenate([losses, np.sum([values for values, _ in grown], axis=0)])
    trees = most if patience is None else int(np.argmin(losses[: _end(losses, patience)])) + 1
    margin = np.empty(len(X))
    for one, (_, booster) in zip(folds, grown, strict=True):
        answer = trees_of(booster, X[~one.held], trees).margin(X)
        margin[one.held] = answer[one.held] - np.average(answer[~one.held], weights=one.training.weight)
    return CrossFit(trees, margin, losses)


def _prepared(X: Floats, loss: Loss, growth: Growth, unit: Integers, held: NDArray[np.bool_], k: int) -> _Fold:
    seen, units = ~held, np.unique(unit[~held], return_inverse=True)[1]
    own = replace(growth, seed=(*growth.seed, k + 1))
    training = loss.take(seen)
    return _Fold(held, training, loss.take(held), stages(X[seen], training, own, units, X[held]))


def _step(count: int, fold: _Fold) -> tuple[Floats, Any]:
    """Grow some more trees; return the loss in the rows left out after each, (count,), and the booster."""
    grown = list(islice(fold.growing, count))
    return np.array([fold.loss.value(stage.held_out) for stage in grown]), grown[-1].booster


def _end(losses: Floats, patience: int) -> int:
    """Return how many trees are looked at: up to the first that is so many behind the best before it."""
    best = np.minimum.accumulate(losses)
    place = np.arange(len(losses))
    since = place - np.maximum.accumulate(np.where(losses <= best, place, 0))
    late = np.flatnonzero(since >= patience)
    return int(late[0]) + 1 if len(late) else len(losses)


def _over(losses: Floats, patience: int | None) -> bool:
    return patience is not None and len(losses) > 0 and _end(losses, patience) < len(losses)
