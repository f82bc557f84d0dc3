"""What the tests of classifiers share: labelled rows, and a fit of each machine small enough to repeat."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.special import expit

from cohorts.errors import PrognosisWarning
from prognosis.classifiers.machine import LabelledRows
from prognosis.models import AdaBoost, DecisionTree, ExtraTrees, NeuralNetwork, SupportVectorMachine

SMALL = {
    "rbf": SupportVectorMachine(),
    "linear": SupportVectorMachine(kernel="linear"),
    "tree": DecisionTree(),
    "net": NeuralNetwork(nets=2, hidden=(3,)),
    "extra": ExtraTrees(trees=15),
    "ada": AdaBoost(rounds=10),
}


def frame_of(n=200, seed=1, columns=3, strength=1.0):
    """Return numbers whose first column, and the product of the next two, make the event likelier; and the event."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(n, columns)).round(3)
    log_odds = strength * (1.2 * x[:, 0] + 0.8 * x[:, 1] * x[:, 2] - 0.5)
    event = (draw.random(n) < expit(log_odds)).astype(int)
    return pd.DataFrame(x, columns=[f"x{j}" for j in range(columns)]), event


def labelled(n=200, seed=1, columns=3, weight=None, together=None):
    """Return the same as labelled rows."""
    frame, event = frame_of(n, seed, columns)
    weight = np.ones(n) if weight is None else weight
    return LabelledRows(frame.to_numpy(), event == 1, weight, together)


def fit(recipe, frame, event):
    """Fit a recipe; what it warns of is not the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return recipe.fit(frame, event)


def risk_of(fitted, frame):
    """Return the risk of each row, (n,)."""
    return fitted.estimate_.risk(fitted.preparation_.design(frame), np.array([np.nan]))[0][:, 0]
