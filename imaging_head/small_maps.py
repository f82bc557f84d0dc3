"""Convolutions of maps of a few pixels, as one matrix product: what the last layers see of a small film.

oneDNN adds up the gradient of the weights film by film. Where a map has nine pixels and the weights two million
numbers, as in the last layers of a ResNet34 on films of 96 pixels, that moves the weights through memory once a film;
one product over all films moves them once a step (training at 96 pixels a fifth faster, at 64 a third).
"""

from __future__ import annotations

from typing import Self

import torch
from torch import nn

# Pixels of the outgoing map up to which the product was faster, with bfloat16 and with float32.
FEW = 9


class SmallMapConvolution(nn.Conv2d):
    """A convolution of 3 x 3 with a rim of one; the same numbers up to rounding, and the same state dict.

    Only what is trained goes by the product; answers of a trained network are convolved as ever.
    """

    @classmethod
    def of(cls, layer: nn.Conv2d) -> Self:
        """Return a layer with the weights of another, which they share.

        Raises
        ------
        ValueError
            Another kernel, rim, dilation or group, a bias, or steps that differ by direction.
        """
        step, *others = layer.stride
        shape = (layer.kernel_size, layer.padding, layer.dilation, layer.groups, layer.bias is None, others)
        if shape != ((3, 3), (1, 1), (1, 1), 1, True, [step]):
            raise ValueError(f"{layer} is not a plain convolution of 3 x 3 with a rim of one")
        with torch.device("meta"):
            found = cls(layer.in_channels, layer.out_channels, 3, stride=step, padding=1, bias=False)
        found.weight = layer.weight
        return found

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return (films, channels, height, width)."""
        high, wide = ((length - 1) // step + 1 for length, step in zip(maps.shape[2:], self.stride, strict=True))
        trained = torch.is_grad_enabled() and self.weight.requires_grad
        if not trained or high * wide > FEW:
            return super().forward(maps)
        around = nn.functional.pad(maps, (1, 1, 1, 1))
        windows = around.unfold(2, 3, self.stride[0]).unfold(3, 3, self.stride[1])
        # a row a pixel: the nine neighbours, all channels of each
        rows = windows.permute(0, 2, 3, 4, 5, 1).reshape(-1, 9 * self.in_channels)
        weights = self.weight.permute(0, 2, 3, 1).reshape(self.out_channels, -1)
        found = nn.functional.linear(rows, weights)
        return found.view(len(maps), high, wide, self.out_channels).permute(0, 3, 1, 2)


def by_products(layers: nn.Module) -> None:
    """Replace the plain 3 x 3 convolutions in the children of a module, such as the blocks of ``layer4``."""
    for block in layers.children():
        for name, layer in list(block.named_children()):
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3):
                setattr(block, name, SmallMapConvolution.of(layer))
