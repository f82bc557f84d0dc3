"""Exact explanations of a forest's whole risk curves beside shap and survshap: CPU seconds of one thread, agreement.

`python benchmarks/explanations.py` writes benchmarks/results/explanations.json. 1,000 made patients, 10 predictors,
100 trees, leaves of 15 patients, risk at 60 times; 100 patients are explained, 50 stand in the background. shap's
TreeExplainer gets the same trees with the curve in the leaves; its KernelExplainer (500 samples) and survshap (25
sampled orders), where it is installed, get the same risks as a function, for one patient, which counts 100 times.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import json
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts.errors import PrognosisWarning
from prognosis import FittedModel, Study
from prognosis.explaining.forest_values import nodes_of
from prognosis.kernels.forest_shap import Nodes
from prognosis.models import RandomSurvivalForest

HERE = Path(__file__).resolve().parent / "results"
N, P, TREES, TIMES, EXPLAINED, BACKGROUND, SAMPLES, ORDERS = 1000, 10, 100, 60, 100, 50, 500, 25
NAMES = [f"x{j}" for j in range(P)]


def fitted() -> tuple[FittedModel, pd.DataFrame, np.ndarray]:
    """Return a forest, its patients, and the times of the curve."""
    from cohorts import Codebook, Cohort, TimeToEvent

    draw = np.random.default_rng(0)
    X = draw.normal(size=(N, P)).round(3)
    time_, censored = draw.exponential(60 * np.exp(-0.6 * X[:, 0] - 0.5 * X[:, 1])), draw.uniform(1, 150, N)
    frame = pd.DataFrame(X, columns=NAMES).assign(
        pid=[f"P{row}" for row in range(N)],
        months=np.minimum(time_, censored).round(2) + 0.01,
        event=(time_ <= censored).astype(int),
    )
    late = {"timing": "post-baseline"}
    declared: dict[str, Any] = {name: {"kind": "numeric"} for name in NAMES}
    declared |= {"pid": {"kind": "id"}, "months": {"kind": "time", "unit": "months", **late}}
    declared |= {"event": {"kind": "event", "values": {"censored": 0, "event": 1}, **late}}
    cohort = Cohort.from_frame(frame, "pid", Codebook.from_dict({"variables": declared}))
    endpoint = TimeToEvent("efs", time="months", event="event", unit="months", origin="diagnosis", horizons=(24.0,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        model = Study(cohort, endpoint, NAMES).fit(RandomSurvivalForest(trees=TREES))
    times = np.quantile(frame.loc[frame["event"] == 1, "months"], np.linspace(0.02, 0.98, TIMES))
    return model, frame[NAMES].set_axis(frame["pid"], axis="index"), times


def cpu(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what the work gives and its CPU seconds, after a call that is not counted."""
    work()
    return cpu_of_first(work)


