"""Folds by patient, stratified by event, the same for every model and image network of a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.cohort import Cohort
from cohorts.endpoint import Endpoint
from cohorts.errors import DataContractError, Finding, LeakageError


@dataclass(frozen=True, eq=False)
class Folds:
    """Assignment of patients to folds.

    Parameters
    ----------
    assignment : fold 0..k-1 by row id.
    k : number of folds.
    seed : seed of the shuffle.

    Raises
    ------
    LeakageError
        L19 a patient is in two folds.
    DataContractError
        L20 a fold that is no whole number from 0 to k - 1, or has no patient.
    """

    assignment: pd.Series
    k: int
    seed: int

    def __post_init__(self) -> None:
        index = self.assignment.index
        divided = index[index.duplicated()].unique()
        if len(divided):
            rule = "the patient is placed twice: a patient in two folds is in training and test at once"
            raise LeakageError(Finding("L19", rule, "place each patient once", rows=tuple(map(str, divided))))
        known = self.assignment.isin(range(self.k))
        absent = sorted(set(range(self.k)) - set(self.assignment[known]))
        if not known.all() or absent:
            rule = f"folds 0 to {self.k - 1} are declared" + (f", and nobody is in {absent}" if absent else "")
            rows = tuple(map(str, index[~known]))
            raise DataContractError(Finding("L20", rule, "make the folds with make_folds", rows=rows))

    def test_ids(self, fold: int) -> tuple[str, ...]:
        """Return the ids of one fold, in the cohort's order."""
        return tuple(self.assignment.index[self.assignment == fold])


def make_folds(cohort: Cohort, endpoint: Endpoint, k: int, seed: int, together: str | None = None) -> Folds:
    """Deal the patients into k folds of nearly equal size with nearly equal shares of every event code.

    Parameters
    ----------
    cohort, endpoint : their outcome decides the strata; patients the endpoint leaves out get no fold.
    k : number of folds, at least 2 and at most the number of events.
    seed : the same seed gives the same folds on any machine.
    together : column whose rows stay in one fold, such as the patient where a row is a visit or a lesion; such a group
        counts as one with an event where any of its rows has it.

    Raises
    ------
    DataContractError
        V01: k is impossible; S01, C16 `together` is no complete column; besides the findings of the outcome's gate.
    """
    outcome = endpoint.outcome(cohort)
    unit = _units(cohort, outcome.ids, together)
    code = _codes(outcome.event, unit)
    events = int((code == 1).sum())
    if not 2 <= k <= events:
        rule = f"{k} folds cannot be made: every fold needs an event and there are {events}"
        raise DataContractError(Finding("V01", rule, f"choose k from 2 to {events}", column=endpoint.event))
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(code))
    # Sorted by event code, the shuffled patients are dealt round like cards: sizes differ by one at most.
    dealt = order[np.argsort(code[order], kind="stable")]
    fold = np.empty(len(code), dtype=np.int64)
    fold[dealt] = np.arange(len(code)) % k
    return Folds(pd.Series(fold[unit], index=pd.Index(outcome.ids, name=cohort.table.index.name), name="fold"), k, seed)


def _units(cohort: Cohort, ids: tuple[str, ...], together: str | None) -> NDArray[np.int64]:
    """Count through what is dealt as one, (n,) from 0: each row, or the rows that share a value."""
    if together is None:
        return np.arange(len(ids))
    column = cohort.view((together,))[together].loc[list(ids)]
    if column.isna().any():
        rows = tuple(map(str, column.index[column.isna()]))
        rule = "rows without a value belong to nobody"
        raise DataContractError(Finding("C16", rule, "complete the column", together, rows))
    return pd.factorize(column)[0].astype(np.int64)


def _codes(event: NDArray[np.int64], unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """Event code of each unit: 1 where any of its rows has the event, else the largest."""
    above = int(event.max(initial=0)) + 1
    code = np.zeros(int(unit.max(initial=-1)) + 1, np.int64)
    np.maximum.at(code, unit, np.where(event == 1, above, event))
    return np.where(code == above, 1, code)
