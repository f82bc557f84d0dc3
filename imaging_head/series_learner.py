"""A learner of dynamic series: trained anew in every fold, with the verbs of what learns from films."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding, FitError, ImageError, raise_findings
from cohorts.outcome import Outcome
from imaging_head.conv_lstm import ConvLstmClassifier, MeanFrameClassifier
from imaging_head.dynamic_series import DynamicSeries
from imaging_head.head import ClassHead
from imaging_head.one_thread import one_thread
from imaging_head.temperature import Temperature, fit_temperature

Tensor = torch.Tensor
WEIGHTS, ORDER, PARTS = 1, 2, 3
NETWORKS = {"conv_lstm": ConvLstmClassifier, "mean_frame": MeanFrameClassifier}
# Training stops a step from growing without bound through twelve frames.
LONGEST_GRADIENT = 1.0


@dataclass(frozen=True)
class SeriesLearner:
    """A small network for series of frames and a binary outcome; a value that `fit` leaves as it is.

    Parameters
    ----------
    network : ``conv_lstm`` reads the frames in their order; ``mean_frame`` sees their mean over time.
    epochs : passes over the training series, all of them: nothing is chosen by a validation part. batch : series a
        step. rate : highest learning rate (Adam, one cycle). hidden : width of the network.
    calibration : share of the training patients, of each class, that the network does not learn from and that give its
        temperature. seed, task : of weights, order and parts; `with_task` sets the latter.

    Notes
    -----
    Everything runs on the processor, on one thread: the same numbers on every number of cores.
    """

    network: Literal["conv_lstm", "mean_frame"] = "conv_lstm"
    epochs: int = 30
    batch: int = 16
    rate: float = 0.01
    hidden: int = 8
    calibration: float = 0.2
    seed: int = 0
    task: tuple[int, ...] = ()

    def with_task(self, *task: int) -> SeriesLearner:
        """Return the learner with random numbers of its own."""
        return replace(self, task=task)

    def fit(self, series: DynamicSeries, outcome: Outcome) -> FittedSeriesLearner:
        """Train on the series of the outcome's patients.

        Raises
        ------
        FitError
            I89 settings that mean nothing, or fewer than four patients with or without the event; I35 an outcome with
            times or codes besides 0 and 1. ImageError: I22 a patient without a series; I87 a series without signal.
        """
        self._check(outcome)
        series = series.of(outcome.ids)
        event = pd.Series(outcome.event, index=list(outcome.ids)).loc[list(series.patients)].to_numpy()
        head = ClassHead()
        targets, inputs = head.targets(event), _inputs(series)
        learn, left = _parts(event, self.calibration, self._draws(PARTS))
        with one_thread():
            torch_seed = int(self._draws(WEIGHTS).integers(2**31))
            network = _made(self.network, self.hidden, torch_seed)
            losses = self._train(network, inputs[learn], targets[learn], head)
            temperature = fit_temperature(head, _outputs(network, inputs[left]), targets[left])
        return FittedSeriesLearner(network, temperature, series.seconds, series.frames.shape[2:], losses)

    def _train(self, network: torch.nn.Module, inputs: Tensor, targets: Tensor, head: ClassHead) -> tuple[float, ...]:
        """Train in place; return the mean loss of each epoch."""
        steps = math.ceil(len(inputs) / self.batch)
        optimiser = torch.optim.Adam(network.parameters(), lr=self.rate / 25)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, self.rate, total_steps=self.epochs * steps + 1)
        order, losses = self._draws(ORDER), []
        for _ in range(self.epochs):
            shuffled = torch.as_tensor(order.permutation(len(inputs)))
            total = 0.0
            for rows in shuffled.split(self.batch):
                optimiser.zero_grad()
                loss = head.loss(network(inputs[rows]), targets[rows])
                loss.backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), LONGEST_GRADIENT)
                optimiser.step()
                cycle.step()
                total += float(loss.detach()) * len(rows)
            losses.append(total / len(inputs))
        if not math.isfinite(losses[-1]):
            raise FitError(Finding("I89", "the loss is not finite", "train with a smaller learning rate"))
        return tuple(losses)

    def _draws(self, stream: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence([self.seed, *self.task, stream]))

    def _check(self, outcome: Outcome) -> None:
        counts = [int((outcome.event == code).sum()) for code in (0, 1)]
        numbers = (self.epochs, self.batch, self.hidden)
        faults = [
            (self.network not in NETWORKS, f"the network {self.network}", f"known are {', '.join(NETWORKS)}"),
            (min(numbers) < 1, f"epochs, batch, hidden {numbers}", "at least one each"),
            (not 0 < self.rate < math.inf, f"a learning rate of {self.rate}", "a small positive number, such as .01"),
            (not 0 < self.calibration < 1, f"a calibration part of {self.calibration}", "a share, such as .2"),
            (np.isfinite(outcome.time).any(), "a time to event", "give a binary endpoint, or EarlyRelapse's window"),
            (sum(counts) < len(outcome), "event codes besides 0 and 1", "give a binary endpoint"),
            (min(counts) < 4, f"{counts[1]} patients with and {counts[0]} without the event", "at least four of each"),
        ]
        raise_findings((Finding("I89", rule, way_out) for wrong, rule, way_out in faults if wrong), FitError)


@dataclass(frozen=True, eq=False)
class FittedSeriesLearner:
    """A trained network of series.

    Parameters
    ----------
    network : torch's. temperature : learnt from patients it did not see. seconds, size : of the series learnt from.
    losses : mean training loss of each epoch.
    """

    network: torch.nn.Module
    temperature: Temperature
    seconds: tuple[float, ...]
    size: tuple[int, ...]
    losses: tuple[float, ...]

    def linear_predictor(self, series: DynamicSeries) -> pd.Series:
        """Return the calibrated log-odds of the event of each patient.

        Raises
        ------
        ImageError
            I89 series of other times or another size than those learnt from; I87 a series without signal.
        """
        if series.seconds != self.seconds or series.frames.shape[2:] != self.size:
            rule = f"frames of {series.frames.shape[2:]} at {len(series.seconds)} times, learnt were {self.size}"
            way_out = f"give frames of that size, {', '.join(f'{s:g}' for s in self.seconds)} s after the injection"
            raise ImageError(Finding("I89", rule, way_out))
        with one_thread():
            outputs = self.temperature.of(_outputs(self.network, _inputs(series)))
        return pd.Series((outputs[:, 1] - outputs[:, 0]).numpy(), pd.Index(series.patients, name="patient"))

    def predict(self, series: DynamicSeries) -> pd.Series:
        """Return the probability of the event of each patient; raises as `linear_predictor`."""
        from scipy.special import expit

        return self.linear_predictor(series).map(expit)


def _inputs(series: DynamicSeries) -> Tensor:
    """Scale each patient's frames: what is added to the mean frame without contrast, in parts of its mean signal."""
    base = series.baseline
    level = base.mean(axis=(1, 2), dtype=np.float64)
    if not (level > 0).all():
        rows = tuple(patient for patient, mean in zip(series.patients, level, strict=True) if not mean > 0)
        raise ImageError(Finding("I87", "no signal before the injection", "leave the series out", rows=rows))
    scaled = series.frames - base[:, None]
    scaled /= level.astype(np.float32)[:, None, None, None]
    return torch.as_tensor(scaled)


def _parts(
    event: NDArray[np.int64], share: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide the patients of each class into those learnt from and at least one of those left for the calibration."""
    left: list[int] = []
    for code in (0, 1):
        rows = rng.permutation(np.flatnonzero(event == code))
        left += rows[: min(max(1, round(share * len(rows))), len(rows) - 1)].tolist()
    return np.setdiff1d(np.arange(len(event)), left), np.sort(left)


def _made(kind: str, hidden: int, seed: int) -> torch.nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: torch.nn.Module = NETWORKS[kind](hidden=hidden)
    return made


def _outputs(network: torch.nn.Module, inputs: Tensor) -> Tensor:
    """Answer in blocks, so that memory does not grow with the number of patients."""
    with torch.no_grad():
        return torch.cat([network(part) for part in inputs.split(64)]).double()