def cpu_of_first(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return the same of a first call, for work that compiles nothing."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def described(nodes: Nodes, trees: int) -> dict[str, Any]:
    """Return the forest as shap's TreeExplainer reads it: the curve of each leaf over the number of trees."""
    parts = []
    for first, last in zip(nodes.roots[:-1], nodes.roots[1:], strict=True):
        part = slice(first, last)
        leaf, child = nodes.feature[part] < 0, nodes.child[part] - first
        values = np.zeros((last - first, TIMES + 1))
        for node in range(first, last):
            inside = slice(nodes.start[node], nodes.start[node + 1])
            np.add.at(values[node - first], nodes.step[inside], nodes.rise[inside])
        parts.append(
            {
                "children_left": np.where(leaf, -1, child),
                "children_right": np.where(leaf, -1, child + 1),
                "children_default": np.where(leaf, -1, child + 1),
                "features": np.where(leaf, -2, nodes.feature[part]),
                "thresholds": nodes.threshold[part],
                "values": np.cumsum(values, axis=1)[:, :TIMES] / trees,
                "node_sample_weight": nodes.cover[part],
            }
        )
    kinds = {"internal_dtype": np.float64, "input_dtype": np.float64, "tree_output": "raw_value"}
    return {"trees": parts, **kinds, "objective": "squared_error"}


def measured() -> dict[str, Any]:
    """Measure everything and return it as plain values."""
    import shap

    model, rows, times = fitted()
    asked, others = rows.iloc[:EXPLAINED], rows.iloc[EXPLAINED : EXPLAINED + BACKGROUND]
    path, path_s = cpu(lambda: model.explain(asked, times.tolist()))
    inter, inter_s = cpu(lambda: model.explain(asked, times.tolist(), background=others))
    trees = described(nodes_of(model.estimate, model.predictors, times), model.estimate.forest.trees)
    x, z = asked.to_numpy(float), others.to_numpy(float)
    by_path = shap.TreeExplainer(trees, feature_perturbation="tree_path_dependent")
    theirs, theirs_s = cpu_of_first(lambda: by_path.shap_values(x, check_additivity=False))
    against = shap.TreeExplainer(trees, data=z, feature_perturbation="interventional")
    few = x[: EXPLAINED // 5]
    theirs_inter, theirs_inter_s = cpu_of_first(lambda: against.shap_values(few, check_additivity=False))

    def risk(values: np.ndarray) -> np.ndarray:
        return model.estimate.risk(np.asarray(values, float), times)[0]

    kernel = shap.KernelExplainer(risk, z)
    sampled, kernel_s = cpu_of_first(lambda: kernel.shap_values(x[:1], nsamples=SAMPLES, silent=True))
    return {
        "what": f"{EXPLAINED} patients x {TREES} trees x {TIMES} times, {P} predictors, {BACKGROUND} background rows",
        "nodes_a_tree": len(model.estimate.forest.feature) / TREES,
        "path_dependent": {
            "ours_cpu_s": path_s,
            "tree_explainer_cpu_s": theirs_s,
            "largest_difference": distance(path.values, theirs),
        },
        "interventional": {
            "ours_cpu_s": inter_s,
            "tree_explainer_cpu_s": 5 * theirs_inter_s,
            "largest_difference": distance(inter.values[: len(few)], theirs_inter),
            "kernel_explainer_cpu_s": EXPLAINED * kernel_s,
            "kernel_explainer_largest_difference": distance(inter.values[:1], sampled),
            "largest_value": float(np.abs(inter.values[:1]).max()),
            **survshap_of(risk, times, asked, others, inter.values[:1]),
        },
    }


def survshap_of(
    risk: Callable[[np.ndarray], np.ndarray], times: np.ndarray, asked: pd.DataFrame, others: pd.DataFrame, exact: Any
) -> dict[str, Any]:
    """Measure survshap on one patient, on survival; nothing where it is not installed."""
    try:
        from survshap import PredictSurvSHAP, SurvivalModelExplainer
    except ImportError:
        return {"survshap": "not installed"}
    y = np.empty(len(others), dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = True, np.resize(times, len(others))
    from sksurv.functions import StepFunction

    def curves(_: Any, X: Any) -> np.ndarray:
        return np.array([StepFunction(times, 1 - row) for row in risk(np.asarray(X, float))])

    explainer = SurvivalModelExplainer(risk, others, y, predict_survival_function=curves)
    work = PredictSurvSHAP(function_type="sf", calculation_method="sampling", B=ORDERS, random_state=0)
    try:
        _, seconds = cpu_of_first(lambda: work.fit(explainer, asked.iloc[[0]], timestamps=times))
        # B = 0: the mean over the orders
        mean = work.result[work.result["B"] == 0].set_index("variable_name").loc[NAMES]
        theirs = -mean.filter(regex=r"^t = ").to_numpy(float)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return {"survshap": f"fails: {type(error).__name__}: {error}"[:200]}
    return {"survshap_cpu_s": EXPLAINED * seconds, "survshap_largest_difference": distance(exact[0], theirs)}


def distance(ours: np.ndarray, theirs: Any) -> float | None:
    """Largest absolute difference; None for other shapes."""
    other = np.asarray(theirs, float)
    return float(np.abs(ours - other).max()) if other.shape == ours.shape else None


if __name__ == "__main__":
    import shap as oracle

    found = {"machine": platform.machine(), "python": platform.python_version(), "shap": oracle.__version__}
    text = json.dumps(found | measured(), indent=1)
    (HERE / "explanations.json").write_text(text + "\n", encoding="utf-8")
