"""A trunk that does not learn: every film passes once, its features are kept, and heads are fitted in seconds."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding
from imaging_head.augmentation import PLAIN
from imaging_head.film_inputs import FeatureInputs, FilmInputs, outputs_of
from imaging_head.network import Origin, trunk
from imaging_head.precision import Precision
from imaging_head.radiographs import Squares


def features_of(
    network: torch.nn.Module, films: Squares, precision: Precision, mirrored: bool = False
) -> NDArray[np.float32]:
    """Return the features of films in front of the last layer, (films, 512), in evaluation mode and float32."""
    layers = trunk(network).eval()
    pixels = films.pixels[..., ::-1].copy() if mirrored else films.pixels
    inputs = FilmInputs(torch.as_tensor(pixels), PLAIN, precision)
    return np.asarray(outputs_of(layers, inputs, np.arange(len(films)), mirror=False).numpy())


def cached(network: torch.nn.Module, films: Squares, precision: Precision, share: float, mirror: bool) -> FeatureInputs:
    """Pass the films through the trunk once, and their mirrored copies where they are asked for.

    Parameters
    ----------
    share : of mirrored films in training. mirror : whether scores are means of both.
    """
    plain = torch.as_tensor(features_of(network, films, precision)).to(precision.device)
    if not (share or mirror):
        return FeatureInputs(plain, plain, 0.0)
    return FeatureInputs(
        plain, torch.as_tensor(features_of(network, films, precision, True)).to(precision.device), share
    )


def doubts_of(origin: Origin) -> tuple[Finding, ...]:
    """Return the warning on a trunk that has learnt nothing: I59."""
    if origin.kind != "random":
        return ()
    rule = "the frozen trunk has random weights: its features were learnt from no film"
    return (Finding("I59", rule, "give weights=..., or let the trunk learn (frozen=False)", severity="warning"),)
