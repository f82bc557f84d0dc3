"""A last layer by penalised likelihood on a trunk that learnt elsewhere: what few patients can still teach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from cohorts.errors import Finding, FitError
from cohorts.outcome import Outcome
from imaging_head.film_inputs import by_patient
from imaging_head.fitted_head import FittedHead, check_films
from imaging_head.frozen_trunk import features_of
from imaging_head.head import ClassHead, Head
from imaging_head.network import make_network
from imaging_head.precision import Device, Numbers, choose_precision
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import Network
from imaging_head.ridge_fit import Layer, deal_parts, left_out_outputs, ridge_path
from imaging_head.survival_heads import CoxHead
from imaging_head.temperature import fit_temperature

Tensor = torch.Tensor
DEAL = 13
# Of the squared weights, where all features together have variance 1.
PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)


@dataclass(frozen=True)
class RidgeHead:
    """A learner whose ResNet34 comes from a file and stays as it is; its last layer learns by ridge regression.

    `ResNet34Head(frozen=True)` learns the same layer by steps of equal size in all directions, which among 512 features
    of a few hundred patients find noise. Here directions in which films hardly differ are shrunk.

    Parameters
    ----------
    weights : file of a network that learnt from other patients. image_size : pixels of an edge.
    seed : of the inner parts. mirror : whether features are the mean of a film's and its mirrored copy's.
    horizon : of `predict` for times; None: the median time of event.
    device, numbers : see `choose_precision`. task : of the random numbers; `with_task` sets it.
    network : what makes the network; for trials with a smaller one.

    Notes
    -----
    Two classes or a Cox head, by the outcome. Penalty, temperature and baseline hazard come from outputs of patients
    left out, in five parts of the patients of `fit` (le Cessie and van Houwelingen 1992; Verweij and van Houwelingen
    1994). The features of all of them are made by the same trunk, which has seen none.
    """

    weights: str | Path
    image_size: int = 224
    seed: int = 0
    mirror: bool = True
    horizon: float | None = None
    device: Device = "auto"
    numbers: Numbers = "auto"
    task: tuple[int, ...] = ()
    network: Network = make_network

    def with_task(self, *task: int) -> RidgeHead:
        """Return the learner with random numbers of its own."""
        return replace(self, task=task)

    def fit(self, films: Squares, outcome: Outcome) -> FittedHead:
        """Fit the last layer to the films of the outcome's patients.

        Raises
        ------
        ImageError
            I22 a patient without a film; I54 films of another size; I30, I31 the file of weights. FitError: I35 an
            outcome that the head does not answer, I56 delayed entry, I95 too few patients of a class.
        """
        films = films.of(outcome.ids)
        check_films(films, self.image_size)
        head, targets = _asked(outcome)
        part = deal_parts(outcome, np.random.default_rng(np.random.SeedSequence([self.seed, *self.task, DEAL])))
        precision = choose_precision(self.device, self.numbers)
        network, origin = self.network(head.outputs, self.seed, self.weights)
        network = precision.placed(network)
        sides = (False, True) if self.mirror else (False,)
        views = np.mean([features_of(network, films, precision, mirrored) for mirrored in sides], axis=0)
        place = {patient: row for row, patient in enumerate(outcome.ids)}
        features = by_patient(torch.as_tensor(views), np.array([place[name] for name in films.patients]))
        outputs = left_out_outputs(head, features, targets, part, PENALTIES)
        best = int(np.argmin([float(head.likelihood(each, targets)) for each in outputs]))
        _set_last(network, ridge_path(head, features, targets, PENALTIES[: best + 1])[-1])
        temperature = fit_temperature(head, outputs[best], targets)
        baseline = head.baseline(temperature.of(outputs[best]), targets) if isinstance(head, CoxHead) else None
        network.eval().requires_grad_(False)
        return FittedHead(network, head, temperature, origin, self.image_size, self.mirror, precision,
                          self._horizon(outcome), baseline, (), temperature.findings)  # fmt: skip

    def _horizon(self, outcome: Outcome) -> float | None:
        if self.horizon is not None or not np.isfinite(outcome.time).any():
            return self.horizon
        return float(np.median(outcome.time[outcome.event == 1]))


def _asked(outcome: Outcome) -> tuple[Head, Tensor]:
    """Return the head that answers an outcome, and its targets."""
    if outcome.entry is not None:
        rule = "delayed entry, which the losses of a network do not know"
        raise FitError(Finding("I56", rule, "take a landmark: patients under observation at it, time from it"))
    head: Head = CoxHead() if np.isfinite(outcome.time).any() else ClassHead()
    return head, head.targets(outcome.event, outcome.time)


def _set_last(network: torch.nn.Module, layer: Layer) -> None:
    with torch.no_grad():
        network.get_parameter("fc.weight").copy_(layer.weight.T)
        network.get_parameter("fc.bias").copy_(layer.bias)
