"""Memory: limits of containers and jobs are seen, and what would not fit is refused before it is made (K11)."""

from __future__ import annotations

from pathlib import Path

import pytest

import prognosis.memory
from cohorts.errors import FitError, RunError
from prognosis.execution import Execution, run_tasks
from prognosis.memory import check_memory, forest_bytes, group_limits, memory_budget, risks_bytes
from tests.prognosis.made_tasks import Draw


def write_group(folder: Path, names: tuple[str, str], limit: str, used: int, stat: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(stat)


def test_estimates_by_hand():
    assert forest_bytes(500, 1000, 1000) == 8e9
    assert risks_bytes(10_000, 3, 200) == 48e6


def test_a_forest_that_does_not_fit_is_refused_with_figures():
    """Case K11: estimated GB, the budget, and the advice on the time grid."""
    advice = "a coarser time grid, fewer trees, or larger leaves"
    with pytest.raises(FitError) as caught:
        check_memory(forest_bytes(500, 1000, 1000), "curves of the forest", advice, FitError, budget=4e9)
    assert caught.value.code == "K11"
    for words in ("curves of the forest", "estimated GB 8.0", "4.0 GB", "time grid"):
        assert words in str(caught.value)


def test_what_fits_passes():
    check_memory(8e9, "curves", "", budget=8e9)
    check_memory(1e6, "curves", "")


def test_the_budget_is_within_the_machine():
    total = float(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0 < memory_budget() < total


V2 = ("memory.max", "memory.current")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def test_limits_of_a_container(tmp_path):
    write_group(tmp_path, V2, "1000", 700, "anon 1\ninactive_file 200\n")
    assert group_limits("0::/\n", tmp_path) == [500]


def test_a_job_within_a_group_is_held_by_both(tmp_path):
    write_group(tmp_path / "slurm" / "job", V2, "max", 10, "inactive_file 0\n")
    write_group(tmp_path / "slurm", V2, "900", 100, "inactive_file 0\n")
    write_group(tmp_path, V2, "5000", 100, "inactive_file 0\n")
    assert group_limits("0::/slurm/job\n", tmp_path) == [800, 4900]


def test_limits_of_the_older_kind(tmp_path):
    write_group(tmp_path / "memory" / "job", V1, "400", 500, "total_inactive_file 300\n")
    assert group_limits("5:cpuset:/job\n4:memory:/job\n", tmp_path) == [200]


def test_no_limit_is_none(tmp_path):
    assert group_limits("0::/\n4:memory:/nowhere\n", tmp_path) == []
    assert group_limits("", tmp_path) == []


def test_a_group_beyond_its_limit_has_nothing_left(tmp_path):
    write_group(tmp_path, V2, "100", 300, "inactive_file 0\n")
    assert group_limits("0::/", tmp_path) == [0]


def test_results_that_do_not_fit_stop_after_the_first(monkeypatch):
    """The first result tells how much all of them take: 20 numbers of 8 bytes, a hundred times."""
    seen: list[int] = []
    monkeypatch.setattr(prognosis.memory, "memory_budget", lambda: 15_999.0)
    with pytest.raises(RunError, match=r"\[K11\] results of 100 resamples: estimated GB.*time grid"):
        run_tasks(Draw(1), range(100), Execution(), "k", seen.append)
    assert seen == []
    monkeypatch.setattr(prognosis.memory, "memory_budget", lambda: 16_000.0)
    assert len(run_tasks(Draw(1), range(100), Execution(), "k", seen.append)) == 100
