"""Every topic, the files it owns, and one file walked from end to end."""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import dataclass
from fnmatch import fnmatch
from types import ModuleType

import pandas as pd

import tests.golden_walk
from tests.conftest import GOLDEN
from tests.golden_walk.compared import leaves, value_at

# What says how R was asked, not what it answered.
NOT_NUMBERS = ("meta.*", "formula", "note", "ties", "weights", "cluster", "*.rows", "*.cols")
TOPICS = [
    importlib.import_module(f"tests.golden_walk.{file.name}")
    for file in pkgutil.iter_modules(tests.golden_walk.__path__)
    if file.name not in ("compared", "walk")
]
OWNED: list[tuple[str, ModuleType]] = sorted(
    ((path.stem, topic)
     for topic in TOPICS
     for path in GOLDEN.glob("*.json")
     if any(fnmatch(path.stem, pattern) for pattern in topic.FILES)),
    key=lambda pair: pair[0],
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One value (or table of values) of a file: its path, tolerance and worst difference."""

    path: str
    tolerance: float
    worst: float
    relative: bool


@dataclass(frozen=True)
class Walked:
    """What one file holds: compared values, values left out by pattern and reason, and values nobody speaks of."""

    steps: tuple[Step, ...]
    left_out: dict[str, str]
    silent: tuple[str, ...]


def golden_frame(name: str) -> pd.DataFrame:
    """The rows behind golden values."""
    return pd.read_csv(GOLDEN / "data" / f"{name}.csv")


def walk(name: str, topic: ModuleType) -> Walked:
    """Compare everything in a file that its topic knows."""
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    found = list(topic.compare(name, golden, golden_frame))
    steps = tuple(Step(one.path, one.tolerance, one.worst(value_at(golden, one.path)), one.relative) for one in found)
    seen = {step.path for step in steps}
    rest = [path for path, _ in leaves(golden) if path not in seen]
    reasons = {
        pattern: reason for pattern, reason in topic.LEFT_OUT.items() if any(fnmatch(path, pattern) for path in rest)
    }
    patterns = (*NOT_NUMBERS, *topic.LEFT_OUT)
    silent = tuple(path for path in rest if not any(fnmatch(path, pattern) for pattern in patterns))
    return Walked(steps, reasons, silent)
