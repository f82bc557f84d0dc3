"""What the manifest says of every run: versions, times, state and the digest of every file."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

from reports.output_folder import OutputFolder
from reports.results import software


def base_manifest(folder: OutputFolder, started: datetime, state: str) -> dict[str, Any]:
    """Return what every manifest holds."""
    return {
        "schema_version": 1,
        "exit_state": state,
        "start": started.isoformat(timespec="seconds"),
        "end": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": software(),
        "platform": f"{platform.system()} {platform.machine()}",
        "outputs": dict(sorted(folder.written.items())),
    }


def state_of(error: BaseException) -> str:
    """Return the exit state that an error leaves."""
    return "interrupted" if was_interrupted(error) else f"failed: {type(error).__name__}"


def was_interrupted(error: BaseException | None) -> bool:
    """Tell an interrupt, also where a compiled kernel turned it into another error."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False
