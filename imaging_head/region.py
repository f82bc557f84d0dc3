"""A region of interest: the voxels of an image inside a mask, with their size. All radiomic features begin with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError, raise_findings

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
# More grey levels than this are a wrong bin width, and matrices that no memory holds.
MOST_LEVELS = 5000


@dataclass(frozen=True, eq=False)
class Region:
    """Checked image and mask.

    Parameters
    ----------
    image : (z, y, x) intensities. mask : (z, y, x), True inside. spacing : size of a voxel in mm by z, y, x.
    """

    image: Floats
    mask: Mask
    spacing: tuple[float, float, float]

    @property
    def values(self) -> Floats:
        """Intensities inside the mask, (voxels,)."""
        return self.image[self.mask]

    @property
    def voxel(self) -> float:
        """Volume of a voxel in cubic mm."""
        return float(np.prod(self.spacing))

    def levels(self, bin_width: float) -> NDArray[np.int64]:
        """Grey levels from 1, (z, y, x), 0 outside the mask: bins of equal width whose edges are its multiples.

        Raises
        ------
        ImageError
            I77 a bin width that gives more than 5,000 levels.
        """
        x = self.values
        low, high = np.floor(x.min() / bin_width), np.floor(x.max() / bin_width)
        if not high - low < MOST_LEVELS:
            rule = f"a bin width of {bin_width:g} cuts intensities from {x.min():g} to {x.max():g} into too many levels"
            raise ImageError(Finding("I77", rule, "16 to 128 levels are usual: choose a wider bin"))
        binned = np.zeros(self.mask.shape, np.int64)
        # as numpy.digitize against the edges: a value on an edge belongs to the bin above it
        binned[self.mask] = np.digitize(x, bin_width * np.arange(low, high + 2))
        return binned


def region_of(image: Any, mask: Any, spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> Region:
    """Check image and mask.

    Parameters
    ----------
    image : (z, y, x) or (y, x) numbers; one slice counts as a slab of one voxel's thickness. mask : of the same shape,
        boolean or 0 and 1. spacing : in mm by z, y, x.

    Raises
    ------
    ImageError
        I75 all that does not fit: shapes, an empty mask or a single voxel, a mask of other values, intensities inside
        it that are no finite numbers, a spacing that is not positive.
    """
    x, inside = np.asarray(image), np.asarray(mask)
    raise_findings(_faults(x, inside, spacing), ImageError)
    if x.ndim == 2:
        x, inside = x[None], inside[None]
    z, y, across = (float(size) for size in spacing)
    return Region(x.astype(float), inside.astype(bool), (z, y, across))


def _faults(x: NDArray[Any], mask: NDArray[Any], spacing: Sequence[float]) -> Iterator[Finding]:
    if x.ndim not in (2, 3) or x.dtype.kind not in "biuf":
        rule = f"the image has {x.ndim} dimensions of {x.dtype}"
        yield Finding("I75", rule, "give one grey image of two or three dimensions")
        return
    if len(spacing) != 3 or not all(np.isfinite(size) and size > 0 for size in spacing):
        yield Finding("I75", f"spacing {tuple(spacing)}", "three positive sizes of a voxel in mm: z, y, x")
    if mask.shape != x.shape:
        rule = f"the mask has the shape {mask.shape}, the image {x.shape}"
        yield Finding("I75", rule, "resample the mask to the grid of the image")
        return
    if mask.dtype.kind not in "biuf" or not np.isin(mask, (0, 1)).all():
        listed = ", ".join(str(value) for value in np.unique(mask)[:5])
        yield Finding("I75", f"the mask has the values {listed}", "1 inside, 0 outside: one region a mask")
        return
    inside = x[mask.astype(bool)]
    if inside.size < 2:
        yield Finding(
            "I75", f"the mask covers {inside.size} voxels", "delineate the lesion; features need more than one"
        )
    elif not np.isfinite(inside.astype(float)).all():
        rule = f"{int((~np.isfinite(inside.astype(float))).sum())} intensities inside the mask are no finite numbers"
        yield Finding("I75", rule, "export the image again")
