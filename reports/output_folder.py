"""The folder of a run: one owner at a time, whole files only, every file in the manifest."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cohorts.errors import Finding, RunError
from cohorts.whole_file import write_whole_file

MANIFEST, LOCK = "manifest.json", ".lock"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """What a run left: the folder and its files (relative names, in the order written), and the warnings."""

    folder: Path
    files: tuple[str, ...]
    warnings: tuple[Finding, ...]


@dataclass
class OutputFolder:
    """Where a run writes; it keeps the digest of every file.

    Parameters
    ----------
    path : existing folder, locked by this run. written : relative name to SHA-256.
    earlier : the same of an earlier run in this folder.
    """

    path: Path
    written: dict[str, str] = field(default_factory=dict)
    earlier: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, data: bytes | str) -> Path:
        """Write a whole file: beside its place, to the disk, then moved.

        Raises
        ------
        RunError
            K03 it cannot be written (the disk is full, say); nothing is left under the final name.
        """
        raw = data.encode() if isinstance(data, str) else data
        target = self.path / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole_file(target, raw)
        except OSError as error:
            rule = f"cannot write {target} ({len(raw)} bytes needed): {error.strerror or error}"
            raise RunError(
                Finding("K03", rule, "make room and give the same command again with --resume", file=name)
            ) from None
        self.written[name] = hashlib.sha256(raw).hexdigest()
        return target

    def place(self, name: str) -> Path:
        """Path for a writer of its own (PDF, model file); call `record` afterwards."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def record(self, name: str) -> Path:
        """Enter a file that another writer has finished."""
        target = self.path / name
        self.written[name] = hashlib.sha256(target.read_bytes()).hexdigest()
        return target

    @property
    def left_over(self) -> dict[str, str]:
        """Files of an earlier run that this one has not written anew."""
        return {name: digest for name, digest in self.earlier.items() if name not in self.written}

    def remove_left_over(self) -> None:
        """Remove what an earlier run wrote and this one did not: figures of another study beside new results mislead.

        Files that somebody has changed since stay.
        """
        for name, digest in self.left_over.items():
            target = self.path / name
            inside = target.resolve().is_relative_to(self.path.resolve())
            if inside and target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == digest:
                target.unlink()
        self.earlier.clear()

    def write_json(self, name: str, content: Any) -> Path:
        """Write plain values as JSON; a number that does not exist is refused here, it must be null with a reason."""
        return self.write(name, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n")


@contextmanager
def output_folder(path: str | Path) -> Iterator[OutputFolder]:
    """Make and lock the folder of a run, tried by a real write before anything is computed.

    Raises
    ------
    RunError
        K04 it cannot be made or written; K05 another run works in it; U03 it holds files of something else.
    """
    folder = Path(path)
    lock = _prepare(folder)
    try:
        yield OutputFolder(folder, earlier=_listed(folder / MANIFEST))
    finally:
        lock.unlink(missing_ok=True)


def _listed(manifest: Path) -> dict[str, str]:
    """Files that the manifest of an earlier run lists, with their digests; none where it cannot be read."""
    try:
        known = json.loads(manifest.read_text(encoding="utf-8"))
        parts = [known.get(key, {}) for key in ("left_over", "outputs")]
        return {str(name): str(digest) for part in parts for name, digest in part.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _prepare(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [item.name for item in folder.iterdir() if item.name != LOCK]
        if foreign and MANIFEST not in foreign:
            rule = f"the folder holds other files ({', '.join(sorted(foreign)[:3])})"
            raise RunError(Finding("U03", rule, "choose an empty folder, or one of an earlier run", file=str(folder)))
        return _lock(folder / LOCK)
    except OSError as error:
        rule = f"cannot write into the folder {folder}: {error.strerror or error}"
        raise RunError(Finding("K04", rule, "choose another folder with --out", file=str(folder))) from None


def _lock(lock: Path) -> Path:
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "start": datetime.now(UTC).isoformat(timespec="seconds")}
    text = json.dumps(owner)
    for _ in range(2):
        try:
            with lock.open("x") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            return lock
        except FileExistsError:
            holder = _holder(lock)
            if holder is not None and _alive(holder):
                who = f"pid {holder.get('pid')} on host {holder.get('host')}, start {holder.get('start')}"
                rule = f"another run works here: {who}"
                raise RunError(
                    Finding("K05", rule, "wait for it, or choose another folder", file=str(lock.parent))
                ) from None
            lock.unlink(missing_ok=True)
    raise RunError(Finding("K05", "another run has just taken the folder", "wait for it", file=str(lock.parent)))


def _holder(lock: Path) -> dict[str, Any] | None:
    try:
        holder = json.loads(lock.read_text())
    except (OSError, ValueError):
        return None
    return holder if isinstance(holder, dict) else None


def _alive(holder: dict[str, Any]) -> bool:
    """Tell whether the holder lives; a dead process of this host left a stale lock, another host is believed."""
    if holder.get("host") != socket.gethostname():
        return True
    try:
        os.kill(int(holder.get("pid", -1)), 0)
    except (ProcessLookupError, ValueError, TypeError):
        return False
    except PermissionError:
        return True
    return True
