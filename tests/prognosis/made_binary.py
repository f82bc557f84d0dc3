"""What the tests of binary metrics share: twenty patients judged by R, and patients made up at random."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.special import expit

EVENT = np.array([0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1])
RISK = np.array(
    [0.1, 0.1, 0.1, 0.2, 0.2, 0.205, 0.3, 0.31, 0.31, 0.4, 0.45, 0.5, 0.5, 0.5, 0.502, 0.6, 0.7, 0.7, 0.8, 0.95]
)
# Neighbours changed places, and no two are equal.
OTHER = RISK.reshape(10, 2)[:, ::-1].ravel() + 0.01 * np.arange(1, 21)


def patients(n=400, seed=5, shift=0.0, stretch=1.0, digits=2):
    """Return outcome and predicted risk of n patients; `shift` and `stretch` spoil the predicted log odds."""
    draw = np.random.default_rng(seed)
    log_odds = draw.normal(-0.4, 1.2, n)
    event = (draw.random(n) < expit(log_odds)).astype(int)
    risk = np.clip(expit(shift + stretch * log_odds).round(digits), 0.01, 0.99)
    return event, risk


@st.composite
def small_cohorts(draw):
    """Return outcome and a heavily tied risk of 4 to 25 patients, with two events and two others at least."""
    n = draw(st.integers(4, 25))
    event = np.array([1, 1, 0, 0, *draw(st.lists(st.integers(0, 1), min_size=n - 4, max_size=n - 4))])
    risk = np.array(draw(st.lists(st.integers(1, 19), min_size=n, max_size=n))) / 20
    return event, risk
