"""R's concordance with every weighting of time: value, variance and numbers of pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from prognosis.metrics.concordance import Concordance, concordance
from prognosis.models import Cox
from tests.golden_walk.compared import Compared
from tests.prognosis.made import COX_CASES

FILES = ("concordance_*",)
LEFT_OUT = {"marker": "says what the marker is", "ymax": "what R was asked"}
COUNTS = {"concordant": 0, "discordant": 1, "tied.x": 2, "tied.y": 3, "tied.xy": 4}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    lung = name == "concordance_lung"
    case = COX_CASES["lung" if lung else "gbsg_weighted"]
    rows = case.complete(data(case.data))
    # R fits without weights and weighs the pairs only; markers rounded to a decimal depend on R's origin.
    cox = Cox().fit(rows[list(case.predictors)], case.outcome(rows))
    estimate, x = cox.estimate_, rows[list(case.predictors)].to_numpy(float)
    origin = np.where(np.isin(x, (-1, 0, 1)).all(axis=0), 0.0, x.mean(axis=0))
    marker = replace(estimate, means=origin).linear_predictor(x)
    yield Compared("lp_first6", _first_of_table(marker, rows, data(case.data), case), 1e-10)
    weight = rows[golden["weights"]].to_numpy(float) if golden["weights"] else None
    outcome = rows[case.time].to_numpy(float), rows[case.event].to_numpy(int) == 1
    for kind in ("n", "S", "S/G", "n/G2", "I"):
        for suffix, values in (("", marker), ("_rounded", np.round(marker, 1))):
            found = concordance(*outcome, values, weight=weight, time_weight=kind, tau=golden["ymax"])
            yield from _pairs(found, f"{kind}{suffix}")


def _pairs(found: Concordance, path: str) -> Iterator[Compared]:
    yield Compared(f"{path}.C", found.concordance, 1e-10)
    yield Compared(f"{path}.var", found.se**2, 1e-10)
    for name, place in COUNTS.items():
        yield Compared(f"{path}.count.{name}", found.pairs[place], 1e-10)


def _first_of_table(marker, rows, table, case):
    """The first six rows of the whole table; not a number where a predictor is missing."""
    out = np.full(len(table), np.nan)
    out[table[list(case.predictors)].notna().all(axis=1).to_numpy()] = marker
    return out[:6]
