"""From stored numbers to grey: window, inversion, orientation, the field inside the collimator. Plain arrays only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from imaging_head.refusal import Doubt, RefusedError

Floats = NDArray[np.float32]

# A film that varies less than this shows nothing; one with nearly all pixels at an end of the scale neither.
LEAST_VARIANCE = 1e-4
MOST_SATURATED = 0.98
# Outside the collimator the plate is unexposed: a whole column of white, but for its penumbra.
WHITE, LEAST_FIELD = 0.85, 0.2


def linear(values: Floats, centre: float, width: float) -> Floats:
    """Return 0 to 1 by DICOM's LINEAR window (PS3.3, C.11.2.1.2.1)."""
    if width < 1:
        raise RefusedError("I17", f"WindowWidth is {width}, at least 1 is needed", "correct the tag")
    if width == 1:
        return (values > centre - 0.5).astype(np.float32)
    return np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def linear_exact(values: Floats, centre: float, width: float) -> Floats:
    """Return 0 to 1 by DICOM's LINEAR_EXACT window (PS3.3, C.11.2.1.3.2)."""
    if width <= 0:
        raise RefusedError("I17", f"WindowWidth is {width}, a positive number is needed", "correct the tag")
    return np.clip((values - centre) / width + 0.5, 0, 1)


def sigmoid(values: Floats, centre: float, width: float) -> Floats:
    """Return 0 to 1 by DICOM's SIGMOID window (PS3.3, C.11.2.1.3.1)."""
    if width <= 0:
        raise RefusedError("I17", f"WindowWidth is {width}, a positive number is needed", "correct the tag")
    return 1 / (1 + np.exp(-4 * (values - centre) / width))


WINDOWS: dict[str, Callable[[Floats, float, float], Floats]] = {
    "LINEAR": linear,
    "LINEAR_EXACT": linear_exact,
    "SIGMOID": sigmoid,
}


def whole_range(values: Floats) -> Floats:
    """Return 0 to 1 from the smallest to the largest value of the film; a constant film becomes zero."""
    low, high = float(values.min()), float(values.max())
    return (values - low) / (high - low) if high > low else np.zeros_like(values)


def upright(pixels: Floats, orientation: tuple[str, ...]) -> Floats:
    """Turn and mirror a film so that the feet are below and, seen from the front, the patient's right is on the left.

    Parameters
    ----------
    pixels : (rows, columns).
    orientation : DICOM's PatientOrientation: to which side of the patient rows and columns run, as ``("R", "F")``.
        Without it, or where it names another plane, the film stays as it is.
    """
    if len(orientation) != 2 or not all(orientation):
        return pixels
    along, down = orientation[0][0], orientation[1][0]
    if along in "HF" and down in "LRAP":
        pixels, along, down = pixels.T, down, along
    if down not in "HF":
        return pixels
    pixels = pixels[::-1] if down == "H" else pixels
    return pixels[:, ::-1] if along == "R" else pixels


def is_turned(orientation: tuple[str, ...]) -> bool:
    """Return whether `upright` swaps rows and columns."""
    return len(orientation) == 2 and orientation[0][:1] in ("H", "F") and orientation[1][:1] in ("L", "R", "A", "P")


def check_variance(pixels: Floats) -> None:
    """Refuse (I09) a film that is constant, black or saturated."""
    variance = float(pixels.var(dtype=np.float64))
    if variance < LEAST_VARIANCE:
        rule = f"the film is empty: variance of grey {variance:.2g} on a scale from 0 to 1, at least {LEAST_VARIANCE}"
        raise RefusedError("I09", rule, "export the film again, with its window")
    ends = max(float((pixels <= 0).mean()), float((pixels >= 1).mean()))
    if ends > MOST_SATURATED:
        rule = f"{ends:.1%} of the pixels are saturated, the variance of grey lies in the rest"
        raise RefusedError("I09", rule, "export the film again, with a window that shows the bone")


def exposed_field(pixels: Floats) -> tuple[tuple[int, int, int, int], list[Doubt]]:
    """Return (top, bottom, left, right) of the field inside the collimator, as a half-open box, and doubts.

    Rows and columns are left out from each edge inwards while three quarters of their pixels are white (unexposed), or
    all are the same (a shutter). A film whose field would be less than a fifth of it is kept whole, with a doubt.
    """
    rows, columns = pixels.shape
    left, right = _inside(pixels)
    top, bottom = _inside(pixels[:, left:right].T) if right > left else (0, rows)
    if (right - left) * (bottom - top) < LEAST_FIELD * rows * columns:
        rule = "nearly all of the film would count as collimation border; it is kept whole"
        return (0, rows, 0, columns), [Doubt("I21", rule, "look at the film; its grey may be inverted")]
    return (top, bottom, left, right), []


def _inside(pixels: Floats) -> tuple[int, int]:
    """Return the first column of the field and the one after its last."""
    # every fourth row is enough to judge a column, and four times as fast
    some = pixels[:: max(1, pixels.shape[0] // 400)]
    white = (some > WHITE).mean(axis=0) > 0.75
    field = np.flatnonzero(~(white | (np.ptp(some, axis=0) == 0)))
    return (int(field[0]), int(field[-1]) + 1) if field.size else (0, 0)
