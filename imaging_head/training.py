"""The training of a network: AdamW with a one-cycle rate, averaged weights, the best epoch by left-out patients."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError
from imaging_head.averaging import Average
from imaging_head.batch_norm import settle
from imaging_head.film_inputs import Inputs, by_patient, outputs_of, passes
from imaging_head.head import Head
from imaging_head.precision import Precision
from imaging_head.processes import Processes
from imaging_head.temperature import fit_temperature
from imaging_head.training_parts import Parts

Integers = NDArray[np.int64]
Tensor = torch.Tensor
ORDER, CHANGES = 1, 2
# Steps after which running means follow the weights by themselves.
SETTLED = 100


@dataclass(frozen=True)
class Schedule:
    """How long and how hard a network is trained.

    Parameters
    ----------
    epochs : passes over the training films. batch : films a step. rate : highest learning rate of the one-cycle
        schedule (Smith and Topin 2018): a third of the steps up from rate / 25, then down to nearly 0.
    decay : AdamW's weight decay, of matrices and convolutions only. patience : epochs without a better validation loss
        after which training ends, in the second half of the schedule; None: the schedule is run to its end, where
        one-cycle training is at its best, and the best epoch of the second half is kept.
    memory : share of the averaged weights that each step keeps; see `Average`.
    """

    epochs: int = 30
    batch: int = 32
    rate: float = 1e-3
    decay: float = 0.05
    patience: int | None = None
    memory: float = 0.9

    def __post_init__(self) -> None:
        faults = [
            (self.epochs < 1, f"{self.epochs} epochs", "at least one"),
            (self.batch < 2, f"batches of {self.batch} films", "at least two: batch normalisation compares films"),
            (not 0 < self.rate < math.inf, f"a learning rate of {self.rate}", "a small positive number, such as .001"),
            (not 0 <= self.decay < math.inf, f"a weight decay of {self.decay}", "0 or more, such as .05"),
            (self.patience is not None and self.patience < 1, f"a patience of {self.patience}", "an epoch, or None"),
            (not 0 <= self.memory < 1, f"a memory of {self.memory}", "0 (no averaging) or more, below 1"),
        ]
        found = [Finding("I50", rule, way_out) for wrong, rule, way_out in faults if wrong]
        if found:
            raise FitError(*found)


@dataclass(frozen=True, eq=False)
class Material:
    """What is learnt from.

    Parameters
    ----------
    inputs : of all training films. targets : one a film. parts : which films learn and which validate.
    patient_targets : of the validated patients, in order of their rows. head : the meaning of the outputs.
    """

    inputs: Inputs
    targets: Tensor
    parts: Parts
    patient_targets: Tensor
    head: Head


@dataclass(frozen=True)
class Epoch:
    """One line of the log.

    Parameters
    ----------
    number : from 1. training_loss : mean of the steps, with class weights. validation_loss : negative log-likelihood of
        left-out patients by averaged weights, after temperature. learning_rate : at the end. images_per_second : of
        training and validation together.
    """

    number: int
    training_loss: float
    validation_loss: float
    learning_rate: float
    images_per_second: float


class Training:
    """A training under way: network, optimiser, schedule, averages and the best epoch so far.

    Parameters
    ----------
    network : is trained in place. material, schedule, precision : see there. seed : of order and augmentation; the
        numbers of an epoch depend on seed and epoch only, so that a resumed training draws the same.
    processes : that train together.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        material: Material,
        schedule: Schedule,
        precision: Precision,
        seed: tuple[int, ...],
        processes: Processes,
    ) -> None:
        self.network, self.material, self.schedule = network, material, schedule
        self.precision, self.seed, self.processes = precision, seed, processes
        learning = [part for part in network.parameters() if part.requires_grad]
        # biases and normalisation are not shrunk
        groups = [{"params": [p for p in learning if p.ndim > 1], "weight_decay": schedule.decay},
                  {"params": [p for p in learning if p.ndim < 2], "weight_decay": 0.0}]  # fmt: skip
        self.steps = math.ceil(len(material.parts.learn) / schedule.batch)
        processes.check_batch(len(material.parts.learn) // self.steps)
        self.optimiser = torch.optim.AdamW(groups, lr=schedule.rate, fused=True)
        self.cycle = torch.optim.lr_scheduler.OneCycleLR(
            self.optimiser, schedule.rate, total_steps=schedule.epochs * self.steps + 1
        )
        self.joint = processes.joint(network)
        self.average = Average(network, schedule.memory)
        self.best: dict[str, Tensor] = {}
        self.history: tuple[Epoch, ...] = ()

    @property
    def best_epoch(self) -> Epoch:
        """The epoch with the smallest validation loss in the second half of the schedule, the first of equals.

        In the first half the rate is high and the weights are half learnt; of few left-out patients one such epoch can
        look good by chance.
        """
        settled = [epoch for epoch in self.history if epoch.number > self.schedule.epochs / 2]
        return min(settled or self.history[-1:], key=lambda epoch: epoch.validation_loss)

    @property
    def ended(self) -> bool:
        """Whether the schedule is through, or nothing was gained for too long."""
        patience = self.schedule.patience
        done, epochs = len(self.history), self.schedule.epochs
        waited = done - self.best_epoch.number if done > epochs / 2 else 0
        return done >= epochs or (patience is not None and waited >= patience)

    def run(self, after: Callable[[Training], Any]) -> None:
        """Train to the end, calling `after` behind every epoch; the network then holds the best averaged weights."""
        # a training that was read as ended has nothing but its best weights
        while not self.ended:
            self._epoch(len(self.history))
            after(self)
        self.network.load_state_dict(self.best)

    def _epoch(self, number: int) -> None:
        started, parts = time.perf_counter(), self.material.parts
        order, changes = (np.random.default_rng(np.random.SeedSequence([*self.seed, number, use]))
                          for use in (ORDER, CHANGES))  # fmt: skip
        # nearly equal batches: no film is left out, and none is alone in a batch
        batches = np.array_split(order.permutation(parts.learn), self.steps)
        losses = [self._step(rows, changes, number * self.steps + place) for place, rows in enumerate(batches)]
        self.processes.share_buffers(self.network, self.average.network)
        validated = self._validation_loss()
        images = len(parts.learn) + len(parts.validate)
        rate, seconds = float(self.cycle.get_last_lr()[0]), time.perf_counter() - started
        epoch = Epoch(number + 1, float(np.mean(losses)), validated, rate, images / seconds)
        self.history = (*self.history, epoch)
        if self.best_epoch is epoch:
            self.best = copy.deepcopy(self.average.network.state_dict())

    def _step(self, rows: Integers, changes: np.random.Generator, step: int) -> float:
        self.network.train()
        mine = self.processes.mine
        inputs = self.material.inputs.changed(rows, changes, mine)
        with self.precision.autocast():
            outputs = self.joint(inputs)
        loss = self.material.head.loss(outputs.float(), self.material.targets[rows[mine]].to(self.precision.device))
        value = float(loss.detach())
        if not math.isfinite(value):
            raise _not_finite(step // self.steps + 1, self.schedule.rate)
        self.optimiser.zero_grad()
        # the mean over processes is then the mean over the batch, also where shares differ by a film
        (loss * (len(inputs) * self.processes.size / len(rows))).backward()
        self.optimiser.step()
        self.cycle.step()
        self.average.add(self.network, step)
        return value

    def _settle(self) -> None:
        """Estimate running means anew; in the first steps they say nothing of the weights that are judged."""
        inputs, average = self.material.inputs, self.average.network
        with self.precision.autocast():
            settle(average, (inputs.plain(rows) for rows in passes(self.material.parts.learn)), average)

    def _validation_loss(self) -> float:
        material = self.material
        rows = material.parts.validate
        if len(self.history) * self.steps < SETTLED:
            self._settle()
        with self.precision.autocast():
            outputs = outputs_of(self.average.network, material.inputs, rows, mirror=False)
        if not bool(torch.isfinite(outputs).all()):
            raise _not_finite(len(self.history) + 1, self.schedule.rate)
        means = by_patient(outputs, material.parts.patient[rows])
        return fit_temperature(material.head, means, material.patient_targets).after


def _not_finite(epoch: int, rate: float) -> FitError:
    rule = f"the loss is not finite in epoch {epoch}: the steps were too long or the numbers too short"
    way_out = f"a smaller learning rate than {rate:g} (a third of it), or numbers='float32'"
    return FitError(Finding("I53", rule, way_out))
