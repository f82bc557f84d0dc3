"""Long work: independent tasks, done in this process, in others or on a cluster, and written down as they finish."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, RunError
from prognosis.journal import Journal, opened
from prognosis.memory import check_memory
from prognosis.workers import TaskFailure, finished_in_process, finished_in_processes, finished_on_cluster

__all__ = ["IN_PROCESS", "Execution", "FloatNotation", "Notation", "TaskFailure", "run_noted", "run_tasks"]

Floats = NDArray[np.float64]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Execution:
    """Where the tasks of long work run, and where finished ones are written down.

    Parameters
    ----------
    workers : processes; 1 works in this one. dask : address of a dask.distributed scheduler, in their place.
    journal : folder of the journal, or None: nothing is kept.

    Raises
    ------
    RunError
        J02 a number of workers that is none, or workers together with a cluster.

    Notes
    -----
    Results never depend on it: a task is given by the seed of the run and its number, and has one thread.
    """

    workers: int = 1
    dask: str | None = None
    journal: Path | None = None

    def __post_init__(self) -> None:
        whole: Any = self.workers
        if isinstance(whole, bool) or not isinstance(whole, int | np.integer) or whole < 1:
            raise RunError(Finding("J02", f"workers is {whole!r}", "give a whole number from 1: processes to use"))
        if self.dask is not None and whole != 1:
            rule = f"{whole} workers and the cluster at {self.dask}"
            raise RunError(Finding("J02", rule, "choose one: the cluster has workers of its own"))


IN_PROCESS = Execution()


class Notation(Protocol[Result]):
    """How the results of tasks are written into the journal."""

    def write(self, result: Result) -> str:
        """Return a result as text."""

    def read(self, text: str) -> Result | None:
        """Return the result; None where it can no longer be used and the task is done again."""


class FloatNotation:
    """Arrays of numbers, to the last bit."""

    def write(self, result: Floats) -> str:
        """Return the bytes of a 1-D array, little-endian, in base64."""
        return base64.b64encode(np.ascontiguousarray(result, "<f8").tobytes()).decode("ascii")

    def read(self, text: str) -> Floats:
        """Return the array."""
        return np.frombuffer(base64.b64decode(text), "<f8").astype(np.float64)


def run_tasks(
    work: Callable[[int], Floats],
    tasks: Sequence[int],
    execution: Execution,
    key: str,
    done: Callable[[int], None],
) -> list[Floats | TaskFailure]:
    """Do tasks that give arrays of numbers; see `run_noted`.

    Raises
    ------
    RunError
        K11 the results of all tasks would not fit into the memory, found when the first of them is there; what
        `run_noted` raises.
    """

    def weighed(result: Floats) -> None:
        advice = "ask for fewer repeats or horizons, or for metrics on a coarser time grid"
        check_memory(result.nbytes * len(tasks), f"results of {len(tasks)} resamples", advice)

    return run_noted(work, tasks, execution, key, done, FloatNotation(), weighed)


def run_noted(
    work: Callable[[int], Result],
    tasks: Sequence[int],
    execution: Execution,
    key: str,
    done: Callable[[int], None],
    notation: Notation[Result],
    weigh: Callable[[Result], None] = lambda _: None,
) -> list[Result | TaskFailure]:
    """Do tasks, or take them from the journal, and return their results in the order of the tasks.

    Parameters
    ----------
    work : does one task, given its number; the same result whenever and wherever it is done. It travels to the workers.
    tasks : numbers, none twice. execution : where. key : digest of everything that decides the results.
    done : told how many tasks are finished, each time it changes. notation : of results in the journal.
    weigh : looks at the first result that is there, and may refuse the rest.

    Returns
    -------
    One result a task; a `TaskFailure` where the task raised a `PrognosisError`.

    Raises
    ------
    RunError
        Raised by a task, of a disk that is full, say: it concerns the run, not the task. J01, K03 of the journal.
        J03 to J06 of workers and clusters.
    """
    with _journal(execution, key) as journal:
        results = {} if journal is None else _known(journal, tasks, notation)
        if results:
            done(len(results))
        for task, result in _finished(work, [task for task in tasks if task not in results], execution):
            if journal is not None:
                journal.append(task, _written(result, notation))
            if not results and not isinstance(result, TaskFailure):
                weigh(result)
            results[task] = result
            done(len(results))
    return [results[task] for task in tasks]


def _finished(
    work: Callable[[int], Result], tasks: Sequence[int], execution: Execution
) -> Iterator[tuple[int, Result | TaskFailure]]:
    if not tasks:
        return iter(())
    if execution.dask is not None:
        return finished_on_cluster(work, tasks, execution.dask)
    if execution.workers == 1:
        return finished_in_process(work, tasks)
    return finished_in_processes(work, tasks, min(execution.workers, len(tasks)))


@contextmanager
def _journal(execution: Execution, key: str) -> Iterator[Journal | None]:
    if execution.journal is None:
        yield None
        return
    with opened(execution.journal, key) as journal:
        yield journal


def _known(journal: Journal, tasks: Sequence[int], notation: Notation[Result]) -> dict[int, Result | TaskFailure]:
    wanted = set(tasks)
    known: dict[int, Result | TaskFailure] = {}
    for task in wanted & journal.contents.keys():
        result = _read(journal.contents[task], notation)
        if result is not None:
            known[task] = result
    return known


def _written(result: Result | TaskFailure, notation: Notation[Result]) -> str:
    if isinstance(result, TaskFailure):
        return "failed " + json.dumps(asdict(result))
    return "done " + notation.write(result)


def _read(text: str, notation: Notation[Result]) -> Result | TaskFailure | None:
    state, _, content = text.partition(" ")
    return TaskFailure(**json.loads(content)) if state == "failed" else notation.read(content)
