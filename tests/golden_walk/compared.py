"""One comparison with R, and the walk through everything that a golden file holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Compared:
    """Ours beside one value (or table of values) of a golden file.

    Parameters
    ----------
    path : keys joined by "." down to the first list or number. ours : in R's shape, not a number for R's "NA".
    tolerance : largest difference allowed. relative : of R's value (but never finer than 1e-12 times the largest
        value of the table, where small ones are differences of large ones), else absolute.
    """

    path: str
    ours: Any
    tolerance: float
    relative: bool = True

    def worst(self, theirs: Any) -> float:
        """Largest difference, relative or absolute; infinite where shapes or missing values differ."""
        reference, value = numbers(theirs), np.squeeze(np.asarray(self.ours, float))
        reference = np.squeeze(reference)
        if reference.shape != value.shape or (np.isnan(reference) != np.isnan(value)).any():
            return float("inf")
        known = ~np.isnan(reference) & (reference != value)
        difference = np.abs(reference[known] - value[known])
        if not difference.size:
            return 0.0
        if not self.relative:
            return float(difference.max())
        floor = 1e-12 * np.abs(reference[~np.isnan(reference) & np.isfinite(reference)]).max() / self.tolerance
        return float((difference / np.maximum(np.abs(reference[known]), floor)).max())


def numbers(theirs: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """R's value as an array; its NA (and NaN) is not a number."""
    words = {"NA": np.nan, "NaN": np.nan, "Inf": np.inf, "-Inf": -np.inf, None: np.nan}

    def plain(item: Any) -> Any:
        if isinstance(item, list):
            return [plain(part) for part in item]
        return words[item] if item is None or isinstance(item, str) else item

    return np.asarray(plain(theirs), float)


def leaves(golden: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every list, number or text of a golden file with its path."""
    if isinstance(golden, dict):
        for key, value in golden.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    else:
        yield path, golden


def value_at(golden: Any, path: str) -> Any:
    """What stands at a path; keys may hold dots themselves.

    Raises
    ------
    KeyError
        The file has nothing there.
    """
    for found, value in leaves(golden):
        if found == path:
            return value
    raise KeyError(path)
