"""Radiomic features of many patients: an index of images and masks becomes a table that `read_radiomics` reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.csv_file import read_csv_file
from cohorts.errors import Finding, ImageError, raise_findings
from imaging_head.radiomic_names import DIAGNOSTICS
from imaging_head.radiomics import Engine, RadiomicSettings, check_pyradiomics, radiomic_features, versions

IMAGE, MASK, PATIENT, SEQUENCE = "image", "mask", "patient", "sequence"
SPACING = ("spacing_z", "spacing_y", "spacing_x")
COLUMNS = (PATIENT, SEQUENCE, IMAGE, MASK, *SPACING)
# Voxels of an image; a CT of a whole body has half as many.
LARGEST = 1 << 29
VOLUMES = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd")


@dataclass(frozen=True, eq=False)
class RadiomicFeatures:
    """What was computed.

    Parameters
    ----------
    table : one row a patient: patient, features, and the settings in columns ``diagnostics_...``.
    findings : of the regions without features; those patients are not in the table.
    """

    table: pd.DataFrame
    findings: tuple[Finding, ...]


def extract_radiomics(
    index: str | Path,
    settings: RadiomicSettings | None = None,
    engine: Engine = "pyradiomics",
    say: Callable[[str], None] | None = None,
) -> RadiomicFeatures:
    """Compute the features of every region of an index.

    Parameters
    ----------
    index : CSV with the columns patient, image, mask; files relative to its folder. ``sequence`` where a patient has
        several images (T1, T2): it becomes the prefix of the features. ``spacing_z``, ``spacing_y``, ``spacing_x`` in
        mm for arrays. settings, engine : see `radiomic_features`. say : told of each region.

    Raises
    ------
    ImageError
        I76 pyradiomics is needed and absent; I79 all faults of the index at once; I81 no region gave features.
    DataContractError
        A file that is no sound CSV.

    Notes
    -----
    Files: arrays of numpy (``.npy``) with the spacing in the index; NIfTI, NRRD and MetaImage through the extra's
    SimpleITK, in this process: only from a source you trust. A patient with a region that gives no features is left
    out, with the reason.
    """
    asked, path = settings or RadiomicSettings(), Path(index)
    if engine == "pyradiomics":
        check_pyradiomics()
    rows = _checked(read_csv_file(path, ",", None, COLUMNS).frame)
    found: dict[str, dict[str, Any]] = {}
    faults: list[Finding] = []
    for row in rows.to_dict("records"):
        if say is not None:
            say(f"{row[PATIENT]} {row[SEQUENCE]}".strip())
        try:
            image, mask, spacing = _region(path.parent, row)
            features = radiomic_features(image, mask, spacing, asked, engine)
        except ImageError as error:
            faults += [_placed(finding, row) for finding in error.findings]
            continue
        prefix = f"{row[SEQUENCE]}_" * bool(row[SEQUENCE])
        found.setdefault(row[PATIENT], {}).update({prefix + name: value for name, value in features.items()})
    lost = {row for fault in faults for row in fault.rows}
    kept = {patient: features for patient, features in found.items() if patient not in lost}
    if not kept:
        raise ImageError(*(faults or [Finding("I81", "no region gave features", "see the index")]))
    table = pd.DataFrame.from_dict(kept, orient="index").rename_axis(PATIENT).reset_index()
    return RadiomicFeatures(pd.concat([table, _record(table.index, asked, engine)], axis=1), tuple(faults))


def _record(index: pd.Index, settings: RadiomicSettings, engine: Engine) -> pd.DataFrame:
    record = {"Versions": versions(engine), "Configuration_Settings": json.dumps(settings.to_dict())}
    return pd.DataFrame({DIAGNOSTICS + name: text for name, text in record.items()}, index=index)


def _placed(finding: Finding, row: dict[str, Any]) -> Finding:
    where = row[IMAGE] if finding.file is None else finding.file
    return Finding(finding.code, finding.rule, finding.way_out, rows=(row[PATIENT],), file=where)


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    absent = [name for name in (PATIENT, IMAGE, MASK) if name not in frame]
    if absent or frame.empty:
        rule = f"the index has no column {' and '.join(absent)}" if absent else "the index names no image"
        raise ImageError(Finding("I79", rule, "one row a region: patient, image, mask"))
    rows = pd.DataFrame({name: frame.get(name, pd.Series("", frame.index)).astype(str).str.strip() for name in COLUMNS})
    raise_findings(_faults(rows), ImageError)
    return rows


def _faults(rows: pd.DataFrame) -> Iterator[Finding]:
    for name in (PATIENT, IMAGE, MASK):
        if (rows[name] == "").any():
            yield Finding(
                "I79", "an empty cell", "name patient, image and mask in every row", name, _lines(rows[name] == "")
            )
    twice = rows.duplicated([PATIENT, SEQUENCE], keep=False)
    if twice.any():
        rule = "a patient has two regions of one sequence"
        yield Finding("I79", rule, "one lesion a patient, or sequences of other names", PATIENT, _lines(twice))
    wrong = ~rows[SEQUENCE].str.fullmatch(r"[A-Za-z0-9-]*")
    if wrong.any():
        yield Finding("I79", "a sequence is letters, digits and hyphens", "rename it", SEQUENCE, _lines(wrong))
    if len({(names > "") for names in rows[SEQUENCE]}) > 1:
        yield Finding("I79", "some rows name a sequence, others none", "name all of them, or none", SEQUENCE)


def _lines(wrong: pd.Series) -> tuple[str, ...]:
    return tuple(f"row {place + 1}" for place in np.flatnonzero(wrong))


def _region(root: Path, row: dict[str, str]) -> tuple[NDArray[Any], NDArray[Any], tuple[float, ...]]:
    (image, own), (mask, its) = (_volume(root, row[name]) for name in (IMAGE, MASK))
    if own is not None and its is not None and not np.allclose(own, its, rtol=1e-4):
        rule = f"image and mask have other voxels: {own} and {its} mm"
        raise ImageError(Finding("I75", rule, "resample the mask to the grid of the image"))
    declared = tuple(row[name] for name in SPACING)
    if own is not None:
        if any(declared):
            raise ImageError(Finding("I79", "the file has a spacing of its own", "leave the cells empty", SPACING[0]))
        return image, mask, own
    try:
        return image, mask, tuple(float(size) for size in declared)
    except ValueError:
        rule = f"an array has no spacing, and the index says {', '.join(map(repr, declared))}"
        raise ImageError(Finding("I79", rule, f"fill {', '.join(SPACING)} with mm", SPACING[0])) from None


def _volume(root: Path, name: str) -> tuple[NDArray[Any], tuple[float, ...] | None]:
    path = (root.resolve() / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        rule = "there is no such file in the folder of the index"
        raise ImageError(Finding("I79", rule, "name files relative to the index, below it", file=name))
    if name.lower().endswith(".npy"):
        return _array(path, name), None
    if name.lower().endswith(VOLUMES):
        return _by_simple_itk(path, name)
    known = ", ".join((".npy", *VOLUMES))
    raise ImageError(Finding("I79", "this kind of file is not read", f"convert it to one of {known}", file=name))


def _array(path: Path, name: str) -> NDArray[Any]:
    try:
        stored = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        rule = f"no plain array of numbers ({str(error).splitlines()[0]})"
        raise ImageError(Finding("I79", rule, "write it by numpy.save", file=name)) from None
    if stored.size > LARGEST:
        raise ImageError(Finding("I79", f"{stored.size} voxels", f"crop it to below {LARGEST}", file=name))
    return np.array(stored)


def _by_simple_itk(path: Path, name: str) -> tuple[NDArray[Any], tuple[float, ...]]:
    check_pyradiomics()
    import SimpleITK

    try:
        volume = SimpleITK.ReadImage(str(path))
    except RuntimeError:
        raise ImageError(Finding("I79", "SimpleITK cannot read the file", "export it again", file=name)) from None
    if volume.GetDimension() != 3 or volume.GetNumberOfComponentsPerPixel() != 1:
        raise ImageError(Finding("I79", "no grey volume of three dimensions", "export one volume a file", file=name))
    return SimpleITK.GetArrayFromImage(volume), tuple(float(size) for size in volume.GetSpacing()[::-1])
