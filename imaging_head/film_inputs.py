"""What a training takes batches from: films that are changed in every epoch, or features that are cached once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from imaging_head.augmentation import Augmentation
from imaging_head.network import standardised
from imaging_head.precision import Precision

Integers = NDArray[np.int64]
Tensor = torch.Tensor
# Films of a pass without gradients: enough to be fast, few enough for any memory.
PASS = 64


class Inputs(Protocol):
    """Rows of films as a network takes them."""

    def changed(self, rows: Integers, rng: np.random.Generator, mine: slice) -> Tensor:
        """Return training inputs of some rows; `mine` are those of this process, drawn as if for all."""
        ...

    def plain(self, rows: Integers, mirrored: bool = False) -> Tensor:
        """Return the inputs as they are, or mirrored from left to right."""
        ...


@dataclass(frozen=True, eq=False)
class FilmInputs:
    """Films themselves.

    Parameters
    ----------
    films : (films, size, size) from 0 to 1. augmentation : of training inputs. precision : device and memory order.
    """

    films: Tensor
    augmentation: Augmentation
    precision: Precision

    def changed(self, rows: Integers, rng: np.random.Generator, mine: slice) -> Tensor:
        """Return augmented films, standardised."""
        amounts = self.augmentation.drawn(len(rows), rng)[mine]
        films = self.films[rows[mine]].to(self.precision.device)
        return self.precision.ordered(standardised(self.augmentation.applied(films, amounts)))

    def plain(self, rows: Integers, mirrored: bool = False) -> Tensor:
        """Return films, standardised."""
        films = self.films[rows]
        return self.precision.ordered(standardised(films.flip(-1) if mirrored else films))


@dataclass(frozen=True, eq=False)
class FeatureInputs:
    """Features of a frozen trunk.

    Parameters
    ----------
    features : (films, k). mirrored : (films, k) of the mirrored films. share : of mirrored films in training.
    """

    features: Tensor
    mirrored: Tensor
    share: float

    def changed(self, rows: Integers, rng: np.random.Generator, mine: slice) -> Tensor:
        """Return features of films, of which some are mirrored; the other changes need the trunk."""
        chosen = torch.as_tensor(rng.random(len(rows)) < self.share)[mine, None].to(self.features.device)
        return torch.where(chosen, self.mirrored[rows[mine]], self.features[rows[mine]])

    def plain(self, rows: Integers, mirrored: bool = False) -> Tensor:
        """Return features."""
        return (self.mirrored if mirrored else self.features)[rows]


def passes(rows: Integers, size: int = PASS) -> Iterator[Integers]:
    """Yield rows in portions."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def outputs_of(network: torch.nn.Module, inputs: Inputs, rows: Integers, mirror: bool) -> Tensor:
    """Return the outputs for rows, float32 on the CPU; with `mirror` the mean of the film and its mirrored copy."""
    network.eval()
    with torch.inference_mode():
        views = [
            torch.cat([network(inputs.plain(some, mirrored)).float().cpu() for some in passes(rows)])
            for mirrored in ((False, True) if mirror else (False,))
        ]
        return torch.stack(views).mean(0)


def by_patient(outputs: Tensor, patient: Integers) -> Tensor:
    """Return the mean outputs of each patient, in order of their rows; several films of one count by their mean."""
    _, place, counts = np.unique(patient, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(counts), outputs.shape[1], dtype=torch.float64)
    sums = sums.index_add(0, torch.as_tensor(place), outputs.double())
    return sums / torch.as_tensor(counts, dtype=torch.float64)[:, None]
