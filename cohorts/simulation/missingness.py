"""Values that were not recorded: by chance alone, or more often in older patients."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from cohorts.simulation.effects import Bools, Floats

Mechanism = Literal["mcar", "mar"]
# [chosen] odds of a missing value, for a difference of one standard deviation of age
MAR_SLOPE = np.log(2.0)
HALVINGS = 60


def missing_probability(share: float, mechanism: Mechanism, age: Floats) -> Floats:
    """Return each patient's probability of a missing value: the same (MCAR), or rising with age (MAR).

    The probabilities have the mean `share` in this cohort; age itself is always recorded.
    """
    if mechanism == "mcar" or share == 0:
        return np.full(len(age), share)
    rise = MAR_SLOPE * (age - age.mean()) / max(float(age.std()), 1e-9)
    low, high = -50.0, 50.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-middle - rise))).mean() < share else (low, middle)
    return np.asarray(1 / (1 + np.exp(-low - rise)))


def lost(probability: Floats, rng: np.random.Generator) -> Bools:
    """Draw for whom one value is missing."""
    return np.asarray(rng.random(len(probability)) < probability)


def with_missing(
    frame: pd.DataFrame, columns: tuple[str, ...], probability: Floats, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the frame with values of these columns missing, each cell by itself."""
    return frame.assign(**{name: frame[name].mask(lost(probability, rng)) for name in columns})
