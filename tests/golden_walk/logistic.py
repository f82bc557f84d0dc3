"""Logistic regression beside R's glm, confint and rms::lrm; its risks judged as by rms::val.prob and pROC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.metrics.binary_calibration import val_prob
from prognosis.metrics.classification import youden_threshold
from prognosis.metrics.net_benefit import decision_curve
from prognosis.metrics.roc import compare_paired, roc_auc
from prognosis.models import Logistic
from tests.golden_walk.compared import Compared
from tests.prognosis.made_logistic import interpolated_limits

Floats = NDArray[np.float64]

FILES = ("logistic_*",)
LEFT_OUT = {
    "lrm_stats.Max Deriv": "rounding error of the score where lrm stopped",
    "lrm_default_eps_coef_maxdiff": "how early lrm stops",
    "valprob.split": "how R was asked",
    "valprob.stats.D:p": "R gives none, as lrm starts from given coefficients; ours is chi-squared's with 1 degree",
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
    half = Logistic().fit(frame[::2], y[::2])
    ours = np.append(half.estimate_.intercept_at_zero, half.estimate_.coefficients)
    yield from _each("valprob.train_coef", golden["valprob"]["train_coef"], ours)
    yield from _judged(y[1::2], _risks(half, frame[1::2]))
    risk = _risks(logistic, frame)
    yield from _areas(y, risk)
    curve = decision_curve(y, risk, golden["decision_curve"]["threshold"])
    yield Compared("decision_curve.threshold", curve.threshold, 0.0)
    yield Compared("decision_curve.net_benefit", curve.model.estimate, EXACT)
    yield Compared("decision_curve.treat_all", curve.treat_all.estimate, EXACT)


def rows_of(name: str, data: Callable[[str], pd.DataFrame]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Predictors and outcome of the complete cases, categories with R's order of levels."""
    rows = data(DATA[name]).dropna(subset=[OUTCOME[name], *PREDICTORS[name]]).reset_index(drop=True)
    frame = rows[PREDICTORS[name]].copy()
    if "size" in frame:
        frame["size"] = pd.Categorical(frame["size"], categories=["<=20", "20-50", ">50"])
    return frame, rows[OUTCOME[name]].to_numpy(np.int64)


def _risks(logistic: Logistic, frame: pd.DataFrame) -> Floats:
    return logistic.estimate_.risk(logistic.preparation_.design(frame), np.array([np.nan]))[0][:, 0]


def _judged(y: NDArray[np.int64], risk: Floats) -> Iterator[Compared]:
    """Compare val.prob's statistics; R stops early on the way to intercept and slope."""
    for key, value in val_prob(y, risk).items():
        if key != "D:p":
            yield Compared(f"valprob.stats.{key}", value, 1e-8 if key in ("Intercept", "Slope") else 1e-11)


def _areas(y: NDArray[np.int64], risk: Floats) -> Iterator[Compared]:
    """Compare areas with DeLong's error and test, and the threshold that Youden's index chooses."""
    exact, rounded = roc_auc(y, risk), roc_auc(y, risk.round(1))
    for name, area in (("", exact), ("_rounded", rounded)):
        lower, upper = area.limits()
        yield Compared(f"proc.auc{name}", area.estimate, EXACT)
        yield Compared(f"proc.ci_delong{name}", [*lower, *area.estimate, *upper], EXACT)
    yield Compared("proc.var_delong", exact.std_err**2, EXACT)
    test = compare_paired(exact, rounded)
    yield Compared("proc.test_z", test.statistic, 1e-11)
    yield Compared("proc.test_p", test.p, 1e-11)
    chosen = youden_threshold(y, risk)
    yield Compared("proc.youden", [chosen.threshold, chosen.sensitivity, chosen.specificity], EXACT)


def _each(kind: str, theirs: dict[str, float], ours: Floats) -> Iterator[Compared]:
    for key, value in zip(theirs, ours, strict=True):
        yield Compared(f"{kind}.{key}", value, ERRORS if kind == "glm_se" else EXACT)
