"""Decision values of rows that the machine did not see, by inner folds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.classifiers.machine import EventWeight, LabelledRows, Learner, train
from prognosis.penalised.penalty_choice import deal_folds

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def seed_of(*numbers: int) -> int:
    """Return the seed of one step, a whole number of 32 bits, as the libraries take it."""
    return int(np.random.SeedSequence(list(numbers)).generate_state(1)[0])


def fewest(rows: LabelledRows) -> int:
    """Count units (rows, patients or clusters) with the event and those without any; return the smaller number.

    Where every cluster has an event, those with one alone count.
    """
    unit = np.arange(len(rows.event)) if rows.together is None else np.unique(rows.together, return_inverse=True)[1]
    happened = np.bincount(unit, weights=rows.event) > 0
    return min(number for number in (int(happened.sum()), int((~happened).sum())) if number)


def divide(rows: LabelledRows, folds: int, seed: int, way_out: str) -> Iterator[tuple[NDArray[np.bool_], int]]:
    """Yield the rows left out of each fold, and its number from 1; events are spread evenly.

    Rows of one cluster, or copies of one patient, are left out together. The order of the rows has no influence.

    Raises
    ------
    FitError
        B20 fewer patients with (or without) the event than folds; B21 a part to train in has only one kind.
    """
    least = fewest(rows)
    if least < folds:
        rule = f"{least} patients (or clusters) with the event, or without it, cannot be dealt into {folds} inner folds"
        choice = f"choose folds={least} at most" if least > 1 else "more patients"
        raise FitError(Finding("B20", rule, f"{choice}{way_out}"))
    order = np.column_stack([rows.design, rows.event, rows.weight])
    fold = deal_folds(rows.event, folds, seed, cluster=rows.together, order_by=order)
    for number in range(folds):
        out = fold == number
        if rows.event[~out].all() or not rows.event[~out].any():
            rule = f"without inner fold {number + 1} of {folds} all rows are alike in the event: clusters are too large"
            raise FitError(Finding("B21", rule, f"more folds, or smaller clusters{way_out}"))
        yield out, number + 1


def out_of_fold(
    rows: LabelledRows, learner: Learner, folds: int, event_weight: EventWeight, seed: tuple[int, ...], way_out: str
) -> Floats:
    """Return the decision value of every row by a machine trained in the other folds, (n,)."""
    decision = np.empty(len(rows.event))
    for out, number in divide(rows, folds, seed_of(*seed, 1), way_out):
        trained = train(rows.take(~out), learner, event_weight, seed_of(*seed, 2, number))
        decision[out] = trained.decision(rows.design[out])
    return decision
