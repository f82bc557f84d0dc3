"""Numbers, tables and settings as the plain values of a JSON file; what is not a number becomes null."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from prognosis.recipe import Recipe


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values; not-a-number becomes null."""
    names = [str(name) if not isinstance(name, tuple) else " ".join(map(str, name)).strip() for name in table.columns]
    return [dict(zip(names, map(plain_value, row), strict=True)) for row in table.itertuples(index=False, name=None)]


def plain_value(value: Any) -> Any:
    """Return a setting: a recipe by its kind and settings, sequences as lists."""
    if isinstance(value, Recipe):
        return {"kind": value.kind} | {key: plain_value(item) for key, item in value.get_params(deep=False).items()}
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return number(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain_value(item) for item in value]
    return value


def number(value: float | None) -> float | None:
    """Return a number, None where there is none."""
    return None if value is None or not math.isfinite(value) else value
