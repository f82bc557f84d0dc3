"""R's restricted cubic spline bases: knots and columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.splines import default_knots, spline_basis
from tests.golden_walk.compared import Compared

FILES = ("rcs_*",)
LEFT_OUT = {"variable": "name of the column"}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    values = data("mgus2")[golden["variable"]].to_numpy(float)
    knots = default_knots(values, golden["nk"])
    at = np.quantile(values, [0, 0.1, 0.35, 0.5, 0.77, 1])
    yield Compared("nk", len(knots), 0.0)
    yield Compared("knots", knots, 1e-12)
    yield Compared("at", at, 1e-12)
    yield Compared("basis", spline_basis(at, knots), 1e-12)
