"""Plans of resampling by chance: which rows a task is fitted to and which rows it is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, Protocol

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
        at_least(self.repeats, 2, "a bootstrap needs at least 2 resamples", "repeats=200 is usual")

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
        at_least(self.repeats, 2, "a bootstrap needs at least 2 resamples", "repeats=200 is usual")

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
        at_least(self.repeats, 1, "a cross-validation is done at least once", "repeats=10 is usual")
        if self.folds is not None:
            at_least(self.folds, 2, "a cross-validation needs at least 2 folds", "folds=10 is usual")

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


def at_least(value: int, least: int, why: str, usual: str) -> None:
    """Refuse (V01) what is no whole number from `least` on."""
    whole: Any = value
    if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < least:
        raise FitError(Finding("V01", f"{value!r}: {why}", usual))


def _drawn(rows: PlanRows, index: int) -> Integers:
    if rows.cluster is None:
        return bootstrap_rows(rows.n, rows.seed, index)
    return bootstrap_clusters(rows.cluster, rows.seed, index)
