"""Cox fit against lifelines and, where it is installed, R's coxph: CPU seconds in one run, A B A B, and agreement.

Writes benchmarks/results/cox_fit.json. The floor is one matrix product of the design with itself (the information
of one step at BLAS speed) times the evaluations of a fit. `growth`: all times distinct. `memory`: peak above the data.
"""

from __future__ import annotations

import json
import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import datetime as dt
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

from prognosis.cox.regression import fit_cox
from prognosis.risk_sets import build_risk_sets

RESULT = Path(__file__).resolve().parent / "results" / "cox_fit.json"
SIZES = ((1_000, 10, 7), (10_000, 10, 5), (100_000, 50, 5), (1_000_000, 10, 3))
GROWTH = (10_000, 100_000, 1_000_000)
# A fit evaluates the likelihood at zero and after each of about four Newton steps.
EVALUATIONS = 5
MEMORY = """
import os, sys, threading, time
sys.path[:0] = [{root!r}, {here!r}]
from cox_fit import ours, simulate
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
ours(simulate(1000, 10))
frame = simulate({n}, {p})
seen = [before := resident()]
done = threading.Event()
def watch():
    while not done.is_set():
        seen.append(resident())
        time.sleep(0.001)
watching = threading.Thread(target=watch)
watching.start()
ours(frame)
done.set()
watching.join()
print(max(seen) - before)
"""
R_FIT = """
suppressPackageStartupMessages(library(survival)); a <- commandArgs(TRUE); d <- read.csv(a[1])
one <- function(i) { s <- proc.time(); fit <<- coxph(Surv(t, e) ~ ., d); sum((proc.time() - s)[1:2]) }
times <- sapply(seq_len(as.integer(a[2])), one)
cat(median(times), format(coef(fit), digits = 15), sep = "\\n")
"""


def simulate(n: int, p: int) -> pd.DataFrame:
    """Weibull proportional hazards, times in whole days (many ties), exponential and administrative censoring."""
    rng = np.random.default_rng([n, p])
    x = rng.standard_normal((n, p))
    beta = np.zeros(p)
    beta[:5] = (0.5, -0.4, 0.3, -0.2, 0.1)
    event = 1500 * (rng.exponential(size=n) * np.exp(-x @ beta)) ** (1 / 1.2)
    censored = np.minimum(rng.exponential(3000, n), 3650)
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(p)])
    return frame.assign(t=np.ceil(np.minimum(event, censored)), e=(event <= censored).astype(int))


def ours(frame: pd.DataFrame) -> np.ndarray:
    """Fit by the package, sorting included."""
    names = tuple(frame.columns[:-2])
    sets = build_risk_sets(frame["t"].to_numpy(), frame["e"].to_numpy() == 1)
    return fit_cox(frame.iloc[:, :-2].to_numpy(float), sets, names).coefficients


def theirs(frame: pd.DataFrame) -> np.ndarray:
    """Fit by lifelines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CoxPHFitter().fit(frame, "t", "e").params_.to_numpy()


def alternate(first: Callable[[], object], second: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median CPU seconds of two functions called in turn, after one uncounted call each."""
    first(), second()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for function, spent in zip((first, second), seconds, strict=True):
            start = time.process_time()
            function()
            spent.append(time.process_time() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def floor(frame: pd.DataFrame, repeats: int = 5) -> float:
    """CPU seconds of the matrix products that a fit cannot do without."""
    design = np.ascontiguousarray(frame.iloc[:, :-2].to_numpy(float))
    weighted = design * 0.5
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        np.dot(design.T, weighted)
        seconds.append(time.process_time() - start)
    return EVALUATIONS * statistics.median(seconds)


def peak_memory(n: int, p: int) -> float:
    """Peak memory of a fit above that of the data, in MB, in a process of its own (kernels loaded before)."""
    here = Path(__file__).resolve().parent
    script = MEMORY.format(root=str(here.parent), here=str(here), n=n, p=p)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return float(done.stdout) / 2**20


def growth() -> list[dict[str, float]]:
    """CPU seconds with every time distinct, and the exponent against the size before."""
    rows: list[dict[str, float]] = []
    for n in GROWTH:
        frame = simulate(n, 10)
        frame["t"] += np.random.default_rng(n).random(n)
        seconds, _ = alternate(lambda f=frame: ours(f), lambda: None, 3)
        row = {"n": n, "p": 10, "ours_s": seconds}
        if rows:
            ratio = seconds / rows[-1]["ours_s"]
            row |= {"ratio": ratio, "n_log_n_ratio": float(n * np.log(n) / (rows[-1]["n"] * np.log(rows[-1]["n"])))}
        rows.append(row)
    return rows


def by_r(frame: pd.DataFrame, repeats: int) -> tuple[float, np.ndarray] | None:
    """Median CPU seconds and coefficients of R's coxph; None where R is absent."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(f"{folder}/d.csv", index=False)
        command = ["Rscript", "-e", R_FIT, f"{folder}/d.csv", str(repeats)]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(lines[0]), np.array(lines[1:], float)


def main() -> None:
    """Measure every size and write the table."""
    rows = []
    for n, p, repeats in SIZES:
        frame = simulate(n, p)
        mine, lifelines = alternate(lambda f=frame: ours(f), lambda f=frame: theirs(f), repeats)
        row = {"n": n, "p": p, "ours_s": mine, "lifelines_s": lifelines, "lifelines_over_ours": lifelines / mine}
        row |= {"floor_s": floor(frame), "ours_over_floor": mine / floor(frame)}
        row["max_relative_difference_to_lifelines"] = float(np.max(np.abs(theirs(frame) / ours(frame) - 1)))
        if found := by_r(frame, repeats):
            row |= {"coxph_s": found[0], "coxph_over_ours": found[0] / mine}
            row["max_relative_difference_to_coxph"] = float(np.max(np.abs(found[1] / ours(frame) - 1)))
        rows.append(row)
        sys.stdout.write(f"{row}\n")
    extra = {"growth": growth(), "memory_mb_above_data_1e6_x_10": peak_memory(1_000_000, 10)}
    sys.stdout.write(f"{extra}\n")
    facts = {"date": dt.date.today().isoformat(), "machine": platform.machine(), "cores": os.cpu_count()}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps({**facts, "python": platform.python_version(), "rows": rows, **extra}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
