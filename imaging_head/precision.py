"""Where a network is trained and in which numbers: device, half precision, order of the memory."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Literal

import torch

from cohorts.errors import Finding, FitError

Device = Literal["auto", "cpu", "cuda"]
Numbers = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class Precision:
    """A choice that was made; stands in every result.

    Parameters
    ----------
    device : ``cpu``, ``cuda`` or ``cuda:1``. numbers : of the training's products; losses, weights and predictions are
        float32 always. channels_last : whether the memory is ordered by pixel, then channel.
    """

    device: str
    numbers: Literal["float32", "bfloat16"]
    channels_last: bool = True

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Return the context of a training pass."""
        if self.numbers == "float32":
            return contextlib.nullcontext()
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)

    def placed(self, network: torch.nn.Module) -> torch.nn.Module:
        """Return the network on its device, with its memory in order."""
        network = network.to(self.device)
        return network.to(memory_format=torch.channels_last) if self.channels_last else network  # type: ignore[call-overload]

    def ordered(self, films: torch.Tensor) -> torch.Tensor:
        """Return the input of a network on its device, in the same order."""
        films = films.to(self.device)
        if not self.channels_last or films.ndim != 4:
            return films
        return films.contiguous(memory_format=torch.channels_last)


def choose_precision(device: Device = "auto", numbers: Numbers = "auto", place: int = 0) -> Precision:
    """Choose what is fastest without harm: a GPU where there is one, bfloat16 where the processor multiplies it.

    Parameters
    ----------
    place : number of the GPU, under torchrun that of the process.

    Raises
    ------
    FitError
        I51 an unknown choice, or CUDA without a GPU.
    """
    if device not in ("auto", "cpu", "cuda") or numbers not in ("auto", "float32", "bfloat16"):
        rule = f"device {device!r} with numbers {numbers!r}"
        raise FitError(Finding("I51", rule, "device: auto, cpu or cuda; numbers: auto, float32 or bfloat16"))
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise FitError(Finding("I51", "no GPU is within reach of torch", "device='auto' takes what there is"))
    on_gpu = available and device != "cpu"
    chosen: Literal["float32", "bfloat16"] = "bfloat16" if _half_is_fast(on_gpu) else "float32"
    if numbers != "auto":
        chosen = numbers
    return Precision(f"cuda:{place}" if on_gpu else "cpu", chosen)


def _half_is_fast(on_gpu: bool) -> bool:
    """Tell whether the machine multiplies matrices of bfloat16 in hardware (AMX on a CPU; twice as fast, measured)."""
    if on_gpu:
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
