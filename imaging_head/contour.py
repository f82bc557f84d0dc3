"""From scores of pixels to one mask: the part that hangs together, and the contour where the picture has an edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError
from imaging_head.mask_agreement import border_of

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
LEVELS = tuple(float(level) for level in np.linspace(0.2, 0.8, 25))


def largest_part(mask: Mask) -> Mask:
    """Return the largest part of a mask whose pixels share edges (faces), its holes filled; of like parts the first.

    An empty mask stays empty.
    """
    from scipy.ndimage import binary_fill_holes, label

    parts, count = label(mask)
    if count == 0:
        return np.zeros_like(mask, dtype=bool)
    filled: Mask = binary_fill_holes(parts == 1 + np.argmax(np.bincount(parts.ravel())[1:]))
    return filled


def contour_at(score: NDArray[Any], level: float = 0.5) -> Mask:
    """Return the largest part of the pixels whose score, 0 to 1, is at least the level.

    Raises
    ------
    ImageError
        I90 scores that are not from 0 to 1, or a level that is not between them.
    """
    score = np.asarray(score)
    if not (np.isfinite(score).all() and score.size and score.min() >= 0 and score.max() <= 1 and 0 < level < 1):
        rule = f"scores that are not from 0 to 1, or the level {level}"
        raise ImageError(Finding("I90", rule, "give shares or probabilities, and a level between 0 and 1"))
    return largest_part(score >= level)


def optimum_contour(score: NDArray[Any], picture: NDArray[Any], levels: Sequence[float] = LEVELS) -> Mask:
    """Return, of the contours at some levels, the one along which the picture changes most.

    Parameters
    ----------
    score : (rows, columns), or a volume, from 0 to 1. picture : the same shape, where the edge is to be seen.
    levels : of the score; of equal contours the one nearest to .5 counts.

    Notes
    -----
    The idea of optimum contour selection (Jin and others 2014; Kawata and others 2017): many candidates, of which the
    one with the largest mean gradient along its border is taken. Their candidates are steps of a level set that moves
    over the picture, ours the level lines of one score. The gradient is Gaussian, of standard deviation 1 pixel.
    Contours that touch more than half of the picture's frame are no candidates.

    Raises
    ------
    ImageError
        I90 scores or levels outside 0 to 1, no level, a picture of another shape or not finite.
    """
    from scipy.ndimage import gaussian_gradient_magnitude

    picture = np.asarray(picture, np.float64)
    if picture.shape != np.shape(score) or not np.isfinite(picture).all() or not len(levels):
        rule = f"a picture of the shape {picture.shape} for scores of {np.shape(score)}, {len(levels)} levels"
        raise ImageError(Finding("I90", rule, "give a finite picture of the same shape, and some levels"))
    edge: Floats = gaussian_gradient_magnitude(picture, 1.0, mode="nearest")
    best, strength = contour_at(score), -1.0
    for level in sorted(levels, key=lambda level: (abs(level - 0.5), level)):
        candidate = contour_at(score, level)
        if _fills_frame(candidate) or not candidate.any():
            continue
        mean = float(edge[border_of(candidate)].mean())
        if mean > strength:
            best, strength = candidate, mean
    return best


def _fills_frame(mask: Mask) -> bool:
    frame = np.ones_like(mask)
    frame[(slice(1, -1),) * mask.ndim] = False
    return bool(mask[frame].mean() > 0.5)
