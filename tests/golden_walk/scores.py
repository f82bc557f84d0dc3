"""Files of the validation metrics: of them, the models that are judged and their risks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.models import Cox
from tests.golden_walk.compared import Compared
from tests.prognosis.made import structured

FILES = ("score_*", "rsf_*")
LATER = "not computed yet: validation metrics"
LEFT_OUT = {
    "f1": "how R was asked",
    "f2": "how R was asked",
    "split": "how R was asked",
    "cens": "how R was asked",
    "times": "how R was asked",
    "auc*": LATER,
    "brier*": LATER,
    "ranger": "how R was asked",
    "oob_*": "not computed yet: forests",
}
OUTCOME = {"score_gbsg": ("gbsg", "rfstime", "status"), "score_mgus2_death": ("mgus2", "futime", "death")}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare both Cox models of the odd rows, and the first one's risks in the even ones."""
    if name not in OUTCOME:
        return
    source, time, event = OUTCOME[name]
    columns = list(golden["m1_coef"])
    rows = data(source).dropna(subset=columns).reset_index(drop=True)
    odd, even = rows[rows.index % 2 == 0], rows[rows.index % 2 == 1]
    y = structured(odd[time].to_numpy(float), odd[event].to_numpy(int))
    for model in ("m1", "m2"):
        fitted = Cox().fit(odd[list(golden[f"{model}_coef"])], y)
        for term, value in zip(fitted.estimate_.names, fitted.estimate_.coefficients, strict=True):
            yield Compared(f"{model}_coef.{term}", value, 1e-8)
        if model == "m1":
            design = fitted.preparation_.design(even[columns].head(6))
            yield Compared("risk_m1_first6", fitted.estimate_.risk(design, np.array(golden["times"], float))[0], 1e-8)
