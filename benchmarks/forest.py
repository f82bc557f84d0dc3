"""Random survival forest beside scikit-survival: quality on patients left out, CPU seconds, memory, growth.

`python benchmarks/forest.py quality`, `speed` and `growth` write benchmarks/results/forest_quality.json and so on.
Quality: 40 splits of 70 and 30 % a data set, declared here before any was run; raw event times, 100 trees, leaves of 15
patients, the whole part of the root of p drawn; two seeds of each tool, each with bags of its own. Harrell's C, and the
integrated Brier score over 50 times from the 5th (or the first event left out) to the 90th centile of the event times
in training. Speed: CPU seconds of one process on one thread after a call that is not counted; scikit-survival's on raw
days are those of three trees.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import json
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numba.core import config
from sksurv import __version__ as oracle_version
from sksurv.ensemble import RandomSurvivalForest as Oracle

from prognosis.forest.growing import grow_forest
from prognosis.forest.sampling import draw_from
from prognosis.forest.scikit_survival import tree_of
from prognosis.forest.trees import Forest
from prognosis.kernels.forest_rows import Rule
from prognosis.metrics.accuracy import brier, integrated_brier
from prognosis.metrics.concordance import concordance
from prognosis.outcome import SurvivalArrays

HERE = Path(__file__).resolve().parent / "results"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SPLITS, TREES, LEAF, TIMES = 40, 100, 15, 50
LARGE, MILLION = 9_267, 1_000_000
Rows = tuple[np.ndarray, SurvivalArrays]


def gbsg() -> Rows:
    """686 patients, recurrence or death, 8 predictors."""
    frame = pd.read_csv(SHARED / "breast_rotterdam_gbsg" / "gbsg.csv").drop(columns="pid")
    return rows_of(frame, "rfstime", "status")


def rotterdam() -> Rows:
    """1,500 patients drawn at random, recurrence or death, 9 predictors."""
    frame = pd.read_csv(SHARED / "breast_rotterdam_gbsg" / "rotterdam.csv").sample(1500, random_state=0)
    frame["size"] = frame["size"].map({"<=20": 0, "20-50": 1, ">50": 2})
    frame["event"] = frame[["recur", "death"]].max(axis=1)
    frame["days"] = np.where(frame["recur"] == 1, frame["rtime"], frame["dtime"])
    return rows_of(frame.drop(columns=["pid", "year", "rtime", "recur", "dtime", "death"]), "days", "event")


def mgus2() -> Rows:
    """Complete cases, death, 5 predictors."""
    frame = pd.read_csv(SHARED / "mgus2" / "mgus2.csv")
    frame["sex"] = (frame["sex"] == "M").astype(float)
    return rows_of(frame[["age", "sex", "hgb", "creat", "mspike", "futime", "death"]].dropna(), "futime", "death")


def uams() -> Rows:
    """Total Therapy 2, complete cases, event-free survival, 9 predictors."""
    frame = pd.read_csv(SHARED / "mm_uams_tt2" / "mm_uams_tt2.csv")
    frame["sex"] = (frame["sex"] == "male").astype(float)
    names = ["age", "sex", "b2m_mg_l", "ldh_u_l", "albumin_g_dl", "creatinine_mg_dl", "hgb_g_dl", "cyto_abnormal"]
    chosen = [*names, "mri_focal_lesions", "efs_months", "efs_event"]
    return rows_of(frame[chosen].dropna(), "efs_months", "efs_event")


def simulated(n: int = 1500, p: int = 20, seed: int = 0, days: bool = False) -> Rows:
    """Weibull times, a third of the features binary, half without effect; `days`: whole days, many ties."""
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, p)).astype(np.float32).astype(float)
    X[:, : p // 3] = X[:, : p // 3] > 0
    effect = np.where(np.arange(p) % 2 == 0, 0.35, 0.0)
    time = 1500 * draw.weibull(1.3, n) * np.exp(-(X @ effect) / 1.3)
    censored = draw.uniform(200, 4000, n)
    seen = np.minimum(time, censored)
    return X, SurvivalArrays(np.ceil(seen) if days else seen, (time <= censored).astype(np.int64))


DATA: dict[str, Callable[[], Rows]] = {
    "gbsg": gbsg, "rotterdam": rotterdam, "mgus2": mgus2, "uams_tt2": uams, "simulated": simulated
}  # fmt: skip


def rows_of(frame: pd.DataFrame, time: str, event: str) -> Rows:
    """Return predictors, as floats of 32 bits hold them, and the outcome."""
    X = frame.drop(columns=[time, event]).to_numpy(np.float32).astype(float)
    return X, SurvivalArrays(frame[time].to_numpy(float), frame[event].to_numpy(np.int64))


def ours(rows: Rows, seed: int, trees: int = TREES) -> Forest:
    """Grow a forest by this package."""
    X, outcome = rows
    drawn = draw_from(X, outcome, np.ones(len(X)), None, (seed,))
    return grow_forest(drawn, Rule(int(np.sqrt(X.shape[1])), LEAF, np.ones(1)), trees)


def oracle(rows: Rows, seed: int, trees: int = TREES) -> Oracle:
    """Grow a forest by scikit-survival."""
    X, outcome = rows
    y = np.array(list(zip(outcome.event > 0, outcome.time, strict=True)), dtype=[("event", bool), ("time", float)])
    forest = Oracle(
        n_estimators=trees, min_samples_leaf=LEAF, min_samples_split=2 * LEAF, max_features="sqrt", random_state=seed
    )
    return forest.fit(X, y)


def theirs(rows: Rows, seed: int) -> Forest:
    """Return a forest of scikit-survival as arrays, whose answers equal its own to 1e-12."""
    outcome = rows[1]
    times = np.unique(outcome.time[outcome.event > 0])
    return Forest.of([tree_of(t, times) for t in oracle(rows, seed).estimators_], times, float(outcome.time.max()))


def judge(forest: Forest, rows: Rows, times: np.ndarray) -> tuple[float, float]:
    """Harrell's C and integrated Brier score."""
    X, outcome = rows
    c = concordance(outcome.time, outcome.event == 1, forest.mortality(X)).concordance
    score = integrated_brier(brier(outcome, forest.risk(X, times), times, errors=False))
    return float(c), float(score.estimate[-1])


