"""Which of many predictors enter a model: selectors, one file each, what they choose from, how stable the choice is.

It may import what other rooms of `prognosis` may. The folder is walked: a new file with a `Selector` needs no entry
anywhere.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from prognosis.selection.selector import Selector


@cache
def selectors() -> dict[str, type[Selector]]:
    """All selectors of this folder by their `kind`."""
    found: dict[str, type[Selector]] = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Selector) and value.__module__ == module.__name__:
                found |= {value.kind: value} if value.kind else {}
    return found


def __getattr__(name: str) -> Any:
    for selector in selectors().values():
        if selector.__name__ == name:
            return selector
    raise AttributeError(f"prognosis.selection has no selector {name}; it has {', '.join(__dir__())}")


def __dir__() -> list[str]:
    return sorted(selector.__name__ for selector in selectors().values())
