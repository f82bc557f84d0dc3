"""What the manifest says of every run: versions, times, state and the digest of every file."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

from reports.exits import stopped_by
from reports.output_folder import MANIFEST, OutputFolder
from reports.results import software


def base_manifest(folder: OutputFolder, started: datetime, state: str) -> dict[str, Any]:
    """Return what every manifest holds; `left_over` lists what is still there of an earlier run."""
    left_over = {name: digest for name, digest in sorted(folder.left_over.items()) if name != MANIFEST}
    return {
        "schema_version": 1,
        "exit_state": state,
        "start": started.isoformat(timespec="seconds"),
        "end": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": software(),
        "platform": f"{platform.system()} {platform.machine()}",
        "outputs": {name: digest for name, digest in sorted(folder.written.items()) if name != MANIFEST},
        **({"left_over": left_over} if left_over else {}),
    }


def state_of(error: BaseException) -> str:
    """Return the exit state that an error leaves."""
    return "interrupted" if stopped_by(error) is not None else f"failed: {type(error).__name__}"
