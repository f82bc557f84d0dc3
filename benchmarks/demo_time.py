"""How long the demo and the help take on this machine; writes benchmarks/results/demo_time.json.

The first demo compiles the kernels into an empty folder, the second finds them there.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cohorts.version import __version__

RESULT = Path(__file__).resolve().parent / "results" / "demo_time.json"
COMMAND = [sys.executable, "-c", "from reports.command_line import main; main()"]


def measure(arguments: list[str], kernels: Path) -> dict[str, float]:
    """Run the command line once; return wall and processor seconds.

    Raises
    ------
    subprocess.CalledProcessError
        The command did not end with 0.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(kernels)}
    subprocess.run([*COMMAND, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(wall, 2), "processor_s": round(processor, 2)}


def main() -> None:
    """Measure the help, the first demo and the second, and write what was found."""
    with tempfile.TemporaryDirectory() as folder:
        kernels = Path(folder) / "kernels"
        measure(["--help"], kernels)  # compiles the bytecode and fills the disk's cache
        found = {
            "help": measure(["--help"], kernels),
            "demo_first": measure(["demo", "--out", f"{folder}/first"], kernels),
            "demo_second": measure(["demo", "--out", f"{folder}/second"], kernels),
        }
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "version": __version__}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**machine, **found}, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {RESULT}\n")


if __name__ == "__main__":
    main()
