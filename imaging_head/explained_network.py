"""A trained network as heat maps take it: films in, the score of each out, differentiable; the network is untouched."""

from __future__ import annotations

import copy
from typing import Protocol

import numpy as np
import pandas as pd
import torch
from torch import nn

from cohorts.errors import Finding, ImageError
from imaging_head.head import ClassHead, Head, Tensor
from imaging_head.network import standardised
from imaging_head.radiographs import Squares
from imaging_head.survival_heads import CoxHead, DiscreteTimeHead
from imaging_head.temperature import Temperature

# Scores of single precision that differ by more are of another network.
SAME_SCORE = 1e-3


class FittedNetwork(Protocol):
    """A fitted learner whose network can be looked into, such as `FittedHead`."""

    @property
    def network(self) -> nn.Module:
        """The trained network, standardised films to outputs."""
        ...

    @property
    def head(self) -> Head:
        """What the outputs mean."""
        ...

    @property
    def temperature(self) -> Temperature:
        """What the outputs are divided by."""
        ...

    @property
    def mirror(self) -> bool:
        """Whether the outputs are the mean of a film's and its mirrored copy's."""
        ...

    @property
    def horizon(self) -> float | None:
        """Of the score, for a head of intervals."""
        ...

    def linear_predictor(self, films: Squares) -> pd.Series:
        """Return the score of each patient."""
        ...


class Scored(nn.Module):
    """A copy of a network that answers with the score and its negative, (films, 1, size, size) to (films, 2).

    Parameters
    ----------
    fitted : whose network is copied: hooks and gradients of heat maps stay away from it.

    Notes
    -----
    Where the score is that of a film and its mirrored copy, the network sees both in one batch, the copies behind.
    """

    def __init__(self, fitted: FittedNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(fitted.network).cpu().float()
        # a frozen trunk has no gradient, which hooks on its layers need
        self.network.requires_grad_(True)
        self.head, self.temperature, self.horizon = fitted.head, fitted.temperature, fitted.horizon
        self.mirror = fitted.mirror
        self.eval()

    def forward(self, films: Tensor) -> Tensor:
        """Return (score, minus score) of each film."""
        views = torch.cat([films, films.flip(-1)]) if self.mirror else films
        outputs = self.network(views).reshape(-1, len(films), self.head.outputs).mean(0)
        score = score_of(self.head, self.temperature.of(self.head.corrected(outputs)), self.horizon)
        return torch.stack([score, -score], dim=1)

    def scores(self, films: Tensor) -> Tensor:
        """Return the scores alone, without gradients."""
        with torch.no_grad():
            found: Tensor = self(films)[:, 0]
        return found


def score_of(head: Head, outputs: Tensor, horizon: float | None) -> Tensor:
    """Return the linear predictor of calibrated outputs, (films,), as `fitted_head.score_of`, with its gradient.

    Raises
    ------
    ImageError
        I71 an unknown head.
    """
    if isinstance(head, CoxHead):
        return outputs[:, 0]
    if isinstance(head, DiscreteTimeHead):
        breaks = torch.tensor(head.breaks)
        share = ((horizon or head.breaks[-1]) - breaks[:-1]) / (breaks[1:] - breaks[:-1])
        hazard = -torch.nn.functional.logsigmoid(-outputs) * share.clamp(0, 1)
        return torch.log(hazard.sum(1))
    if isinstance(head, ClassHead):
        log = torch.log_softmax(outputs, dim=1)
        step = torch.arange(outputs.shape[1]) / (outputs.shape[1] - 1)
        up, down = (torch.logsumexp(log[:, share > 0] + torch.log(share[share > 0]), 1) for share in (step, 1 - step))
        return up - down
    rule = f"a {type(head).__name__} has no score that could be explained"
    raise ImageError(Finding("I71", rule, "explain a ClassHead, a CoxHead or a DiscreteTimeHead"))


def tensor_of(films: Squares) -> Tensor:
    """Return films on the scale of the network, (films, 1, size, size)."""
    return standardised(torch.as_tensor(np.ascontiguousarray(films.pixels)))


def check_background(films: Squares, background: Squares) -> None:
    """Check that there are films to compare with, of the same size.

    Raises
    ------
    ImageError
        I70 there are none.
    """
    if not len(background) or background.pixels.shape[1:] != films.pixels.shape[1:]:
        rule = f"{len(background)} films of {background.pixels.shape[1:]} behind films of {films.pixels.shape[1:]}"
        raise ImageError(Finding("I70", rule, "give training films of the same size"))


def check_same(fitted: FittedNetwork, films: Squares, scores: Tensor) -> None:
    """Check that what is explained is what the learner answers with, film by film.

    Raises
    ------
    ImageError
        I71 it is not: a map of another score would be shown.
    """
    alone = tuple(f"film {place}" for place in range(len(films)))
    theirs = fitted.linear_predictor(Squares(films.pixels, alone)).loc[list(alone)].to_numpy(np.float64)
    gap = np.abs(scores.double().numpy() - theirs)
    if not (gap <= SAME_SCORE * np.maximum(1.0, np.abs(theirs))).all():
        rule = f"the explained score is {gap.max():.2g} away from the learner's own"
        raise ImageError(Finding("I71", rule, "explain the network that made the score"))
