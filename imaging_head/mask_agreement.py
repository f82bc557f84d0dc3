"""How well two masks agree: Dice's coefficient of their areas, Hausdorff's distance (95 %) of their borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError

Mask = NDArray[np.bool_]


def dice(mask: NDArray[Any], truth: NDArray[Any]) -> float:
    """Dice's coefficient 2 |A and B| / (|A| + |B|), from 0 to 1.

    Parameters
    ----------
    mask, truth : boolean (or 0 and 1), of one shape, in any number of dimensions.

    Notes
    -----
    Two empty masks agree: 1. One empty mask: 0. Source: Dice (1945).

    Raises
    ------
    ImageError
        I93 masks of two shapes, or of other values.
    """
    first, second = _both(mask, truth)
    size = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / size if size else 1.0


def hd95(mask: NDArray[Any], truth: NDArray[Any], spacing: Sequence[float] | None = None) -> float:
    """95th percentile of the distances between the borders of two masks, the larger of both directions.

    Parameters
    ----------
    mask, truth : as for `dice`. spacing : millimetres between pixels along each axis, by default 1 (pixels).

    Returns
    -------
    float
        In the unit of `spacing`. Two empty masks: 0. One empty mask: infinite, since there is no border to be near to;
        a mean over patients then is infinite too, and says so.

    Notes
    -----
    Border: pixels of the mask with a neighbour (sharing an edge; in volumes a face) outside it or beyond the picture;
    distances between the middles of pixels. Percentiles interpolate linearly (numpy's default, R's type 7), are taken
    in each direction and the larger counts, as MONAI does; programs that pool both directions first give less.

    Raises
    ------
    ImageError
        I93 masks of two shapes, or of other values; spacings that are not positive, or not one an axis.
    """
    first, second = _both(mask, truth)
    spacing = (1.0,) * first.ndim if spacing is None else tuple(float(step) for step in spacing)
    if len(spacing) != first.ndim or not all(0 < step < np.inf for step in spacing):
        rule = f"spacing {spacing} for masks of {first.ndim} dimensions"
        raise ImageError(Finding("I93", rule, "give a positive number of millimetres for each axis"))
    if not first.any() or not second.any():
        return 0.0 if first.any() == second.any() else float("inf")
    there, back = _distances(first, second, spacing), _distances(second, first, spacing)
    return float(max(np.percentile(there, 95), np.percentile(back, 95)))


def border_of(mask: Mask) -> Mask:
    """Return the pixels of a mask that touch, by an edge or face, what is outside it or beyond the picture."""
    from scipy.ndimage import binary_erosion

    return mask & ~binary_erosion(mask)


def _distances(mask: Mask, truth: Mask, spacing: tuple[float, ...]) -> NDArray[np.float64]:
    """Distance of each pixel on the border of `mask` to the nearest on that of `truth`."""
    from scipy.ndimage import distance_transform_edt

    away: NDArray[np.float64] = distance_transform_edt(~border_of(truth), sampling=spacing)
    return away[border_of(mask)]


def _both(mask: NDArray[Any], truth: NDArray[Any]) -> tuple[Mask, Mask]:
    found = np.asarray(mask), np.asarray(truth)
    if found[0].shape != found[1].shape or found[0].ndim == 0:
        rule = f"masks of the shapes {found[0].shape} and {found[1].shape}"
        raise ImageError(Finding("I93", rule, "compare masks of the same picture"))
    if not all(np.isin(array, (0, 1)).all() for array in found):
        raise ImageError(Finding("I93", "a mask with values besides 0 and 1", "cut shares at a threshold before"))
    return found[0].astype(bool), found[1].astype(bool)
