"""A lesion of bone on a phantom film, from a quiet cyst with a rim to a tumour that breaks out; one number decides.

Benign: sharp edge, white rim, thinned but whole cortex. Malignant: no edge, moth-eaten bone, destroyed cortex, spicules
at right angles to it, clouds of tumour bone and a mass in the soft tissue (Lodwick's signs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from imaging_head.phantom_bones import CORTEX, FIELD, SOFT, Bones

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Lesion:
    """Where a lesion lies and how it behaves.

    Parameters
    ----------
    x, y : of its middle, radius : mm on the axes of a grown leg. aggression : 0 (quiet) to 1 (breaks out).
    """

    x: float
    y: float
    radius: float
    aggression: float


def with_lesion(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> Plane:
    """Return the attenuation of bones and soft tissue with a lesion, (size, size)."""
    wild = lesion.aggression
    inside, rim = _blob(bones, lesion, rng)
    holes = 1 / (1 + np.exp(-5 * (_clouds(bones.x.shape[0], 1.6, rng) - 0.2)))
    # quiet lesions are evenly empty, wild ones eaten by holes
    lost = inside * ((1 - wild) * 0.85 + wild * (0.35 + 0.6 * holes))
    bone = bones.sponge * (1 - lost)
    cortex = bones.cortex * (1 - inside * (0.22 + wild * (0.4 + 0.3 * holes)))
    edge = CORTEX * 10.0 * (1 - wild) ** 2 * rim * bones.outline
    clouds = CORTEX * 6.0 * wild**2 * inside * np.clip(_clouds(bones.x.shape[0], 4.0, rng), 0, None)
    return bone + cortex + edge + clouds + bones.soft + _outside(bones, lesion, rng)


def lesion_box(bones: Bones, lesion: Lesion, mirrored: bool) -> tuple[float, float, float, float]:
    """Return the box around a lesion's ellipse in shares of the film's edge: top, bottom, left, right.

    Parameters
    ----------
    mirrored : whether the film was turned about its upright axis after the lesion was put in.
    """
    size = bones.x.shape[0]
    away = np.hypot(bones.x - lesion.x, (bones.y - lesion.y) / 1.25)
    # on a tiny film a small lesion may lie between the middles of pixels
    inside = away <= max(lesion.radius, away.min())
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    left, right = (columns[0], columns[-1] + 1) if not mirrored else (size - 1 - columns[-1], size - columns[0])
    return float(rows[0] / size), float((rows[-1] + 1) / size), float(left / size), float(right / size)


def _blob(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Return how far each pixel is inside the lesion (0 to 1), and its rim."""
    dx, dy = bones.x - lesion.x, (bones.y - lesion.y) / 1.25
    angle = np.arctan2(dy, dx)
    waves = sum(
        rng.normal(0, 0.05 + 0.05 * lesion.aggression) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
        for k in range(2, 7)
    )
    away = np.hypot(dx, dy) - lesion.radius * (1 + waves)
    blur = 0.7 + 6.0 * lesion.aggression**1.5
    inside = 1 / (1 + np.exp(np.clip(away / blur, -40, 40)))
    return inside, np.exp(-((away / 1.3) ** 2))


def _outside(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> Plane:
    """Return what a wild lesion does beside the bone: spicules on the cortex and a mass."""
    wild = max(0.0, lesion.aggression - 0.4) / 0.6
    size = bones.x.shape[0]
    if wild == 0:
        return np.zeros_like(bones.x)
    pixel = FIELD / size
    near = np.exp(-(((bones.x - lesion.x) / 30) ** 2) - (((bones.y - lesion.y) / (lesion.radius * 1.1)) ** 2))
    # a skin on the bone, where spicules stand: near it, but not in it
    skin = np.clip(gaussian_filter(bones.outline, 3.5 / pixel) * 2, 0, 1) * (1 - bones.outline)
    comb = 0.5 + 0.5 * np.cos(bones.y * 2 * np.pi / 3.4 + rng.uniform(0, 6) + 0.12 * np.abs(bones.x - lesion.x))
    spicules = CORTEX * 14.0 * skin * comb**2
    mass = SOFT * 36.0 * np.clip(gaussian_filter(near, 2 / pixel) * 1.4 - 0.25, 0, 1) * (1 - bones.outline)
    return wild * (spicules * near + mass)


def _clouds(size: int, grain: float, rng: np.random.Generator) -> Plane:
    """Return smooth noise of variance 1 with a grain in millimetres."""
    clouds = gaussian_filter(rng.standard_normal((size, size)), max(0.6, grain * size / FIELD))
    return clouds / clouds.std()
