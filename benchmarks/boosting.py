"""Gradient boosting beside xgboost itself, A B A B in one run, and the calibration of its risks in new patients.

Writes benchmarks/results/boosting.json. `growth` grows as many trees as xgboost, by our loss and checks; `fit` is the
default, with its inner folds. CPU seconds count both cores; wall seconds depend on what else the machine does.
"""

from __future__ import annotations

import json
import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", NUMBA_NUM_THREADS="2")

import datetime as dt
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from cohorts.errors import PrognosisWarning
from prognosis.cox.recalibration import recalibrate_cox
from prognosis.models import Cox, GradientBoosting
from prognosis.outcome import SurvivalArrays
from prognosis.special_columns import SpecialColumns

RESULT = Path(__file__).resolve().parent / "results" / "boosting.json"
SIZES = ((1_000, 10), (9_267, 30), (50_000, 30))
TREES = 150
ROUNDS = 5
COHORTS, SEEDS, NEW = (300, 500, 1_500), 10, 4_000
Floats = NDArray[np.float64]


def simulate(n: int, p: int, seed: int) -> tuple[Floats, NDArray[np.void]]:
    """Four predictors that count, hazard 1/2 a year at their means, uniform censoring up to 4 years."""
    draw = np.random.default_rng([seed, n])
    X = draw.normal(size=(n, p))
    time, censored = draw.exponential(2 * np.exp(-X[:, :4] @ [0.5, 0.4, -0.4, 0.2])), draw.uniform(0, 4, n)
    y = np.empty(n, dtype=[("event", np.int64), ("time", float)])
    y["time"], y["event"] = np.minimum(time, censored), time <= censored
    return X, y


def growth(X: Floats, y: NDArray[np.void]) -> Any:
    """Grow the trees by our recipe, nothing learnt in folds."""
    return GradientBoosting(trees=TREES, early_stopping=None, calibrate=False).fit(X, y)


def fit(X: Floats, y: NDArray[np.void]) -> Any:
    """Fit the default recipe."""
    return GradientBoosting().fit(X, y)


def raw(X: Floats, y: NDArray[np.void]) -> Any:
    """Grow as many trees by xgboost's own Cox loss."""
    settings = {"objective": "survival:cox", "tree_method": "hist", "eta": 0.05, "max_depth": 3, "min_child_weight": 5,
                "subsample": 0.8, "colsample_bytree": 0.8, "nthread": 1}  # fmt: skip
    label = np.where(y["event"] == 1, y["time"], -y["time"])
    return xgboost.train(settings, xgboost.DMatrix(X.astype(np.float32), label=label), TREES)


def timed(work: Callable[..., Any], *data: Any) -> tuple[float, float, Any]:
    """Return CPU and wall seconds, and what the work gave."""
    cpu, wall = time.process_time(), time.perf_counter()
    made = work(*data)
    return time.process_time() - cpu, time.perf_counter() - wall, made


def speed(n: int, p: int) -> dict[str, Any]:
    """Median seconds of each, taken in turns."""
    data = simulate(n, p, 0)
    seen: dict[str, list[tuple[float, float, Any]]] = {work.__name__: [] for work in (raw, growth, fit)}
    for _ in range(ROUNDS):
        for work in (raw, growth, fit):
            seen[work.__name__].append(timed(work, *data))
    out: dict[str, Any] = {"n": n, "p": p, "trees": TREES, "trees_of_fit": seen["fit"][0][2].estimate_.ensemble.trees}
    for name, runs in seen.items():
        out[name] = {
            "cpu_seconds": round(statistics.median(run[0] for run in runs), 3),
            "wall_seconds": round(statistics.median(run[1] for run in runs), 3),
            "least_wall_seconds": round(min(run[1] for run in runs), 3),
        }
    answers = timed(seen["fit"][0][2].answers, *data, np.array([1.0, 2.0]))
    out["answers"] = {"cpu_seconds": round(answers[0], 3), "wall_seconds": round(answers[1], 3)}
    out["growth_over_raw"] = round(out["growth"]["cpu_seconds"] / out["raw"]["cpu_seconds"], 2)
    return out


def calibration(n: int) -> list[dict[str, Any]]:
    """Slope of the linear predictor in new patients, and mean risk at 1 year over that of Cox, whose truth this is."""
    recipes = {
        "default": GradientBoosting(),
        "calibrate=False": GradientBoosting(calibrate=False),
        "200 trees, calibrate=False": GradientBoosting(trees=200, early_stopping=None, calibrate=False),
        "200 trees": GradientBoosting(trees=200, early_stopping=None),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in recipes}
    for seed in range(SEEDS):
        X, y = simulate(n, 10, seed)
        new, then = simulate(NEW, 10, 1_000_000 + seed)
        outcome, alike, year = SurvivalArrays(then["time"], then["event"]), SpecialColumns(np.ones(NEW)), np.ones(1)
        known = Cox().fit(X, y).answers(new, then, year).risk.mean()
        for name, recipe in recipes.items():
            answers = recipe.set_params(seed=seed).fit(X, y).answers(new, then, year)
            slope = recalibrate_cox(outcome, answers.linear_predictor, alike).slope
            found[name].append((slope, answers.risk.mean() / known))
    return [
        {
            "n": n,
            "recipe": name,
            "cohorts": SEEDS,
            "slope": round(float(np.mean(pairs, axis=0)[0]), 3),
            "slope_sd": round(float(np.std(pairs, axis=0, ddof=1)[0]), 3),
            "mean_risk_over_cox": round(float(np.mean(pairs, axis=0)[1]), 3),
        }
        for name, pairs in found.items()
    ]


def main() -> None:
    """Run everything and write the result."""
    warnings.simplefilter("ignore", PrognosisWarning)
    for work in (fit, raw):
        work(*simulate(300, 5, 0))  # compiled kernels
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "xgboost": xgboost.__version__,
        "speed": [speed(n, p) for n, p in SIZES],
        "calibration": [row for n in COHORTS for row in calibration(n)],
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
