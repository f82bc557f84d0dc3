"""Files are written whole or not at all: beside their place, to the disk, then moved."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole_file(path: Path, data: bytes) -> None:
    """Write a file so that neither a kill nor a power failure leaves a torn one under its name.

    Raises
    ------
    OSError
        It cannot be written; what was there before is untouched.
    """
    beside = path.with_name(f"{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
