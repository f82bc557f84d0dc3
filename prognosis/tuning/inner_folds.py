"""Inner folds: the same for all candidates, nobody divided between two, whatever the order of the rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.outcome import SurvivalArrays

Integers = NDArray[np.int64]
# Third word of the seed; resamples, folds and candidates have others.
INNER = 31


class Fold(NamedTuple):
    """Rows to fit and rows to judge."""

    train: Integers
    test: Integers


class Dealing(NamedTuple):
    """How inner folds are dealt: how many, how often, by which seed."""

    folds: int
    repeats: int
    seed: int
    task: int


def inner_folds(
    frame: pd.DataFrame, outcome: SurvivalArrays, together: Integers | None, dealing: Dealing
) -> list[Fold]:
    """Deal rows into folds of nearly equal size and share of every event code.

    Parameters
    ----------
    frame : (n, columns) raw rows; with the outcome they decide the order in which rows are dealt, not their places.
    together : (n,) rows of one patient or cluster, which stay on one side; None: every row for itself.

    Raises
    ------
    FitError
        V01 fewer patients (or clusters) with the event than folds.
    """
    unit = np.arange(len(frame)) if together is None else pd.factorize(together)[0].astype(np.int64)
    code, key = _codes(outcome.event, unit), _keys(frame, outcome, unit)
    events = int((code == 1).sum())
    if events < dealing.folds:
        rule = f"{dealing.folds} inner folds cannot be made of {events} patients (or clusters) with the event"
        raise FitError(Finding("V01", rule, "fewer folds, or a recipe without tuning"))
    by_content = np.argsort(key, kind="stable")
    found = []
    for repeat in range(dealing.repeats):
        words = [dealing.seed, dealing.task, INNER, repeat]
        order = by_content[np.random.default_rng(np.random.SeedSequence(words)).permutation(len(code))]
        # sorted by code, the shuffled units are dealt round like cards
        dealt = order[np.argsort(code[order], kind="stable")]
        fold = np.empty(len(code), np.int64)
        fold[dealt] = np.arange(len(code)) % dealing.folds
        own = fold[unit]
        found += [Fold(np.flatnonzero(own != k), np.flatnonzero(own == k)) for k in range(dealing.folds)]
    return found


def _codes(event: Integers, unit: Integers) -> Integers:
    """Event code of each unit: 1 where any of its rows has the event, else the largest."""
    above = int(event.max(initial=0)) + 1
    code = np.zeros(int(unit.max(initial=-1)) + 1, np.int64)
    np.maximum.at(code, unit, np.where(event == 1, above, event))
    return np.where(code == above, 1, code)


def _keys(frame: pd.DataFrame, outcome: SurvivalArrays, unit: Integers) -> NDArray[np.uint64]:
    """Digest of what stands in the rows of each unit; equal ones are the same patients to any model.

    Values count by their place among those of the column, so that its unit has no say.
    """
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])] + [pd.Series(part) for part in _parts(outcome)]
    places = {str(number): pd.factorize(column, sort=True)[0] for number, column in enumerate(columns)}
    rows = pd.util.hash_pandas_object(pd.DataFrame(places), index=False, categorize=False).to_numpy()
    key = np.zeros(int(unit.max(initial=-1)) + 1, np.uint64)
    np.add.at(key, unit, rows)
    return key


def _parts(outcome: SurvivalArrays) -> list[NDArray[np.float64]]:
    parts = (outcome.time, outcome.event, outcome.entry, outcome.last_free)
    return [np.asarray(part, float) for part in parts if part is not None]
