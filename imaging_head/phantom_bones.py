"""A knee from the front as attenuation: femur, tibia, fibula, patella and soft tissue, in millimetres.

The picture is a projection: a bone is a tube or an end of elliptic cross-section, its cortex a denser shell, so that
edges shine as they do on a film. Medial is +x; the joint line is y = 0; the feet are at +y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Plane = NDArray[np.float64]
FIELD = 190.0  # mm of an edge of the film
# Attenuation by mm, in units that make the densest part of a grown knee about 1.
CORTEX, SPONGE, SOFT = 0.026, 0.0072, 0.0033
GROWN, FUSED = 16.5, 16.0


def growth(age: float) -> float:
    """Return the size of bones at an age in years against that of grown ones."""
    return 1.0 if age >= GROWN else 0.62 + 0.38 * (max(age, 4.0) - 4.0) / (GROWN - 4.0)


@dataclass(frozen=True)
class Person:
    """What the anatomy of a knee depends on.

    Parameters
    ----------
    age : years. breadth, girth : of the person and of soft tissue, 1 on average. tilt : of the leg, degrees.
    """

    age: float
    breadth: float = 1.0
    tilt: float = 0.0
    girth: float = 1.0

    @property
    def scale(self) -> float:
        """Size of the bones against those of a grown person of average breadth."""
        return self.breadth * growth(self.age)

    @property
    def openness(self) -> float:
        """Of the growth plates, from 1 in a child to 0 once they are fused."""
        return float(1 / (1 + np.exp((self.age - FUSED + 1.0) / 0.9)))

    @property
    def sponge(self) -> float:
        """Density of spongy bone, which falls after 45."""
        return SPONGE * (1 - 0.008 * max(0.0, self.age - 45))


@dataclass(frozen=True, eq=False)
class Bones:
    """Attenuation of a knee, in parts.

    Parameters
    ----------
    x, y : (size, size) millimetres on the leg's own axes, in the size of a grown bone.
    cortex, sponge : (size, size) of each kind of bone. soft : of everything else.
    outline : (size, size) from 0 to 1, where bone is. fibula : the same, of the fibula only.
    """

    x: Plane
    y: Plane
    cortex: Plane
    sponge: Plane
    soft: Plane
    outline: Plane
    fibula: Plane


def axes(size: int, person: Person) -> tuple[Plane, Plane]:
    """Return the position of each pixel in millimetres of a grown leg, lateral at -x."""
    place = (np.arange(size) + 0.5) / size * FIELD - FIELD / 2
    x, y = np.meshgrid(place, place + 4)
    angle = np.deg2rad(person.tilt)
    turned = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    return turned[0] / person.scale, turned[1] / person.scale


def knee(size: int, person: Person, rng: np.random.Generator) -> Bones:
    """Return the bones of a person, with the texture of spongy bone by `rng`."""
    x, y = axes(size, person)
    parts = [_femur(x, y, person), _tibia(x, y, person), _fibula(x, y, person)]
    patella = _patella(x, y)
    grain = _grain(size, rng)
    cortex = sum((part[0] for part in parts), start=np.zeros_like(x)) + patella[0]
    sponge = sum((part[1] for part in parts), start=np.zeros_like(x)) + patella[1]
    outline = np.clip(sum((np.clip(part[2] / 6, 0, 1) for part in parts), start=np.zeros_like(x)), 0, 1)
    depth = person.scale
    return Bones(
        x, y, CORTEX * cortex * depth, person.sponge * sponge * (1 + 0.10 * grain) * depth,
        SOFT * _soft(x, y, person) * depth, outline, np.clip(parts[2][2] / 4, 0, 1),
    )  # fmt: skip


Part = tuple[Plane, Plane, Plane]  # mm of cortex, mm of spongy bone, mm of both


def _tube(x: Plane, half: Plane, deep: Plane, shell: Plane) -> Part:
    """Project a tube: half its width, half its depth and the thickness of its shell by row."""
    whole = 2 * deep * _root(1 - (x / half) ** 2)
    inner = 2 * np.maximum(deep - shell, 0.1) * _root(1 - (x / np.maximum(half - shell, 0.1)) ** 2)
    return whole - inner, inner, whole


def _root(values: Plane) -> Plane:
    return np.sqrt(np.clip(values, 0, None))


def _step(values: Plane, at: float, width: float) -> Plane:
    return 1 / (1 + np.exp(-np.clip((values - at) / width, -40, 40)))


def _femur(x: Plane, y: Plane, person: Person) -> Part:
    flare = _step(y, -45.0, 6.5)
    half = 15.5 + 25.5 * flare
    deep = 14.0 + 14.0 * flare
    shell = 5.0 - 4.1 * _step(y, -62.0, 8.0)
    cortex, sponge, whole = _tube(x - 1.0, half, deep, shell)
    # two condyles end the bone; between them lies the notch
    low = np.full_like(x, -60.0)
    for middle, radius, depth in ((-20.5, 20.5, 17.0), (21.5, 20.0, 18.0)):
        low = np.maximum(
            low, -19.0 + depth * _root(1 - ((x - middle) / radius) ** 2) - 40.0 * (abs(x - middle) > radius)
        )
    roof = -14.0 - 0.06 * x**2
    low = np.maximum(low, roof)
    end = _root(1 - np.clip((y + 24.0) / np.maximum(low + 24.0, 1e-3), 0, 1) ** 2) ** 0.6
    end = np.where(y < low, end, 0.0)
    rim = 6.0 * np.exp(-(((y - low + 1.3) / 1.0) ** 2)) * (y < low + 0.3) * (abs(x) < 40)
    return _plated((cortex * end + rim, sponge * end, whole * end), y + 31.0 - 2.2 * np.cos(x / 7.5), person)


def _tibia(x: Plane, y: Plane, person: Person) -> Part:
    gap = 2.8 - 0.02 * max(0.0, person.age - 40)
    flare = 1 - _step(y, 27.0, 7.0)
    half = 13.5 + 25.5 * flare - 3.0 * np.exp(-((y - gap) / 3.0))
    deep = 14.0 + 11.0 * flare
    shell = 0.9 + 4.3 * _step(y, 50.0, 8.0)
    cortex, sponge, whole = _tube(x - 2.5, np.maximum(half, 2.0), deep, shell)
    spines = 6.5 * np.exp(-(((x + 4.5) / 2.6) ** 2)) + 7.5 * np.exp(-(((x - 5.5) / 2.8) ** 2))
    dish = 1.2 * np.exp(-(((abs(x - 1) - 20) / 11) ** 2))
    top = gap + dish - spines
    begin = np.where(y > top, _root(np.clip((y - top) / 9.0, 0, 1)) ** 0.8, 0.0)
    rim = 7.0 * np.exp(-(((y - top - 1.4) / 1.1) ** 2)) * (y > top - 0.3) * (abs(x - 2.5) < half - 1.0)
    return _plated((cortex * begin + rim, sponge * begin, whole * begin), y - 20.0 + 1.6 * np.cos(x / 9.0), person)


def _fibula(x: Plane, y: Plane, person: Person) -> Part:
    head = np.exp(-(((y - 21.0) / 9.0) ** 2))
    middle = -33.5 + 4.0 * _step(y, 45.0, 10.0)
    half = 6.2 + 4.2 * head
    shell = 1.0 + 1.5 * _step(y, 38.0, 6.0)
    top = 11.5 + 0.09 * (x - middle) ** 2
    begin = np.where(y > top, _root(np.clip((y - top) / 5.0, 0, 1)), 0.0)
    cortex, sponge, whole = _tube(x - middle, half, half * 0.9, shell)
    rim = 3.0 * np.exp(-(((y - top - 0.8) / 0.9) ** 2)) * (abs(x - middle) < half - 0.5)
    return _plated((cortex * begin + rim, sponge * begin, whole * begin), y - 24.0, person)


def _patella(x: Plane, y: Plane) -> Part:
    inside = 1 - ((x - 0.5) / 21.0) ** 2 - ((y + 31.0) / np.where(y > -31.0, 23.0, 19.0)) ** 2
    whole = 17.0 * _root(inside)
    shell = 2.4 * np.exp(-(((inside - 0.06) / 0.06) ** 2)) * (inside > 0)
    return shell, 0.75 * whole, whole


def _plated(part: Part, above: Plane, person: Person) -> Part:
    """Draw an open growth plate: a dark line between two white ones, where `above` is 0."""
    line = person.openness * np.exp(-((above / 1.5) ** 2))
    sides = person.openness * (np.exp(-(((above - 2.6) / 0.8) ** 2)) + np.exp(-(((above + 2.6) / 0.8) ** 2)))
    # once fused, a faint scar is left for some years
    scar = 0.25 * np.exp(-((above / 0.7) ** 2)) * np.exp(-(max(0.0, person.age - FUSED) / 12)) * (1 - person.openness)
    cortex, sponge, whole = part
    dense = 0.09 * whole * (sides + scar)
    return cortex * (1 - 0.85 * line) + dense, sponge * (1 - 0.8 * line), whole


def _soft(x: Plane, y: Plane, person: Person) -> Plane:
    """Return millimetres of soft tissue: thigh, knee and calf, with a darker layer of fat below the skin."""
    half = person.girth * (52.0 + 12.0 * _step(-y, 55.0, 14.0) + 4.0 * np.exp(-(((y - 85.0) / 30.0) ** 2)))
    middle = 2.0 - 3.0 * _step(y, 40.0, 12.0)
    whole = 1.5 * half * _root(1 - ((x - middle) / half) ** 2)
    muscle = 1.5 * (half - 7.0) * _root(1 - ((x - middle) / (half - 7.0)) ** 2)
    return 0.6 * whole + 0.4 * muscle


def _grain(size: int, rng: np.random.Generator) -> Plane:
    """Return the texture of spongy bone: streaks along the leg, variance 1, the same grain at any size of film."""
    pixel = FIELD / size
    fine = rng.standard_normal((size, size))
    streaks = gaussian_filter(fine, (1.8 / pixel, 0.4 / pixel)) + 0.6 * gaussian_filter(
        fine, (0.5 / pixel, 1.3 / pixel)
    )
    return streaks / streaks.std()
