"""Elastic-net penalised Cox coefficients against R's glmnet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.penalised.cox_path import fit_path
from prognosis.penalised.cox_validation import CoxRows
from tests.golden_walk.compared import Compared

FILES = ("glmnet_*",)
LEFT_OUT = {"lambda": "how R was asked", "standardize": "how R was asked", "cols": "how R was asked"}

# glmnet's own answers violate its optimality conditions by 3e-8 (ours by 1e-11): its default of `thresh = 1e-14` stops
# 2.5e-6 short. Run with `thresh = 1e-22` it meets ours to 1e-8 (test_penalised_live_r.py).
TOLERANCE = 3e-6

# To keep patients censored on a day of death in that day's risk set, glmnet adds 2e-14 to their times: days in the
# hundreds do not keep that, and its sort then lets these 19 of the 39 such patients (pid) leave before the deaths.
LEFT_BEFORE = (
    *(1362, 1081, 1319, 468, 1016, 1301, 511, 1644, 1668, 1627),
    *(305, 1694, 1816, 1502, 1589, 1070, 1162, 1456, 736),
)


def compare(_: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Coefficients at four penalties for lasso, elastic net and ridge."""
    frame = data("gbsg")
    rows = CoxRows(
        np.ascontiguousarray(frame[golden["cols"]].to_numpy(float)),
        frame["rfstime"].to_numpy(float) - 0.5 * frame["pid"].isin(LEFT_BEFORE).to_numpy(),
        frame["status"].to_numpy() == 1,
        np.ones(len(frame)),
    )
    for alpha in (1, 0.5, 0):
        path = fit_path(rows.likelihood(), alpha, np.array(golden["lambda"]))
        yield Compared(f"alpha_{alpha}", path.coefficients, TOLERANCE)
