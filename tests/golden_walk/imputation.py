"""Pooling by Rubin's rules against mice, on the completed data that mice exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from prognosis.imputation.pooling import Pooled, pool
from prognosis.models import Cox
from tests.golden_walk.compared import Compared
from tests.prognosis.made import structured

FILES = ("mice_*",)
LEFT_OUT = {
    "kind": "says which model R fitted",
    "m": "number of completed data sets that R was asked for; compared as pooled.m",
    "imputed_csv": "name of the file with the completed data",
    "*.term": "names of the terms, which are R's",
}
PREDICTORS = {
    "cox": ["age", "sex", "ph.ecog", "wt.loss", "meal.cal"],
    "logit": ["age", "male", "hgb", "creat", "mspike"],
}


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Fit every completed data set, then pool."""
    rows = data(golden["imputed_csv"].removesuffix(".csv"))
    copies = [rows[rows[".imp"] == copy] for copy in range(1, golden["m"] + 1)]
    fit = cox if golden["kind"] == "cox" else logistic
    fits = [fit(copy, PREDICTORS[golden["kind"]]) for copy in copies]
    p = len(fits[0][0])
    information = rows["dead"].sum() / golden["m"] if golden["kind"] == "cox" else len(copies[0])
    pooled = pool([[str(term) for term in range(p)]] * golden["m"], *zip(*fits, strict=True), information - p)
    errors = [np.sqrt(np.diag(covariance)) for _, covariance in fits]
    yield Compared("per_imp_coef", [coefficients for coefficients, _ in fits], 1e-8)
    yield Compared("per_imp_se", errors, 1e-8)
    yield from pooling(pooled)


def pooling(pooled: Pooled) -> Iterator[Compared]:
    """Tables of ``pool`` and of its summary."""
    for column in pooled.table.columns.drop("term"):
        yield Compared(f"pooled.{column}", pooled.table[column], 1e-8)
    names = {"estimate": "estimate", "se": "std.error", "statistic": "statistic", "df": "df", "p": "p.value",
             "lower": "2.5 %", "upper": "97.5 %"}  # fmt: skip
    table = pooled.summary()
    for ours, theirs in names.items():
        yield Compared(f"summary.{theirs}", table[ours], 1e-8)


def cox(copy: pd.DataFrame, predictors: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and covariance of our Cox model."""
    fitted = Cox().fit(
        copy[predictors].astype(float), structured(copy["time"].to_numpy(float), copy["dead"].to_numpy())
    )
    return fitted.estimate_.coefficients, fitted.estimate_.covariance


def logistic(copy: pd.DataFrame, predictors: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and covariance of a logistic regression by Newton, intercept first."""
    x = np.column_stack([np.ones(len(copy)), copy[predictors].to_numpy(float)])
    y, beta = copy["late"].to_numpy(float), np.zeros(x.shape[1])
    for _ in range(12):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (p * (1 - p))[:, None]).T @ x
        beta = beta + np.linalg.solve(information, x.T @ (y - p))
    return beta, np.linalg.inv(information)
