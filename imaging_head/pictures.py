"""PNG and JPEG radiographs: grey from 0 to 1, nothing else of the file. Runs in the decoding process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging_head.grey import Floats
from imaging_head.limits import Limits
from imaging_head.refusal import RefusedError

# Pillow's modes of one grey channel and the largest value of each; of four 16-bit names the first three mean the same.
GREY_MODES = {"L": 255, "I;16": 65535, "I;16L": 65535, "I;16B": 65535, "I": 65535, "1": 1}
FORMATS = ("PNG", "JPEG")


def read_picture(path: Path, limits: Limits) -> tuple[Floats, NDArray[np.uint16] | NDArray[np.uint8]]:
    """Return grey (0 to 1) and stored values, (rows, columns). Three equal channels count as grey.

    Raises
    ------
    RefusedError
        I04 colour or several frames, I08 above a limit.
    """
    limits.check_bytes(path.stat().st_size)
    # the limits of this package are checked below, before a pixel is decoded
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(path, formats=FORMATS) as picture:
        limits.check_pixels(picture.height, picture.width)
        frames = int(getattr(picture, "n_frames", 1))
        if frames != 1:
            raise RefusedError("I04", f"the file has {frames} frames, expected 1", "export the single view")
        stored = _grey(picture)
    scale = 255 if stored.dtype == np.uint8 else 65535
    return stored.astype(np.float32) / np.float32(scale), stored


def _grey(picture: Image.Image) -> NDArray[np.uint16] | NDArray[np.uint8]:
    mode = picture.mode
    if mode == "1" or mode == "L":
        return np.asarray(picture.convert("L"), np.uint8)
    if mode in GREY_MODES:
        return np.asarray(picture).astype(np.uint16)
    colours = np.asarray(picture.convert("RGBA"))
    same = (colours[..., 0] == colours[..., 1]).all() and (colours[..., 1] == colours[..., 2]).all()
    if not same or (colours[..., 3] < 255).any():
        rule = f"colour or transparency ({mode}) in its frames, expected 1 grey channel"
        raise RefusedError("I04", rule, "export the radiograph in grey")
    return colours[..., 0]
