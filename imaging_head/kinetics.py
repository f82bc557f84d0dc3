"""What a curve of contrast medium is boiled down to: wash-in, maximum and wash-out in the hottest spot of a lesion."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError
from imaging_head.dynamic_series import DynamicSeries

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
NAMES = ("wash_in", "maximum", "wash_out")
# Lang and others 2017: the wash-out is read from 67 seconds after the injection on.
REFERENCE = 67.0


def hot_spot_curves(series: DynamicSeries, masks: NDArray[Any] | None = None, size: int = 3) -> pd.DataFrame:
    """Measure the enhancement over time where a lesion takes up most.

    Parameters
    ----------
    series : of n patients. masks : (n, rows, columns) boolean, the lesion; without them the whole section counts, in
        which the hottest spot is usually a vessel. size : edge of the spot in pixels.

    Returns
    -------
    pandas.DataFrame
        Index = patients, columns = seconds: percent of the spot's own signal without contrast, (S - S0) / S0 x 100
        with means over the spot in S and S0; before the injection about 0.

    Notes
    -----
    The spot is the square of `size` pixels, all inside the mask, whose enhancement is largest in the mean over the
    frames after the injection; of like squares the first. The mean of many frames, and not one peak, so that noise
    does not choose. Readers place such spots by eye (Lang and others 2013, 2019).

    Raises
    ------
    ImageError
        I87 masks of another shape, a lesion without room for the spot or without signal before the injection: all such
        patients are named; I88 a size below 1.
    """
    if size < 1:
        raise ImageError(Finding("I88", f"a spot of {size} pixels", "at least 1; 3 is usual"))
    rows, columns = series.frames.shape[2:]
    masks = np.ones((len(series), rows, columns), bool) if masks is None else np.asarray(masks)
    if masks.shape != (len(series), rows, columns) or masks.dtype != bool:
        rule = f"masks of the shape {masks.shape} ({masks.dtype}) for series of {(len(series), rows, columns)}"
        raise ImageError(Finding("I87", rule, "give one boolean mask a patient"))
    found = [_curve(frames, mask, series.before, size) for frames, mask in zip(series.frames, masks, strict=True)]
    lacking = tuple(patient for patient, curve in zip(series.patients, found, strict=True) if curve is None)
    if lacking:
        rule = f"no square of {size} pixels in the lesion that has signal before the injection"
        raise ImageError(Finding("I87", rule, "draw the lesion anew, or choose a smaller spot", rows=lacking))
    index = pd.Index(series.patients, name="patient")
    return pd.DataFrame(np.stack([c for c in found if c is not None]), index, pd.Index(series.seconds, name="seconds"))


def kinetics(
    curves: pd.DataFrame,
    reference: float | str = REFERENCE,
    wash_out_of: Literal["baseline", "reference"] = "baseline",
) -> pd.DataFrame:
    """Read wash-in, maximum and wash-out from curves.

    Parameters
    ----------
    curves : from `hot_spot_curves`, percent of the signal without contrast, columns = seconds after the injection.
    reference : seconds after the injection from which the wash-out counts (67, Lang and others 2017; read between
        frames by a straight line), or ``peak``, the patient's own highest frame.
    wash_out_of : what the change is a percentage of: the signal without contrast, or that at the reference.

    Returns
    -------
    pandas.DataFrame
        Index = patients. `wash_in` : steepest rise between neighbouring frames, percent of baseline. `maximum` :
        highest enhancement after the injection, percent of baseline. `wash_out` : last frame minus reference, in
        percent; negative where the signal falls. From ``peak`` it is never positive, from a fixed time it may be.

    Notes
    -----
    Wash-in is not divided by the seconds between frames: it compares only among series of the same timing. Definitions:
    Lang and others 2013 (Magn Reson Imaging 31:1285: peak, steepest wash-in and wash-out, normalised to the signal
    without contrast), 2017 (Acad Radiol 24; reference at 67 s). Their 2019 thresholds (wash-out -6.6 %, wash-in 98 %)
    are those of one scanner and timing; a mean wash-out of +.25 % there means a fixed reference, not the peak.

    Raises
    ------
    ImageError
        I88 a reference outside the frames after the injection, curves that are not finite, lose all signal or have too
        few frames.
    """
    seconds, value = np.asarray(curves.columns, np.float64), curves.to_numpy(np.float64)
    _check_curves(seconds, value, reference, wash_out_of)
    after = np.flatnonzero(seconds > 0)
    steps = value[:, after] - value[:, after - 1]
    maximum = value[:, after].max(axis=1)
    start = maximum if reference == "peak" else np.array([np.interp(float(reference), seconds, row) for row in value])
    change = value[:, -1] - start
    if wash_out_of == "reference":
        change = change / (1 + start / 100)
    return pd.DataFrame(dict(zip(NAMES, (steps.max(axis=1), maximum, change), strict=True)), index=curves.index)


def _curve(frames: NDArray[Any], mask: Mask, before: NDArray[np.bool_], size: int) -> Floats | None:
    """Percent enhancement of the hottest square in a mask, (times,), or None where there is none."""
    if min(mask.shape) < size:
        return None
    squares = np.lib.stride_tricks.sliding_window_view(frames, (size, size), axis=(1, 2)).mean(
        axis=(-2, -1), dtype=np.float64
    )
    inside = np.lib.stride_tricks.sliding_window_view(mask, (size, size)).all(axis=(-2, -1))
    base = squares[before].mean(axis=0)
    inside &= base > 0
    if not inside.any():
        return None
    rise = np.divide(squares[~before].mean(axis=0), base, out=np.full(base.shape, -np.inf), where=inside)
    row, column = np.unravel_index(np.argmax(rise), rise.shape)
    curve: Floats = 100 * (squares[:, row, column] / base[row, column] - 1)
    return curve


def _check_curves(seconds: Floats, value: Floats, reference: float | str, wash_out_of: object) -> None:
    frames = (seconds <= 0).sum(), (seconds > 0).sum()
    if frames[0] < 1 or frames[1] < 2 or not (np.diff(seconds) > 0).all() or not np.isfinite(value).all():
        rule = f"curves with {frames[0]} frames before and {frames[1]} after the injection, in order and finite"
        raise ImageError(Finding("I88", rule, "at least one before and two after; see hot_spot_curves"))
    if reference != "peak" and (isinstance(reference, str) or not 0 < reference < seconds[-1]):
        rule = f"the reference {reference} with frames to {seconds[-1]:g} s"
        raise ImageError(Finding("I88", rule, "seconds after the injection and before the last frame, or peak"))
    if wash_out_of not in ("baseline", "reference"):
        raise ImageError(Finding("I88", f"wash-out in percent of {wash_out_of}", "baseline or reference"))
    if (value < -100).any() or (wash_out_of == "reference" and (value <= -100).any()):
        rule = "enhancement of -100 % or less: no signal is left"
        raise ImageError(Finding("I88", rule, "give percent of the signal without contrast"))
