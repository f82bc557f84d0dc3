"""ResNet34 as a learner of radiographs: declared once, fitted anew in every fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from cohorts.errors import Finding, FitError
from cohorts.outcome import Outcome
from imaging_head.augmentation import Augmentation
from imaging_head.batch_norm import settle
from imaging_head.film_inputs import FilmInputs, by_patient, outputs_of, passes
from imaging_head.fitted_head import FittedHead, check_films
from imaging_head.head import ClassHead, Head, balanced
from imaging_head.network import Origin, make_network
from imaging_head.precision import Device, Numbers, choose_precision
from imaging_head.radiographs import Squares
from imaging_head.survival_heads import CoxHead, DiscreteTimeHead, interval_breaks
from imaging_head.temperature import fit_temperature
from imaging_head.training import Material, Schedule, Training
from imaging_head.training_parts import split_patients

Network = Callable[[int, int, str | Path | None], tuple[torch.nn.Module, Origin]]
SPLIT, TRAINING = 11, 12


@dataclass(frozen=True)
class ResNet34Head:
    """A ResNet34 that learns a score from films; a value that `fit` leaves as it is.

    Parameters
    ----------
    image_size : pixels of an edge; films come as squares of it. epochs : passes over the training films.
    weights : file to start from, None for random weights. frozen : only the last layer learns, from features that the
        trunk gives once. seed : of the last layer or all weights, order, augmentation and validation part.
    head : None for what the outcome asks (two classes, or Cox for times); ``discrete-time``; or a head, which
        `ClassHead(3)` must be for three ordered classes. horizon : of `predict` for times; None: the median time of
        event. balance : whether every class counts the same in the loss; probabilities do not change by it.
    validation : share of the patients that stop and calibrate, drawn from the films of `fit`.
    mirror : whether a film's score is the mean of its own and of its mirrored copy's.
    schedule : learning rate and the rest; its `epochs` is ignored for `epochs` here. augmentation : changes of films.
    device, numbers : see `choose_precision`. task : of the random numbers; `with_task` sets it.
    network : what makes the network; for trials with a smaller one.
    """

    image_size: int = 224
    epochs: int = 30
    weights: str | Path | None = None
    frozen: bool = False
    seed: int = 0
    head: Head | Literal["discrete-time"] | None = None
    horizon: float | None = None
    balance: bool = False
    validation: float = 0.15
    mirror: bool = True
    schedule: Schedule = field(default_factory=Schedule)
    augmentation: Augmentation = field(default_factory=Augmentation)
    device: Device = "auto"
    numbers: Numbers = "auto"
    task: tuple[int, ...] = ()
    network: Network = make_network

    def with_task(self, *task: int) -> ResNet34Head:
        """Return the learner with random numbers of its own."""
        return replace(self, task=task)

    def fit(self, films: Squares, outcome: Outcome) -> FittedHead:
        """Train on the films of the outcome's patients; stopping and calibration are learnt inside them.

        Raises
        ------
        ImageError
            I22 a patient without a film; I54 films of another size. FitError: I35 an outcome that the head does not
            answer, I52 too few patients of a class, I53 a loss that is not finite.
        """
        films = films.of(outcome.ids)
        check_films(films, self.image_size)
        key = (self.seed, *self.task)
        parts = split_patients(films, outcome, self.validation, _draws(*key, SPLIT))
        head = self._head(outcome)
        targets = _targets(head, outcome)
        precision = choose_precision(self.device, self.numbers)
        network, origin = self.network(head.outputs, int(_draws(*key).integers(2**31)), self.weights)
        network = precision.placed(network)
        inputs = FilmInputs(torch.as_tensor(films.pixels), self.augmentation, precision)
        material = Material(inputs, targets[parts.patient], parts, targets[parts.validated], head)
        schedule = replace(self.schedule, epochs=self.epochs)
        training = Training(network, material, schedule, precision, (*key, TRAINING))
        training.run(lambda _: None)
        settle(network, (inputs.plain(rows) for rows in passes(parts.learn)), network)
        means = by_patient(outputs_of(network, inputs, parts.validate, self.mirror), parts.patient[parts.validate])
        temperature = fit_temperature(head, means, material.patient_targets)
        calibrated = temperature.of(head.corrected(means))
        baseline = head.baseline(calibrated, material.patient_targets) if isinstance(head, CoxHead) else None
        network.requires_grad_(False)
        return FittedHead(network, head, temperature, origin, self.image_size, self.mirror, precision,
                          self._horizon(outcome), baseline, training.history, temperature.findings)  # fmt: skip

    def _head(self, outcome: Outcome) -> Head:
        timed = bool(np.isfinite(outcome.time).any())
        if self.head == "discrete-time":
            horizon = self._horizon(outcome)
            chosen: Any = DiscreteTimeHead(
                interval_breaks(outcome.event, outcome.time, horizons=[horizon] if horizon else [])
            )
        else:
            chosen = self.head or (CoxHead() if timed else ClassHead())
        if self.balance and isinstance(chosen, ClassHead):
            return replace(chosen, weights=balanced(outcome.event, chosen.classes))
        return chosen

    def _horizon(self, outcome: Outcome) -> float | None:
        if self.horizon is not None or not np.isfinite(outcome.time).any():
            return self.horizon
        return float(np.median(outcome.time[outcome.event == 1]))


def _targets(head: Head, outcome: Outcome) -> torch.Tensor:
    if outcome.entry is not None:
        rule = "delayed entry, which the losses of a network do not know"
        raise FitError(Finding("I56", rule, "take a landmark: patients under observation at it, time from it"))
    return head.targets(outcome.event, outcome.time)


def _draws(*key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(key))
