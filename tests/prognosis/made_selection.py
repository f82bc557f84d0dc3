"""Made-up patients with relevant, redundant and idle predictors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.prognosis.made import structured

RELEVANT = tuple(f"x{j}" for j in range(10))
EFFECTS = np.array([1.6, -1.4, 1.3, -1.5, 1.4])


def redundant(seed, n=300, noise=20):
    """Return predictors, a binary outcome, a time to event: x0 to x4 matter, x5 to x9 repeat them, the rest is idle."""
    draw = np.random.default_rng([seed, noise])
    own = draw.normal(size=(n, 5))
    columns = np.hstack([own, own + 0.3 * draw.normal(size=(n, 5)), draw.normal(size=(n, noise))])
    score = own @ EFFECTS
    event = (draw.random(n) < 1 / (1 + np.exp(-score))).astype(int)
    time, censored = draw.exponential(np.exp(-score)), draw.exponential(3, n)
    X = pd.DataFrame(columns, columns=[f"x{j}" for j in range(10 + noise)])
    return X, event, structured(np.minimum(time, censored), (time <= censored).astype(int))


def noise(seed, n=62, columns=40, events=17):
    """Return predictors of noise and a binary outcome."""
    draw = np.random.default_rng([seed, columns])
    X = pd.DataFrame(draw.normal(size=(n, columns)), columns=[f"g{j}" for j in range(columns)])
    return X, draw.permutation(np.arange(n) < events).astype(int)
