"""Limits of a recipe's parameters, declared as data at the head of its class and checked in one place."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prognosis.splines import FEWEST_KNOTS


@dataclass(frozen=True)
class Bounds:
    """Allowed range of a finite numeric parameter; the lower bound is included."""

    lower: float
    upper: float = float("inf")

    def allows(self, value: object) -> bool:
        """Tell whether a value is a number in the range."""
        if not isinstance(value, numbers.Real) or isinstance(value, bool):
            return False
        return math.isfinite(value) and self.lower <= float(value) <= self.upper

    def __str__(self) -> str:
        return f"a number of at least {self.lower:g}"


@dataclass(frozen=True)
class Choice:
    """Allowed values of a parameter."""

    values: tuple[str, ...]

    def allows(self, value: object) -> bool:
        """Tell whether a value is one of the choices."""
        return isinstance(value, str) and value in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(self.values)}"


@dataclass(frozen=True)
class Names:
    """A list of column names, or of groups of `size` column names."""

    size: int = 1

    def allows(self, value: object) -> bool:
        """Tell whether a value is such a list."""
        if not isinstance(value, list | tuple):
            return False
        groups = [(item,) for item in value] if self.size == 1 else list(value)
        return all(
            isinstance(group, list | tuple) and len(group) == self.size and all(isinstance(name, str) for name in group)
            for group in groups
        )

    def __str__(self) -> str:
        return "a list of column names" if self.size == 1 else f"a list of groups of {self.size} column names"


@dataclass(frozen=True)
class Shape:
    """What kind of value a parameter takes: a description and a test."""

    description: str
    test: Callable[[Any], bool]

    def allows(self, value: object) -> bool:
        """Tell whether a value has the shape."""
        return self.test(value)

    def __str__(self) -> str:
        return self.description


def _are_knots(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    if not isinstance(value, list | tuple | np.ndarray) or len(set(map(str, value))) != len(value):
        return False
    real = all(isinstance(knot, numbers.Real) and not isinstance(knot, bool) for knot in value)
    return real and len(value) >= FEWEST_KNOTS


Limit = Bounds | Choice | Names | Shape

COLUMN = Shape("the name of a column, or None", lambda value: value is None or isinstance(value, str))
TEXT_BY_COLUMN = Shape(
    'a mapping, for example {"ldh": "log"}',
    lambda value: value is None or (isinstance(value, Mapping) and all(isinstance(v, str) for v in value.values())),
)
KNOTS_BY_COLUMN = Shape(
    'a mapping to a number of knots or at least three different knots, for example {"age": 4}',
    lambda value: value is None or (isinstance(value, Mapping) and all(map(_are_knots, value.values()))),
)
