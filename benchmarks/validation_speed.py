"""Validation beside lifelines, scikit-survival and rms: CPU seconds in one run, A B A B, and agreement of the values.

Writes benchmarks/results/validation_speed.json. The bootstrap is that of R's ``rotterdam`` (recurrence or death, nine
predictors, ten columns) and needs ../shared; the rest is simulated. Ours: ``Study.validate`` with all it checks.
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
from typing import Any

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.utils import concordance_index
from sksurv.metrics import brier_score, concordance_index_censored, concordance_index_ipcw, cumulative_dynamic_auc
from sksurv.util import Surv

from cohorts import Codebook, Cohort, TimeToEvent
from prognosis import Study
from prognosis.metrics.accuracy import brier, integrated_brier
from prognosis.metrics.concordance import concordance
from prognosis.metrics.time_dependent import auc
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "validation_speed.json"
ROTTERDAM = HERE.parents[1] / "shared" / "data" / "breast_rotterdam_gbsg" / "rotterdam.csv"
NUMBERS = ("age", "meno", "grade", "nodes", "pgr", "er", "hormon", "chemo")
SIZES = ("<=20", "20-50", ">50")
INDEXES = ("harrell_c", "r2", "calibration_slope", "d_index", "u_index", "q_index", "g_index")
PEER_RESAMPLES = 5
RMS = """
suppressPackageStartupMessages(library(rms)); a <- commandArgs(TRUE); d <- read.csv(a[1]); d$size <- factor(d$size)
f <- cph(Surv(t, e) ~ age + meno + size + grade + nodes + pgr + er + hormon + chemo, d, x = TRUE, y = TRUE)
one <- function(i) { s <- proc.time(); validate(f, B = 200); sum((proc.time() - s)[1:2]) }
cat(median(sapply(1:3, one)))
"""
MEMORY = """
import resource, sys
sys.path[:0] = [{root!r}, {here!r}]
from validation_speed import INDEXES, simulated_study
from prognosis.models import Cox
study = simulated_study({n})
fit = study.fit(Cox())
study.validate([fit], repeats=2, metrics=INDEXES)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
study.validate([fit], repeats=1000)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(before / 1024, after / 1024)
"""


def rotterdam() -> pd.DataFrame:
    """R's data set with time to recurrence or death."""
    raw = pd.read_csv(ROTTERDAM)
    frame = raw[[*NUMBERS[:2], "size", *NUMBERS[2:]]].copy()
    frame["size"] = pd.Categorical(raw["size"], categories=SIZES)
    time_of_event = np.where(raw["recur"] == 1, raw["rtime"], raw["dtime"]).astype(float)
    return frame.assign(t=time_of_event, e=np.maximum(raw["recur"], raw["death"]))


