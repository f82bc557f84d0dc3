"""Every value in R's golden files that we compute is compared; the others are listed with the reason."""

from __future__ import annotations

import importlib
import json
import pkgutil
from fnmatch import fnmatch

import pandas as pd
import pytest

import tests.golden_walk
from tests.conftest import GOLDEN
from tests.golden_walk.compared import leaves, value_at

# What says how R was asked, not what it answered.
NOT_NUMBERS = ("meta.*", "formula", "note", "ties", "weights", "cluster", "*.rows", "*.cols")
TOPICS = [
    importlib.import_module(f"tests.golden_walk.{file.name}")
    for file in pkgutil.iter_modules(tests.golden_walk.__path__)
    if file.name != "compared"
]
OWNED = sorted(
    (path.stem, topic)
    for topic in TOPICS
    for path in GOLDEN.glob("*.json")
    if any(fnmatch(path.stem, pattern) for pattern in topic.FILES)
)


def golden_frame(name: str) -> pd.DataFrame:
    """The rows behind golden values."""
    return pd.read_csv(GOLDEN / "data" / f"{name}.csv")


@pytest.mark.parametrize(("name", "topic"), OWNED, ids=[name for name, _ in OWNED])
def test_every_value_equals_r(name, topic):
    golden = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    wrong, seen = [], set()
    for item in topic.compare(name, golden, golden_frame):
        seen.add(item.path)
        worst = item.worst(value_at(golden, item.path))
        if not worst <= item.tolerance:
            wrong.append(f"{item.path}: worst difference {worst:.3g}, allowed {item.tolerance:g}")
    silent = [
        path
        for path, _ in leaves(golden)
        if path not in seen and not any(fnmatch(path, pattern) for pattern in (*NOT_NUMBERS, *topic.LEFT_OUT))
    ]
    assert not wrong, "\n".join(wrong)
    assert not silent, f"neither compared nor left out with a reason: {', '.join(silent)}"
