"""Long runs: really killed, interrupted, resumed, shared among processes and a cluster; always the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cohorts.errors import RunError
from prognosis.execution import Execution
from reports.exits import INTERRUPTED, TERMINATED, Terminated, stopped_by
from reports.output_folder import LOCK, MANIFEST
from reports.run import run_study

pytestmark = [
    pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning"),
    # closing a cluster leaves sockets to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
ROOT = Path(__file__).resolve().parents[2]
TIMES = ("start", "end")
# Resamples of the bootstrap, and folds of the patients left out for the bands of risk.
TASKS = 200 + 10
STUDY = """
[study]
title = "A made cohort"
seed = 5
[cohort]
file = "cohort.csv"
codebook = "codebook.toml"
[endpoint]
name = "pfs"
kind = "time_to_event"
time = "time"
event = "event"
unit = "months"
origin = "surgery"
horizons = [12, 36]
[[models]]
name = "cox"
kind = "cox"
predictors = ["marker", "age"]
[validation]
method = "bootstrap"
repeats = 200
[reports]
explanations = false
"""
CODEBOOK = """
[variables.pid]
kind = "id"
[variables.marker]
kind = "numeric"
unit = "mg/L"
[variables.age]
kind = "numeric"
unit = "years"
[variables.time]
kind = "time"
unit = "months"
[variables.event]
kind = "event"
values = { censored = 0, event = 1 }
"""


def write_study(folder: Path, repeats: int = 200) -> Path:
    """Write a study of 150 made patients; 200 resamples take a second or two."""
    random = np.random.default_rng(11)
    marker, age = random.normal(10, 2, 150).round(2), random.normal(60, 9, 150).round(1)
    time = random.exponential(30 / np.exp(0.2 * (marker - 10) + 0.02 * (age - 60))) + 0.01
    lines = [f"P{k:03},{marker[k]},{age[k]},{min(time[k], 60.0):.3f},{int(time[k] < 60.0)}" for k in range(len(marker))]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cohort.csv").write_text("pid,marker,age,time,event\n" + "\n".join(lines) + "\n")
    (folder / "codebook.toml").write_text(CODEBOOK)
    (folder / "study.toml").write_text(STUDY.replace("repeats = 200", f"repeats = {repeats}"))
    return folder / "study.toml"


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day on every page is the same; other processes inherit it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path / "study")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("unbroken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1790000000")
        return run_study(write_study(folder / "study"), folder / "out").folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Address of a real cluster of two worker processes."""
    distributed, dask = pytest.importorskip("distributed"), pytest.importorskip("dask")
    options = {"processes": True, "dashboard_address": ":0", "host": "127.0.0.1"}
    # both workers are forked from one process that has imported dask already
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as made,
    ):
        yield made.scheduler_address


def manifest_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))


def outputs_of(folder: Path) -> dict[str, bytes]:
    """Bytes of every file but the manifest and the journal."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != MANIFEST and "journal" not in name}


def assert_same_run(one: Path, other: Path) -> None:
    """Same files, same bytes, and the same manifest except for the times."""
    assert outputs_of(one) == outputs_of(other)
    first, second = ({k: v for k, v in manifest_of(folder).items() if k not in TIMES} for folder in (one, other))
    assert first == second


def journal_files(folder: Path) -> list[Path]:
    """Files of the journal, that of the bootstrap first, that of the bands of risk second."""
    return sorted((folder / "journal").glob("*.jsonl"), key=lambda path: -len(path.read_bytes().splitlines()))


def journal_lines(folder: Path) -> list[bytes]:
    return [line for path in journal_files(folder) for line in path.read_bytes().splitlines()]


def started(*arguments: object) -> subprocess.Popen[str]:
    """Start the command in a process of its own."""
    code = "from reports.command_line import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def stop_when(process: subprocess.Popen[str], ready: Callable[[], bool], number: signal.Signals) -> tuple[int, str]:
    """Send a signal as soon as enough was done; return exit code and standard error."""
    end = time.monotonic() + 60
    while not ready() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    assert process.poll() is None, process.communicate()
    process.send_signal(number)
    return process.wait(60), process.communicate()[1]


def test_kill_9_in_the_bootstrap_and_resume_on_two_processes(study: Path, unbroken: Path, tmp_path: Path) -> None:
    """The run is really killed; what is in the journal is not done again; the end is the same to the byte."""
    out = tmp_path / "out"
    code, _ = stop_when(started("run", study, "--out", out), lambda: len(journal_lines(out)) >= 20, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert manifest_of(out)["exit_state"] == "running"
    assert (out / LOCK).exists()
    before = journal_lines(out)
    assert 20 <= len(before) < 200
    assert not (out / "results.json").exists()
    said: list[str] = []
    run_study(study, out, said.append, resume=True, execution=Execution(workers=2))
    assert any("going on" in line for line in said)
    after = journal_lines(out)
    assert after[: len(before) - 1] == before[:-1]
    assert len(after) == TASKS
    assert manifest_of(out)["exit_state"] == "done"
    assert not (out / LOCK).exists()
    assert_same_run(out, unbroken)


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_an_interrupt_is_a_state_and_an_exit_code(
    study: Path, tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    """Case K10: the state is written, the exit code is 130 or 143, the line says how to go on."""
    out = tmp_path / "out"
    ended, err = stop_when(started("run", study, "--out", out), lambda: len(journal_lines(out)) >= 5, number)
    assert ended == code, err
    assert manifest_of(out)["exit_state"] == "interrupted"
    assert not (out / LOCK).exists()
    last = err.rstrip().splitlines()[-1]
    assert last.startswith(word)
    assert "--resume" in last
    assert "Traceback" not in err


def test_a_cluster_gives_the_same_bytes(study: Path, unbroken: Path, tmp_path: Path, cluster: str) -> None:
    run_study(study, tmp_path / "out", execution=Execution(dask=cluster))
    assert len(journal_lines(tmp_path / "out")) == TASKS
    assert_same_run(tmp_path / "out", unbroken)


@pytest.fixture(scope="module")
def halted_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that failed after its bootstrap: everything is in the journal."""
    folder = tmp_path_factory.mktemp("halted")
    study = write_study(folder / "study")

    def say(line: str) -> None:
        if line == "writing the study report":
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1790000000")
        with pytest.raises(KeyboardInterrupt):
            run_study(study, folder / "out", say)
    assert manifest_of(folder / "out")["exit_state"] == "interrupted"
    return folder / "out"


