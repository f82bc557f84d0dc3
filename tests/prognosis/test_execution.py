"""Where tasks run never changes a number: this process, two, a cluster; and what happens when a worker is lost."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest

import prognosis.workers
from cohorts.errors import RunError
from prognosis.environment import differences, environment
from prognosis.execution import Execution, TaskFailure, run_tasks
from prognosis.workers import Batch, Batches
from tests.prognosis.made_tasks import DiskFull, Draw, Killed, KilledOnce, SometimesFails

# Closing a cluster leaves sockets to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
KEY = "k"


def nothing(_: int) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a real cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    options = {"processes": True, "dashboard_address": ":0", "host": "127.0.0.1"}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as made:
        yield made.scheduler_address


@pytest.fixture(scope="module")
def alone() -> list:
    return run_tasks(Draw(7, 200), range(40), Execution(), KEY, nothing)


def same(one: list, other: list) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_two_processes_give_the_same_bits_in_order(alone):
    seen: list[int] = []
    assert same(alone, run_tasks(Draw(7, 200), range(40), Execution(workers=2), KEY, seen.append))
    assert seen == list(range(1, 41))


def test_a_cluster_gives_the_same_bits(alone, cluster):
    assert same(alone, run_tasks(Draw(7, 200), range(40), Execution(dask=cluster), KEY, nothing))


def test_a_cluster_that_loses_a_worker_goes_on(alone, cluster, tmp_path):
    work = KilledOnce(tmp_path / "mark", Draw(7, 200))
    assert same(alone, run_tasks(work, range(40), Execution(dask=cluster), KEY, nothing))
    assert work.mark.exists()


def test_part_here_part_on_the_cluster_part_in_processes(alone, cluster, tmp_path):
    work = Draw(7, 200)
    run_tasks(work, range(10), Execution(journal=tmp_path), KEY, nothing)
    run_tasks(work, range(25), Execution(dask=cluster, journal=tmp_path), KEY, nothing)
    assert same(alone, run_tasks(work, range(40), Execution(workers=2, journal=tmp_path), KEY, nothing))
    assert same(alone, run_tasks(DiskFull(), range(40), Execution(journal=tmp_path), KEY, nothing))


@pytest.mark.parametrize("where", ["here", "processes", "cluster"])
def test_failures_are_results_everywhere(where, request):
    execution = {"here": Execution(), "processes": Execution(workers=2)}.get(where)
    execution = execution or Execution(dask=request.getfixturevalue("cluster"))
    results = run_tasks(SometimesFails(), [3, 1], execution, KEY, nothing)
    assert results[0] == TaskFailure("M10", "[M10] task 3 separates the events")
    assert results[1][0] == 1.0


@pytest.mark.parametrize("where", ["here", "processes", "cluster"])
def test_a_fault_of_the_run_stops_it(where, request):
    execution = {"here": Execution(), "processes": Execution(workers=2)}.get(where)
    execution = execution or Execution(dask=request.getfixturevalue("cluster"))
    with pytest.raises(RunError, match="cannot write task"):
        run_tasks(DiskFull(), range(4), execution, KEY, nothing)


def test_a_worker_that_is_killed_is_told_in_words():
    with pytest.raises(RunError, match=r"\[J03\].*fewer workers"):
        run_tasks(Killed(), range(4), Execution(workers=2), KEY, nothing)


def test_a_worker_of_other_versions_is_refused(monkeypatch):
    """The worker answers with what it is: the same code with another numpy could give other numbers."""
    other = tuple((name, "0.1" if name == "numpy" else version) for name, version in environment())
    assert differences(other) == [f"numpy 0.1 instead of {np.__version__}"]
    assert differences(environment()) == []
    assert differences(environment()[1:])[0].startswith("python missing instead of")
    monkeypatch.setattr(prognosis.workers, "differences", lambda _: differences(other))
    with pytest.raises(RunError, match=r"\[J06\] a worker has numpy 0.1 instead of"):
        run_tasks(Draw(1), range(4), Execution(workers=2), KEY, nothing)


def test_a_cluster_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(prognosis.workers, "CONNECT_SECONDS", 0.3)
    with pytest.raises(RunError, match=r"\[J05\] the cluster at tcp://127.0.0.1:9 cannot be used"):
        run_tasks(Draw(1), range(4), Execution(dask="tcp://127.0.0.1:9"), KEY, nothing)
    with pytest.raises(RunError, match=r"\[J05\] the cluster at nonsense://x"):
        run_tasks(Draw(1), range(4), Execution(dask="nonsense://x"), KEY, nothing)


def test_without_dask_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "distributed"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunError, match=r'\[J04\].*pip install "bone-prognosis\[dask\]"'):
        run_tasks(Draw(1), range(4), Execution(dask="tcp://127.0.0.1:9"), KEY, nothing)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_workers_are_a_whole_number_from_one(workers):
    with pytest.raises(RunError, match=r"\[J02\]"):
        Execution(workers=workers)


def test_workers_and_a_cluster_are_a_choice():
    with pytest.raises(RunError, match=r"\[J02\].*choose one"):
        Execution(workers=2, dask="tcp://127.0.0.1:9")


# Batches


def cut(count: int, workers: int, seconds: float) -> list[int]:
    """Sizes of the batches where every task takes so long, each learnt before the next is cut."""
    batches, sizes = Batches(range(count), workers), []
    for tasks in batches:
        sizes.append(len(tasks))
        batches.learn(Batch([(task, None) for task in tasks], seconds * len(tasks), ()))
    assert sum(sizes) == count
    return sizes


def test_long_tasks_travel_one_by_one():
    assert set(cut(50, 2, 60.0)) == {1}


def test_tasks_of_a_millisecond_are_put_together():
    sizes = cut(10_000, 2, 0.001)
    assert max(sizes) == 500
    assert len(sizes) < 50


def test_the_last_batches_are_shared():
    sizes = cut(100, 4, 0.001)
    assert sizes[-1] == 1
    assert max(sizes) <= 13
