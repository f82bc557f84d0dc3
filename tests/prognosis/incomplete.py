"""Made-up predictors with holes, and their outcome, for the tests of imputation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from prognosis.outcome import SurvivalArrays


def incomplete(n=300, seed=1):
    """Return predictors with values missing at random in all but one of them, and the outcome."""
    g = np.random.default_rng(seed)
    age = g.integers(40, 85, n).astype(float)
    ldh = np.exp(5.3 + 0.01 * (age - 60) + 0.3 * g.normal(size=n)).round()
    stage = np.clip(np.floor(1.5 + 0.02 * (age - 60) + g.normal(size=n)), 1, 3)
    frame = pd.DataFrame(
        {
            "age": age,
            "ldh": ldh,
            "female": (g.random(n) < 0.5).astype(float),
            "stage": pd.Categorical(np.array(["I", "II", "III"])[stage.astype(int) - 1], ["I", "II", "III"], True),
            "site": pd.Categorical(g.choice(["femur", "tibia", "pelvis"], n), ["femur", "tibia", "pelvis"]),
        },
        index=[f"P{row}" for row in range(n)],
    )
    time = g.exponential(20 * np.exp(-0.02 * (age - 60) - 0.4 * (stage == 3)))
    censored = g.uniform(2, 60, n)
    for name, share in (("ldh", 0.3), ("female", 0.1), ("stage", 0.2), ("site", 0.1)):
        frame.loc[g.random(n) < share, name] = np.nan
    return frame, SurvivalArrays(np.minimum(time, censored), (time <= censored).astype(np.int64))


def same(left, right):
    """Tell whether two lists of frames agree to the last bit."""
    return len(left) == len(right) and all(a.equals(b) for a, b in zip(left, right, strict=True))
