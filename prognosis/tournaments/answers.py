"""What every pipeline says of every patient by models fitted without them: one fit a pipeline and fold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from prognosis.environment import environment
from prognosis.execution import Execution, TaskFailure, run_tasks
from prognosis.tournaments.pipelines import Field
from prognosis.validation.plans import Plan

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Answered(NamedTuple):
    """Answers of C pipelines in R repeats for n patients left out.

    `marker` : (C, R, n). `risk` : (C, R, n) at the horizon, not a number without one. `fold` : (R, n).
    `failed` : (C,) why a pipeline has no answers, "" where it has.
    """

    marker: Floats
    risk: Floats
    fold: Integers
    failed: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Contest:
    """Task: one pipeline fitted to all folds but one, its answers for that one.

    Parameters
    ----------
    field : of the pipelines. plan : of the folds.
    """

    field: Field
    plan: Plan

    @property
    def tasks(self) -> int:
        """Folds of all repeats."""
        return self.plan.count(self.field.rows)

    def __call__(self, index: int) -> Floats:
        """Marker, then risk, of the patients left out."""
        pipeline, task = divmod(index, self.tasks)
        refits = self.field.pipelines[pipeline].refits
        if isinstance(refits, TaskFailure):
            raise FitError(Finding(refits.code, refits.message))
        train, test, _ = self.plan.task(self.field.rows, task)
        answers = refits(train, task + 1)
        return np.concatenate([answers.marker[test], answers.risk[test].ravel()])


def answers_of(contest: Contest, execution: Execution, done: Callable[[int], None]) -> Answered:
    """Do every fit of a tournament and put the answers together."""
    pipelines, tasks = len(contest.field.pipelines), contest.tasks
    key = key_of(contest) if execution.journal else ""
    results = run_tasks(contest, range(pipelines * tasks), execution, key, done)
    rows, repeats = contest.field.rows, contest.plan.repeats
    tests = [contest.plan.task(rows, task).test for task in range(tasks)]
    size = tasks // repeats
    marker, risk = (np.full((pipelines, repeats, rows.n), np.nan) for _ in range(2))
    fold = np.empty((repeats, rows.n), np.int64)
    failed = []
    for pipeline in range(pipelines):
        own = results[pipeline * tasks : (pipeline + 1) * tasks]
        for task, result in enumerate(own):
            repeat, test = task // size, tests[task]
            fold[repeat, test] = task % size
            if isinstance(result, TaskFailure):
                continue
            marker[pipeline, repeat, test] = result[: len(test)]
            if len(result) > len(test):
                risk[pipeline, repeat, test] = result[len(test) :].reshape(len(test), -1)[:, -1]
        failed.append(_failure(own))
    return Answered(marker, risk, fold, tuple(failed))


def _failure(results: Sequence[Floats | TaskFailure]) -> str:
    """Why a pipeline is out: everybody must be answered for."""
    failures = [result for result in results if isinstance(result, TaskFailure)]
    if not failures:
        return ""
    example = failures[0].message.split(" Way out: ")[0]
    return f"{len(failures)} of {len(results)} fits failed; for example: {example}"


def key_of(contest: Contest) -> str:
    """SHA-256 of everything that decides the answers: rows, outcome, recipes, plan, seed, versions."""
    rows, judged = contest.field.rows, contest.field.judged
    digest = hashlib.sha256(repr((environment(), contest.plan, rows.seed, rows.levels, "tournament")).encode())
    outcome = judged.outcome
    parts = (outcome.time, outcome.event, outcome.entry, outcome.last_free, judged.weight, judged.stratum,
             judged.horizons, rows.cluster, rows.group, rows.column)  # fmt: skip
    for part in parts:
        digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    for pipeline in contest.field.pipelines:
        asked: Any = pipeline.asked
        parameters = sorted((key, repr(value)) for key, value in asked.get_params(deep=True).items())
        digest.update(repr((pipeline.name, type(asked).__name__, parameters, list(pipeline.X.columns))).encode())
        digest.update(getattr(pipeline.refits, "identity", b""))
        digest.update(pd.util.hash_pandas_object(pipeline.X, index=True).to_numpy().tobytes())
    return digest.hexdigest()
