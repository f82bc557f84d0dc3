"""Where the tasks of long work run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from cohorts.errors import PrognosisError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Execution:
    """Workers, cluster and journal."""

    workers: int = 1
    dask: str | None = None
    journal: Path | None = None


IN_PROCESS = Execution()


@dataclass(frozen=True)
class TaskFailure:
    """A task that could not be done: code and message of its error."""

    code: str
    message: str


def run_tasks(
    work: Callable[[int], Floats],
    tasks: Sequence[int],
    execution: Execution,
    key: str,
    done: Callable[[int], None],
) -> list[Floats | TaskFailure]:
    """Do the tasks one after the other."""
    del execution, key
    results: list[Floats | TaskFailure] = []
    with threadpool_limits(1):
        for number, task in enumerate(tasks):
            try:
                results.append(work(task))
            except PrognosisError as error:
                results.append(TaskFailure(error.code, str(error)))
            done(number + 1)
    return results
