"""Radiomic features of a region of interest: 56 of this package's own, or all 107 original ones of pyradiomics."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from cohorts.errors import Finding, ImageError, raise_findings
from imaging_head.first_order import first_order
from imaging_head.grey_level_pairs import grey_level_pairs
from imaging_head.radiomic_names import FAMILIES, ORIGINAL
from imaging_head.region import Region, region_of
from imaging_head.shape_features import shape_features

Engine = Literal["own", "pyradiomics"]
INSTALL = "pip install 'bone-prognosis[radiomics]' (a C compiler is needed); or engine='own': shape, first order, GLCM"
OWN = tuple(name for name in ORIGINAL if name.split("_")[1] in ("shape", "firstorder", "glcm"))


@dataclass(frozen=True)
class RadiomicSettings:
    """What features depend on besides image and mask; to be reported with every result.

    Parameters
    ----------
    bin_width : of the grey levels, in the unit of the image. resampled : size in mm (z, y, x) of the voxels that image
        and mask are brought to first, by pyradiomics' B-splines and nearest neighbours; None: as they are.
    in_plane : textures within slices only, where slices are much thicker than pixels.

    Raises
    ------
    ImageError
        I77 settings that cannot be met.
    """

    bin_width: float = 25.0
    resampled: tuple[float, float, float] | None = None
    in_plane: bool = False

    def __post_init__(self) -> None:
        raise_findings(self._faults(), ImageError)

    def _faults(self) -> Iterator[Finding]:
        if not (np.isfinite(self.bin_width) and self.bin_width > 0):
            yield Finding("I77", f"bin_width={self.bin_width}", "a positive number; 16 to 128 levels are usual")
        sizes: Sequence[float] = (1.0, 1.0, 1.0) if self.resampled is None else self.resampled
        if len(sizes) != 3 or not all(np.isfinite(size) and size > 0 for size in sizes):
            yield Finding("I77", f"resampled={self.resampled}", "three positive sizes of a voxel in mm: z, y, x")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return {**asdict(self), "resampled": None if self.resampled is None else list(self.resampled)}


def radiomic_features(
    image: Any,
    mask: Any,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    settings: RadiomicSettings | None = None,
    engine: Engine = "own",
) -> Mapping[str, float]:
    """Compute the features of one region.

    Parameters
    ----------
    image : (z, y, x) or (y, x) intensities. mask : the same shape, 1 inside. spacing : of the voxels in mm: z, y, x.
    settings : default a bin width of 25 in the unit of the image.
    engine : ``own``, 14 shape, 18 first-order and 24 GLCM features, nothing else to be installed; ``pyradiomics``, all
        107 original ones by the extra `radiomics`. Both agree to rounding.

    Returns
    -------
    Mapping from names such as ``original_glcm_Contrast`` to numbers.

    Raises
    ------
    ImageError
        I75 image, mask or spacing; I76 the extra is not installed; I77 settings, or resampling by the own engine; I83
        pyradiomics gives up.
    """
    asked, region = settings or RadiomicSettings(), region_of(image, mask, spacing)
    if engine == "pyradiomics":
        return _by_pyradiomics(region, asked)
    if engine != "own":
        raise ImageError(Finding("I77", f"engine={engine!r}", "own or pyradiomics"))
    if asked.resampled is not None:
        raise ImageError(Finding("I77", "the own engine does not resample", "engine='pyradiomics', or resample before"))
    found = {
        "shape": shape_features(region),
        "firstorder": first_order(region, asked.bin_width),
        "glcm": grey_level_pairs(region, asked.bin_width, in_plane=asked.in_plane),
    }
    return {f"original_{family}_{name}": value for family, part in found.items() for name, value in part.items()}


def check_pyradiomics() -> None:
    """Refuse (I76) to go on without pyradiomics.

    Raises
    ------
    ImageError
        I76.
    """
    absent = [name for name in ("radiomics", "SimpleITK") if find_spec(name) is None]
    if absent:
        rule = f"the 107 features need pyradiomics, which is not installed ({', '.join(absent)} absent)"
        raise ImageError(Finding("I76", rule, INSTALL))


def versions(engine: Engine) -> str:
    """Return what computed the features, for the record."""
    if engine == "own":
        from cohorts.version import __version__

        return f"bone-prognosis {__version__}"
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in ("pyradiomics-cuda", "SimpleITK"))


def _by_pyradiomics(region: Region, settings: RadiomicSettings) -> dict[str, float]:
    check_pyradiomics()
    import SimpleITK
    from radiomics import featureextractor

    # its log names files and counts of voxels; what goes wrong comes as an exception
    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    resampled = None if settings.resampled is None else list(settings.resampled[::-1])
    extractor = featureextractor.RadiomicsFeatureExtractor(
        binWidth=settings.bin_width, resampledPixelSpacing=resampled, force2D=settings.in_plane, additionalInfo=False
    )
    extractor.disableAllFeatures()
    for family in FAMILIES:
        extractor.enableFeatureClassByName(family)
    image, mask = (SimpleITK.GetImageFromArray(part) for part in (region.image, region.mask.astype(np.uint8)))
    for grid in (image, mask):
        grid.SetSpacing(region.spacing[::-1])
    try:
        found = extractor.execute(image, mask)
    except (ValueError, RuntimeError, AssertionError, IndexError) as error:
        rule = f"pyradiomics gives no features of this region: {str(error).splitlines()[0]}"
        raise ImageError(Finding("I83", rule, "look at the mask")) from None
    return {name: float(found[name]) for name in ORIGINAL}
