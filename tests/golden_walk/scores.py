"""riskRegression::Score of Cox models: AUC and Brier score with errors, integrals and differences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.metrics.accuracy import brier, integrated_brier, null_brier
from prognosis.metrics.measured import Measured, paired_difference
from prognosis.metrics.time_dependent import auc
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from tests.golden_walk.compared import Compared
from tests.prognosis.made import structured

FILES = ("score_*", "rsf_*")
LEFT_OUT = {
    "f1": "how R was asked",
    "f2": "how R was asked",
    "split": "how R was asked",
    "cens": "how R was asked",
    "times": "how R was asked",
    "*.model": "names R's rows",
    "*.reference": "names R's rows",
    "*.times": "names R's rows",
    "ranger": "how R was asked",
    "oob_*": "not computed yet: forests",
}
OUTCOME = {"score_gbsg": ("gbsg", "rfstime", "status"), "score_mgus2_death": ("mgus2", "futime", "death")}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare both Cox models of the odd rows, the first one's risks in the even ones, and how they do there."""
    if name not in OUTCOME:
        return
    source, time, event = OUTCOME[name]
    columns, times = list(golden["m1_coef"]), np.array(golden["times"], float)
    rows = data(source).dropna(subset=columns).reset_index(drop=True)
    odd, even = rows[rows.index % 2 == 0], rows[rows.index % 2 == 1]
    y = structured(odd[time].to_numpy(float), odd[event].to_numpy(int))
    risks = {}
    for model in ("m1", "m2"):
        fitted = Cox().fit(odd[list(golden[f"{model}_coef"])], y)
        for term, value in zip(fitted.estimate_.names, fitted.estimate_.coefficients, strict=True):
            yield Compared(f"{model}_coef.{term}", value, 1e-8)
        risks[model] = fitted.estimate_.risk(fitted.preparation_.design(even[columns]), times)[0]
    yield Compared("risk_m1_first6", risks["m1"][:6], 1e-8)
    outcome = SurvivalArrays(even[time].to_numpy(float), even[event].to_numpy(np.int64))
    areas = {model: auc(outcome, risk, times) for model, risk in risks.items()}
    yield from compare_measures("auc", "AUC", areas)
    yield from _compare_differences("auc_contrasts", "delta.AUC", areas, golden)
    scores = {"Null model": null_brier(outcome, times)} | {m: brier(outcome, risk, times) for m, risk in risks.items()}
    yield from compare_measures("brier", "Brier", scores)
    yield Compared("brier.IBS", _joined(scores, lambda score: integrated_brier(score).estimate), 1e-10)
    yield from _compare_differences("brier_contrasts", "delta.Brier", scores, golden)


def compare_measures(path: str, name: str, measures: dict[str, Measured]) -> Iterator[Compared]:
    """Estimates, standard errors and limits; R's rows are one model after the other."""
    yield Compared(f"{path}.{name}", _joined(measures, lambda one: one.estimate), 1e-10)
    yield Compared(f"{path}.se", _joined(measures, lambda one: one.std_err), 1e-10)
    for place, side in enumerate(("lower", "upper")):
        yield Compared(f"{path}.{side}", _joined(measures, lambda one, p=place: one.limits()[p]), 1e-10)


def _joined(measures, part):
    return np.concatenate([part(one) for one in measures.values()])


def _compare_differences(path, name, measures, golden):
    """R's rows are one horizon after the other, each with all pairs of models."""
    asked = list(dict.fromkeys(zip(golden[path]["model"], golden[path]["reference"], strict=True)))
    found = [paired_difference(measures[of], measures[over]) for of, over in asked]
    yield Compared(f"{path}.{name}", np.ravel([one.estimate for one in found], "F"), 1e-10)
    yield Compared(f"{path}.se", np.ravel([one.std_err for one in found], "F"), 1e-10)
    yield Compared(f"{path}.p", np.ravel([one.p_value for one in found], "F"), 1e-10)
    for place, side in enumerate(("lower", "upper")):
        yield Compared(f"{path}.{side}", np.ravel([one.limits()[place] for one in found], "F"), 1e-10)
