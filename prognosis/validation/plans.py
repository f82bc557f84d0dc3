"""Plans of resampling: which rows a task is fitted to and which rows it is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb
from typing import Any, ClassVar, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.validation.resampling import bootstrap_clusters, bootstrap_rows, dealt_folds

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class PlanRows:
    """What a plan may know of a study's rows.

    Parameters
    ----------
    event : (n,) codes, which folds are balanced by. seed : of the study.
    cluster : (n,) 0, 1, ...: rows of one cluster stay together; None without. group : (n,) codes of the column that the
        plan asks for, in the order of `levels`; -1 unknown. column : (n,) its values as numbers, for a split in time.
    """

    event: Integers
    seed: int
    cluster: Integers | None = None
    group: Integers | None = None
    levels: tuple[str, ...] = ()
    column: NDArray[np.float64] | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.event)


class Task(NamedTuple):
    """Rows to fit (repeats allowed) and rows to judge, and what the task is called."""

    train: Integers
    test: Integers
    label: str


class Plan(Protocol):
    """How the rows are divided; `by` names the column that it needs."""

    method: ClassVar[str]

    @property
    def by(self) -> str | None:
        """Column that the plan divides by."""

    @property
    def repeats(self) -> int:
        """Resamples, or repeats of the whole division."""

    def count(self, rows: PlanRows) -> int:
        """Count the tasks."""

    def task(self, rows: PlanRows, index: int) -> Task:
        """Rows of task number `index`, by the seed and this number only."""


@dataclass(frozen=True)
class Bootstrap:
    """Harrell's optimism bootstrap: fitted to a resample, judged by it and by the original rows.

    Source: Harrell, Lee and Mark (1996).
    """

    repeats: int = 200
    by: str | None = field(default=None, init=False)
    method: ClassVar[str] = "bootstrap"

    def __post_init__(self) -> None:
        _at_least(self.repeats, 2, "a bootstrap needs at least 2 resamples", "repeats=200 is usual")

    def count(self, rows: PlanRows) -> int:  # noqa: ARG002
        """Count the resamples."""
        return self.repeats

    def task(self, rows: PlanRows, index: int) -> Task:
        """Draw rows (whole clusters where there are any); judged by all rows."""
        return Task(_drawn(rows, index), np.arange(rows.n), f"resample {index + 1}")


@dataclass(frozen=True)
class Bootstrap632:
    """The .632+ bootstrap: fitted to a resample, judged by the rows outside it. Source: Efron and Tibshirani (1997)."""

    repeats: int = 200
    by: str | None = field(default=None, init=False)
    method: ClassVar[str] = "632+"

    def __post_init__(self) -> None:
        _at_least(self.repeats, 2, "a bootstrap needs at least 2 resamples", "repeats=200 is usual")

    def count(self, rows: PlanRows) -> int:  # noqa: ARG002
        """Count the resamples."""
        return self.repeats

    def task(self, rows: PlanRows, index: int) -> Task:
        """Draw rows; judged by those that were not drawn."""
        train = _drawn(rows, index)
        outside = np.ones(rows.n, bool)
        outside[train] = False
        return Task(train, np.flatnonzero(outside), f"resample {index + 1}")


@dataclass(frozen=True)
class CrossValidation:
    """Repeated k-fold cross-validation, folds balanced by event code, clusters kept together.

    Parameters
    ----------
    folds : k; None: 10, or 5 where a tenth would have fewer than 10 events. repeats : of the whole division.
    """

    folds: int | None = None
    repeats: int = 10
    by: str | None = field(default=None, init=False)
    method: ClassVar[str] = "cross-validation"

    def __post_init__(self) -> None:
        _at_least(self.repeats, 1, "a cross-validation is done at least once", "repeats=10 is usual")
        if self.folds is not None:
            _at_least(self.folds, 2, "a cross-validation needs at least 2 folds", "folds=10 is usual")

    def folds_of(self, rows: PlanRows) -> int:
        """Return k for these rows.

        Raises
        ------
        FitError
            V01 more folds than events (or clusters).
        """
        events = int((rows.event == 1).sum())
        k = self.folds or (10 if events >= 100 else 5)
        units = events if rows.cluster is None else min(events, int(rows.cluster.max()) + 1)
        if k > units:
            rule = f"{k} folds cannot be made of {units} events (or clusters)"
            raise FitError(Finding("V01", rule, "choose fewer folds, or the bootstrap"))
        return k

    def count(self, rows: PlanRows) -> int:
        """Count repeats times folds."""
        return self.repeats * self.folds_of(rows)

    def task(self, rows: PlanRows, index: int) -> Task:
        """Fit to all folds but one, judge by that one."""
        k = self.folds_of(rows)
        repeat, fold = divmod(index, k)
        inside = dealt_folds(rows.event, rows.cluster, k, rows.seed, repeat) == fold
        return Task(np.flatnonzero(~inside), np.flatnonzero(inside), f"repeat {repeat + 1}, fold {fold + 1}")


@dataclass(frozen=True)
class GivenFolds:
    """Folds that were made beforehand, (n,) each row's fold; shared with an image network, say."""

    fold: tuple[int, ...]
    by: str | None = field(default=None, init=False)
    repeats: int = field(default=1, init=False)
    method: ClassVar[str] = "cross-validation"

    def count(self, rows: PlanRows) -> int:  # noqa: ARG002
        """Count the folds."""
        return max(self.fold) + 1

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
    """

    by: str
    k: int = 2
    repeats: int = field(default=1, init=False)
    method: ClassVar[str] = "group-combinations"

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
            V04 nobody before, or nobody after it.
        """
        later = cast("NDArray[np.float64]", rows.column) > self._cut()
        if later.all() or not later.any():
            rule = f"{self.by} > {self.after}: {int(later.sum())} of {rows.n} patients are later"
            raise FitError(Finding("V04", rule, "choose a time within the column's range", self.by))
        return Task(np.flatnonzero(~later), np.flatnonzero(later), f"{self.by} > {self.after}")

    def _cut(self) -> float:
        if not isinstance(self.after, str):
            return float(self.after)
        try:
            return float(np.datetime64(self.after, "s").astype(np.int64))
        except ValueError:
            rule = f"after={self.after!r} is no date"
            raise FitError(Finding("V04", rule, 'write it as "2015-06-30"', self.by)) from None


def _at_least(value: int, least: int, why: str, usual: str) -> None:
    whole: Any = value
    if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < least:
        raise FitError(Finding("V01", f"{value!r}: {why}", usual))


def _drawn(rows: PlanRows, index: int) -> Integers:
    if rows.cluster is None:
        return bootstrap_rows(rows.n, rows.seed, index)
    return bootstrap_clusters(rows.cluster, rows.seed, index)


def _levels(rows: PlanRows, by: str, least: int) -> Sequence[str]:
    """Return the groups that have patients; each row must be in one."""
    if rows.group is None or (rows.group < 0).any():
        raise FitError(Finding("V04", "patients without a group", "complete the column, or leave them out", by))
    if len(rows.levels) < least:
        rule = f"{by} has {len(rows.levels)} groups with patients, at least {least} are needed"
        raise FitError(Finding("V04", rule, "choose another column or method", by))
    return rows.levels
