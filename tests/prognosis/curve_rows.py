"""Rows for the tests of curves: two tables to compute by hand, coarse random ones, and mgus2 with late entry."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.conftest import GOLDEN

TINY = pd.read_csv(GOLDEN / "data" / "tiny6.csv")
COUNTING = pd.read_csv(GOLDEN / "data" / "tiny_counting.csv")
SEEDS = st.integers(0, 10_000)


def coarse_rows(seed: int, n: int = 30, causes: int = 1, delayed: bool = True) -> dict[str, np.ndarray]:
    """Times with many ties, case weights that are no counts, and entries of which some lie at times of others."""
    draw = np.random.default_rng(seed)
    entry = draw.integers(0, 4, n).astype(float)
    rows = {
        "time": entry + draw.integers(1, 9, n),
        "event": draw.integers(0, causes + 1, n),
        "entry": entry,
        "weight": draw.integers(1, 9, n) / 4,
    }
    # All wait for the last, who is censored: the risk set never dies out while others are to come.
    rows["time"][0], rows["event"][0], rows["entry"][0] = 15.0, 0, 0.0
    rows["event"][1] = 1
    if not delayed:
        del rows["entry"]
    return rows


def late_mgus2() -> pd.DataFrame:
    """The rows of mgus2 with made entries, weights and age groups, as the R calls in the tests have them."""
    rows = pd.read_csv(GOLDEN / "data" / "mgus2.csv")
    return rows.assign(
        late=2.0 * (rows["id"] % 3) * (rows["etime"] > 4),
        w=0.5 + rows["age"] % 4 / 4,
        g=pd.cut(rows["age"], [0, 60, 75, 200], labels=False),
        e=(rows["ev"] > 0).astype(int),
    )


def jackknife_by_differences(estimate, weight: np.ndarray) -> np.ndarray:
    """Standard errors from the definition: the estimate's numerical slope in each weight, times the weight, squared."""
    step = 1e-5
    total = 0.0
    for row in range(len(weight)):
        moved = np.zeros(len(weight))
        moved[row] = step
        slope = (estimate(weight + moved) - estimate(weight - moved)) / (2 * step)
        total = total + (weight[row] * slope) ** 2
    return np.sqrt(total)
