"""What an earlier run left in a folder, and whether another may go on with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from cohorts.errors import Finding, RunError, raise_findings
from prognosis.execution import Execution
from prognosis.journal import emptied, mended
from reports.output_folder import MANIFEST, OutputFolder, Say

JOURNAL = "journal"
Digests = Mapping[str, str]


class Beginning(NamedTuple):
    """How a run begins: its execution with the folder's journal, and what was found in it."""

    execution: Execution
    warnings: tuple[Finding, ...]


def file_digests(files: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of each file by its name; files of one name in different folders are numbered.

    Raises
    ------
    RunError
        U01 a file cannot be read.
    """
    found: dict[str, str] = {}
    for file in dict.fromkeys(files):
        again = sum(name == file.name or name.startswith(f"{file.name} (") for name in found)
        key = f"{file.name} ({again + 1})" if again else file.name
        try:
            found[key] = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            rule = f"cannot read it: {error.strerror}"
            raise RunError(Finding("U01", rule, "check the path", file=str(file))) from None
    return found


def begin(folder: OutputFolder, inputs: Digests, resume: bool, execution: Execution, say: Say) -> Beginning:
    """Go on with the journal of the run that the folder holds, or empty it.

    Parameters
    ----------
    inputs : digests of what the run reads, by name. resume : go on. execution : gets the folder's journal.

    Raises
    ------
    RunError
        K07 an input is another than that of the run in the folder; the folder stays as it is.
    """
    before = _manifest_of(folder)
    journal = folder.path / JOURNAL
    warnings: tuple[Finding, ...] = ()
    if resume and before is not None:
        check_same(before.get("inputs", {}), inputs, "since the interrupted run")
        warnings = mended(journal)
        say("going on with the run in this folder: what its journal holds is not done again")
    else:
        emptied(journal)
        if resume:
            say("there is no run to go on with in this folder: it starts")
        elif before is not None and before.get("exit_state") != "done":
            say("this folder holds a run that did not end: it starts anew (with --resume it would go on)")
    return Beginning(replace(execution, journal=journal), warnings)


def check_same(before: Digests, now: Digests, since: str) -> None:
    """Refuse inputs that are not those of before (K07)."""
    advice = "put the file back; or give the command without --resume, which starts anew"
    names = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
    raise_findings([Finding("K07", _changed(before, now, name, since), advice, file=name) for name in names], RunError)


def _changed(before: Digests, now: Digests, name: str, since: str) -> str:
    if name not in before:
        return f"it is no input of the run in this folder; its hash (SHA-256) is {now[name]}"
    if name not in now:
        return f"it is an input of the run in this folder and not of this one; its hash (SHA-256) is {before[name]}"
    return f"it has changed {since}: its hash (SHA-256) was {before[name]} and is {now[name]}"


def _manifest_of(folder: OutputFolder) -> dict[str, Any] | None:
    """Read what the manifest of the earlier run says; None where there is none.

    Raises
    ------
    RunError
        K07 it is no manifest: what the run in this folder was made of is unknown.
    """
    path = folder.path / MANIFEST
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        rule = "it is damaged: the hash of what the earlier run read is unknown"
        raise RunError(Finding("K07", rule, "choose another folder", file=MANIFEST))
    return content
