"""Screened binary features, and the event within a window, against R's coxph and glm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Binary, Cohort, TimeToEvent
from prognosis import Study
from prognosis.models import EarlyRelapse
from prognosis.screening import screen_abnormalities
from tests.golden_walk.compared import Compared
from tests.prognosis.made import structured

FILES = ("screening_*", "early_relapse_*")
LEFT_OUT: dict[str, str] = {}
TOLERANCE = 1e-8
# R's values, and ours by the name of the column.
COLUMNS = {"n": "n", "ratio": "{ratio}", "lower": "lower", "upper": "upper", "p": "p", "q": "q"}
TIMED = {**COLUMNS, "zph": "proportional_hazards_p"}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Tables of seven features, alone, adjusted and stratified; or the weighted logistic model."""
    yield from (_early(data("gbsg")) if name.startswith("early") else _screened(golden, data("gbsg")))


def _early(rows: pd.DataFrame) -> Iterator[Compared]:
    X = rows[["age", "nodes", "hormon"]].assign(grade=pd.Categorical(rows["grade"]))[
        ["age", "nodes", "grade", "hormon"]
    ]
    fit = EarlyRelapse(window=730.0).fit(X, structured(rows["rfstime"].to_numpy(float), rows["status"].to_numpy()))
    inner = fit.estimate_.inner
    yield Compared("n", len(fit.known_.rows), 0)
    yield Compared("weights", fit.known_.weight, 1e-12)
    yield Compared("coef", np.append(inner.intercept_at_zero, inner.coefficients), TOLERANCE)
    yield Compared("vcov", inner.covariance_at_zero, 1e-6)


def features_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Seven binary features, one not assessable in some."""
    made = {
        "meno": rows["meno"], "hormon": rows["hormon"], "nodes_over_3": rows["nodes"] > 3,
        "size_over_20": rows["size"] > 20, "age_to_45": rows["age"] <= 45, "pgr_below_10": rows["pgr"] < 10,
        "er_below_10": rows["er"] < 10,
    }  # fmt: skip
    out = pd.DataFrame(made).astype(float)
    return out.assign(pgr_below_10=out["pgr_below_10"].where(rows["nodes"] != 7))


def _screened(golden: dict[str, Any], rows: pd.DataFrame) -> Iterator[Compared]:
    features = features_of(rows)
    others = rows[["pid", "age", "rfstime", "status"]].assign(grade=pd.Categorical(rows["grade"]))
    cohort = Cohort.from_frame(pd.concat([others, features], axis=1), "pid")
    endpoint = TimeToEvent("rfs", time="rfstime", event="status", unit="days", origin="randomisation")
    study, names = Study(cohort, endpoint, ["age"]), list(features)
    both = screen_abnormalities(study, names, adjusted_for=["age", "grade"]).table
    strata = screen_abnormalities(study, names, strata=["grade"]).table
    binary = screen_abnormalities(Study(cohort, Binary("relapse", event="status"), ["age"]), names).table
    for path, table, prefix in (("alone", both, ""), ("adjusted", both, "adjusted_"), ("stratified", strata, "")):
        for theirs, ours in TIMED.items():
            values = table[prefix + ours.format(ratio="hazard_ratio")].to_numpy(float)
            yield Compared(f"{path}.{theirs}", values, 1e-6 if theirs == "zph" else TOLERANCE)
        yield Compared(f"{path}.events", table[f"{prefix}events_with"] + table[f"{prefix}events_without"], 0)
    for theirs in golden["odds"]:
        # glm's errors are those of the last step but one
        values = binary[COLUMNS[theirs].format(ratio="odds_ratio")].to_numpy(float)
        yield Compared(f"odds.{theirs}", values, 1e-6 if theirs == "p" else TOLERANCE)