def split(rows: Rows, number: int) -> dict[str, list[float]]:
    """C and integrated Brier score of two forests of each tool in one split."""
    X, outcome = rows
    order = np.random.default_rng([number, len(X)]).permutation(len(X))
    cut = int(0.7 * len(X))
    train, test = ((X[part], outcome.take(part)) for part in (order[:cut], order[cut:]))
    known = train[1].time[train[1].event > 0]
    low, high = np.quantile(known, [0.05, 0.9])
    times = np.linspace(max(low, test[1].time[test[1].event > 0].min()), high, TIMES)
    seeds = (2 * number, 2 * number + 1)
    grown = {"ours": [ours(train, seed) for seed in seeds], "scikit_survival": [theirs(train, seed) for seed in seeds]}
    return {f"{tool}_{i}": list(judge(f, test, times)) for tool, pair in grown.items() for i, f in enumerate(pair)}


def with_error(values: np.ndarray) -> dict[str, float]:
    """Mean over splits and its standard error."""
    return {"mean": float(values.mean()), "se": float(values.std(ddof=1) / np.sqrt(len(values)))}


def quality() -> dict[str, dict[str, object]]:
    """Compare both tools on every data set, and each with itself."""
    table: dict[str, dict[str, object]] = {}
    for name, load in DATA.items():
        rows = load()
        found = [split(rows, number) for number in range(SPLITS)]
        line: dict[str, object] = {"n": len(rows[0]), "p": rows[0].shape[1], "splits": SPLITS}
        for place, metric in enumerate(("harrell_c", "ibs")):
            a, b, c, d = (np.array([one[key][place] for one in found]) for key in found[0])
            line[metric] = {
                "scikit_survival": float(((c + d) / 2).mean()),
                "ours_minus_scikit_survival": with_error((a + b) / 2 - (c + d) / 2),
                "scikit_survival_with_itself": with_error(c - d),
                "ours_with_itself": with_error(a - b),
            }
        table[name] = line
        sys.stdout.write(f"{name} {json.dumps(line)}\n")
        sys.stdout.flush()
    return table


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak() -> float:
    """Return the largest resident size of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed() -> dict[str, object]:
    """Time both tools on raw days, predict, and follow the growth with n."""
    config.NUMBA_NUM_THREADS = 1
    ours(simulated(200, 5), 0, 2)
    small, large = simulated(1000, 30, days=True), simulated(LARGE, 30, days=True)
    before, start = peak(), time.process_time()
    forest = ours(large, 0, 500)
    found: dict[str, object] = {"n": LARGE, "p": 30, "trees": 500, "cpu_s": time.process_time() - start}
    found["peak_above_data_mb"] = peak() - before
    found["forest_mb"] = sum(values.nbytes for values in forest.arrays().values()) / 1e6
    times = np.linspace(1, 4000, 100)
    forest.risk(large[0][:10], times)
    found["predict_cpu_s"] = seconds(lambda: forest.risk(large[0], times))
    found["scikit_survival_cpu_s_a_tree"] = seconds(lambda: oracle(large, 0, 3)) / 3
    found["small"] = {
        "n": 1000,
        "cpu_s": min(seconds(lambda: ours(small, 0)) for _ in range(3)),
        "scikit_survival_cpu_s": min(seconds(lambda: oracle(small, 0)) for _ in range(2)),
    }
    return found


def seconds_a_tree(n: int, trees: int, thresholds: int | None) -> float:
    """CPU seconds of a tree on n rows, sorted and coded before."""
    X, outcome = simulated(n, 30, days=True)
    drawn = draw_from(X, outcome, np.ones(n), None, (0,), thresholds)
    return seconds(lambda: grow_forest(drawn, Rule(5, LEAF, np.ones(1)), trees)) / trees


def growth(sizes: tuple[int, ...] = (10_000, 100_000, MILLION)) -> dict[str, object]:
    """CPU seconds a tree by n, and the peak of the process with 100 trees on the largest, two threads."""
    config.NUMBA_NUM_THREADS = 1
    ours(simulated(200, 5), 0, 2)
    trees = [max(3, 200_000 // n) for n in sizes]
    found = {
        str(kind): {n: seconds_a_tree(n, k, kind) for n, k in zip(sizes, trees, strict=True)} for kind in (None, 255)
    }
    config.NUMBA_NUM_THREADS = 2
    rows = simulated(sizes[-1], 30, days=True)
    return {
        "cpu_s_a_tree_by_thresholds": found,
        "cpu_s_of_100_trees": seconds(lambda: ours(rows, 0)),
        "peak_gb": peak() / 1024,
    }


def main() -> None:
    """Run one part and write its figures."""
    parts = {"quality": quality, "speed": speed, "growth": growth}
    asked = sys.argv[1]
    machine = {"machine": platform.machine(), "python": platform.python_version(), "scikit_survival": oracle_version}
    HERE.mkdir(exist_ok=True)
    (HERE / f"forest_{asked}.json").write_text(json.dumps({**machine, asked: parts[asked]()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
