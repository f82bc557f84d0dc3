"""Backward elimination beside R's step, drop1 and rms::fastbw, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.models import Cox, Logistic, Selected
from prognosis.selection import Backward
from prognosis.selection.result import Selection
from tests.golden_walk.compared import Compared
from tests.prognosis.made import structured

FILES = ("selection_*",)
NAMES = "names of predictors, compared one by one in tests/prognosis/test_selection_backward.py"
LEFT_OUT = {"predictors.*": "how R was asked", "*.kept": NAMES, "*.dropped": NAMES}
WAYS = {
    "aic": Backward(),
    "p": Backward("p"),
    "fast_aic": Backward(method="approximate"),
    "fast_p": Backward("p", method="approximate"),
    "fast_individual": Backward("p", method="approximate", test="individual"),
}


def rows_of(kind: str, data: Callable[[str], pd.DataFrame]) -> tuple[pd.DataFrame, Any, Any, float]:
    """Return predictors, outcome, recipe and alpha, as the R script makes them."""
    if kind == "cox":
        d = data("gbsg")
        return d.assign(grade=pd.Categorical(d["grade"])), structured(d["rfstime"], d["status"]), Cox(), 0.2
    d = data("rotterdam_even_pid")
    d = d[(d["rfstime"] > 730) | (d["rfs"] == 1)].reset_index(drop=True)
    early = ((d["rfstime"] <= 730) & (d["rfs"] == 1)).to_numpy(int)
    return d.assign(size=pd.Categorical(d["size"])), early, Logistic(), 0.1


def chosen(kind: str, way: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Selection:
    """Eliminate as R was asked to."""
    frame, outcome, recipe, alpha = rows_of(kind, data)
    chooser = Backward(**{**WAYS[way].get_params(), "alpha": alpha})
    return Selected(recipe, chooser).choose(frame[golden["predictors"][kind]], outcome)


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Statistics of every step of five eliminations of a Cox and of a logistic model."""
    for kind in ("cox", "logistic"):
        for way in WAYS:
            table = chosen(kind, way, golden, data).path.table
            steps, known = table.iloc[1:], golden[kind][way]
            # step gives the AIC of the start too, fastbw compares with it
            aic = table["aic"] if way == "aic" else steps["aic"]
            residual = steps["aic"] + 2 * steps["df"].cumsum()
            ours = {**{key: steps[key] for key in ("chisq", "p", "df")}, "aic": aic, "residual": residual}
            for key in ours.keys() & known.keys():
                # R's tests by refitting stop where the log-likelihood changes by 1e-9
                yield Compared(f"{kind}.{way}.{key}", np.asarray(ours[key], float), 1e-6 if key == "p" else 1e-8)
