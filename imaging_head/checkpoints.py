"""Checkpoints of a training: one file of tensors and plain values, from which it goes on to the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from cohorts.errors import Finding, RunError
from cohorts.whole_file import write_whole_file
from imaging_head.training import Epoch, Training

Tensors = Mapping[str, torch.Tensor]
KEY = "bone_prognosis_checkpoint"
SCHEMA = 1
MOMENTS = {"step", "exp_avg", "exp_avg_sq"}


@dataclass(frozen=True)
class Checkpoint:
    """The place of a training's checkpoint, and what the training is of.

    Parameters
    ----------
    file : ``.safetensors``. about : plain values that decide the result, films and outcome by digest; a checkpoint of
        others is refused.
    """

    file: Path
    about: Mapping[str, Any]

    def save(self, training: Training) -> None:
        """Write the state of a training: a kill leaves the last whole file.

        Raises
        ------
        RunError
            I57 the file cannot be written.
        """
        tensors, values = state_of(training)
        content = json.dumps({"schema": SCHEMA, "about": dict(self.about), **values}, allow_nan=False)
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_whole_file(self.file, save(tensors, {KEY: content}))
        except OSError as error:
            raise self._fault(f"the checkpoint cannot be written: {error.strerror}", "choose another folder") from None

    def restore(self, training: Training) -> bool:
        """Bring a new training to where the file's was; return whether there is a file.

        Raises
        ------
        RunError
            I57 the file is damaged or no checkpoint, or of other films, outcomes or settings, which are named.
        """
        if not self.file.exists():
            return False
        again = "delete it to start anew, or give another folder"
        try:
            with safe_open(self.file, "pt") as opened:
                content = json.loads((opened.metadata() or {})[KEY])
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        except (SafetensorError, OSError, ValueError, KeyError, RecursionError) as error:
            raise self._fault(f"the checkpoint cannot be read ({type(error).__name__})", again) from None
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise self._fault("the checkpoint is of another version of this package", again)
        found, wanted = content.get("about", {}), json.loads(json.dumps(dict(self.about)))
        other = [name for name in wanted if found.get(name) != wanted[name]]
        if other or set(found) != set(wanted):
            rule = f"the checkpoint is of another training; other: {', '.join(other) or 'settings'}"
            raise self._fault(rule, again)
        try:
            restore_state(training, tensors, content)
        except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            raise self._fault(f"the checkpoint does not fit the network ({type(error).__name__})", again) from None
        return True

    def _fault(self, rule: str, way_out: str) -> RunError:
        return RunError(Finding("I57", rule, way_out, file=self.file.name))


def digest_of(values: Any) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def array_digest(values: NDArray[Any]) -> str:
    """Return the SHA-256 of an array with its shape and type."""
    head = f"{values.dtype.str} {values.shape} ".encode()
    return hashlib.sha256(head + np.ascontiguousarray(values).tobytes()).hexdigest()


def state_of(training: Training) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return tensors (weights, averages, best weights, moments) and plain values (rates, schedule, epochs).

    Of a training that has ended only the best weights and the epochs are kept, a fifth of the size.
    """
    history = [asdict(epoch) for epoch in training.history]
    if training.ended:
        return _named({"best": training.best}), {"history": history}
    optimiser = training.optimiser.state_dict()
    parts = {
        "network": training.network.state_dict(),
        "average": training.average.network.state_dict(),
        "best": training.best,
        **{f"moments.{place}": moments for place, moments in optimiser["state"].items()},
    }
    values = {"groups": optimiser["param_groups"], "cycle": training.cycle.state_dict(), "history": history}
    return _named(parts), values


def restore_state(training: Training, tensors: Tensors, values: Mapping[str, Any]) -> None:
    """Set a training to a state; tensors keep the order in memory that the training gave them."""
    training.history = tuple(Epoch(**epoch) for epoch in values["history"])
    own = training.network.state_dict()
    best = _part(tensors, "best")
    if {name: value.shape for name, value in best.items()} != {name: value.shape for name, value in own.items()}:
        raise ValueError("other weights than the network has")
    training.best = {name: value.to(training.precision.device) for name, value in best.items()}
    if "cycle" not in values:
        return
    training.network.load_state_dict(_part(tensors, "network"))
    training.average.network.load_state_dict(_part(tensors, "average"))
    learning = [part for group in training.optimiser.param_groups for part in group["params"]]
    moments = {place: _like(_part(tensors, f"moments.{place}"), part) for place, part in enumerate(learning)}
    # adaptive steps read pairs, JSON has lists only
    groups = [{**group, "betas": tuple(group["betas"])} for group in values["groups"]]
    training.optimiser.load_state_dict({"state": moments, "param_groups": groups})
    for place, part in enumerate(learning):
        training.optimiser.state[part] = moments[place]
    training.cycle.load_state_dict(dict(values["cycle"]))


def _named(parts: Mapping[str, Tensors]) -> dict[str, torch.Tensor]:
    return {f"{part}.{name}": value.cpu().contiguous() for part, some in parts.items() for name, value in some.items()}


def _part(tensors: Tensors, part: str) -> dict[str, torch.Tensor]:
    return {name[len(part) + 1 :]: value for name, value in tensors.items() if name.startswith(f"{part}.")}


def _like(moments: Tensors, part: torch.Tensor) -> dict[str, torch.Tensor]:
    # an absent moment would start at zero without a word
    if set(moments) != MOMENTS:
        raise ValueError("other moments than AdamW has")
    return {
        name: torch.empty_like(part, requires_grad=False).copy_(value)
        if value.shape == part.shape
        else value.to(part.device)
        for name, value in moments.items()
    }
