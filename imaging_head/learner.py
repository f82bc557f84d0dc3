"""What learns a score from films: the two sides that cross-fitting, protocols and tests agree on."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from cohorts.outcome import Outcome
from imaging_head.radiographs import Squares


class FittedLearner(Protocol):
    """A learner that was fitted to the films of some patients."""

    def linear_predictor(self, films: Squares) -> pd.Series:
        """Return the log-odds of the event (binary) or the log relative hazard (survival) of each patient.

        One number a patient, index = the patients, each once, in the order of the films; several films of a patient
        count by their mean. It is what enters other models as a predictor.
        """
        ...

    def predict(self, films: Squares) -> pd.Series:
        """Return the probability of the event, or the risk at the learner's horizon, of each patient, 0 to 1."""
        ...


class Learner(Protocol):
    """Declared and unfitted; a value, so that folds can fit it in any order and on any worker."""

    def with_task(self, *task: int) -> Learner:
        """Return the learner with random numbers of its own: fold, inner fold, round."""
        ...

    def fit(self, films: Squares, outcome: Outcome) -> FittedLearner:
        """Fit to the films of the patients of an outcome; whatever is tuned or calibrated is so inside these films."""
        ...
