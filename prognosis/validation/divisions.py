"""Plans that divide the patients by what is known of them: given folds, centres, groups, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb
from numbers import Real
from typing import ClassVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.validation.plans import PlanRows, Task, at_least

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class GivenFolds:
    """Folds that were made beforehand, shared with an image network, say.

    Parameters
    ----------
    fold : (n,) each row's fold, from 0; none may be empty.
    """

    fold: tuple[int, ...]
    by: str | None = field(default=None, init=False)
    repeats: int = field(default=1, init=False)
    method: ClassVar[str] = "cross-validation"

    def count(self, rows: PlanRows) -> int:
        """Count the folds.

        Raises
        ------
        FitError
            V09 not one fold a row, an empty fold, or one fold only.
        """
        used = sorted(set(self.fold))
        if len(self.fold) != rows.n or used != list(range(len(used))) or len(used) < 2:
            rule = f"{len(self.fold)} rows in folds {', '.join(map(str, used[:12]))} for {rows.n} patients"
            raise FitError(Finding("V09", rule, "give each patient of the study a fold 0, 1, ..., and none empty"))
        return len(used)

    def task(self, rows: PlanRows, index: int) -> Task:  # noqa: ARG002
        """Fit to all folds but one, judge by that one."""
        inside = np.array(self.fold) == index
        return Task(np.flatnonzero(~inside), np.flatnonzero(inside), f"fold {index + 1}")


@dataclass(frozen=True)
class InternalExternal:
    """Leave one centre out in turn. Source: Steyerberg and Harrell (2016), "internal-external" cross-validation.

    Parameters
    ----------
    by : column of the centre.
    """

    by: str
    repeats: int = field(default=1, init=False)
    method: ClassVar[str] = "internal-external"

    def count(self, rows: PlanRows) -> int:
        """Count the centres."""
        return len(_levels(rows, self.by, 2))

    def task(self, rows: PlanRows, index: int) -> Task:
        """Fit to the other centres, judge by this one."""
        inside = rows.group == index
        return Task(np.flatnonzero(~inside), np.flatnonzero(inside), f"{self.by}={rows.levels[index]}")


@dataclass(frozen=True)
class GroupCombinations:
    """Leave out every combination of k of some fixed groups in turn.

    Parameters
    ----------
    by : column of the groups. k : groups left out together.

    Raises
    ------
    FitError
        V01 a k that is no whole number from 1.
    """

    by: str
    k: int = 2
    repeats: int = field(default=1, init=False)
    method: ClassVar[str] = "group-combinations"

    def __post_init__(self) -> None:
        at_least(self.k, 1, "at least one group is left out", "k=2 is usual")

    def count(self, rows: PlanRows) -> int:
        """Count the combinations."""
        return comb(len(_levels(rows, self.by, self.k + 1)), self.k)

    def task(self, rows: PlanRows, index: int) -> Task:
        """Fit to the other groups, judge by these."""
        chosen = list(combinations(range(len(rows.levels)), self.k))[index]
        inside = np.isin(cast("Integers", rows.group), chosen)
        label = ", ".join(f"{self.by}={rows.levels[place]}" for place in chosen)
        return Task(np.flatnonzero(~inside), np.flatnonzero(inside), label)


@dataclass(frozen=True)
class Temporal:
    """One split in time: fitted to the earlier patients, judged by the later ones.

    Parameters
    ----------
    by : column of the year or date of inclusion. after : patients later than this are judged; a date as ``2015-06-30``.
    """

    by: str
    after: float | str
    repeats: int = field(default=1, init=False)
    method: ClassVar[str] = "temporal"

    def count(self, rows: PlanRows) -> int:  # noqa: ARG002
        """Count one split."""
        return 1

    def task(self, rows: PlanRows, index: int) -> Task:  # noqa: ARG002
        """Divide the rows at the time.

        Raises
        ------
        FitError
            V04 a column without times, patients without one, nobody before, or nobody after it.
        """
        if rows.column is None:
            raise FitError(Finding("V04", "neither numbers nor dates", "divide by a year or a date", self.by))
        unknown = int(np.isnan(rows.column).sum())
        if unknown:
            rule = f"{unknown} of {rows.n} patients have no {self.by}: before or after {self.after} is not known"
            raise FitError(Finding("V04", rule, "complete the column, or leave them out", self.by))
        later = rows.column > self._cut()
        if later.all() or not later.any():
            rule = f"{self.by} > {self.after}: {int(later.sum())} of {rows.n} patients are later"
            raise FitError(Finding("V04", rule, "choose a time within the column's range", self.by))
        return Task(np.flatnonzero(~later), np.flatnonzero(later), f"{self.by} > {self.after}")

    def _cut(self) -> float:
        if isinstance(self.after, Real) and not isinstance(self.after, bool):
            return float(self.after)
        date = pd.to_datetime(self.after, format="ISO8601", errors="coerce") if isinstance(self.after, str) else pd.NaT
        if date is pd.NaT:
            rule = f"after={self.after!r} is no date"
            raise FitError(Finding("V04", rule, 'write it as "2015-06-30"', self.by))
        return float(date.timestamp())


def _levels(rows: PlanRows, by: str, least: int) -> Sequence[str]:
    """Return the groups that have patients; each row must be in one."""
    if rows.group is None or (rows.group < 0).any():
        raise FitError(Finding("V04", "patients without a group", "complete the column, or leave them out", by))
    if len(rows.levels) < least:
        rule = f"{by} has {len(rows.levels)} groups with patients, at least {least} are needed"
        raise FitError(Finding("V04", rule, "choose another column or method", by))
    return rows.levels
