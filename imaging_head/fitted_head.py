"""A network that has learnt: outputs, linear predictors and risks of patients from their films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from cohorts.errors import Finding, ImageError, PredictionError
from imaging_head.augmentation import PLAIN
from imaging_head.film_inputs import FilmInputs, by_patient, outputs_of
from imaging_head.head import ClassHead, Head
from imaging_head.network import Origin
from imaging_head.precision import Precision
from imaging_head.radiographs import Squares
from imaging_head.survival_heads import Baseline, CoxHead, DiscreteTimeHead
from imaging_head.temperature import Temperature
from imaging_head.training import Epoch

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False, repr=False)
class FittedHead:
    """A trained network with its head; made by `ResNet34Head.fit`.

    Parameters
    ----------
    network : in evaluation mode, films (n, 1, size, size) to outputs. head : their meaning.
    temperature : by which corrected outputs are divided. origin : of the weights before training.
    image_size : pixels of an edge. mirror : whether outputs are the mean of a film's and its mirrored copy's.
    precision : of the training. horizon : of `predict` for a time to event.
    baseline : cumulative hazard of a Cox head. history : the epochs. findings : warnings of the training.
    """

    network: torch.nn.Module
    head: Head
    temperature: Temperature
    origin: Origin
    image_size: int
    mirror: bool
    precision: Precision
    horizon: float | None = None
    baseline: Baseline | None = None
    history: tuple[Epoch, ...] = ()
    findings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return f"FittedHead({self.origin.text}; {type(self.head).__name__}; {len(self.history)} epochs)"

    def outputs(self, films: Squares) -> tuple[pd.Index[str], Tensor]:
        """Return the patients and their calibrated outputs: class weights taken out, divided by the temperature.

        Returns
        -------
        patients : each once, in the order of the films. outputs : (patients, outputs), float64; the mean over the films
            of a patient.

        Raises
        ------
        ImageError
            I54 films of another size, outside 0 to 1, or none.
        """
        check_films(films, self.image_size)
        inputs = FilmInputs(torch.as_tensor(films.pixels), PLAIN, self.precision)
        found = outputs_of(self.network, inputs, np.arange(len(films)), self.mirror)
        patient, names = pd.factorize(np.asarray(films.patients, dtype=object))
        means = by_patient(found, patient.astype(np.int64))
        return pd.Index(names, name="patient"), self.temperature.of(self.head.corrected(means))

    def linear_predictor(self, films: Squares) -> pd.Series:
        """Return one number a patient, larger where the event is likelier; see `score_of`."""
        patients, outputs = self.outputs(films)
        return pd.Series(score_of(self.head, outputs, self.horizon), patients, name="linear_predictor")

    def predict(self, films: Squares) -> pd.Series:
        """Return the probability of the event (two classes), or the risk at the horizon, of each patient, 0 to 1.

        Raises
        ------
        PredictionError
            I55 more than two classes, which have no one probability.
        """
        if isinstance(self.head, ClassHead):
            if self.head.classes > 2:
                rule = f"{self.head.classes} classes have no one probability of the event"
                raise PredictionError(Finding("I55", rule, "probabilities(films) gives one column a class"))
            return self.probabilities(films)[1].rename("risk")
        assert self.horizon is not None
        return self.risks(films, [self.horizon])[self.horizon].rename("risk")

    def probabilities(self, films: Squares) -> pd.DataFrame:
        """Return the probability of each class, patients x classes.

        Raises
        ------
        PredictionError
            I55 a head of times.
        """
        if not isinstance(self.head, ClassHead):
            raise PredictionError(Finding("I55", "a time to event has no classes", "use risks(films, horizons)"))
        patients, outputs = self.outputs(films)
        return pd.DataFrame(self.head.probabilities(outputs), patients, range(self.head.classes))

    def risks(self, films: Squares, horizons: Sequence[float]) -> pd.DataFrame:
        """Return the probability of the event by each horizon, patients x horizons; not a number beyond follow-up.

        Raises
        ------
        PredictionError
            I55 a head of classes.
        """
        if isinstance(self.head, ClassHead):
            raise PredictionError(Finding("I55", "classes have no horizon", "use predict or probabilities"))
        patients, outputs = self.outputs(films)
        answering: Any = self.baseline if self.baseline is not None else self.head
        return pd.DataFrame(answering.risk(outputs, horizons), patients, list(horizons))


def score_of(head: Head, outputs: Tensor, horizon: float | None) -> NDArray[np.float64]:
    """Return the linear predictor that calibrated outputs mean, (patients,).

    Two classes: log-odds of the event. More, ordered classes: log-odds of the mean class over the highest one, which
    for two is the same. Cox: log relative hazard. Discrete time: logarithm of the cumulative hazard by the horizon.
    """
    if isinstance(head, CoxHead):
        return np.asarray(outputs[:, 0].double().numpy())
    if isinstance(head, DiscreteTimeHead):
        by = torch.tensor(head.risk(outputs, [horizon or head.breaks[-1]])[:, 0])
        return np.log(-np.log1p(-by.clamp(1e-300, 1 - 1e-16).numpy()))
    log = torch.log_softmax(outputs.double(), dim=1)
    step = torch.arange(outputs.shape[1], dtype=torch.float64) / (outputs.shape[1] - 1)
    up, down = (torch.logsumexp(log + torch.log(share), 1) for share in (step, 1 - step))
    return np.asarray((up - down).numpy())


def check_films(films: Squares, size: int) -> None:
    """Refuse films that the network was not made for (I54)."""
    shape = films.pixels.shape
    if len(films) == 0:
        raise ImageError(Finding("I54", "no films", "give at least one"))
    # written so that a pixel that is no number fails too
    if not (films.pixels.min() >= 0 and films.pixels.max() <= 1):
        raise ImageError(Finding("I54", "pixels outside 0 to 1, or not finite", "scale the films to 0 to 1"))
    if len(shape) != 3 or shape[1:] != (size, size):
        rule = f"films of {' x '.join(map(str, shape[1:]))} pixels, expected {size} x {size}"
        way_out = f"make them by films.squares({size}), or declare image_size={shape[-1]} before the fit"
        raise ImageError(Finding("I54", rule, way_out))
