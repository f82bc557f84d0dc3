"""A learner that costs nothing: one step of a regression on the pixels, with memory of what it saw if asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from cohorts import Outcome
from imaging_head.radiographs import Squares


def residuals(outcome: Outcome) -> np.ndarray:
    """What the event count is above its expectation, (n,): martingale residuals without predictors, or event - mean."""
    event = (outcome.event == 1).astype(float)
    if np.isnan(outcome.time).all():
        return event - event.mean()
    order = np.argsort(outcome.time, kind="stable")
    at_risk = np.arange(len(order), 0, -1)
    hazard = np.empty(len(order))
    hazard[order] = np.cumsum(event[order] / at_risk)
    return event - hazard


@dataclass(frozen=True)
class Pixels:
    """Least squares of the residuals on all pixels, shrunk by `ridge`; `noise` depends on the task."""

    ridge: float = 1.0
    noise: float = 0.0
    task: tuple[int, ...] = field(default=(), repr=False)

    def with_task(self, *task: int) -> Pixels:
        return replace(self, task=task)

    def fit(self, films: Squares, outcome: Outcome) -> FittedPixels:
        place = {patient: row for row, patient in enumerate(outcome.ids)}
        rows = [place[patient] for patient in films.patients]
        seen = films.pixels.reshape(len(films), -1).astype(float)
        middle = seen.mean(axis=0)
        products = (seen - middle).T @ (seen - middle) + self.ridge * np.eye(seen.shape[1])
        weights = np.linalg.solve(products, (seen - middle).T @ residuals(outcome)[rows])
        weights += self.noise * np.random.default_rng(self.task).normal(size=len(weights))
        return FittedPixels(middle, weights, frozenset(outcome.ids))


@dataclass(frozen=True, eq=False)
class FittedPixels:
    """Weights of the pixels; `saw` are the patients of the fit."""

    middle: np.ndarray
    weights: np.ndarray
    saw: frozenset[str]

    def linear_predictor(self, films: Squares) -> pd.Series:
        values = (films.pixels.reshape(len(films), -1) - self.middle) @ self.weights
        if len(set(films.patients)) == len(films):
            return pd.Series(values, list(films.patients))
        return pd.Series(values).groupby(np.array(films.patients), sort=False).mean()

    def predict(self, films: Squares) -> pd.Series:
        return 1 / (1 + np.exp(-self.linear_predictor(films)))
