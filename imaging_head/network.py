"""ResNet34 for films of one grey channel: torchvision's network by MONAI, random or with weights from a user's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from cohorts.errors import Finding, ImageError
from imaging_head.small_maps import by_products
from imaging_head.weights_file import State, WeightsFile, read_weights

FEATURES = 512
RESIDUAL_BLOCKS = (3, 4, 6, 3)
# Mean and spread of grey in ImageNet, for films from 0 to 1: (.485 + .456 + .406) / 3 and (.229 + .224 + .225) / 3.
GREY_MEAN, GREY_SPREAD = 0.449, 0.226
CLASSIFIER = ("fc.weight", "fc.bias")
FIRST = "conv1.weight"


@dataclass(frozen=True)
class Origin:
    """Where the weights of a network came from before training; stands in every result.

    Parameters
    ----------
    kind : ``random`` or ``file``. seed : of the random part (the last layer is random in both).
    file, sha256 : of the weights, None for random ones.
    """

    kind: str
    seed: int
    file: str | None = None
    sha256: str | None = None

    @property
    def text(self) -> str:
        """Return one sentence for reports."""
        if self.kind == "random":
            return f"ResNet34 from random weights (seed {self.seed}); no pretraining"
        return f"ResNet34 from the weights {self.file} (SHA-256 {self.sha256}), last layer random (seed {self.seed})"


def resnet34(outputs: int = 2, seed: int = 0, channels: int = 1) -> nn.Module:
    """Return a randomly initialised ResNet34: 16 residual blocks of two convolutions, average pool, one linear layer.

    Parameters
    ----------
    outputs : of the last layer. seed : of the weights; the state of torch's own generator stays as it was.
    channels : of the input, 1 for grey.

    Returns
    -------
    torch.nn.Module
        (films, channels, height, width) to (films, outputs). 21,279,426 parameters for one channel and two outputs.

    Notes
    -----
    He and colleagues 2016 (arXiv 1512.03385), with torchvision's names. MONAI's own defaults (stride 1 in the first
    convolution, a bias in the shortcuts) are another network, which no ImageNet weights fit.

    Raises
    ------
    ImageError
        I31 not at least one output and one channel.
    """
    if outputs < 1 or channels < 1:
        rule = f"a network of {channels} channels and {outputs} outputs"
        raise ImageError(Finding("I31", rule, "at least one of each is needed"))
    from monai.networks.nets.resnet import resnet34 as of_monai

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = of_monai(
            spatial_dims=2, n_input_channels=channels, num_classes=outputs, conv1_t_stride=2, bias_downsample=False
        )
    by_products(network.get_submodule("layer4"))
    return network


def make_network(
    outputs: int = 2, seed: int = 0, weights: str | Path | None = None, sha256: str | None = None
) -> tuple[nn.Module, Origin]:
    """Return a grey ResNet34 and the origin of its weights: random, or a user's file.

    Parameters
    ----------
    outputs, seed : see `resnet34`. weights : state dict of a ResNet34 (torchvision's names) of one or three channels.
    sha256 : expected digest of the file.

    Raises
    ------
    ImageError
        I30 the file cannot be read; I31 it does not fit, which names what is missing, unknown or of another shape.
    """
    network = resnet34(outputs, seed)
    if weights is None:
        return network, Origin("random", seed)
    found = read_weights(weights, sha256)
    load_trunk(network, found)
    return network, Origin("file", seed, found.name, found.sha256)


def load_trunk(network: nn.Module, weights: WeightsFile) -> None:
    """Load everything but the last layer, strictly: nothing missing, nothing unknown, no other shape.

    The first convolution of three colours is summed over them, which gives for a grey film what the colour network
    gives for the same grey in all three channels. The last layer stays random: it answers another question.

    Raises
    ------
    ImageError
        I31, naming the tensors.
    """
    own = {name: value for name, value in network.state_dict().items() if name not in CLASSIFIER}
    given = {name: value for name, value in weights.tensors.items() if name not in CLASSIFIER}
    first = given.get(FIRST)
    if first is not None and first.ndim == 4 and first.shape[1] == 3 and own[FIRST].shape[1] == 1:
        given[FIRST] = first.sum(dim=1, keepdim=True)
    # older state dicts do not count batches; the count serves nothing here
    counts = {name: value for name, value in own.items() if name.endswith("num_batches_tracked")}
    given = {**counts, **given}
    faults = _misfits(own, given)
    if faults:
        rule = f"the weights are not those of this ResNet34: {'; '.join(faults)}"
        way_out = "give torchvision's resnet34, or the state dict of a network of this package"
        raise ImageError(Finding("I31", rule, way_out, file=weights.name))
    network.load_state_dict({**network.state_dict(), **given}, strict=True)


def trunk(network: nn.Module) -> nn.Sequential:
    """Return the network without its last layer, (films, 1, height, width) to (films, 512); the layers are shared."""
    layers = [layer for name, layer in network.named_children() if name != "fc"]
    return nn.Sequential(*layers, nn.Flatten(1))


def count_parameters(network: nn.Module) -> int:
    """Return the number of trainable numbers."""
    return sum(part.numel() for part in network.parameters() if part.requires_grad)


def count_blocks(network: nn.Module) -> int:
    """Return the number of residual blocks."""
    return sum(len(getattr(network, f"layer{place}")) for place in range(1, len(RESIDUAL_BLOCKS) + 1))


def standardised(films: torch.Tensor) -> torch.Tensor:
    """Return films from 0 to 1 on the scale of the network, (films, height, width) to (films, 1, height, width)."""
    return ((films - GREY_MEAN) / GREY_SPREAD).unsqueeze(1)


def _misfits(own: State, given: Mapping[str, torch.Tensor]) -> list[str]:
    """Name at most five tensors of each fault."""
    shapes = [f"{name} is {tuple(given[name].shape)}, expected {tuple(own[name].shape)}"
              for name in own if name in given and given[name].shape != own[name].shape]  # fmt: skip
    named = (("missing", sorted(set(own) - set(given))), ("unknown", sorted(set(given) - set(own))), ("shape", shapes))
    return [f"{fault}: {', '.join(names[:5])}" for fault, names in named if names]
