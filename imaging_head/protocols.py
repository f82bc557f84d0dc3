"""Protocols of rounds over fixed groups of patients: who is told apart from whom, who is trained on, who is tested.

The radiograph paper's own (2021, Prog Mod Biomed 21(15):2843) are `SCREENING`, five-fold, and `BENIGN_MALIGNANT`, all
ten choices of two test groups out of five.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
import pandas as pd

from cohorts.errors import Finding, ImageError, LeakageError, raise_findings
from imaging_head.phantoms import BENIGN, MALIGNANT, NORMAL
from imaging_head.strata import GROUP, STRATUM
from prognosis.validation.divisions import GroupCombinations
from prognosis.validation.plans import PlanRows


@dataclass(frozen=True)
class Contrast:
    """Strata that are told apart, and how many groups are tested together.

    Parameters
    ----------
    name : of the task. event : strata that are to be found. other : strata that they are told from; patients of
        further strata take no part.
    test_groups : tested together in a round; every choice of so many groups is one round.
    event_name, other_name : what the two sides are called; by default their strata.

    Raises
    ------
    ImageError
        I69 a side without a stratum, a stratum on both sides, no group that is tested.
    """

    name: str
    event: tuple[str, ...]
    other: tuple[str, ...]
    test_groups: int = 1
    event_name: str = ""
    other_name: str = ""

    def __post_init__(self) -> None:
        both = sorted(set(self.event) & set(self.other))
        faults = [
            (not self.event or not self.other, "a side without a stratum", "name at least one on each side"),
            (bool(both), f"{', '.join(both)} on both sides", "a patient belongs to one side"),
            (self.test_groups < 1, f"{self.test_groups} groups are tested", "at least one"),
        ]
        raise_findings(
            (Finding("I69", f"{self.name}: {rule}", advice) for bad, rule, advice in faults if bad), ImageError
        )
        object.__setattr__(self, "event_name", self.event_name or " or ".join(self.event))
        object.__setattr__(self, "other_name", self.other_name or " or ".join(self.other))

    def rounds(self, table: pd.DataFrame) -> tuple[Round, ...]:
        """Return the rounds over patients with a stratum and a group.

        Parameters
        ----------
        table : index = patients; columns stratum and group (0, 1, ...).

        Raises
        ------
        LeakageError
            I66 a patient is listed twice.
        ImageError
            I69 not more groups than are tested, or a round in which training or test lacks a side.
        """
        if table.index.has_duplicates:
            raise LeakageError(Finding("I66", "patients are listed twice", "one row a patient, with one group"))
        taking = table[table[STRATUM].isin([*self.event, *self.other])]
        groups = sorted(taking[GROUP].unique())
        if len(groups) <= self.test_groups:
            rule = f"{self.name}: {self.test_groups} groups are tested of {len(groups)} with patients"
            raise ImageError(Finding("I69", rule, "make more groups: the others are trained on"))
        event = taking[STRATUM].isin(self.event).astype(np.int64)
        codes = pd.Categorical(taking[GROUP], groups).codes.astype(np.int64)
        rows = PlanRows(event.to_numpy(), 0, group=codes, levels=tuple(str(group + 1) for group in groups))
        plan = GroupCombinations(by=GROUP, k=self.test_groups)
        made = [plan.task(rows, place) for place in range(comb(len(groups), self.test_groups))]
        found = tuple(
            Round(place + 1, tuple(sorted({int(taking[GROUP].iloc[row]) for row in task.test})),
                  event.iloc[task.train], event.iloc[task.test])
            for place, task in enumerate(made)
        )  # fmt: skip
        lacking = [each.number for each in found if min(each.train.nunique(), each.test.nunique()) < 2]
        if lacking:
            rule = f"{self.name}: rounds {', '.join(map(str, lacking))} train or test on one side only"
            raise ImageError(Finding("I69", rule, "make fewer groups, or name other strata"))
        return found


@dataclass(frozen=True, eq=False)
class Round:
    """One training and its test.

    Parameters
    ----------
    number : from 1. groups : that are tested, from 0. train, test : 1 event or 0, index = patients.
    """

    number: int
    groups: tuple[int, ...]
    train: pd.Series
    test: pd.Series


SCREENING = Contrast("screening", (BENIGN, MALIGNANT), (NORMAL,), 1)
BENIGN_MALIGNANT = Contrast("benign-malignant", (MALIGNANT,), (BENIGN,), 2)
