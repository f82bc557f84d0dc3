"""Large arrays are estimated before they are made, and refused where they would not fit."""

from __future__ import annotations

import os
from pathlib import Path

from cohorts.errors import Finding, PrognosisError, RunError

# Share of the memory within reach that one computation may take; the rest is for copies and for the system.
SHARE = 0.5
GIGABYTE = 1e9
# Bytes of the curve in a leaf of a forest: two numbers (events, patients at risk) a time.
LEAF_BYTES = 16
GROUPS = Path("/sys/fs/cgroup")
# Limit, memory in use, and what of it the system gives back at once (cached files): of version 2 and of version 1.
VERSION_2 = ("memory.max", "memory.current", "inactive_file")
VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def check_memory(
    needed: float, what: str, way_out: str, error: type[PrognosisError] = RunError, budget: float | None = None
) -> None:
    """Refuse an array that would not fit.

    Parameters
    ----------
    needed : bytes, estimated. what : the array, in words. way_out : how to need less.
    error : class raised. budget : bytes, default `memory_budget`.

    Raises
    ------
    PrognosisError
        K11 with the estimated GB and the budget, before anything is computed.
    """
    allowed = memory_budget() if budget is None else budget
    if needed > allowed:
        rule = (
            f"{what}: estimated GB {needed / GIGABYTE:.1f}, more than the {allowed / GIGABYTE:.1f} GB that one "
            f"computation may take ({SHARE:.0%} of the memory within reach)"
        )
        raise error(Finding("K11", rule, way_out))


def memory_budget() -> float:
    """Return the bytes that one computation may take: `SHARE` of what the machine and its container have left."""
    own = Path("/proc/self/cgroup")
    groups = own.read_text(encoding="ascii") if own.exists() else ""
    return SHARE * min([_machine(), *group_limits(groups)])


def forest_bytes(trees: int, nodes: int, times: int) -> float:
    """Estimate the curves of a forest: trees x nodes x times x 16 bytes."""
    return float(trees) * nodes * times * LEAF_BYTES


def risks_bytes(patients: int, horizons: int, repeats: int) -> float:
    """Estimate the risks of all patients in every resample: patients x horizons x repeats x 8 bytes."""
    return float(patients) * horizons * repeats * 8


def _machine() -> float:
    """Return the bytes that the machine has left without swapping."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    values = dict(line.split(":", 1) for line in lines if ":" in line)
    return float(values["MemAvailable"].split()[0]) * 1024


def group_limits(groups: str, root: Path = GROUPS) -> list[float]:
    """Return the bytes left of every limit on the control groups of a process (a container or a job of a cluster).

    Parameters
    ----------
    groups : text of ``/proc/self/cgroup``. root : where control groups are mounted.
    """
    found = []
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        base, names = (root, VERSION_2) if not controllers else (root / "memory", VERSION_1)
        if controllers in ("", "memory"):
            here = base / path.lstrip("/")
            # inside a container the path is often that of the host: then the mounted root is the own group
            folders = [here, *here.parents[: len(Path(path).parts) - 1], base]
            found += [left for folder in dict.fromkeys(folders) if (left := _left(folder, names)) is not None]
    return found


def _left(folder: Path, names: tuple[str, str, str]) -> float | None:
    """Return the bytes left of one group's limit; None where there is none."""
    try:
        limit, used = ((folder / name).read_text(encoding="ascii").strip() for name in names[:2])
        stat = dict(line.split() for line in (folder / "memory.stat").read_text(encoding="ascii").splitlines())
    except OSError:
        return None
    if limit == "max":
        return None
    return max(0.0, float(limit) - float(used) + float(stat.get(names[2], 0)))
