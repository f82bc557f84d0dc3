"""The folder of a run: locked, tried first, whole files only. Faults are made by really filling and locking."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cohorts.errors import RunError
from reports.manifest import base_manifest
from reports.output_folder import LOCK, MANIFEST, OutputFolder, output_folder
from reports.resumption import file_digests


def test_files_are_whole_and_recorded(tmp_path: Path) -> None:
    with output_folder(tmp_path / "new" / "run") as folder:
        path = folder.write("a/b.txt", "text")
    assert path.read_text() == "text"
    assert folder.written == {"a/b.txt": hashlib.sha256(b"text").hexdigest()}
    assert not (tmp_path / "new" / "run" / LOCK).exists()
    assert [item.name for item in (tmp_path / "new" / "run" / "a").iterdir()] == ["b.txt"]


def test_a_number_that_does_not_exist_cannot_be_written(tmp_path: Path) -> None:
    with output_folder(tmp_path) as folder, pytest.raises(ValueError, match="Out of range float"):
        folder.write_json("r.json", {"x": float("nan")})
    assert not (tmp_path / "r.json").exists()


def test_an_earlier_run_may_be_replaced_other_files_not(tmp_path: Path) -> None:
    with output_folder(tmp_path) as folder:
        folder.write_json(MANIFEST, {})
    with output_folder(tmp_path):
        pass
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "cat.jpg").write_bytes(b"x")
    with pytest.raises(RunError, match=r"other files \(cat.jpg\)") as caught, output_folder(foreign):
        pass
    assert caught.value.code == "U03"


def test_two_runs_one_folder(tmp_path: Path) -> None:
    """Case K05: the second run names pid, host and start of the first."""
    with output_folder(tmp_path):
        with pytest.raises(RunError) as caught, output_folder(tmp_path):
            pass
        assert caught.value.code == "K05"
        for words in (f"pid {os.getpid()}", f"host {socket.gethostname()}", "start 20"):
            assert words in str(caught.value)


def test_the_lock_of_a_dead_process_is_stale(tmp_path: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    owner = {"pid": int(dead.stdout), "host": socket.gethostname(), "start": "2020-01-01"}
    (tmp_path / LOCK).write_text(json.dumps(owner))
    with output_folder(tmp_path) as folder:
        folder.write("x", b"1")
    assert (tmp_path / "x").read_bytes() == b"1"


def test_the_lock_of_another_host_is_believed(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text(json.dumps({"pid": 1, "host": "elsewhere", "start": "2020-01-01"}))
    with pytest.raises(RunError, match="elsewhere"), output_folder(tmp_path):
        pass


def test_a_torn_lock_is_stale(tmp_path: Path) -> None:
    (tmp_path / LOCK).write_text('{"pid": 1, "ho')
    with output_folder(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused_at_once(tmp_path: Path) -> None:
    """Case K04: found by a real attempt, since root ignores mode bits."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError) as caught, output_folder(tmp_path / "file" / "run"):
        pass
    assert caught.value.code == "K04"
    assert str(tmp_path / "file" / "run") in str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_no_torn_file(tmp_path: Path) -> None:
    """Case K03: the earlier file stays whole, nothing half written bears the final name."""
    folder = OutputFolder(tmp_path)
    folder.write("r.json", "old")
    (tmp_path / "r.json.part").symlink_to("/dev/full")
    with pytest.raises(RunError) as caught:
        folder.write("r.json", "new" * 10_000)
    assert caught.value.code == "K03"
    for words in (str(tmp_path / "r.json"), "30000 bytes needed", "No space left"):
        assert words in str(caught.value)
    assert (tmp_path / "r.json").read_text() == "old"
    assert not (tmp_path / "r.json.part").exists()


def test_what_an_earlier_run_left_is_removed_once_the_new_one_is_done(tmp_path: Path) -> None:
    """A figure of another study beside new results would be read as theirs."""
    started = datetime(2026, 1, 1, tzinfo=UTC)
    with output_folder(tmp_path) as first:
        for name in ("figures/old.svg", "kept.csv", "changed.csv"):
            first.write(name, name)
        first.write_json("manifest.json", base_manifest(first, started, "done"))
    (tmp_path / "changed.csv").write_text("somebody's notes")
    (tmp_path / "notes.txt").write_text("mine")
    with output_folder(tmp_path) as interrupted:
        interrupted.write_json("manifest.json", base_manifest(interrupted, started, "running"))
    assert (tmp_path / "figures/old.svg").exists()
    with output_folder(tmp_path) as second:
        second.write("kept.csv", "new")
        second.remove_left_over()
        second.write_json("manifest.json", base_manifest(second, started, "done"))
    assert not (tmp_path / "figures/old.svg").exists()
    assert (tmp_path / "kept.csv").read_text() == "new"
    assert (tmp_path / "changed.csv").read_text() == "somebody's notes"
    assert (tmp_path / "notes.txt").exists()
    assert "left_over" not in json.loads((tmp_path / "manifest.json").read_text())


def test_a_forged_manifest_removes_nothing_outside(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    folder = tmp_path / "out"
    folder.mkdir()
    listed = {"../outside.txt": hashlib.sha256(b"x").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps({"outputs": listed}))
    with output_folder(folder) as run:
        run.remove_left_over()
    assert outside.exists()


def test_files_of_one_name_in_two_folders_have_two_digests(tmp_path):
    """A change of either is seen; a file that is named twice is one."""
    files = [tmp_path / place / "cohort.csv" for place in ("here", "there")]
    for file in files:
        file.parent.mkdir()
        file.write_text(file.parent.name)
    before = file_digests([*files, files[0]])
    assert list(before) == ["cohort.csv", "cohort.csv (2)"]
    files[0].write_text("changed")
    after = file_digests(files)
    assert after["cohort.csv"] != before["cohort.csv"]
    assert after["cohort.csv (2)"] == before["cohort.csv (2)"]
