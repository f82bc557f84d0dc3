"""A DICOM radiograph becomes grey from 0 (air) to 1 (metal), upright, with the attributes that are allowed.

Runs in the decoding process. Sizes are checked before pixels are decoded; what cannot be one radiograph is refused.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import DeflatedExplicitVRLittleEndian

from imaging_head.grey import WINDOWS, Floats, whole_range
from imaging_head.limits import Limits
from imaging_head.refusal import Doubt, RefusedError
from imaging_head.tables import table_in
from imaging_head.tags import DESCRIPTIVE, GREY, LUTS, READ

NEEDED = ("Rows", "Columns", "BitsAllocated", "BitsStored", "PixelRepresentation", "PhotometricInterpretation")
INSTALL = "install the decoders: pip install 'bone-prognosis[imaging]'"


def read_dataset(path: Path, limits: Limits) -> FileDataset:
    """Read the allowed attributes of a file that is one grey radiograph within the limits.

    Raises
    ------
    RefusedError
        I04 several frames or colour, I08 above a limit, I13 no decoder for its transfer syntax, I16 no radiograph.
    """
    limits.check_bytes(path.stat().st_size)
    _check_inflated(path, limits)
    dataset = pydicom.dcmread(path, specific_tags=list(READ))
    absent = [name for name in NEEDED if dataset.get(name) is None]
    if absent or "PixelData" not in dataset:
        rule = f"the file holds no radiograph: {', '.join(absent) or 'PixelData'} is absent"
        raise RefusedError("I16", rule, "export the image, not a report or an index of it")
    limits.check_pixels(int(dataset.Rows), int(dataset.Columns))
    _check_single_grey(dataset)
    _check_decoder(dataset)
    return dataset


def stored_values(dataset: FileDataset) -> tuple[NDArray[np.integer[Any]], list[Doubt]]:
    """Return the stored pixels, (rows, columns), and doubts: I06 excess bytes, I20 bits above BitsStored.

    Raises
    ------
    RefusedError
        I05 the pixel data are cut short.
    """
    doubts = [] if dataset.file_meta.TransferSyntaxUID.is_compressed else _check_native(dataset)
    values: NDArray[np.integer[Any]] = dataset.pixel_array
    return values, doubts


def grey_values(dataset: Dataset, stored: NDArray[np.integer[Any]]) -> tuple[Floats, str]:
    """Return grey from 0 to 1 and how it was made: rescaled, windowed, MONOCHROME1 inverted.

    The first VOI table or window counts; without one the range of the film itself is used, and said so.

    Raises
    ------
    RefusedError
        I17 PhotometricInterpretation and PresentationLUTShape contradict each other, or an impossible window.
    """
    inverted = dataset.PhotometricInterpretation == "MONOCHROME1"
    shape = dataset.get("PresentationLUTShape")
    if shape in ("IDENTITY", "INVERSE") and (shape == "INVERSE") != inverted:
        rule = f"PhotometricInterpretation {dataset.PhotometricInterpretation} contradicts PresentationLUTShape {shape}"
        raise RefusedError("I17", rule, "look at the film in a viewer and correct the wrong tag in a copy")
    grey, how = _windowed(dataset, _rescaled(dataset, stored))
    grey = np.asarray(grey, dtype=np.float32)
    return (1 - grey, f"{how}, inverted") if inverted else (grey, how)


def attributes(dataset: Dataset, names: tuple[str, ...] = DESCRIPTIVE) -> dict[str, Any]:
    """Return allowed attributes as plain values; an empty one counts as absent."""
    found = {name: dataset.get(name) for name in names}
    return {name: plain(value) for name, value in found.items() if value not in (None, "", [])}


def look_up_tables(dataset: Dataset) -> dict[str, Any]:
    """Return the first modality and VOI table as plain values, for a copy."""
    found = {name: table_in(dataset, name) for name in LUTS}
    return {
        name: {"first": table.first, "bits": table.bits, "entries": table.entries.tolist()}
        for name, table in found.items()
        if table is not None
    }


def how_grey(dataset: Dataset) -> dict[str, Any]:
    """Return what a copy needs to show the same grey."""
    return {**attributes(dataset, GREY), **look_up_tables(dataset)}


def plain(value: Any) -> Any:
    """Return a DICOM value as text, number or list of them."""
    if isinstance(value, (list, tuple, pydicom.multival.MultiValue)):
        return [plain(item) for item in value]
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, int) else float(value)
    return str(value).strip()


def _rescaled(dataset: Dataset, stored: NDArray[np.integer[Any]]) -> NDArray[Any]:
    """Return the modality's own numbers, to which windows refer."""
    table = table_in(dataset, "ModalityLUTSequence")
    if table is not None:
        return table.of(stored)
    slope, intercept = _numbers(dataset.get("RescaleSlope")), _numbers(dataset.get("RescaleIntercept"))
    return stored.astype(np.float32) * np.float32((slope or [1.0])[0]) + np.float32((intercept or [0.0])[0])


