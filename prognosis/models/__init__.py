"""Model recipes, one file a model. The folder is walked: a new file with a `Recipe` needs no entry anywhere."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from prognosis.recipe import Recipe


@cache
def recipes() -> dict[str, type[Recipe]]:
    """All recipes of this folder by their `kind`."""
    found: dict[str, type[Recipe]] = {}
    for file in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{file.name}")
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Recipe) and value.__module__ == module.__name__:
                found[value.kind] = value
    return found


def __getattr__(name: str) -> Any:
    for recipe in recipes().values():
        if recipe.__name__ == name:
            return recipe
    raise AttributeError(f"prognosis.models has no recipe {name}; it has {', '.join(__dir__())}")


def __dir__() -> list[str]:
    return sorted(recipe.__name__ for recipe in recipes().values())