def study_of(frame: pd.DataFrame, horizon: float) -> Study:
    """Return the study that asks for the risk by one horizon."""
    variables: dict[str, dict[str, Any]] = {
        "pid": {"kind": "id"},
        "t": {"kind": "time", "unit": "days", "timing": "post-baseline"},
        "e": {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"},
    }
    predictors = [name for name in frame.columns if name not in ("t", "e")]
    for name in predictors:
        variables[name] = {"kind": "ordinal", "levels": list(SIZES)} if name == "size" else {"kind": "numeric"}
    table = frame.assign(pid=[str(row) for row in range(len(frame))])
    cohort = Cohort.from_frame(table, "pid", Codebook.from_dict({"variables": variables}))
    endpoint = TimeToEvent("event", time="t", event="e", unit="days", origin="surgery", horizons=(horizon,))
    return Study(cohort, endpoint, predictors)


def simulated(n: int) -> tuple[SurvivalArrays, np.ndarray]:
    """Exponential hazards, a third of them censored, all times distinct; a marker with half the information."""
    draw = np.random.default_rng(n)
    eta = draw.standard_normal(n)
    failure, censored = 1000 * draw.exponential(np.exp(-eta)), draw.exponential(1500, n)
    outcome = SurvivalArrays(np.minimum(failure, censored), (failure <= censored).astype(np.int64))
    return outcome, eta + draw.standard_normal(n)


def simulated_study(n: int) -> Study:
    """Return a study of ten numbers."""
    outcome, marker = simulated(n)
    columns = np.column_stack([marker, np.random.default_rng(n).standard_normal((n, 9))])
    frame = pd.DataFrame(columns, columns=[f"x{place}" for place in range(10)])
    return study_of(frame.assign(t=np.ceil(outcome.time), e=outcome.event), 500.0)


def seconds_of(function: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    function()
    return time.process_time() - start


def alternate(functions: dict[str, Callable[[], object]], repeats: int = 3) -> dict[str, float]:
    """Median CPU seconds of functions called in turn, after one uncounted call each."""
    for function in functions.values():
        function()
    spent: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            spent[name].append(seconds_of(function))
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def lifelines_loop(frame: pd.DataFrame) -> None:
    """Refit and judge a few resamples, as a user of lifelines would."""
    design = pd.get_dummies(frame, columns=["size"], drop_first=True, dtype=float)
    draw = np.random.default_rng(1)
    for _ in range(PEER_RESAMPLES):
        resample = design.iloc[draw.integers(0, len(design), len(design))]
        fit = CoxPHFitter().fit(resample, "t", "e")
        for rows in (resample, design):
            concordance_index(rows["t"], -fit.predict_partial_hazard(rows), rows["e"])


def by_rms(frame: pd.DataFrame) -> float | None:
    """Median CPU seconds of ``rms::validate`` with 200 resamples; None where R is absent."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        frame.to_csv(f"{folder}/d.csv", index=False)
        command = ["Rscript", "-e", RMS, f"{folder}/d.csv"]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def bootstrap() -> dict[str, Any]:
    """Seconds a resample, and of whole validations."""
    frame = rotterdam()
    study = study_of(frame, 1826.0)
    fit = study.fit(Cox())
    found = alternate(
        {
            "ours": lambda: study.validate([fit], repeats=200, metrics=INDEXES),
            "ours_c": lambda: study.validate([fit], repeats=200, metrics=["harrell_c"]),
            "lifelines": lambda: lifelines_loop(frame),
        }
    )
    peer = 200 * found["lifelines"] / PEER_RESAMPLES
    row = {"ours_200_s": found["ours"], "ours_only_c_200_s": found["ours_c"], "lifelines_200_s": peer}
    row |= {"lifelines_over_ours": peer / found["ours"], "lifelines_over_ours_only_c": peer / found["ours_c"]}
    if rms := by_rms(frame):
        row |= {"rms_validate_200_s": rms, "rms_over_ours": rms / found["ours"]}
    row["ours_1000_s"] = seconds_of(lambda: study.validate([fit], repeats=1000, metrics=INDEXES))
    row["ours_1000_default_metrics_s"] = seconds_of(lambda: study.validate([fit], repeats=1000))
    return row


def memory(n: int) -> dict[str, float]:
    """Peak resident memory of a process before and after 1,000 resamples, in MB."""
    script = MEMORY.format(root=str(HERE.parent), here=str(HERE), n=n)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    return {"n": n, "before_mb": before, "after_mb": after}


def c_with_error(n: int, repeats: int) -> dict[str, float]:
    """Harrell's and Uno's C with errors; peers give no error."""
    outcome, marker = simulated(n)
    t, e = outcome.time, outcome.event == 1
    tau = float(t[e].max())
    calls: dict[str, Callable[[], Any]] = {
        "harrell": lambda: concordance(t, e, marker),
        "uno": lambda: concordance(t, e, marker, time_weight="n/G2"),
    }
    if n <= 100_000:
        calls["lifelines"] = lambda: concordance_index(t, -marker, e)
    if n <= 10_000:
        y = Surv.from_arrays(e, t)
        calls |= {
            "sksurv_harrell": lambda: concordance_index_censored(e, t, marker),
            "sksurv_uno": lambda: concordance_index_ipcw(y, y, marker, tau=tau),
        }
    row = {"n": n} | {f"{name}_s": seconds for name, seconds in alternate(calls, repeats).items()}
    if n <= 10_000:
        row["harrell_difference"] = abs(calls["harrell"]().concordance - calls["sksurv_harrell"]()[0])
        ours = concordance(t, e, marker, time_weight="n/G2", tau=np.nextafter(tau, 0)).concordance
        row["uno_difference"] = abs(ours - calls["sksurv_uno"]()[0])
    return row


def over_time(n: int, horizons: int) -> dict[str, float]:
    """AUC and integrated Brier score over a grid of times, with errors; scikit-survival gives none."""
    outcome, marker = simulated(n)
    times = np.quantile(outcome.time, np.linspace(0.05, 0.9, horizons))
    y = Surv.from_arrays(outcome.event == 1, outcome.time)
    risk = 1 - np.exp(-np.exp(np.clip(0.5 * marker, -3, 3))[:, None] * times / 1200)
    calls: dict[str, Callable[[], Any]] = {
        "auc": lambda: auc(outcome, marker, times),
        "auc_of_risks": lambda: auc(outcome, risk, times),
        "ibs": lambda: integrated_brier(brier(outcome, risk, times)),
        "auc_no_error": lambda: auc(outcome, marker, times, errors=False),
        "brier_no_error": lambda: brier(outcome, risk, times, errors=False),
        "sksurv_auc": lambda: cumulative_dynamic_auc(y, y, marker, times),
        "sksurv_brier": lambda: brier_score(y, y, 1 - risk, times),
    }
    row = {"n": n, "horizons": horizons} | {f"{name}_s": seconds for name, seconds in alternate(calls).items()}
    row["auc_difference"] = float(np.abs(calls["auc"]().estimate - calls["sksurv_auc"]()[0]).max())
    row["brier_difference"] = float(np.abs(brier(outcome, risk, times).estimate - calls["sksurv_brier"]()[1]).max())
    return row


def main() -> None:
    """Measure everything and write the table."""
    warnings.simplefilter("ignore")
    found: dict[str, Any] = {"date": dt.date.today().isoformat(), "machine": platform.machine(),
                             "cores": os.cpu_count(), "python": platform.python_version()}  # fmt: skip
    found["load_before"] = os.getloadavg()[0]
    if ROTTERDAM.exists():
        found["bootstrap"] = bootstrap()
    found["memory"] = memory(10_000)
    found["c"] = [c_with_error(10_000, 3), c_with_error(100_000, 3), c_with_error(1_000_000, 3)]
    found["over_time"] = over_time(100_000, 60)
    found["load_after"] = os.getloadavg()[0]
    text = json.dumps(found, indent=1)
    sys.stdout.write(text + "\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text + "\n")


if __name__ == "__main__":
    main()
