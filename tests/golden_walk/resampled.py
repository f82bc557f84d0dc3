"""Validation by the engine beside explicit loops in R over the same rows: bootstrap, .632+, repeated folds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from cohorts import Binary, Cohort, TimeToEvent
from prognosis import Study
from prognosis.metrics.indexes import indexes
from prognosis.models import Cox, Logistic
from prognosis.validation import Bootstrap, Bootstrap632, CrossValidation
from prognosis.validation.plans import PlanRows, Task
from tests.golden_walk.compared import Compared

Integers = NDArray[np.int64]

FILES = ("bootstrap_*", "cross_validation_*")
LEFT_OUT = {"horizons": "how R was asked", "n": "how R was asked"}
CLOSE = 1e-8
RECURRENCE = TimeToEvent("rfs", time="rfstime", event="status", unit="days", origin="surgery", horizons=(730, 1460))
YEAR = Binary("death in a year", event="d1")
MODELS = {
    "linear": (("age", "size", "nodes", "hormon"), Cox()),
    "spline": (("age", "nodes", "hormon"), Cox(splines={"age": 4})),
}
LUNG = ("age", "sex", "ph.ecog")


@dataclass(frozen=True)
class StoredResamples(Bootstrap):
    """The optimism bootstrap over rows that R drew."""

    rows: tuple[tuple[int, ...], ...] = ()

    def task(self, rows: PlanRows, index: int) -> Task:
        """Rows of one resample, judged by all."""
        return Task(np.array(self.rows[index]), np.arange(rows.n), f"resample {index + 1}")


@dataclass(frozen=True)
class StoredOutside(Bootstrap632):
    """The .632+ bootstrap over rows that R drew."""

    rows: tuple[tuple[int, ...], ...] = ()

    def task(self, rows: PlanRows, index: int) -> Task:
        """Rows of one resample, judged by those that are not in it."""
        train = np.array(self.rows[index])
        return Task(train, np.setdiff1d(np.arange(rows.n), train), f"resample {index + 1}")


@dataclass(frozen=True)
class StoredFolds(CrossValidation):
    """Repeated cross-validation over folds that R made."""

    dealt: tuple[tuple[int, ...], ...] = ()

    def folds_of(self, rows: PlanRows) -> int:
        """Return the number of folds."""
        return max(self.dealt[0])

    def task(self, rows: PlanRows, index: int) -> Task:
        """Rows outside and inside one fold."""
        repeat, fold = divmod(index, self.folds_of(rows))
        inside = np.array(self.dealt[repeat]) == fold + 1
        return Task(np.flatnonzero(~inside), np.flatnonzero(inside), f"repeat {repeat + 1}, fold {fold + 1}")


def compare(name: str, golden: dict[str, Any], data: Callable[[str], pd.DataFrame]) -> Iterator[Compared]:
    """Compare each model of a file."""
    if name == "bootstrap_lung":
        yield from _bootstrap("", golden, golden, _fitted(data("lung_1yr"), YEAR, LUNG, Logistic()))
        return
    compared = _cross_validation if name.startswith("cross") else _bootstrap
    for model, (predictors, recipe) in MODELS.items():
        yield from compared(f"{model}.", golden[model], golden, _fitted(data("gbsg"), RECURRENCE, predictors, recipe))


def _fitted(rows: pd.DataFrame, endpoint: Any, predictors: tuple[str, ...], recipe: Any) -> tuple[Study, Any]:
    columns = [endpoint.event] if endpoint.kind == "binary" else [endpoint.time, endpoint.event]
    frame = rows[[*columns, *predictors]].dropna().reset_index(drop=True)
    kinds = {endpoint.event: int} | dict.fromkeys(predictors, float)
    frame = frame.astype(kinds).set_axis([f"P{place}" for place in range(len(frame))]).rename_axis("pid")
    study = Study(Cohort.from_frame(frame), endpoint, predictors)
    with warnings.catch_warnings():
        # 185 patients are few by Riley's criteria, which is no matter here
        warnings.filterwarnings("ignore", r"\[Z01\]")
        return study, study.fit(recipe)


def _bootstrap(path: str, r: dict[str, Any], golden: dict[str, Any], fitted: tuple[Study, Any]) -> Iterator[Compared]:
    study, model = fitted
    drawn = tuple(tuple(place - 1 for place in rows) for rows in golden["drawn.rows"])
    metrics = list(dict.fromkeys(key.split("_1")[0].split("_7")[0] for key in r["apparent"]))
    found = study.validate(model, StoredResamples(len(drawn), rows=drawn), metrics=metrics)
    yield Compared(f"{path}coef", _coefficients(model.estimate), CLOSE)
    if "coef_resample" in r:
        yield Compared(f"{path}coef_resample", _refitted(study, model, drawn), CLOSE)
    table = _by_key(found.table)
    for column in ("apparent", "optimism", "corrected"):
        yield from _each(f"{path}{column}", r[column], lambda key, c=column: table.loc[key, c])
    raw = _by_key(found.raw)
    for column in ("in_resample", "in_original"):
        yield from _each(f"{path}{column}", r[column], lambda key, c=column: raw.loc[key, c])
    plan = StoredOutside(len(drawn), rows=drawn)
    outside = study.validate(model, plan, metrics=[name for name in metrics if name in ("harrell_c", "auc", "brier")])
    table, raw = _by_key(outside.table), _by_key(outside.raw)
    yield from _each(f"{path}plus632", r["plus632"], lambda key: table.loc[key, "corrected"])
    yield from _each(f"{path}left_out", r["left_out"], lambda key: raw.loc[key, "held_out"])
    yield from _no_information(path, r, study, model)


def _no_information(path: str, r: dict[str, Any], study: Study, model: Any) -> Iterator[Compared]:
    y, horizons = study.outcome.to_structured(), np.array(study.horizons or [np.nan], float)
    recipe = model.freshly_fitted()
    judged = recipe.judged(study.frame, y, horizons, ())
    everybody = judged.evaluation(recipe.answers(study.frame, y, horizons), np.arange(len(y)))
    values = indexes()["brier"].without_information(everybody)
    yield from (
        Compared(f"{path}no_information.{key}", value, CLOSE)
        for key, value in zip(r["no_information"], values, strict=True)
    )


def _cross_validation(
    path: str, r: dict[str, Any], golden: dict[str, Any], fitted: tuple[Study, Any]
) -> Iterator[Compared]:
    study, model = fitted
    dealt = tuple(map(tuple, golden["folds.rows"]))
    metrics = ["harrell_c", "calibration_slope", "auc", "brier"]
    found = study.validate(model, StoredFolds(repeats=len(dealt), dealt=dealt), metrics=metrics)
    raw, table = _by_key(found.raw), _by_key(found.table)
    yield from _each(f"{path}values", r["values"], lambda key: raw.loc[key, "held_out"])
    for column, ours in (("mean", "corrected"), ("lower", "lower"), ("upper", "upper")):
        yield from _each(f"{path}{column}", r[column], lambda key, c=ours: table.loc[key, c])
    # limits are t with one degree less than tasks: their half-width over its quantile is the error
    width = (table["upper"] - table["lower"]) / (2 * stdtrit(len(dealt) * max(dealt[0]) - 1, 0.975))
    yield from _each(f"{path}se", r["se"], lambda key: width[key])


def _by_key(table: pd.DataFrame) -> pd.DataFrame:
    """Name lines as R's: the metric, and the horizon where there is one."""
    keys = [m if np.isnan(h) else f"{m}_{h:g}" for m, h in zip(table["metric"], table["horizon"], strict=True)]
    return table.set_axis(keys)


def _each(path: str, theirs: dict[str, Any], ours: Callable[[str], Any]) -> Iterator[Compared]:
    """Compare each index; slope and intercept of the fit's own rows are 1 and 0 but for rounding."""
    for key in theirs:
        near_zero = key.startswith("calibration") or key == "oe_ratio"
        yield Compared(f"{path}.{key}", ours(key), CLOSE, relative=not near_zero)


def _coefficients(estimate: Any) -> NDArray[np.float64]:
    if hasattr(estimate, "intercept_at_zero"):
        return np.append(estimate.intercept_at_zero, estimate.coefficients)
    return np.asarray(estimate.coefficients, float)


def _refitted(study: Study, model: Any, drawn: tuple[tuple[int, ...], ...]) -> NDArray[np.float64]:
    frame, y, recipe = study.frame.reset_index(drop=True), study.outcome.to_structured(), model.freshly_fitted()
    refits = (recipe.fresh().fit(frame.iloc[list(rows)].reset_index(drop=True), y[list(rows)]) for rows in drawn)
    return np.array([_coefficients(refit.estimate_) for refit in refits])
