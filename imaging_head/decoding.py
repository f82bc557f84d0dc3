"""The decoding process: reads one path a line, answers with one line of JSON and the bytes of the film.

A file from outside is opened here and nowhere else, under a cap of memory and processor time; the process that asks
watches the clock. Nothing is answered but allowed attributes and pixels, and nothing answered can be executed.
"""

from __future__ import annotations

import json
import os
import resource
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.errors import BytesLengthException, InvalidDicomError

from imaging_head.dicom import attributes, grey_values, how_grey, read_dataset, stored_values
from imaging_head.grey import check_variance, exposed_field, is_turned, upright
from imaging_head.limits import Limits
from imaging_head.pictures import read_picture
from imaging_head.refusal import RefusedError
from imaging_head.tags import LINK

READY = b"ready\n"
Answer = tuple[dict[str, Any], NDArray[Any]]
# What the libraries raise on damaged files.
DAMAGE = (
    *(
        ArithmeticError,
        AttributeError,
        EOFError,
        KeyError,
        IndexError,
        NotImplementedError,
        OSError,
        RuntimeError,
        SyntaxError,
    ),
    *(TypeError, ValueError, AssertionError, struct.error, zlib.error),
    *(BytesLengthException, InvalidDicomError),
)


def serve(limits: Limits) -> None:
    """Answer requests from standard input until it ends."""
    # libraries may write to standard output: the answers get a handle of their own
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    _warm_up()
    cap_memory(limits.memory)
    answers.write(READY)
    answers.flush()
    for line in sys.stdin:
        _answer(json.loads(line), limits, answers)


def cap_memory(more: int) -> None:
    """Allow so many bytes on top of what the process has now."""
    now = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + more, now + more))


def read_film(path: Path, limits: Limits) -> Answer:
    """Return what is known of a film and its grey values, upright, float32 from 0 to 1.

    Raises
    ------
    RefusedError
        See `dicom.read_dataset` and `pictures.read_picture`; I09 a film that shows nothing.
    """
    about: dict[str, Any]
    if is_dicom(path):
        dataset = read_dataset(path, limits)
        stored, doubts = stored_values(dataset)
        grey, how = grey_values(dataset, stored)
        about = {"tags": attributes(dataset), "link": attributes(dataset, (LINK,)).get(LINK), "how": how}
        orientation = tuple(about["tags"].get("PatientOrientation") or ())
        grey = upright(grey, orientation)
        about["turned"] = is_turned(orientation)
    else:
        grey, _ = read_picture(path, limits)
        about, doubts = {"tags": {}, "link": None, "how": "grey as stored", "turned": False}, []
    check_variance(grey)
    field, more = exposed_field(grey)
    return {**about, "field": field, "doubts": [asdict(doubt) for doubt in (*doubts, *more)]}, grey


def read_stored(path: Path, limits: Limits) -> Answer:
    """Return what a copy needs, and the stored pixels as they are."""
    if is_dicom(path):
        dataset = read_dataset(path, limits)
        stored, doubts = stored_values(dataset)
        syntax = dataset.file_meta.TransferSyntaxUID
        about = {"tags": attributes(dataset), "link": attributes(dataset, (LINK,)).get(LINK), "grey": how_grey(dataset)}
        about |= {"sop_class": str(dataset.get("SOPClassUID") or ""), "compressed": bool(syntax.is_compressed)}
        return {**about, "doubts": [asdict(doubt) for doubt in doubts]}, stored
    grey, stored = read_picture(path, limits)
    check_variance(grey)
    return {"tags": {}, "link": None, "grey": None, "doubts": []}, stored


def is_dicom(path: Path) -> bool:
    """Return whether a file is no PNG or JPEG by its first bytes; a name decides nothing."""
    with path.open("rb") as handle:
        start = handle.read(8)
    return not start.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"))


READERS = {"film": read_film, "stored": read_stored}


def _answer(asked: dict[str, str], limits: Limits, answers: BinaryIO) -> None:
    pixels: NDArray[Any] = np.zeros((0, 0), np.float32)
    try:
        about, pixels = READERS[asked["read"]](Path(asked["file"]), limits)
    except RefusedError as error:
        about = {"refused": [error.code, error.rule, error.way_out]}
    except MemoryError:
        rule = f"decoding needs more memory than the limit of {limits.memory:,} bytes"
        about = {"refused": ["I15", rule, "give a single radiograph, or raise Limits(memory=...)"]}
    except DAMAGE as error:
        about = {"refused": [*damaged(error), "copy or export the file again"]}
    for part in _parts(about, pixels):
        answers.write(part)
    answers.flush()


def damaged(error: Exception) -> tuple[str, str]:
    """Return code and rule of a library's complaint, which may quote the file and is therefore not passed on."""
    if isinstance(error, EOFError) or "end of file" in str(error).lower() or "truncated" in str(error).lower():
        return "I05", "the file ends early: more bytes expected than the actual ones"
    return "I16", f"the file cannot be decoded ({type(error).__name__})"


def _parts(about: dict[str, Any], pixels: NDArray[Any]) -> Iterator[bytes]:
    ordered = np.ascontiguousarray(pixels)
    yield json.dumps({**about, "shape": ordered.shape, "dtype": ordered.dtype.str}).encode() + b"\n"
    yield ordered.tobytes()


def _warm_up() -> None:
    """Import what pydicom imports on first use, before memory is capped: a failed import would look like no decoder."""
    from pydicom.pixels.decoders import base
    from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

    for syntax in (JPEG2000Lossless, JPEGLSLossless):
        base.get_decoder(syntax)
