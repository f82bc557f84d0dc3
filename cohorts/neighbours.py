"""Guard against foreign packages: `prognosis`, `cohorts` and `reports` are also names on the package index."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path


def check_neighbours(room_file: str, *neighbours: str) -> None:
    """Refuse to work beside a foreign package that bears the name of a room of bone-prognosis.

    Parameters
    ----------
    room_file : ``__file__`` of the room that asks.
    neighbours : names of the rooms to look for; one that is not installed at all passes.

    Raises
    ------
    ImportError
        A neighbour, imported already or found by the import system, lies in another parent folder;
        the message names the path of the intruder.
    """
    home = Path(room_file).resolve().parent.parent
    for name in neighbours:
        folders = list(_folders(_spec(name)))
        if folders and home not in [folder.parent for folder in folders]:
            raise ImportError(
                f"the package {name!r} at {folders[0]} is not the one of bone-prognosis in {home}: "
                f"uninstall the foreign package or put {home} first on the import path",
                name=name,
                path=str(folders[0]),
            )


def _spec(name: str) -> ModuleSpec | None:
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded.__spec__
    # For a top-level name this looks at the path only; the neighbour is not imported.
    return importlib.util.find_spec(name)


def _folders(spec: ModuleSpec | None) -> Iterator[Path]:
    if spec is None:
        return
    if spec.origin:
        origin = Path(spec.origin).resolve()
        # A package's origin is its __init__.py; a foreign single file bears the name itself.
        yield origin.parent if origin.stem == "__init__" else origin
    else:
        yield from (Path(folder).resolve() for folder in spec.submodule_search_locations or ())
