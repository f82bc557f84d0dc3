"""Copies of films that say nothing of the patient: allowed attributes only, pixels written anew, names exchanged.

A DICOM copy holds what `tags` lists, new identifiers and the stored pixels uncompressed, so that neither a private
element nor a comment inside a compressed picture travels on. PNG and JPEG become PNG with pixels only.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from cohorts.errors import Finding, ImageError, raise_findings
from cohorts.export import neutralise
from cohorts.whole_file import write_whole_file
from imaging_head.decoder import Decoder
from imaging_head.film import burned_in
from imaging_head.index_file import CLEARED, DATE, FILM, LATERALITY, PATIENT, VIEW
from imaging_head.radiographs import Radiographs
from imaging_head.tags import LUTS

METHOD = "listed attributes only, new identifiers, pixels rewritten"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Copied:
    """What was written: films, and the findings on those that were not."""

    films: int
    findings: tuple[Finding, ...]


def deidentify(films: Radiographs, out: Path, key: Path, say: Progress = lambda _: None) -> Copied:
    """Write de-identified copies, a new index beside them, and the key that leads back.

    Patients become P0001, P0002, ... in random order, films F00001, ...; dates become days since the patient's first
    film. A film with BurnedInAnnotation YES or absent is copied only where the index says cleared = yes.

    Parameters
    ----------
    films : of an index file. out : new or empty folder for the copies and ``index.csv``.
    key : CSV file for the names that were exchanged, outside `out`: it stays in the hospital.
    say : takes a line on each film that was left out.

    Raises
    ------
    ImageError
        I23 the folder is not empty, the key would lie in it or exists, or the films are no files; nothing is written.
    """
    raise_findings(_faults(films, out, key), ImageError)
    names = _pseudonyms(films.patients, "P", 4)
    numbers = _pseudonyms(tuple(films.index[FILM]), "F", 5)
    days = _days(films.index)
    # first: copies without their key would be lost
    pairs = [("film", old, new) for old, new in numbers.items()] + [("patient", old, new) for old, new in names.items()]
    exchanged = pd.DataFrame(pairs, columns=["what", "name", "pseudonym"])
    write_whole_file(key, neutralise(exchanged).to_csv(index=False).encode())
    rows, findings = [], []
    out.mkdir(parents=True, exist_ok=True)
    with Decoder(films.limits) as decoder:
        for place, entry in enumerate(films.index.to_dict("records")):
            try:
                suffix = _copy(films, entry, out / numbers[entry[FILM]], names[entry[PATIENT]], decoder)
            except ImageError as error:
                findings += [replace(finding, file=entry[FILM]) for finding in error.findings]
                say(f"left out: {findings[-1]}")
                continue
            copied = {FILM: numbers[entry[FILM]] + suffix, PATIENT: names[entry[PATIENT]], VIEW: entry[VIEW]}
            rows.append({**copied, LATERALITY: entry[LATERALITY], "days": days[place], CLEARED: "yes"})
    columns = [FILM, PATIENT, VIEW, LATERALITY, "days", CLEARED]
    table = pd.DataFrame(rows, columns=columns).sort_values(FILM)
    write_whole_file(out / "index.csv", neutralise(table).to_csv(index=False).encode())
    return Copied(len(rows), tuple(findings))


def anonymous(about: Mapping[str, Any], stored: NDArray[Any], patient: str) -> Dataset:
    """Return a DICOM data set of allowed attributes and stored pixels under a pseudonym."""
    copy = Dataset()
    for name, value in {**about["tags"], **about["grey"]}.items():
        if name in LUTS:
            setattr(copy, name, [_table(value, name)])
        else:
            setattr(copy, name, value)
    copy.PatientID = copy.PatientName = patient
    copy.PatientIdentityRemoved, copy.DeidentificationMethod = "YES", METHOD
    copy.BurnedInAnnotation = "NO"
    copy.SOPClassUID = about["sop_class"] or ComputedRadiographyImageStorage
    copy.SOPInstanceUID, copy.StudyInstanceUID, copy.SeriesInstanceUID = (generate_uid() for _ in range(3))
    copy.BitsAllocated = stored.dtype.itemsize * 8
    copy.PixelData = np.ascontiguousarray(stored).tobytes()
    copy["PixelData"].VR = "OW" if copy.BitsAllocated > 8 else "OB"
    copy.file_meta = FileMetaDataset()
    copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return copy


def _copy(films: Radiographs, entry: Mapping[Any, Any], path: Path, patient: str, decoder: Decoder) -> str:
    """Write one copy and return its ending."""
    if films.place is None:
        raise ImageError(Finding("I23", "the films are no files", "copy films of an index file"))
    about, stored = decoder.read(films.place.of(entry[FILM]), "stored")
    said = about["tags"].get("BurnedInAnnotation")
    if not entry[CLEARED] and said != "NO":
        raise ImageError(burned_in(entry[FILM], said, "error"))
    buffer = io.BytesIO()
    if about["grey"] is None:
        Image.fromarray(stored).save(buffer, format="PNG")
    else:
        anonymous(about, stored, patient).save_as(buffer, enforce_file_format=True)
    suffix = ".png" if about["grey"] is None else ".dcm"
    write_whole_file(path.with_suffix(suffix), buffer.getvalue())
    return suffix


def _table(table: Mapping[str, Any], name: str) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(table["entries"]) % (1 << 16), table["first"] % (1 << 16), table["bits"]]
    item.LUTData = np.asarray(table["entries"], "<u2").tobytes()
    item["LUTDescriptor"].VR, item["LUTData"].VR = "US", "OW"
    if name == "ModalityLUTSequence":
        item.ModalityLUTType = "US"
    return item


def _pseudonyms(names: tuple[str, ...], letter: str, digits: int) -> dict[str, str]:
    """Return new names in random order: the order of the index would tell who came first."""
    order = np.random.default_rng().permutation(len(names))
    return {name: f"{letter}{number + 1:0{digits}d}" for name, number in zip(names, order.tolist(), strict=True)}


def _days(index: pd.DataFrame) -> list[int | None]:
    """Return days since the patient's first dated film; None without a date."""
    dates = [date.fromisoformat(cell) if cell else None for cell in index[DATE]]
    first: dict[str, date] = {}
    for patient, day in zip(index[PATIENT], dates, strict=True):
        if day is not None:
            first[patient] = min(first.get(patient, day), day)
    return [None if day is None else (day - first[who]).days for who, day in zip(index[PATIENT], dates, strict=True)]


def _faults(films: Radiographs, out: Path, key: Path) -> list[Finding]:
    findings = []
    if films.place is None:
        findings.append(Finding("I23", "the films are no files", "copy films of an index file"))
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        findings.append(Finding("I23", "the folder holds other files", "choose a new or empty folder", file=str(out)))
    if key.resolve().is_relative_to(out.resolve()):
        rule = "the key would travel with the copies"
        findings.append(Finding("I23", rule, "write the key outside the folder of the copies", file=str(key)))
    if key.exists():
        findings.append(Finding("I23", "this key exists already", "choose another name, and keep it", file=str(key)))
    return findings
