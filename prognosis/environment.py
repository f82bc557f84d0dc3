"""What results depend on besides the question: versions of the libraries and of our own code, and the day."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cohorts.version import __version__

# What takes part in a fit or in a measure.
LIBRARIES = ("numpy", "scipy", "pandas", "numba", "scikit-learn", "scikit-survival", "xgboost", "lifelines", "torch",
             "monai")  # fmt: skip
ROOMS = ("cohorts", "prognosis")
SOURCES = (".py", ".html", ".typ", ".toml")


def today() -> str:
    """Return the day in UTC, YYYY-MM-DD; SOURCE_DATE_EPOCH fixes it, so that a run can be repeated to the byte."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = dt.datetime.now(dt.UTC) if epoch is None else dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return now.strftime("%Y-%m-%d")


@cache
def environment() -> tuple[tuple[str, str], ...]:
    """Pairs of name and version of Python, the kind of machine, the libraries, this package, and a digest of its code.

    Two processes of the same environment give the same numbers to the last bit (on processors of one kind).
    """
    versions = [(name, found) for name in LIBRARIES if (found := _version(name))]
    python = platform.python_version()
    ours = (("bone-prognosis", __version__), ("code of bone-prognosis", code_digest(ROOMS)))
    return (("python", python), ("machine", platform.machine()), *versions, *ours)


def differences(other: tuple[tuple[str, str], ...]) -> list[str]:
    """Say in words how another environment differs from this one; empty where it does not."""
    here, there = dict(environment()), dict(other)
    names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    return [f"{name} {there.get(name, 'missing')} instead of {here.get(name, 'none')}" for name in names]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@cache
def code_digest(rooms: tuple[str, ...]) -> str:
    """SHA-256 of the code, templates and declarations of some rooms, its first 12 digits."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    found = (path for room in rooms for path in (root / room).rglob("*") if path.suffix in SOURCES)
    for path in sorted(found):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
