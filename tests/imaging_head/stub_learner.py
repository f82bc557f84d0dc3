"""A learner for tests that needs no network: it reads the mean grey of a film, and remembers what it was shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from imaging_head.radiographs import Squares


@dataclass(frozen=True)
class MeanGrey:
    """Log-odds of the training share, plus so many times the mean grey above that of the training films.

    `seen` collects (task, training patients) of every fit; `fault` is raised by a fit.
    """

    slope: float = 20.0
    task: tuple[int, ...] = ()
    seen: list = field(default_factory=list, repr=False, compare=False)
    fault: Exception | None = field(default=None, repr=False, compare=False)

    def with_task(self, *task: int) -> MeanGrey:
        return replace(self, task=task)

    def fit(self, films: Squares, outcome):
        if self.fault is not None:
            raise self.fault
        assert set(films.patients) == set(outcome.ids)
        self.seen.append((self.task, frozenset(films.patients)))
        return FittedMeanGrey(float(logit(np.mean(outcome.event))), self.slope, float(films.pixels.mean()))


@dataclass(frozen=True)
class FittedMeanGrey:
    base: float
    slope: float
    middle: float

    def linear_predictor(self, films: Squares) -> pd.Series:
        grey = pd.Series(films.pixels.mean(axis=(1, 2), dtype=float) - self.middle)
        patients = list(films.patients)
        return self.base + self.slope * grey.groupby(patients).mean().loc[list(dict.fromkeys(patients))]

    def predict(self, films: Squares) -> pd.Series:
        return self.linear_predictor(films).pipe(lambda score: pd.Series(expit(score), score.index))


@contextmanager
def stopped_in(number: int) -> Iterator[None]:
    """Interrupt the fit of a round, as somebody who presses Ctrl-C."""
    fit = MeanGrey.fit

    def stopping(learner, films, outcome):
        if learner.task[-1] == number:
            raise KeyboardInterrupt
        return fit(learner, films, outcome)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MeanGrey, "fit", stopping)
        yield


def grey_films(patients, light, noise=0.05, seed=0) -> Squares:
    """Films of 2 x 2 pixels, one a patient, that are lighter by `light` (n,)."""
    random = np.random.default_rng(seed)
    grey = 0.4 + np.asarray(light, float) + noise * random.standard_normal(len(patients))
    pixels = np.clip(np.repeat(grey, 4).reshape(-1, 2, 2), 0, 1).astype(np.float32)
    return Squares(pixels, tuple(patients))
