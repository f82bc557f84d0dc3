"""What a machine makes of attenuation: exposure, contrast, sharpness, noise, a collimator, a letter for the side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from imaging_head.phantom_bones import FIELD

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Scanner:
    """One machine.

    Parameters
    ----------
    gain : of grey. gamma : of its curve. blur : mm. noise : standard deviation of grey. shade : darkening to one side.
    border : mm outside the collimator, white.
    """

    gain: float = 1.0
    gamma: float = 0.9
    blur: float = 0.35
    noise: float = 0.012
    shade: float = 0.0
    border: float = 0.0

    def film(self, attenuation: Plane, side: str, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return a film from 0 (air) to 1, (size, size); patient's right on the left."""
        size = attenuation.shape[0]
        pixel = FIELD / size
        # exposures differ a little from film to film, and more between machines
        grey = np.clip(self.gain * rng.normal(1, 0.03) * attenuation, 0, None) ** self.gamma
        ramp = np.linspace(-1, 1, size)
        grey = gaussian_filter(grey * (1 + self.shade * ramp[None]), self.blur / pixel)
        if side == "L":
            grey = grey[:, ::-1]
        # denser parts let fewer quanta through; noise is of the detector's pixels, not of the picture's
        spread = self.noise * (0.5 + np.clip(grey, 0, 1)) * min(1.0, 0.85 / pixel)
        grey = grey + spread * rng.standard_normal(grey.shape)
        film: NDArray[np.float32] = np.clip(self._framed(_lettered(grey, side)), 0, 1).astype(np.float32)
        return film

    def _framed(self, grey: Plane) -> Plane:
        edge = round(self.border / FIELD * grey.shape[0])
        if edge == 0:
            return grey
        framed = np.ones_like(grey)
        framed[:, edge:-edge] = grey[:, edge:-edge]
        return framed


def scanners(count: int, seed: int) -> tuple[Scanner, ...]:
    """Return machines of different kinds; the first is the plain one."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    others = [
        Scanner(
            gain=float(rng.uniform(0.82, 1.15)),
            gamma=float(rng.uniform(0.7, 1.15)),
            blur=float(rng.uniform(0.2, 0.9)),
            noise=float(rng.uniform(0.008, 0.03)),
            shade=float(rng.uniform(-0.1, 0.1)),
            border=float(rng.choice([0.0, 14.0])),
        )
        for _ in range(count - 1)
    ]
    return (Scanner(), *others)


def _lettered(grey: Plane, side: str) -> Plane:
    """Write the side beside the leg, as a lead letter does."""
    size = grey.shape[0]
    mask = Image.new("L", (size, size))
    at = (0.11 if side == "R" else 0.83) * size, 0.06 * size
    ImageDraw.Draw(mask).text(at, side, fill=255, font=ImageFont.load_default(size=size * 0.08))
    return np.maximum(grey, 0.95 * np.asarray(mask, np.float64) / 255)
