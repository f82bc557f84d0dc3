"""Batch normalisation after a short training: its running means are guesses until they are estimated anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import nn


def settle(network: nn.Module, batches: Iterable[torch.Tensor], run: Callable[[torch.Tensor], object]) -> None:
    """Estimate running means and variances anew as plain averages over batches; nothing else changes.

    Running means are exponential averages over the last ten steps or so, of weights that moved meanwhile: after a few
    steps they are mostly the starting values 0 and 1, and predictions are far from what training saw.

    Parameters
    ----------
    network : whose layers of batch normalisation, if it has any, are settled; left in evaluation mode.
    batches : of inputs. run : passes one batch through the network.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    momenta = [layer.momentum for layer in layers]
    network.eval()
    if not layers:
        return
    for layer in layers:
        layer.reset_running_stats()
        # None: every batch counts the same
        layer.momentum = None
        layer.train()
    with torch.inference_mode():
        for batch in batches:
            run(batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    network.eval()
