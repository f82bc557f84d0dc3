"""Logistic regression beside R's glm, confint and rms::lrm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.models import Logistic
from tests.golden_walk.compared import Compared
from tests.prognosis.made_logistic import interpolated_limits

Floats = NDArray[np.float64]

FILES = ("logistic_*",)
LATER = "not computed yet: validation metrics"
LEFT_OUT = {
    "lrm_stats.Max Deriv": "rounding error of the score where lrm stopped",
    "lrm_default_eps_coef_maxdiff": "how early lrm stops",
    "valprob.split": "how R was asked",
    "valprob.stats.*": LATER,
    "proc.*": LATER,
    "decision_curve.*": LATER,
}
EXACT = 1e-12
# glm takes its errors from the weights of the step before the last.
ERRORS = 1e-8
OUTCOME = {"logistic_lung1yr": "d1", "logistic_rotterdam": "rec5"}
DATA = {"logistic_lung1yr": "lung_1yr", "logistic_rotterdam": "rotterdam_even_rec5"}
PREDICTORS = {
    "logistic_lung1yr": ["age", "sex", "ph.ecog"],
    "logistic_rotterdam": ["age", "size", "grade", "nodes", "chemo"],
}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare the fit, its limits and statistics, and the fit to every second row."""
    frame, y = rows_of(name, data)
    logistic = Logistic().fit(frame, y)
    estimate = logistic.estimate_
    coefficients = np.append(estimate.intercept_at_zero, estimate.coefficients)
    for kind in ("glm_coef", "lrm_coef"):
        yield from _each(kind, golden[kind], coefficients)
    yield from _each("glm_se", golden["glm_se"], np.sqrt(np.diag(estimate.covariance_at_zero)))
    yield Compared("n", len(frame), 0.0)
    yield Compared("glm_vcov", estimate.covariance_at_zero, ERRORS)
    null, model = estimate.loglik
    yield Compared("deviance", -2 * model, EXACT)
    yield Compared("null_deviance", -2 * null, EXACT)
    yield Compared("aic", -2 * model + 2 * len(coefficients), EXACT)
    risk = estimate.risk(logistic.preparation_.design(frame.head(6)), np.array([np.nan]))[0]
    yield Compared("p_first6", risk[:, 0], EXACT)
    yield Compared("ci_wald", np.log(estimate.summary()[["lower", "upper"]]), ERRORS)
    yield Compared("ci_profile", interpolated_limits(logistic), 1e-10)
    statistics = logistic.statistics()
    for key in golden["lrm_stats"]:
        # R's 1 - pchisq() ends at the rounding of 1.
        if key != "Max Deriv":
            yield Compared(f"lrm_stats.{key}", statistics[key], 1e-14 if key == "P" else EXACT, relative=key != "P")
    train = Logistic().fit(frame[::2], y[::2]).estimate_
    ours = np.append(train.intercept_at_zero, train.coefficients)
    yield from _each("valprob.train_coef", golden["valprob"]["train_coef"], ours)


def rows_of(name: str, data: Callable[[str], pd.DataFrame]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Predictors and outcome of the complete cases, categories with R's order of levels."""
    rows = data(DATA[name]).dropna(subset=[OUTCOME[name], *PREDICTORS[name]]).reset_index(drop=True)
    frame = rows[PREDICTORS[name]].copy()
    if "size" in frame:
        frame["size"] = pd.Categorical(frame["size"], categories=["<=20", "20-50", ">50"])
    return frame, rows[OUTCOME[name]].to_numpy(np.int64)


def _each(kind: str, theirs: dict[str, float], ours: Floats) -> Iterator[Compared]:
    for key, value in zip(theirs, ours, strict=True):
        yield Compared(f"{kind}.{key}", value, ERRORS if kind == "glm_se" else EXACT)
