"""What every test may ask for: the reference folder beside the checkout, and the values R computed."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
SHARED = ROOT.parent / "shared"

# Read when numba and matplotlib are first imported, which a test module does; subprocesses inherit both.
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".numba_cache"))
os.environ.setdefault("MPLBACKEND", "Agg")

import pandas as pd  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# The same examples in every run: a failure seen in one place is seen in all. No deadline: a first call may compile.
settings.register_profile(
    "deterministic", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("deterministic")


# Their single tests take longest: begun last, one would keep one process busy after all others have ended.
LONGEST = ("test_docs", "test_examples", "test_long_runs", "test_compiling", "test_sklearn_checks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of the longest tests."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_collection_finish() -> None:
    """Leave modules and tests out of every garbage collection to come: none of them will be garbage."""
    gc.collect()
    gc.freeze()


def find_shared() -> Path:
    """Return the reference folder beside the checkout, else skip."""
    if not SHARED.is_dir():
        pytest.skip("needs the reference folder ../shared, which is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference folder beside the checkout; without it the test skips."""
    return find_shared()


def find_golden(name: str) -> Path:
    """Return where a golden file lies: in tests/golden, else in ../shared/golden, else skip."""
    places = [GOLDEN / name, SHARED / "golden" / name]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        pytest.skip(f"needs the golden file {name}, which is neither in tests/golden nor in ../shared/golden")
    return found


@pytest.fixture(scope="session")
def golden() -> Callable[[str], dict[str, Any]]:
    """Values R computed, by name: ``golden("cox_lung_efron")["coef"]``."""
    return lambda name: json.loads(find_golden(f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def golden_data() -> Callable[[str], pd.DataFrame]:
    """The rows behind golden values, by name: ``golden_data("lung")``."""
    return lambda name: pd.read_csv(find_golden(f"data/{name}.csv"))
