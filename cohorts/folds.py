"""Folds by patient, stratified by event, the same for every model and image network of a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cohorts.cohort import Cohort
from cohorts.endpoint import Endpoint
from cohorts.errors import DataContractError, Finding


@dataclass(frozen=True, eq=False)
class Folds:
    """Assignment of patients to folds.

    Parameters
    ----------
    assignment : fold 0..k-1 by row id.
    k : number of folds.
    seed : seed of the shuffle.
    """

    assignment: pd.Series
    k: int
    seed: int

    def test_ids(self, fold: int) -> tuple[str, ...]:
        """Return the ids of one fold, in the cohort's order."""
        return tuple(self.assignment.index[self.assignment == fold])


def make_folds(cohort: Cohort, endpoint: Endpoint, k: int, seed: int) -> Folds:
    """Deal the patients into k folds of nearly equal size with nearly equal shares of every event code.

    Parameters
    ----------
    cohort, endpoint : their outcome decides the strata; patients the endpoint leaves out get no fold.
    k : number of folds, at least 2 and at most the number of events.
    seed : the same seed gives the same folds on any machine.

    Raises
    ------
    DataContractError
        V01: k is impossible; besides the findings of the outcome's gate.
    """
    outcome = endpoint.outcome(cohort)
    events = int((outcome.event == 1).sum())
    if not 2 <= k <= events:
        rule = f"{k} folds cannot be made: every fold needs an event and there are {events}"
        raise DataContractError(Finding("V01", rule, f"choose k from 2 to {events}", column=endpoint.event))
    order = np.random.default_rng(np.random.SeedSequence([seed])).permutation(len(outcome))
    # Sorted by event code, the shuffled patients are dealt round like cards: sizes differ by one at most.
    dealt = order[np.argsort(outcome.event[order], kind="stable")]
    fold = np.empty(len(outcome), dtype=np.int64)
    fold[dealt] = np.arange(len(outcome)) % k
    return Folds(pd.Series(fold, index=pd.Index(outcome.ids, name=cohort.table.index.name), name="fold"), k, seed)
