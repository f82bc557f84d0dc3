"""Exponential averages of a network's weights: smoother than the weights of any one step."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Average:
    """Weights and running statistics averaged over steps, younger ones counting more.

    Parameters
    ----------
    network : whose present weights are the start. memory : share of the average that a step keeps, below 1; in the
        first steps less, so that the random start is forgotten: min(memory, (1 + step) / (10 + step)).
    """

    def __init__(self, network: nn.Module, memory: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.memory = memory

    @torch.no_grad()
    def add(self, network: nn.Module, step: int) -> None:
        """Take in the weights after a step, the first of which is 0."""
        share = 1 - min(self.memory, (1 + step) / (10 + step))
        for mean, now in zip(_tensors(self.network), _tensors(network), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, share)
            else:
                mean.copy_(now)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [*network.parameters(), *network.buffers()]
