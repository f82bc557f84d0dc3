"""Cox fit against lifelines and, where it is installed, R's coxph: CPU seconds in one run, A B A B, and agreement.

Writes benchmarks/results/cox_fit.json. The floor is one pass over the design a Newton step plus the p x p sums.
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
SIZES = ((1_000, 10, 7), (10_000, 10, 5), (100_000, 50, 3))
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
    design = np.ascontiguousarray(frame.drop(columns=["t", "e"]).to_numpy(float))
    names = tuple(frame.columns[:-2])
    return fit_cox(design, build_risk_sets(frame["t"].to_numpy(), frame["e"].to_numpy() == 1), names).coefficients


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
        row["max_relative_difference_to_lifelines"] = float(np.max(np.abs(theirs(frame) / ours(frame) - 1)))
        if found := by_r(frame, repeats):
            row |= {"coxph_s": found[0], "coxph_over_ours": found[0] / mine}
            row["max_relative_difference_to_coxph"] = float(np.max(np.abs(found[1] / ours(frame) - 1)))
        rows.append(row)
        sys.stdout.write(f"{row}\n")
    facts = {"date": dt.date.today().isoformat(), "machine": platform.machine(), "cores": os.cpu_count()}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**facts, "python": platform.python_version(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
