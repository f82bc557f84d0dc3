"""Boosted trees judged inside the training rows: how many trees, and how far their margins may be believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prognosis.boosting.ensemble import Ensemble
from prognosis.boosting.growing import Growth, Stage, stages, trees_of
from prognosis.boosting.losses import Loss
from prognosis.forest.trees import over_threads

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Trees grown in every fold before the folds are looked at together.
STEP = 10


@dataclass(frozen=True, eq=False)
class CrossFit:
    """What the rows left out of each fold say.

    Parameters
    ----------
    ensemble : trees of all rows, as many as are best. margin : (n,) of each row, by trees that did not see it, less the
        mean margin of those that they did see. loss : (trees grown,) of all rows left out, by the number of trees.
    """

    ensemble: Ensemble
    margin: Floats
    loss: Floats


@dataclass(frozen=True, eq=False)
class _Part:
    """Trees that did not see the rows `held`, (n,); `loss` of these, None without any, and `training`, of the rest."""

    held: NDArray[np.bool_]
    training: Loss
    loss: Loss | None
    growing: Iterator[Stage]


def cross_fit(
    X: Floats, loss: Loss, growth: Growth, unit: Integers, fold: Integers, most: int, patience: int | None
) -> CrossFit:
    """Grow trees without each fold in turn and let them answer for it; beside them, those of all rows.

    Parameters
    ----------
    X, loss, growth, unit : as `stages`. fold : (n,) 0, 1, ...; rows of one unit are in one fold. most : trees.
    patience : trees without a smaller loss after which no more are grown; None grows all and uses all.
    """
    whole = _Part(np.zeros(len(X), bool), loss, None, stages(X, loss, growth, unit))
    parts = [whole, *(_left_out(X, loss, growth, unit, fold == k, k) for k in range(int(fold.max()) + 1))]
    losses, boosters, ready = np.empty(0), [None] * len(parts), 0
    while len(losses) < most and not _over(losses, patience):
        count = min(STEP, most - len(losses))
        # of all rows, only trees that are sure to be among the best: none is grown in vain, and none can fail so
        sure = min(count, _best(losses, most, patience) - ready)
        grown = over_threads(_step, [(part, sure if part is whole else count) for part in parts])
        losses = np.concatenate([losses, np.sum([values for values, _ in grown[1:]], axis=0)])
        boosters = [booster or known for (_, booster), known in zip(grown, boosters, strict=True)]
        ready += sure
    trees = _best(losses, most, patience)
    boosters[0] = _step((whole, trees - ready))[1] or boosters[0]
    answers = over_threads(partial(_answer, X, trees), list(zip(parts[1:], boosters[1:], strict=True)))
    margin = np.empty(len(X))
    for part, answer in zip(parts[1:], answers, strict=True):
        margin[part.held] = answer
    return CrossFit(trees_of(boosters[0], X), margin, losses)


def _left_out(X: Floats, loss: Loss, growth: Growth, unit: Integers, held: NDArray[np.bool_], k: int) -> _Part:
    seen, units = ~held, np.unique(unit[~held], return_inverse=True)[1]
    own = replace(growth, seed=(*growth.seed, k + 1))
    training = loss.take(seen)
    return _Part(held, training, loss.take(held), stages(X[seen], training, own, units, X[held]))


def _step(task: tuple[_Part, int]) -> tuple[Floats, Any]:
    """Grow some more trees of a part; return the loss in the rows left out after each, and the booster, if any grew."""
    part, count = task
    grown = list(islice(part.growing, count))
    values = [] if part.loss is None else [part.loss.value(stage.held_out) for stage in grown]
    return np.array(values), grown[-1].booster if grown else None


def _answer(X: Floats, trees: int, grown: tuple[_Part, Any]) -> Floats:
    """Return the margins of the rows left out, less the mean margin of the others."""
    part, booster = grown
    margin = trees_of(booster, X[~part.held], trees).margin(X)
    middle = np.average(margin[~part.held], weights=part.training.weight)
    return np.asarray(margin[part.held] - middle)


def _best(losses: Floats, most: int, patience: int | None) -> int:
    """Return the number of trees with the smallest loss; all, where none is sought."""
    if patience is None:
        return most
    return int(np.argmin(losses[: _end(losses, patience)])) + 1 if len(losses) else 0


def _end(losses: Floats, patience: int) -> int:
    """Return how many trees are looked at: up to the first that is so many behind the best before it."""
    best = np.minimum.accumulate(losses)
    place = np.arange(len(losses))
    since = place - np.maximum.accumulate(np.where(losses <= best, place, 0))
    late = np.flatnonzero(since >= patience)
    return int(late[0]) + 1 if len(late) else len(losses)


def _over(losses: Floats, patience: int | None) -> bool:
    return patience is not None and len(losses) > 0 and _end(losses, patience) < len(losses)
