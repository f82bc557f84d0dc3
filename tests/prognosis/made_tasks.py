"""Tasks for tests of long work; other processes import them from here."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, RunError


@dataclass(frozen=True)
class Draw:
    """Sums of products of random matrices: BLAS, whose last bits depend on the number of threads."""

    seed: int
    size: int = 20

    def __call__(self, task: int) -> NDArray[np.float64]:
        generator = np.random.default_rng(np.random.SeedSequence([self.seed, task]))
        matrix = generator.normal(size=(self.size, self.size))
        return (matrix @ matrix.T).sum(axis=0)


@dataclass(frozen=True)
class SometimesFails:
    """Every third task cannot be fitted."""

    def __call__(self, task: int) -> NDArray[np.float64]:
        if task % 3 == 0:
            raise FitError(Finding("M10", f"task {task} separates the events"))
        return np.array([float(task), np.nan, -0.0])


@dataclass(frozen=True)
class DiskFull:
    """The fault of a run, not of a task."""

    def __call__(self, task: int) -> NDArray[np.float64]:
        raise RunError(Finding("K03", f"cannot write task {task}"))


@dataclass(frozen=True)
class Counted:
    """Leaves a file a task, so that a test sees what was done."""

    folder: Path

    def __call__(self, task: int) -> NDArray[np.float64]:
        (self.folder / str(task)).write_text("done")
        return np.array([float(task)])


@dataclass(frozen=True)
class Killed:
    """A worker that the system kills."""

    def __call__(self, task: int) -> NDArray[np.float64]:
        os.kill(os.getpid(), signal.SIGKILL)
        return np.array([float(task)])


@dataclass(frozen=True)
class KilledOnce:
    """Draws; the first process that comes to task 5 is killed there."""

    mark: Path
    draw: Draw

    def __call__(self, task: int) -> NDArray[np.float64]:
        if task == 5 and not self.mark.exists():
            self.mark.write_text("killed")
            os.kill(os.getpid(), signal.SIGKILL)
        return self.draw(task)
