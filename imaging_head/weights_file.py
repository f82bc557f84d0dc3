"""Weights of a network from a user's file: safetensors, or a state dict read as tensors. Nothing is downloaded."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from cohorts.errors import Finding, ImageError
from cohorts.raw_table import file_digest

LARGEST_FILE = 2 << 30
State = Mapping[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class WeightsFile:
    """A state dict and where it came from.

    Parameters
    ----------
    tensors : by name. name : of the file. sha256 : its digest, for the report.
    """

    tensors: State
    name: str
    sha256: str


def read_weights(path: str | Path, sha256: str | None = None) -> WeightsFile:
    """Read a state dict of tensors; nothing in the file is executed.

    Parameters
    ----------
    path : ``.safetensors``, else a file of `torch.save`, which is read with ``weights_only=True``.
    sha256 : expected digest, or None.

    Raises
    ------
    ImageError
        I30: absent, too large, another digest, damaged, holding anything but tensors by name, or values not finite.
    """
    file = Path(path)
    if not file.is_file():
        raise _fault("there is no such file of weights", "check the path", file)
    if file.stat().st_size > LARGEST_FILE:
        raise _fault(f"the file is too large: limit {LARGEST_FILE:,} bytes", "give the weights of ResNet34", file)
    digest = file_digest(file)
    if sha256 is not None and digest != sha256.lower():
        raise _fault(f"SHA-256 is {digest}, expected {sha256}", "get the file again from its source", file)
    tensors = _tensors(file)
    wrong = [str(name) for name, value in tensors.items() if not bool(torch.isfinite(value).all())]
    if wrong:
        raise _fault(f"weights that are not finite: {', '.join(wrong[:5])}", "get the file again", file)
    return WeightsFile(tensors, file.name, digest)


def write_weights(tensors: State, path: str | Path) -> None:
    """Write a state dict as safetensors, to start other networks from: ``write_weights(network.state_dict(), path)``.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, path)


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    try:
        found = _of_safetensors(file) if file.suffix == ".safetensors" else _of_torch(file)
    except (SafetensorError, OSError, RuntimeError, ValueError, EOFError, KeyError, TypeError) as error:
        rule = f"the file cannot be read as tensors ({type(error).__name__})"
        raise _fault(
            rule, "store the state dict: safetensors.torch.save_file(network.state_dict(), path)", file
        ) from None
    good = isinstance(found, Mapping) and bool(found)
    if not good or not all(isinstance(n, str) and isinstance(v, torch.Tensor) for n, v in found.items()):
        rule = "the file holds something else than tensors by name"
        raise _fault(rule, "store network.state_dict(), not the network or a checkpoint around it", file)
    return dict(found)


def _of_safetensors(file: Path) -> Any:
    return load_file(file, device="cpu")


def _of_torch(file: Path) -> Any:
    """Read what `torch.save` wrote; other objects than tensors raise inside torch, before they are made."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except torch.serialization.pickle.UnpicklingError:  # type: ignore[attr-defined]
        raise ValueError("objects other than tensors") from None


def _fault(rule: str, way_out: str, file: Path) -> ImageError:
    return ImageError(Finding("I30", rule, way_out, file=file.name))
