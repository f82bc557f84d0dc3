"""Processes and clusters that do tasks: in batches, in any order, one thread a task."""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import joblib
from threadpoolctl import threadpool_limits

from cohorts.errors import Finding, PrognosisError, RunError
from prognosis.environment import differences, environment

Result = TypeVar("Result")
# A batch takes about this long: the work travels once a batch, and a kill costs the batches in flight.
BATCH_SECONDS = 0.5
LARGEST_BATCH = 1000
CONNECT_SECONDS = 10
WATCH_SECONDS = 1.0
ALONE = threading.Lock()


@dataclass(frozen=True)
class TaskFailure:
    """A task that could not be done: code and message of its error."""

    code: str
    message: str


class Batch(NamedTuple):
    """What a worker sends back: results by task, the time they took, and what the worker is."""

    results: list[tuple[int, Any]]
    seconds: float
    environment: tuple[tuple[str, str], ...]


def finished_in_process(
    work: Callable[[int], Result], tasks: Sequence[int]
) -> Iterator[tuple[int, Result | TaskFailure]]:
    """Do the tasks one after the other, here."""
    with threadpool_limits(1):
        for task in tasks:
            yield task, attempt(work, task)


def attempt(work: Callable[[int], Result], task: int) -> Result | TaskFailure:
    """Do one task; an error of the run (a full disk, say) is raised, any other of the package is its result."""
    try:
        return work(task)
    except RunError:
        raise
    except PrognosisError as error:
        return TaskFailure(error.code, str(error))


def do_batch(work: Callable[[int], Any], tasks: Sequence[int]) -> Batch:
    """Do some tasks in a worker; one batch at a time, also where a worker of a cluster has several threads.

    A limit on threads holds for the whole process: two batches side by side would lift each other's.
    """
    with ALONE, threadpool_limits(1):
        start = time.perf_counter()
        results = [(task, attempt(work, task)) for task in tasks]
        return Batch(results, time.perf_counter() - start, environment())


def do_local_batch(owner: int, work: Callable[[int], Any], tasks: Sequence[int]) -> Batch:
    """Do some tasks in a process of this machine, which ends when its owner is killed."""
    _end_with(owner)
    return do_batch(work, tasks)


@cache
def _end_with(owner: int) -> None:
    """Watch the process that started this one: without it nobody would take the results, or free the memory."""

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@dataclass
class Batches:
    """Cuts tasks into batches as they are asked for: small at first, then by the time that tasks were seen to take."""

    tasks: Sequence[int]
    workers: int
    begun: int = 0
    seconds: float = 0.0
    count: int = 0

    def __iter__(self) -> Iterator[Sequence[int]]:
        while self.begun < len(self.tasks):
            size = self._size()
            batch = self.tasks[self.begun : self.begun + size]
            self.begun += size
            yield batch

    def learn(self, batch: Batch) -> None:
        """Take the time of a finished batch into account."""
        self.seconds += batch.seconds
        self.count += len(batch.results)

    def _size(self) -> int:
        if not self.count:
            return 1
        by_time = int(BATCH_SECONDS * self.count / max(self.seconds, 1e-6))
        # the last batches are shared among the workers
        fair = -(-(len(self.tasks) - self.begun) // (2 * self.workers))
        return max(1, min(by_time, fair, LARGEST_BATCH))


def finished_in_processes(
    work: Callable[[int], Result], tasks: Sequence[int], workers: int
) -> Iterator[tuple[int, Result | TaskFailure]]:
    """Do the tasks in processes of this machine.

    Raises
    ------
    RunError
        J03 a process was killed, by the system for its memory, say.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        # arrays travel whole: mapped from a file they would be read-only, which compiled code takes for another type
        with joblib.parallel_config("loky", n_jobs=workers, max_nbytes=None, inner_max_num_threads=1):
            yield from _finished(partial(do_local_batch, os.getpid()), work, Batches(tasks, workers))
    except TerminatedWorkerError:
        rule = "a worker process was killed, by the system when the memory ran out, say"
        raise RunError(Finding("J03", rule, "use fewer workers, and --resume: finished tasks are kept")) from None


def finished_on_cluster(
    work: Callable[[int], Result], tasks: Sequence[int], address: str
) -> Iterator[tuple[int, Result | TaskFailure]]:
    """Do the tasks on a dask.distributed cluster.

    Raises
    ------
    RunError
        J04 dask is not installed. J05 the cluster cannot be reached, or is lost. J06 a worker has other versions, and
        would give other numbers, or lacks this package.
    """
    with _client(address) as client:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        batches = Batches(tasks, sum(client.ncores().values()))
        for batch in _gathered(client, work, batches):
            yield from batch.results


def _gathered(client: Any, work: Callable[[int], Any], batches: Batches) -> Iterator[Batch]:
    """Send batches to the cluster, some ahead of what its workers can do at once, and yield them as they finish.

    Not by joblib's backend for dask: that waits for ever for a batch whose workers died (seen with joblib 1.6).
    """
    from distributed import as_completed

    # the work travels to a worker once; each keeps it, so that the loss of one costs its batches only
    held = client.scatter(work, broadcast=True, hash=False)
    queue = iter(batches)
    ahead = [client.submit(do_batch, held, tasks, pure=False) for tasks in islice(queue, 2 * batches.workers)]
    waiting = as_completed(ahead, loop=client.loop)
    for future in waiting:
        batch: Batch = future.result()
        _check_environment(batch.environment)
        batches.learn(batch)
        yield batch
        for tasks in islice(queue, 1):
            waiting.add(client.submit(do_batch, held, tasks, pure=False))


def _finished(
    do: Callable[[Callable[[int], Any], Sequence[int]], Batch], work: Callable[[int], Result], batches: Batches
) -> Iterator[tuple[int, Result | TaskFailure]]:
    # few are sent ahead, so that sizes are learnt before most of the tasks are cut
    parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="2 * n_jobs")
    done = parallel(joblib.delayed(do)(work, tasks) for tasks in batches)
    try:
        for batch in done:
            _check_environment(batch.environment)
            batches.learn(batch)
            yield from batch.results
    finally:
        with warnings.catch_warnings():
            # joblib advises on how to lose less work; here what stops the work is an error or a signal
            warnings.filterwarnings("ignore", ".*You could benefit from adjusting the input task", UserWarning)
            done.close()


def _check_environment(found: tuple[tuple[str, str], ...]) -> None:
    others = differences(found)
    if others:
        rule = f"a worker has {', '.join(others)}: its numbers could be others"
        raise RunError(Finding("J06", rule, "install the same versions on every worker"))


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """Connect to a scheduler, and say in words what goes wrong with it."""
    try:
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker
    except ImportError:
        rule = "a cluster needs dask and distributed, which are not installed"
        raise RunError(Finding("J04", rule, 'pip install "bone-prognosis[dask]", or use --workers')) from None
    with _connected(address) as client:
        try:
            yield client
        except (OSError, KilledWorker, FutureCancelledError) as error:
            raise _unusable(address, error) from None
        except ImportError as error:
            rule = f"a worker of the cluster at {address} cannot load the work: {error}"
            raise RunError(Finding("J06", rule, "install bone-prognosis in the same version on every worker")) from None


def _connected(address: str) -> Any:
    from distributed import Client

    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _unusable(address, error) from None


def _unusable(address: str, error: Exception) -> RunError:
    rule = f"the cluster at {address} cannot be used: {str(error) or type(error).__name__}"
    advice = "check the address, and that the scheduler has workers; --resume goes on with what is left"
    return RunError(Finding("J05", rule, advice))
