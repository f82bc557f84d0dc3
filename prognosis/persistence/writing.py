"""Model files: a zip of ``model.json`` and ``arrays.npz``. Data, never code: safe to open."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ModelFileError
from prognosis.persistence.content import content_of, hash_of, self_test_of

if TYPE_CHECKING:
    from prognosis.model import FittedModel

CONTENT, ARRAYS = "model.json", "arrays.npz"
# Bytes of a model, unpacked, above which no file is opened.
SIZE_LIMIT = 512 * 1024**2
# A fixed time stamp in the zip: the same model gives the same bytes.
STAMP = (1980, 1, 1, 0, 0, 0)


def content_hash(model: FittedModel) -> str:
    """SHA-256 of a model's content (values and arrays), the hash printed in reports."""
    return hash_of(*content_of(model))


def check_storable(model: FittedModel, store_reference: bool) -> None:
    """Refuse to write patients' rows where nobody declared that they may be.

    Raises
    ------
    ModelFileError
        L21 the model is made of patients' rows, and `store_reference` is not True.
    """
    if getattr(model.estimate, "holds_rows", False) and store_reference is not True:
        rule = f"model {model.name} ({model.kind}) is made of patients' rows, which its file would hold"
        way_out = "store_reference=True (true in a study file) where that may be; or a model that keeps no rows"
        raise ModelFileError(Finding("L21", rule, way_out))


def save_model(model: FittedModel, path: Path, store_reference: bool = False) -> Path:
    """Write a model file; a file of that name is replaced only when the new one is complete.

    Raises
    ------
    ModelFileError
        L10 the path does not end in ``.prognosis`` or cannot be written; L07 too large to be opened again; L21 as
        `check_storable`.
    """
    check_storable(model, store_reference)
    if path.suffix != ".prognosis":
        raise ModelFileError(
            Finding("L10", f"a model file ends in .prognosis, not '{path.suffix}'", "choose such a name")
        )
    content, arrays = content_of(model)
    document = {"content": content, "self_test": self_test_of(model), "sha256": hash_of(content, arrays)}
    text = json.dumps(document, allow_nan=False, ensure_ascii=False, sort_keys=True, indent=1)
    numbers, packed = _pack(arrays), io.BytesIO()
    if len(text.encode()) + len(numbers) > SIZE_LIMIT:
        rule = f"the model has {len(numbers)} bytes, above the limit of {SIZE_LIMIT} bytes: no one could open it"
        raise ModelFileError(Finding("L07", rule, "fewer trees, or larger leaves"))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(CONTENT, STAMP), text, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo(ARRAYS, STAMP), numbers, zipfile.ZIP_DEFLATED)
    beside = path.with_name(path.name + ".part")
    try:
        with beside.open("wb") as file:
            file.write(packed.getvalue())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise ModelFileError(
            Finding("L10", f"cannot write the model: {error.strerror}", "check folder and space", file=str(path))
        ) from None
    return path


def _pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack arrays as an npz with fixed time stamps."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            part = io.BytesIO()
            np.lib.format.write_array(part, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", STAMP), part.getvalue())
    return out.getvalue()
