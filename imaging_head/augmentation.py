"""Changed copies of training films, drawn anew in every epoch: mirrored, moved, turned, lighter or darker.

Done on whole batches by torch, 1 ms a film of 224 pixels: MONAI's transforms take one film at a time and four times as
long (benchmarks/resnet_speed.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from cohorts.errors import Finding, FitError

Tensor = torch.Tensor


@dataclass(frozen=True)
class Augmentation:
    """How far films are changed; each amount is drawn evenly from minus to plus, film by film.

    Parameters
    ----------
    mirror : share of films mirrored from left to right. degrees : of turning. shift : of the edge's length.
    zoom : logarithm of the scale. gamma : logarithm of the exponent of grey.
    contrast : of grey around one half. brightness : added to grey.
    """

    mirror: float = 0.5
    degrees: float = 10.0
    shift: float = 0.06
    zoom: float = 0.1
    gamma: float = 0.25
    contrast: float = 0.12
    brightness: float = 0.06

    def __post_init__(self) -> None:
        amounts = (self.degrees, self.shift, self.zoom, self.gamma, self.contrast, self.brightness)
        wrong = not 0 <= self.mirror <= 1 or not all(0 <= amount < np.inf for amount in amounts)
        if wrong or self.shift >= 1 or self.contrast >= 1 or self.brightness >= 1 or max(self.zoom, self.gamma) > 2:
            rule = (
                f"{self} cannot be: mirror is a share, the others are amounts from 0 on, below 1 (zoom, gamma below 2)"
            )
            raise FitError(Finding("I50", rule, "0 leaves films as they are in this respect"))

    def changed(self, films: Tensor, rng: np.random.Generator) -> Tensor:
        """Return changed copies, (films, height, width) from 0 to 1; what comes in from outside the film is black.

        The numbers are drawn for all films before anything is computed, so that processes that share a batch and draw
        for the whole of it change each film alike.
        """
        return self.applied(films, self.drawn(len(films), rng))

    def drawn(self, films: int, rng: np.random.Generator) -> Tensor:
        """Return the amounts, (films, 8): mirrored or not, turn, two shifts, zoom, gamma, contrast, brightness."""
        spread = np.array([np.deg2rad(self.degrees), 2 * self.shift, 2 * self.shift, self.zoom, self.gamma,
                           self.contrast, self.brightness])  # fmt: skip
        mirrored = np.where(rng.random((films, 1)) < self.mirror, -1.0, 1.0)
        return torch.as_tensor(np.hstack([mirrored, rng.uniform(-spread, spread, (films, 7))]), dtype=torch.float32)

    def applied(self, films: Tensor, amounts: Tensor) -> Tensor:
        """Return films changed by given amounts."""
        sign, turn, right, down, zoom, gamma, contrast, brightness = amounts.to(films.device).T
        cosine, sine, scale = torch.cos(turn), torch.sin(turn), torch.exp(zoom)
        moves = torch.stack(
            [torch.stack([cosine * scale * sign, -sine * scale, right], 1),
             torch.stack([sine * scale * sign, cosine * scale, down], 1)], 1)  # fmt: skip
        places = torch.nn.functional.affine_grid(moves, [len(films), 1, *films.shape[1:]], align_corners=False)
        moved = torch.nn.functional.grid_sample(films.unsqueeze(1), places, align_corners=False)[:, 0].clamp(0, 1)
        gamma, contrast, brightness = (each[:, None, None] for each in (gamma, contrast, brightness))
        return ((moved ** torch.exp(gamma) - 0.5) * (1 + contrast) + 0.5 + brightness).clamp(0, 1)


PLAIN = Augmentation(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
