"""Accelerated failure time models against R's ``survreg``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from prognosis.models.accelerated_failure_time import AcceleratedFailureTime
from prognosis.parametric.distributions import DISTRIBUTIONS
from tests.golden_walk.compared import Compared
from tests.prognosis.made import structured

FILES = ("aft_*",)
LEFT_OUT: dict[str, str] = {}
EXACT = 1e-11
CASES = {"aft_lung": ("lung", "time", "dead"), "aft_gbsg": ("gbsg", "rfstime", "status")}


def compare(name: str, golden: dict, data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Coefficients, scale, log-likelihoods, standard errors and medians of every distribution."""
    table, time, event = CASES[name]
    predictors = [term for term in golden["weibull"]["coef"] if term != "(Intercept)"]
    rows = data(table).dropna(subset=[*predictors, time, event])
    y = structured(rows[time].to_numpy(float), rows[event].to_numpy(int))
    for distribution in DISTRIBUTIONS:
        fitted = AcceleratedFailureTime(distribution).fit(rows[predictors], y)
        estimate = fitted.estimate_
        median = estimate.quantile(fitted.preparation_.design(rows.head(6)))[0]
        at = distribution
        yield Compared(f"{at}.coef.(Intercept)", estimate.intercept, EXACT)
        for term, ours in zip(predictors, estimate.log_time_ratios, strict=True):
            yield Compared(f"{at}.coef.{term}", ours, EXACT)
        yield Compared(f"{at}.scale", estimate.scale, EXACT)
        yield Compared(f"{at}.loglik", estimate.loglik, EXACT)
        yield Compared(f"{at}.se_with_log_scale", np.sqrt(np.diag(estimate.survreg_covariance)), EXACT)
        yield Compared(f"{at}.median_first6", median, EXACT)
