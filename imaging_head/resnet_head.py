"""ResNet34 as a learner of radiographs: declared once, fitted anew in every fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from cohorts import Cohort, Folds, Score
from cohorts.endpoint import Endpoint
from cohorts.errors import Finding, FitError, raise_findings
from cohorts.outcome import Outcome
from imaging_head.augmentation import Augmentation
from imaging_head.batch_norm import settle
from imaging_head.checkpoints import Checkpoint, array_digest, digest_of
from imaging_head.cross_fit import cross_fit
from imaging_head.film_inputs import FilmInputs, Inputs, by_patient, outputs_of, passes
from imaging_head.fitted_head import FittedHead, check_films
from imaging_head.frozen_trunk import cached, doubts_of
from imaging_head.head import ClassHead, Head, balanced
from imaging_head.network import Origin, make_network
from imaging_head.precision import Device, Numbers, Precision, choose_precision
from imaging_head.processes import join
from imaging_head.radiographs import Squares
from imaging_head.starting_outputs import starting_outputs
from imaging_head.survival_heads import CoxHead, DiscreteTimeHead, interval_breaks
from imaging_head.temperature import fit_temperature
from imaging_head.training import Material, Schedule, Training
from imaging_head.training_log import told, write_log
from imaging_head.training_parts import split_patients

Network = Callable[[int, int, str | Path | None], tuple[torch.nn.Module, Origin]]
SPLIT, TRAINING = 11, 12
SMALLEST = 32


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
    records : folder of checkpoint and CSV log, from which a killed training goes on to the same bytes; None keeps none.
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
    records: str | Path | None = None
    network: Network = make_network

    def __post_init__(self) -> None:
        faults = [
            (self.image_size < SMALLEST, f"films of {self.image_size} pixels", f"at least {SMALLEST}"),
            (self.epochs < 1, f"{self.epochs} epochs", "at least one"),
            (not 0 < self.validation < 1, f"a validation part of {self.validation}", "a share, such as .15"),
            (self.horizon is not None and not 0 < self.horizon < np.inf, f"the horizon {self.horizon}",
             "a positive time"),
        ]  # fmt: skip
        raise_findings((Finding("I50", rule, way_out) for wrong, rule, way_out in faults if wrong), FitError)

    def with_task(self, *task: int) -> ResNet34Head:
        """Return the learner with random numbers of its own."""
        return replace(self, task=task)

    def fit(self, films: Squares, outcome: Outcome) -> FittedHead:
        """Train on the films of the outcome's patients; stopping and calibration are learnt inside them.

        Under torchrun every process calls this with the same films and outcome, and gets the same network.

        Raises
        ------
        ImageError
            I22 a patient without a film; I54 films of another size. FitError: I35 an outcome that the head does not
            answer, I52 too few patients of a class, I53 a loss that is not finite, I56 delayed entry. RunError: I57 a
            checkpoint of another training, or one that cannot be written.
        """
        films = films.of(outcome.ids)
        check_films(films, self.image_size)
        processes = join(self.device)
        key = (self.seed, *self.task)
        parts = split_patients(films, outcome, self.validation, _draws(*key, SPLIT))
        head = self._head(outcome)
        targets = _targets(head, outcome)
        precision = choose_precision(self.device, self.numbers, processes.local)
        network, origin = self.network(head.outputs, int(_draws(*key).integers(2**31)), self.weights)
        with torch.no_grad():
            network.get_parameter("fc.bias").copy_(starting_outputs(head, targets[parts.patient[parts.learn]]))
        network = precision.placed(network)
        inputs, learning = self._inputs(network, films, precision)
        material = Material(inputs, targets[parts.patient], parts, targets[parts.validated], head)
        schedule = replace(self.schedule, epochs=self.epochs)
        training = Training(learning, material, schedule, precision, (*key, TRAINING), processes)
        self._run(training, self._about(films, outcome, training, origin))
        settle(learning, (inputs.plain(rows) for rows in passes(parts.learn)), learning)
        means = by_patient(outputs_of(learning, inputs, parts.validate, self.mirror), parts.patient[parts.validate])
        temperature = fit_temperature(head, means, material.patient_targets)
        calibrated = temperature.of(head.corrected(means))
        baseline = head.baseline(calibrated, material.patient_targets) if isinstance(head, CoxHead) else None
        doubts = (*(doubts_of(origin) if self.frozen else ()), *temperature.findings)
        network.eval().requires_grad_(False)
        return FittedHead(network, head, temperature, origin, self.image_size, self.mirror, precision,
                          self._horizon(outcome), baseline, training.history, doubts)  # fmt: skip

    def cross_fit(
        self, films: Squares, cohort: Cohort, endpoint: Endpoint, folds: Folds, *, nested: bool = True
    ) -> Score:
        """Return the score of every patient by networks that never saw the patient; see `cross_fit.cross_fit`."""
        return cross_fit(self, films, cohort, endpoint, folds, nested=nested).score

    def _inputs(self, network: torch.nn.Module, films: Squares, precision: Precision) -> tuple[Inputs, torch.nn.Module]:
        """Return what is learnt from and what learns: films and the network, or features and its last layer."""
        if not self.frozen:
            return FilmInputs(torch.as_tensor(films.pixels), self.augmentation, precision), network
        last = network.get_submodule("fc")
        return cached(network, films, precision, self.augmentation.mirror, self.mirror), last

    def _run(self, training: Training, about: Mapping[str, Any]) -> None:
        """Train from the start or from a checkpoint; process 0 writes and tells."""
        processes, parts = training.processes, training.material.parts
        name = "-".join(["training", *map(str, self.task)])
        place = None if self.records is None else Path(self.records) / name
        checkpoint = None if place is None else Checkpoint(place.with_suffix(".safetensors"), about)
        processes.check_same(digest_of(about))
        if checkpoint is not None:
            checkpoint.restore(training)
        # where processes share no folder, one may have found a checkpoint and the other none
        processes.check_same(digest_of(len(training.history)))
        films = len(parts.learn) + len(parts.validate)
        with told("ResNet34", self.epochs, films) if processes.writes else nullcontext() as say:

            def after(training: Training) -> None:
                if say is not None:
                    say(training.history)
                if processes.writes and place is not None and checkpoint is not None:
                    checkpoint.save(training)
                    write_log(place.with_suffix(".csv"), training.history)

            training.run(after)

    def _about(self, films: Squares, outcome: Outcome, training: Training, origin: Origin) -> dict[str, Any]:
        """Return what decides the bytes of the result; a checkpoint of anything else is refused."""
        return {
            "films": array_digest(films.pixels),
            "outcome": digest_of([films.patients, outcome.ids, outcome.event.tolist(), outcome.time.tolist()]),
            "schedule": asdict(training.schedule),
            "augmentation": asdict(self.augmentation),
            "head": repr(training.material.head),
            "start": [asdict(origin), self.frozen, self.mirror, self.validation],
            "seed": list(training.seed),
            "numbers": asdict(training.precision),
            "machine": [torch.__version__, torch.get_num_threads(), training.processes.size],
        }

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
