"""Made-up tumours near a wall of soft tissue, as CT and PET see them, with the mask that is true."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cohorts.errors import Finding, ImageError, raise_findings
from imaging_head.marked_images import MarkedImages

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
SOLID, GROUND_GLASS, PART_SOLID = "solid", "ground glass", "part-solid"
# The 16 patients of Kawata and others 2017.
PUBLISHED: Mapping[str, int] = MappingProxyType({SOLID: 6, GROUND_GLASS: 4, PART_SOLID: 6})
# Hounsfield units of lung, wall and tumour; uptake (SUV) likewise. Part-solid tumours have a solid core. All chosen.
LUNG_HU, WALL_HU, SOLID_HU, GLASS_HU = -850.0, 40.0, 30.0, -550.0
LUNG_SUV, WALL_SUV, SOLID_SUV, GLASS_SUV = 0.4, 0.9, 7.0, 1.8
MILLIMETRES = 1.5


def simulate_tumours(
    kinds: Mapping[str, int] = PUBLISHED, seed: int = 0, size: int = 48, noise: float = 1.0, slices: int = 1
) -> MarkedImages:
    """Make up pictures of lung tumours, cut near the tumour, channels PET (uptake) and CT (Hounsfield units).

    Parameters
    ----------
    kinds : patients whose tumour is solid, ground glass, part-solid. seed : decides everything; a patient does not
        depend on how many others there are. size : pixels of an edge, 1.5 mm each.
    noise : times the usual standard deviations, 40 Hounsfield units and .15 SUV; 0 is a clean picture.
    slices : pictures of each patient, through the tumour; patients are named S01, G01, P01, ...

    Notes
    -----
    PET is blurred by 4 mm (standard deviation), CT by .9 mm. A wall of soft tissue with the density of a solid tumour
    runs along one edge and touches some tumours. The mask is the tumour's own outline, with its ground glass.

    Raises
    ------
    ImageError
        I40 an argument that cannot be met.
    """
    faults = [
        (not set(kinds) <= set(PUBLISHED), f"kinds {', '.join(kinds)}", f"known are {', '.join(PUBLISHED)}"),
        (min(kinds.values(), default=0) < 0 or sum(kinds.values()) < 1, "no patients", "at least one"),
        (not 24 <= size <= 512 or not 1 <= slices <= 9, f"size {size}, {slices} slices", "24 to 512, and 1 to 9"),
        (not 0 <= noise <= 20, f"noise {noise}", "0 to 20"),
    ]
    raise_findings((Finding("I40", rule, way_out) for wrong, rule, way_out in faults if wrong), ImageError)
    images, masks, patients = [], [], []
    for place, kind in enumerate(PUBLISHED):
        for number in range(kinds.get(kind, 0)):
            rng = np.random.default_rng(np.random.SeedSequence([seed, 5, place, number]))
            for image, mask in _patient(kind, size, noise, slices, rng):
                images.append(image)
                masks.append(mask)
                patients.append(f"{kind[0].upper()}{number + 1:02d}")
    return MarkedImages(tuple(images), tuple(masks), tuple(patients), (MILLIMETRES, MILLIMETRES))


def _patient(
    kind: str, size: int, noise: float, slices: int, rng: np.random.Generator
) -> list[tuple[NDArray[np.float32], Mask]]:
    half = size * MILLIMETRES / 2
    y, x = np.meshgrid(*[(np.arange(size) + 0.5) * MILLIMETRES - half] * 2, indexing="ij")
    radius, core = rng.uniform(0.28, 0.42) * half, rng.uniform(0.4, 0.6)
    middle, waves = rng.uniform(-0.15, 0.15, 2) * half, rng.normal(0, 0.06, 5)
    wall = x < -rng.uniform(0.45, 0.85) * half + 0.03 * half * np.sin(y / half * 3)
    dx, dy = x - middle[0], y - middle[1]
    angle = np.arctan2(dy, dx)
    away = np.hypot(dx, dy) / (1 + sum(wave * np.cos((k + 2) * angle + 9 * wave) for k, wave in enumerate(waves)))
    found = []
    for part in range(slices):
        # slices through a ball
        across = radius * np.sqrt(1 - (0.8 * (2 * part / max(1, slices - 1) - 1)) ** 2) if slices > 1 else radius
        mask = (away < across) & ~wall
        found.append((_picture(kind, mask, away < core * across, wall, noise, rng), mask))
    return found


def _picture(
    kind: str, mask: Mask, core: Mask, wall: Mask, noise: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    solid = {SOLID: mask, GROUND_GLASS: np.zeros_like(mask), PART_SOLID: mask & core}[kind]
    density, uptake = rng.normal(1, 0.06), rng.lognormal(0, 0.15)

    def painted(lung: float, outside: float, glass: float, full: float) -> Floats:
        return np.where(solid, full, np.where(mask, glass, np.where(wall, outside, lung)))

    ct = gaussian_filter(painted(LUNG_HU, WALL_HU, GLASS_HU * density, SOLID_HU), 0.9 / MILLIMETRES)
    pet = gaussian_filter(painted(LUNG_SUV, WALL_SUV, GLASS_SUV * uptake, SOLID_SUV * uptake), 4.0 / MILLIMETRES)
    grain = rng.standard_normal((2, *mask.shape))
    rough = gaussian_filter(grain[0], 1.0) * 2 * np.sqrt(np.pi)
    noisy = (pet + 0.15 * noise * rough, ct + 40.0 * noise * grain[1])
    return np.stack(noisy, axis=-1).astype(np.float32)
