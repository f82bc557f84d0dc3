"""The journal of long work: one line a finished task, so that a killed run goes on where it stopped.

A journal is a folder with one file a question. The question is known by its key, a digest of everything that decides
the results (rows, outcome, recipe, plan, seed, versions): results of another question lie in another file and are never
read. Lines are JSON with a checksum; nothing in them is ever executed.

What a kill costs: the tasks in flight. A finished task is handed to the system at once, which a killed process cannot
take back; every `SYNC_SECONDS` it is forced to the disk, so that a power failure costs the tasks of the last seconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from cohorts.errors import Finding, RunError, warn_findings
from cohorts.whole_file import write_whole_file

SUFFIX, LOCK = ".jsonl", ".lock"
SYNC_SECONDS = 2.0
# Digits of a key that a message shows; they find the file.
SHOWN = 16


class Journal:
    """An open journal of one question; made by `opened`.

    Parameters
    ----------
    key : of the question. file : open for appending, without a buffer. contents : text by task of what is done already.
    """

    def __init__(self, key: str, file: FileIO, contents: dict[int, str]) -> None:
        self.key, self.contents = key, contents
        self._file, self._synced = file, time.monotonic()

    def append(self, task: int, content: str) -> None:
        """Write a finished task down.

        Raises
        ------
        RunError
            K03 the disk is full; a torn line is left, which the next opening cuts off.
        """
        line = _line(self.key, task, content)
        try:
            # a full disk takes the first bytes and refuses the rest
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            if time.monotonic() - self._synced > SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._synced = time.monotonic()
        except OSError as error:
            raise _unwritable(Path(str(self._file.name)), len(line), error) from None
        self.contents[task] = content


@contextmanager
def opened(folder: Path, key: str) -> Iterator[Journal]:
    """Open the journal of a question, read what is done, and own the folder until the end.

    A last line without its end is what a kill leaves, and is cut off. A line whose checksum does not match is dropped
    with the warning K06; its task is done again. Deleting a journal never changes a result.

    Raises
    ------
    RunError
        K03 it cannot be written. J01 another run writes it.
    """
    path = folder / (key + SUFFIX)
    with _owned(folder):
        contents, findings = _read(path, key)
        warn_findings(findings, stacklevel=4)
        with path.open("ab", buffering=0) as file:
            try:
                yield Journal(key, file, contents)
            finally:
                os.fsync(file.fileno())


def mended(folder: Path) -> tuple[Finding, ...]:
    """Check every entry of a journal, drop those whose checksum does not match, and name them (K06)."""
    with _owned(folder):
        found = [_read(path, path.name.removesuffix(SUFFIX))[1] for path in sorted(folder.glob("*" + SUFFIX))]
    return tuple(finding for findings in found for finding in findings)


def emptied(folder: Path) -> int:
    """Remove the files of a journal, and return how many there were."""
    found = sorted(folder.glob("*" + SUFFIX))
    for path in found:
        path.unlink()
    return len(found)


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """Make the folder and own it; the system gives a lock of a dead process back by itself."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise _unwritable(folder, 0, error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            rule, advice = "another run writes this journal", "wait for it, or give each run a journal of its own"
            raise RunError(Finding("J01", rule, advice, file=str(folder))) from None
        yield


def _read(path: Path, key: str) -> tuple[dict[int, str], list[Finding]]:
    """Return contents by task and the findings; what is torn or altered is no longer in the file afterwards."""
    *whole, torn = path.read_bytes().split(b"\n") if path.exists() else [b""]
    contents, kept, findings = {}, [], []
    for number, raw in enumerate(whole, 1):
        entry = _entry(raw, key)
        if entry is None:
            findings.append(_altered(raw, key, number, path))
            continue
        contents[entry[0]] = entry[1]
        kept.append(raw + b"\n")
    if torn or findings:
        _replace(path, b"".join(kept))
    return contents, findings


def _replace(path: Path, content: bytes) -> None:
    """Keep what is sound; a kill in between costs nothing."""
    try:
        write_whole_file(path, content)
    except OSError as error:
        raise _unwritable(path, len(content), error) from None


def _line(key: str, task: int, content: str) -> bytes:
    entry = {"task": task, "content": content, "sha256": _checksum(key, task, content)}
    return (json.dumps(entry, ensure_ascii=True) + "\n").encode("ascii")


def _checksum(key: str, task: int, content: str) -> str:
    return hashlib.sha256(f"{key}\n{task}\n{content}".encode()).hexdigest()


def _entry(raw: bytes, key: str) -> tuple[int, str] | None:
    """Read one line; None where it is no entry of this question or was altered."""
    try:
        entry = json.loads(raw)
        task, content, checksum = entry["task"], entry["content"], entry["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
    if type(task) is not int or not isinstance(content, str) or checksum != _checksum(key, task, content):
        return None
    return task, content


def _altered(raw: bytes, key: str, number: int, path: Path) -> Finding:
    try:
        what = f"task {int(json.loads(raw)['task'])}"
    except (ValueError, KeyError, TypeError):
        what = "an unreadable entry"
    rule = f"line {number} of the journal, key {key[:SHOWN]}, {what}: it does not match its checksum"
    advice = "nothing is needed: this task is computed again; if it recurs, have the disk checked"
    return Finding("K06", rule, advice, file=str(path), severity="warning")


def _unwritable(path: Path, size: int, error: OSError) -> RunError:
    rule = f"cannot write {path} ({size} bytes needed): {error.strerror or error}"
    return RunError(Finding("K03", rule, "make room and give the same command again with --resume", file=str(path)))
