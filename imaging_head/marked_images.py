"""Pictures with a mask drawn by hand, and what is learnt of each pixel: its own values and its neighbours'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError, LeakageError, raise_findings

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
WINDOWS = (3, 7)


@dataclass(frozen=True, eq=False)
class MarkedImages:
    """Pictures or volumes, cut near the lesion, with the mask that a reader drew.

    Parameters
    ----------
    images : each (rows, columns, channels) or (slices, rows, columns, channels); sizes may differ, channels not (CT and
        PET, registered). masks : boolean, the shape of the image without its channels.
    patients : whose image it is; a patient may have several. spacing : millimetres between pixels, one an axis.

    Raises
    ------
    ImageError
        I90 shapes that do not fit, values that are not finite, a mask with nothing or everything in it: all images are
        named at once.
    """

    images: tuple[NDArray[Any], ...]
    masks: tuple[Mask, ...]
    patients: tuple[str, ...]
    spacing: tuple[float, ...] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not len(self.images) == len(self.masks) == len(self.patients) or not self.images:
            rule = f"{len(self.images)} images, {len(self.masks)} masks, {len(self.patients)} patients"
            raise ImageError(Finding("I90", rule, "give each image its mask and its patient"))
        if not all(0 < step < np.inf for step in self.spacing):
            raise ImageError(Finding("I90", f"spacing {self.spacing}", "give positive millimetres, one an axis"))
        raise_findings(self._faults(), ImageError)

    def __len__(self) -> int:
        return len(self.images)

    def take(self, places: Sequence[int]) -> MarkedImages:
        """Return some images."""
        images, masks = tuple(self.images[place] for place in places), tuple(self.masks[place] for place in places)
        return MarkedImages(images, masks, tuple(self.patients[place] for place in places), self.spacing)

    def _faults(self) -> Iterator[Finding]:
        axes, channels = len(self.spacing), {np.shape(image)[-1:] for image in self.images}
        if len(channels) > 1:
            yield Finding("I90", "images of different channels", "give every image the same channels in one order")
        for place, (image, mask) in enumerate(zip(self.images, self.masks, strict=True)):
            rows = (str(self.patients[place]),)
            image, mask = np.asarray(image), np.asarray(mask)
            if image.ndim != axes + 1 or 0 in image.shape or mask.shape != image.shape[:-1] or mask.dtype != bool:
                rule = f"image {place + 1} has the shape {image.shape}, its mask {mask.shape} of {mask.dtype}"
                yield Finding("I90", rule, "give (rows, columns, channels) and a boolean (rows, columns)", rows=rows)
            elif not np.isfinite(image).all():
                yield Finding("I90", f"image {place + 1} has pixels that are no numbers", "cut them out", rows=rows)
            elif mask.all() or not mask.any():
                held = "everything" if mask.any() else "nothing"
                rule = f"the mask of image {place + 1} holds {held}: nothing to learn, nothing to compare with"
                yield Finding("I90", rule, "leave the image out, or draw the lesion", rows=rows)


def pixel_features(image: NDArray[Any], windows: Sequence[int] = WINDOWS) -> Floats:
    """Describe each pixel by its own values and their mean and standard deviation in windows around it.

    Parameters
    ----------
    image : ([slices,] rows, columns, channels). windows : edges in pixels, odd; beyond the picture its edge goes on.

    Returns
    -------
    numpy.ndarray
        (pixels, channels x (1 + 2 x windows)), float32, pixels in the order of the image's rows.

    Raises
    ------
    ImageError
        I90 windows that are not odd and above 1, or values that are not finite.
    """
    from scipy.ndimage import uniform_filter

    image = np.asarray(image, np.float64)
    if not np.isfinite(image).all() or any(edge < 3 or edge % 2 == 0 for edge in windows):
        raise ImageError(Finding("I90", f"windows {tuple(windows)}, or pixels that are no numbers", "odd, 3 or more"))
    columns = []
    # about its mean, or squares of Hounsfield units would cancel
    for channel in np.moveaxis(image - image.mean(axis=tuple(range(image.ndim - 1))), -1, 0):
        columns.append(channel)
        for edge in windows:
            mean = uniform_filter(channel, edge, mode="nearest")
            square = uniform_filter(channel**2, edge, mode="nearest")
            columns += [mean, np.sqrt(np.maximum(square - mean**2, 0))]
    return np.stack([column.ravel() for column in columns], axis=1).astype(np.float32)


def folds_of(patients: Sequence[str], folds: Sequence[Any] | None = None) -> NDArray[np.int64]:
    """Return the fold of each image: a patient each, or as given.

    Parameters
    ----------
    patients : of the images. folds : of the images, numbers; or arrays with the fold of each pixel.

    Raises
    ------
    LeakageError
        I91 a patient (or a picture, whose pixels were dealt out) is in two folds.
    ImageError
        I90 fewer than two folds, or not one for each image.
    """
    if folds is None:
        folds = np.unique(np.asarray(patients, dtype=str), return_inverse=True)[1].tolist()
    if len(folds) != len(patients):
        raise ImageError(Finding("I90", f"{len(folds)} folds for {len(patients)} images", "give one for each image"))
    found: dict[str, set[int]] = {}
    for patient, fold in zip(patients, folds, strict=True):
        found.setdefault(str(patient), set()).update(np.unique(fold).tolist())
    divided = tuple(patient for patient, numbers in found.items() if len(numbers) > 1)
    if divided:
        rule = "pixels of one patient in two folds: neighbours are nearly alike, so they would be learnt by heart"
        way_out = "keep all images of a patient in one fold (folds=None leaves one patient out at a time)"
        raise LeakageError(Finding("I91", rule, way_out, rows=divided))
    one = np.array([int(np.ravel(fold)[0]) for fold in folds], np.int64)
    if len(np.unique(one)) < 2:
        raise ImageError(Finding("I90", "one fold: nobody is left to learn from", "give at least two patients"))
    return one