def _windowed(dataset: Dataset, values: NDArray[Any]) -> tuple[Floats, str]:
    table = table_in(dataset, "VOILUTSequence")
    if table is not None:
        return table.of(values).astype(np.float32) / np.float32(table.highest), "VOI table"
    values = values.astype(np.float32)
    centres, widths = _numbers(dataset.get("WindowCenter")), _numbers(dataset.get("WindowWidth"))
    if not centres or not widths:
        return whole_range(values), f"range {values.min():g} to {values.max():g}, no window"
    function = str(dataset.get("VOILUTFunction") or "LINEAR").upper()
    if function not in WINDOWS:
        raise RefusedError("I17", f"VOILUTFunction {function} is unknown", f"known are {', '.join(WINDOWS)}")
    return WINDOWS[function](values, centres[0], widths[0]), f"window {centres[0]:g}/{widths[0]:g} {function}"


def _numbers(value: Any) -> list[float]:
    """Return one or several numbers of an attribute as a list."""
    if value is None or value == "":
        return []
    return [float(item) for item in (value if isinstance(value, pydicom.multival.MultiValue) else [value])]


def _check_inflated(path: Path, limits: Limits) -> None:
    """Inflate a deflated file up to the limit and not a byte further: 200 kB can hold a gigabyte."""
    with path.open("rb") as handle:
        if handle.read(132)[128:] != b"DICM":
            raise RefusedError("I16", "the file has no DICOM mark", "give DICOM, PNG or JPEG files")
        handle.seek(0)
        meta = pydicom.filereader.read_file_meta_info(path)
        if meta.get("TransferSyntaxUID") is None:
            raise RefusedError("I16", "the file names no transfer syntax", "export it again")
        if meta.TransferSyntaxUID != DeflatedExplicitVRLittleEndian:
            return
        # 132 bytes of preamble, then the group length element of 12 bytes, which counts what follows it
        handle.seek(144 + int(meta.FileMetaInformationGroupLength))
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(handle.read(), limits.file_bytes + 1)
    limits.check_bytes(len(inflated), "the inflated file")


def _check_single_grey(dataset: Dataset) -> None:
    frames, samples = int(dataset.get("NumberOfFrames") or 1), int(dataset.get("SamplesPerPixel") or 1)
    if frames != 1:
        raise RefusedError("I04", f"the file has {frames} frames, expected 1", "export the single view")
    if samples != 1 or not str(dataset.PhotometricInterpretation).startswith("MONOCHROME"):
        rule = (
            f"{samples} colour samples a pixel ({dataset.PhotometricInterpretation}) in its frames, expected 1 (grey)"
        )
        raise RefusedError("I04", rule, "export the radiograph, not a screenshot of it")
    stored, high = int(dataset.BitsStored), dataset.get("HighBit")
    if not 1 < stored <= int(dataset.BitsAllocated) or (high is not None and int(high) != stored - 1):
        rule = f"BitsStored {stored}, BitsAllocated {dataset.BitsAllocated} and HighBit {high} do not go together"
        raise RefusedError("I17", rule, "export it again")


def _check_decoder(dataset: FileDataset) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        able = not syntax.is_compressed or get_decoder(syntax).is_available
    except (NotImplementedError, ValueError):
        raise RefusedError("I16", f"unknown transfer syntax {syntax}", "export it uncompressed") from None
    if not able:
        raise RefusedError("I13", f"no decoder for the transfer syntax {syntax.name}", INSTALL)


def _check_native(dataset: Dataset) -> list[Doubt]:
    """Compare the bytes there with those the header promises, and look above the bits stored."""
    data, allocated = dataset.PixelData, int(dataset.BitsAllocated)
    needed = int(dataset.Rows) * int(dataset.Columns) * allocated // 8
    if len(data) < needed:
        rule = f"the pixel data are cut short: bytes expected {needed:,}, actual {len(data):,}"
        raise RefusedError("I05", rule, "copy or export the file again")
    doubts = []
    # one byte makes the length even
    if len(data) > needed + needed % 2:
        rule = f"{len(data) - needed:,} excess bytes after the pixel data: expected {needed:,}, actual {len(data):,}"
        doubts.append(Doubt("I06", rule, "see whether rows, columns and bits are right"))
    if not int(dataset.PixelRepresentation) and allocated in (8, 16):
        order = "<" if dataset.original_encoding[1] in (True, None) else ">"
        values = np.frombuffer(data, f"{order}u{allocated // 8}", count=needed * 8 // allocated)
        if int(values.max(initial=0)) >> int(dataset.BitsStored):
            rule = f"pixels have bits above BitsStored {dataset.BitsStored}, which are dropped"
            doubts.append(Doubt("I20", rule, "an overlay, or a wrong BitsStored: look at the film"))
    return doubts
