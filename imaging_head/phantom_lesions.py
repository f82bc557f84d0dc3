"""A lesion of bone on a phantom film, from a quiet cyst with a rim to a tumour that breaks out; its signs decide.

Benign: sharp edge, white rim, thinned but whole cortex. Malignant: no edge, moth-eaten bone, destroyed cortex, spicules
at right angles to it, clouds of tumour bone and a mass in the soft tissue (Lodwick's signs).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from imaging_head.phantom_bones import CORTEX, FIELD, SOFT, Bones

Plane = NDArray[np.float64]
# Of a sign around its lesion's aggression; of malignant ones the five together tell .88 of the variance of aggression.
SCATTER = 0.12
# Below this a sign stays inside the bone.
CONTAINED = 0.3


@dataclass(frozen=True)
class Signs:
    """How far each sign of a lesion has gone, from 0 (quiet) to 1 (wild); some go further.

    Parameters
    ----------
    eaten : holes in the bone. open : width of the edge. broken : cortex lost, with spicules on it. mass : in the soft
        tissue. ossified : tumour bone.
    """

    eaten: float
    open: float
    broken: float
    mass: float
    ossified: float

    @classmethod
    def alike(cls, aggression: float) -> Signs:
        """Return signs that all say the same."""
        return cls(*[aggression] * len(fields(cls)))

    @classmethod
    def drawn(cls, aggression: float, rng: np.random.Generator) -> Signs:
        """Return the signs of one lesion: no tumour shows all of them alike, so that a film tells much and not all."""
        drawn = aggression + SCATTER * rng.standard_normal(len(fields(cls)))
        return cls(*np.clip(drawn, 0, 1.3).tolist())


@dataclass(frozen=True)
class Lesion:
    """Where a lesion lies and how it behaves.

    Parameters
    ----------
    x, y : of its middle, radius : mm on the axes of a grown leg. signs : of its aggression.
    """

    x: float
    y: float
    radius: float
    signs: Signs

    @property
    def eaten(self) -> float:
        """Radius of the bone that is half destroyed, mm: a wild lesion creeps on between the trabeculae."""
        return self.radius + 5.0 * self.signs.open**1.5

    @property
    def reach(self) -> float:
        """Radius of the mass in the soft tissue, mm; 0 where nothing breaks out."""
        mass = _beyond(self.signs.mass)
        return (0.6 * self.radius + 30.0 * mass) * min(1.0, 4 * mass)


def with_lesion(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> Plane:
    """Return the attenuation of bones and soft tissue with a lesion, (size, size)."""
    signs, size = lesion.signs, bones.x.shape[0]
    # outlines before noise of pixels: they are the same at any size of film
    inside, rim = _blob(bones, lesion, rng)
    mass, spicules = _mass(bones, lesion, rng), _spicules(bones, lesion, rng)
    holes = 1 / (1 + np.exp(-5 * (_clouds(size, 1.6 + 2 * signs.eaten, rng) - 0.2)))
    # quiet lesions are evenly empty, wild ones eaten by holes
    lost = np.clip(inside * (0.72 + signs.eaten * (0.45 * holes - 0.05)), 0, 1)
    gone = np.clip(inside * (0.2 + signs.broken * (0.5 + 0.6 * holes)), 0, 1)
    edge = CORTEX * 10.0 * max(0.0, 1 - signs.open) ** 2 * rim * bones.outline
    where = np.clip(inside + np.clip(mass / 60, 0, 0.5), 0, 1)
    clouds = CORTEX * 6.0 * _beyond(signs.ossified) ** 1.5 * where * np.clip(_clouds(size, 4.0, rng), 0, None)
    # what lies beside the bone is added, what lies before it mostly takes the place of muscle
    tissue = bones.soft + 0.8 * SOFT * mass * (1 - 0.7 * bones.outline)
    return bones.sponge * (1 - lost) + bones.cortex * (1 - gone) + edge + clouds + tissue + spicules


def lesion_box(bones: Bones, lesion: Lesion, mirrored: bool) -> tuple[float, float, float, float]:
    """Return the box around a lesion and its mass in shares of the film's edge: top, bottom, left, right.

    Parameters
    ----------
    mirrored : whether the film was turned about its upright axis after the lesion was put in.
    """
    size = bones.x.shape[0]
    dx, dy = bones.x - lesion.x, bones.y - lesion.y
    away = np.minimum(np.hypot(dx, dy / 1.25) - lesion.eaten, np.hypot(dx, dy / 1.15) - lesion.reach)
    # on a tiny film a small lesion may lie between the middles of pixels
    inside = away <= max(0.0, away.min())
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    left, right = (columns[0], columns[-1] + 1) if not mirrored else (size - 1 - columns[-1], size - columns[0])
    return float(rows[0] / size), float((rows[-1] + 1) / size), float(left / size), float(right / size)


def _beyond(sign: float) -> float:
    """Return how far a sign has left the bone: 0 in a contained lesion, 1 in a wild one."""
    return max(0.0, sign - CONTAINED) / (1 - CONTAINED)


def _blob(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Return how far each pixel is inside the lesion (0 to 1), and its rim."""
    dx, dy = bones.x - lesion.x, (bones.y - lesion.y) / 1.25
    uneven = _waves(np.arctan2(dy, dx), 0.05 + 0.05 * lesion.signs.open, range(2, 7), rng)
    away = np.hypot(dx, dy) - lesion.eaten * (1 + uneven)
    blur = 0.7 + 7.0 * lesion.signs.open**1.5
    inside = 1 / (1 + np.exp(np.clip(away / blur, -40, 40)))
    return inside, np.exp(-((away / 1.3) ** 2))


def _mass(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> Plane:
    """Return millimetres of tumour before, behind and beside the bone: an uneven ball."""
    dx, dy = bones.x - lesion.x, (bones.y - lesion.y) / 1.15
    radius = lesion.reach * (1 + _waves(np.arctan2(dy, dx), 0.09, range(1, 5), rng))
    ball = 2 * np.sqrt(np.clip(radius**2 - dx**2 - dy**2, 0, None))
    return np.asarray(gaussian_filter(ball, 2.0 / FIELD * bones.x.shape[0]))


def _spicules(bones: Bones, lesion: Lesion, rng: np.random.Generator) -> Plane:
    """Return bone that stands on the cortex at right angles."""
    pixel = FIELD / bones.x.shape[0]
    near = np.exp(-(((bones.x - lesion.x) / 30) ** 2) - (((bones.y - lesion.y) / (lesion.radius * 1.1)) ** 2))
    # a skin on the bone: near it, but not in it
    skin = np.clip(gaussian_filter(bones.outline, 3.5 / pixel) * 2, 0, 1) * (1 - bones.outline)
    comb = 0.5 + 0.5 * np.cos(bones.y * 2 * np.pi / 3.4 + rng.uniform(0, 6) + 0.12 * np.abs(bones.x - lesion.x))
    return CORTEX * 14.0 * _beyond(lesion.signs.broken) * skin * comb**2 * near


def _waves(angle: Plane, height: float, waves: range, rng: np.random.Generator) -> Plane:
    """Return an uneven outline by its angle, as a share of the radius."""
    drawn = [rng.normal(0, height) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in waves]
    return np.sum(drawn, axis=0)


def _clouds(size: int, grain: float, rng: np.random.Generator) -> Plane:
    """Return smooth noise of variance 1 with a grain in millimetres."""
    clouds = gaussian_filter(rng.standard_normal((size, size)), max(0.6, grain * size / FIELD))
    return clouds / clouds.std()