@pytest.fixture
def halted(halted_once: Path, tmp_path: Path) -> Path:
    """Each test resumes a copy of its own; a folder of results may be moved."""
    return shutil.copytree(halted_once, tmp_path / "out")


def test_an_altered_entry_of_the_journal_is_recomputed(study: Path, unbroken: Path, halted: Path) -> None:
    """Case K06: the warning names the key and is in the manifest; results are the same to the byte."""
    path, _ = journal_files(halted)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    done = run_study(study, halted, resume=True)
    assert [finding.code for finding in done.warnings].count("K06") == 1
    (warning,) = [each for each in manifest_of(halted)["warnings"] if each["code"] == "K06"]
    assert f"key {path.stem[:16]}" in warning["message"]
    assert outputs_of(halted) == outputs_of(unbroken)
    assert len(journal_lines(halted)) == TASKS


def test_a_resume_after_a_change_is_refused(study: Path, halted: Path) -> None:
    """Case K07: the file and both hashes are named; the folder stays as it is, and restored files resume."""
    manifest = (halted / MANIFEST).read_bytes()
    for name in ("study.toml", "cohort.csv", "codebook.toml"):
        path = study.parent / name
        text = path.read_text()
        path.write_text(text.replace("P000", "P900") if name == "cohort.csv" else text + "\n# a remark\n")
        with pytest.raises(RunError) as caught:
            run_study(study, halted, resume=True)
        assert caught.value.code == "K07"
        assert [finding.file for finding in caught.value.findings] == [name]
        was, now = json.loads(manifest)["inputs"][name], hashlib.sha256(path.read_bytes()).hexdigest()
        for words in (f"file {name}", "hash", was, now, "since the interrupted run", "without --resume"):
            assert words in str(caught.value)
        assert (halted / MANIFEST).read_bytes() == manifest
        assert len(journal_lines(halted)) == TASKS
        path.write_text(text)
    assert run_study(study, halted, resume=True).files


def test_a_change_during_the_run_is_refused(tmp_path: Path) -> None:
    """Case K07: results of a file that is no longer there are not called done."""
    study = write_study(tmp_path / "study", repeats=4)

    def say(line: str) -> None:
        if line.startswith("validating"):
            (study.parent / "codebook.toml").write_text(CODEBOOK + "# changed\n")

    with pytest.raises(RunError, match=r"\[K07\] file codebook.toml: it has changed during the run"):
        run_study(study, tmp_path / "out", say)
    assert manifest_of(tmp_path / "out")["exit_state"] == "failed: RunError"


def test_another_study_is_not_resumed(study: Path, halted: Path) -> None:
    other = study.rename(study.with_name("other.toml"))
    with pytest.raises(RunError, match=r"no input of the run in this folder") as caught:
        run_study(other, halted, resume=True)
    assert {finding.file for finding in caught.value.findings} == {"other.toml", "study.toml"}


def test_a_damaged_manifest_is_not_resumed(study: Path, halted: Path) -> None:
    (halted / MANIFEST).write_text('{"inputs": ')
    with pytest.raises(RunError, match=r"\[K07\].*it is damaged"):
        run_study(study, halted, resume=True)


def test_without_resume_it_starts_anew_and_says_so(study: Path, unbroken: Path, halted: Path) -> None:
    (halted / "journal" / "0123.jsonl").write_text("of another question")
    said: list[str] = []
    run_study(study, halted, said.append)
    assert [line for line in said if "starts anew" in line and "--resume" in line]
    assert len(journal_files(halted)) == 2
    assert not (halted / "journal" / "0123.jsonl").exists()
    assert_same_run(halted, unbroken)


def test_a_resume_of_nothing_is_a_start(tmp_path: Path) -> None:
    said: list[str] = []
    run_study(write_study(tmp_path / "study", repeats=4), tmp_path / "out", said.append, resume=True)
    assert any("no run to go on with" in line for line in said)
    assert manifest_of(tmp_path / "out")["exit_state"] == "done"


def test_a_journal_that_was_deleted_changes_nothing(study: Path, unbroken: Path, halted: Path) -> None:
    for path in (halted / "journal").iterdir():
        path.unlink()
    run_study(study, halted, resume=True)
    assert_same_run(halted, unbroken)


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), INTERRUPTED), (Terminated(), TERMINATED), (SystemExit(1), None)]
)
def test_what_stopped_a_command_is_found_behind_other_errors(error: BaseException, code: int | None) -> None:
    """A compiled kernel turns an interrupt into a SystemError."""
    assert stopped_by(error) == code
    behind = SystemError("returned a result with an exception set")
    behind.__context__ = error
    assert stopped_by(behind) == code
