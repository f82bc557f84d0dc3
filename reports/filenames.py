"""Names of the files written for patients: taken from the id only where that is safe, else from its hash."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from cohorts.errors import DataContractError, Finding, raise_findings

ID_LIMIT = 1000
SLUG = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
# Windows opens a device under these names, with any suffix and in any case
DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in range(10)}


def check_id(patient_id: str) -> None:
    """Refuse an id that no chart would carry.

    Raises
    ------
    DataContractError
        R07: the id is empty or longer than `ID_LIMIT` characters.
    """
    if not patient_id:
        raise DataContractError(Finding("R07", "the patient id is empty (length 0)", "give every patient an id"))
    if len(patient_id) > ID_LIMIT:
        rule = f"the patient id has a length of {len(patient_id)} characters; the limit is {ID_LIMIT}"
        way_out = "check the id column: a whole text was probably read as an id"
        raise DataContractError(Finding("R07", rule, way_out, value=f"{patient_id[:20]}..."))


def file_name(patient_id: str) -> str:
    """Return the file name of a patient, without a suffix.

    The id itself where it is a short slug of ``[A-Za-z0-9._-]`` that means nothing to any file system;
    otherwise ``patient-`` and the first 20 hexadecimal digits of the SHA-256 of the id. The name never
    contains a path separator, never starts with a dot and is never a device name.

    Parameters
    ----------
    patient_id : the id as the user gave it.

    Raises
    ------
    DataContractError
        R07: the id is empty or too long.
    """
    check_id(patient_id)
    if SLUG.fullmatch(patient_id) and patient_id.split(".")[0].casefold() not in DEVICES:
        return patient_id
    return f"patient-{id_digest(patient_id)}"


def id_digest(patient_id: str, digits: int = 20) -> str:
    """Return the first hexadecimal digits of the SHA-256 of an id."""
    # lone surrogates can stand in an id read from a damaged file; they must not stop the hash
    return hashlib.sha256(patient_id.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def file_names(patient_ids: Iterable[str]) -> dict[str, str]:
    """Return the mapping of ids to file names, checked so that no report can overwrite another.

    Raises
    ------
    DataContractError
        R02: an id occurs twice, or two ids would share a file where case is not distinguished. All pairs are named.
    """
    names: dict[str, str] = {}
    taken: dict[str, str] = {}
    findings = []
    for patient_id in patient_ids:
        name = file_name(patient_id)
        first = taken.setdefault(name.casefold(), patient_id)
        if patient_id in names or first != patient_id:
            rule = (
                f"the ids {first!r} and {patient_id!r} would share the file name {name!r} (case is not distinguished)"
            )
            findings.append(Finding("R02", rule, "make the ids distinct", rows=(first, patient_id)))
        names[patient_id] = name
    raise_findings(findings, DataContractError)
    return names
