"""Write docs/conventions_measured.md: each convention, what four packages do, and how far apart they are in this run.

R runs where Rscript is found, and its values are kept in benchmarks/results/conventions_r.json; without R those are
read again. AUC and Brier score of R come from tests/golden.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from conventions_numbers import DATA, Values, measure

HERE = Path(__file__).resolve().parent
RESULT = HERE / "results" / "conventions_r.json"
TABLE = HERE.parent / "docs" / "conventions_measured.md"
PACKAGES = ("R", "lifelines", "scikit-survival")
# Differences below this are those of iteration limits, not of conventions.
EQUAL = 1e-6


@dataclass(frozen=True)
class Line:
    """One convention in words; `numbers` names what was measured. "" as words: the package has no such function."""

    convention: str
    measured: str
    numbers: str
    ours: str
    r: str
    lifelines: str
    sksurv: str


LINES = (
    Line("tied events in Cox", "coefficients, mgus2 (months)", "ties", "Efron", "`coxph`: Efron", "Efron", "Breslow"),
    Line("baseline hazard and survival of a patient", "S(12), S(60), S(120), first patient of mgus2", "survival",
         "hazard that matches the ties (Efron)", "`survfit(coxph)`: the same", "Breslow's hazard after Efron's fit",
         "Breslow's hazard, whatever the ties of the fit"),
    Line("origin of the linear predictor", "first patient of mgus2", "centre", "training mean of every column",
         "`predict(coxph)`: means, but 0/1 columns at 0 (`rms::cph` as ours)", "training means",
         "zero of every column"),
    Line("test of proportional hazards", "chi-square of age, mgus2, transform km", "zph", "score test",
         "`cox.zph` since survival 3.0: score test", "the older approximation by scaled residuals", ""),
    Line("delayed entry: coefficients", "heart", "entry_coefficients", "risk set (entry, time]", "the same",
         "the same, stops iterating earlier", ""),
    Line("delayed entry: survival of a patient", "S(30), S(365), heart", "entry_survival",
         "entry counts in the baseline too", "the same", "entry is left out of the baseline", ""),
    Line("delayed entry: Kaplan-Meier", "S(30), S(365), heart", "entry_km", "risk set (entry, time]", "the same",
         "the same", "the same"),
    Line("weights that are no counts", "standard errors, gbsg", "weights", "robust errors", "`coxph`: robust errors",
         "model-based errors and a warning (`robust=True` on request)", ""),
    Line("interval of Kaplan-Meier", "S(365) with limits, lung", "km_limits", "log scale", "`survfit`: log scale",
         "log-log scale", "none unless asked; then log-log scale"),
    Line("median and its interval", "median with limits, lung", "km_median", "Brookmeyer-Crowley by the log limits",
         "the same", "by the log-log limits", ""),
    Line("median where the curve lies at one half", "first four deaths of lung (210, 306, 455, 883)", "median_flat",
         "middle of the flat piece", "`quantile(survfit)`: the middle", "its beginning", ""),
    Line("restricted mean", "mean to 365 and its second number, lung", "rmst", "mean and its standard error",
         "`print(survfit, rmean)`: the same", "mean; `return_variance` is of one person's time, here its root", ""),
    Line("log-rank test", "chi-square of sex, lung", "logrank", "hypergeometric variance", "the same", "the same",
         "the same"),
    Line("Aalen-Johansen with ties", "incidence at 60, 120, 240, mgus2", "incidence", "tied events leave together",
         "`survfit`: the same", "times are jittered at random (seed 1 here)", "the same"),
    Line("errors of Aalen-Johansen", "standard errors at 60, 120, 240, mgus2", "incidence_error",
         "infinitesimal jackknife", "`survfit`: the same", "Aalen's variance, after the jitter", ""),
    Line("Fine-Gray: coefficients", "mgus2", "fine_gray",
         "Breslow, ordinary Kaplan-Meier of censoring", "`cmprsk::crr`: the same", "", ""),
    Line("Fine-Gray: errors", "mgus2", "fine_gray_error", "with the censoring term", "`cmprsk::crr`: the same", "", ""),
    Line("Fine-Gray by weighted rows", "mgus2", "fine_gray_rows", "`weighting=\"finegray\"`: Efron, events leave first",
         "`survival::finegray` and `coxph`: the same", "", ""),
    Line("Harrell's C", "Cox on mgus2 (months)", "harrell", "pairs with tied event times left out, tied markers half",
         "`concordance`: the same", "the same", "the same"),
    Line("Uno's C", "Cox on mgus2, tau 120", "uno", "weights by censoring just before, 1 / G(t-)^2",
         "`concordance(timewt = \"n/G2\")`: the same", "", "1 / G(t)^2: censorings at t count as gone"),
    Line("AUC at a horizon", "even rows of mgus2, 24, 60, 120", "auc", "censoring just before the event, 1 / G(t-)",
         "`riskRegression::Score`: the same", "", "1 / G(t)"),
    Line("Brier score at a horizon", "even rows of mgus2, 24, 60, 120", "brier",
         "1 / G(t-) for events, 1 / G(t) for those at risk", "`riskRegression::Score`: the same", "",
         "1 / G(t) for events"),
    Line("knots of a spline", "4 knots, haemoglobin, mgus2", "knots", "Harrell's quantiles",
         "`Hmisc::rcspline.eval`: the same", "", ""),
    Line("basis of a spline", "at 10 g/dL", "knots_basis", "truncated powers over the squared range of the knots",
         "`Hmisc::rcspline.eval`: the same", "", ""),
    Line("Weibull regression", "intercept, age, sex, log scale, lung", "aft", "as `survreg`: log time, log scale",
         "`survreg`", "log time; shape = 1 / scale, its log is shown here with the sign turned", ""),
    Line("logistic regression", "intercept, age, sex, lung (dead)", "logistic", "maximum likelihood", "`glm`", "", ""),
)  # fmt: skip


def from_r() -> tuple[dict[str, str], Values]:
    """Versions and values of R: computed here when Rscript is found, else those kept from the last time."""
    RESULT.parent.mkdir(exist_ok=True)
    if shutil.which("Rscript"):
        subprocess.run(["Rscript", str(HERE / "conventions.R"), str(DATA), str(RESULT)], check=True)
    kept = json.loads(RESULT.read_text(encoding="utf-8"))
    score = json.loads((DATA.parent / "score_mgus2_death.json").read_text(encoding="utf-8"))
    kept["values"]["auc"] = score["auc"]["AUC"][:3]
    kept["values"]["brier"] = score["brier"]["Brier"][3:6]
    versions = {name: found[0] for name, found in kept["versions"].items()}
    versions["riskRegression"] = score["meta"]["riskRegression"]
    return versions, {name: np.array(values, float) for name, values in kept["values"].items()}


def cell(words: str, values: np.ndarray | None, reference: np.ndarray | None) -> str:
    """Words, then the numbers where they differ from the reference, with the largest difference."""
    if values is None:
        return words or "none"
    if reference is None or values is reference:
        return f"{words}<br>{shown(values)}"
    gap = float(np.max(np.abs(values - reference)))
    if gap < EQUAL * max(1.0, float(np.max(np.abs(reference)))):
        return f"{words}<br>equal ({gap:.0e})"
    return f"{words}<br>{shown(values)}<br>**differs by {gap:.2g}**"


def shown(values: np.ndarray) -> str:
    """Numbers to six digits, five of them at most."""
    return ", ".join(f"{value:.6g}" for value in values[:5])


def row(line: Line, found: dict[str, Values], by_r: Values) -> str:
    """One line of the table; R is the reference where we have no number."""
    values: dict[str, Any] = {**found[line.numbers], "R": by_r[line.numbers]}
    ours = values.get("ours")
    reference = values["R"] if ours is None else ours
    first = cell(line.ours, ours, reference) if ours is not None else "not measured"
    words = dict(zip(PACKAGES, (line.r, line.lifelines, line.sksurv), strict=True))
    others = [cell(words[package], values.get(package), reference) for package in PACKAGES]
    return "| " + " | ".join([line.convention, line.measured, first, *others]) + " |"


def main() -> None:
    """Measure and write the table."""
    versions, by_r = from_r()
    found = measure()
    mine = {name: version(name) for name in ("lifelines", "scikit-survival")}
    r = ", ".join(f"{name} {number}" for name, number in versions.items())
    head = [
        "# Conventions, measured",
        "",
        "Written by `python benchmarks/conventions_table.py`; do not edit. Defaults of each package unless said. The",
        "numbers of another package are shown where they differ from ours by more than 1e-6 (relative where above 1),",
        "with the largest difference.",
        "",
        f"Run of {dt.date.today().isoformat()}: {r}; lifelines {mine['lifelines']}; "
        f"scikit-survival {mine['scikit-survival']}. Data: tests/golden/data.",
        "",
        "| convention | measured | this package | R | lifelines | scikit-survival |",
        "|---|---|---|---|---|---|",
    ]
    lines = [*head, *(row(line, found, by_r) for line in LINES)]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{TABLE}: {len(LINES)} conventions\n")


if __name__ == "__main__":
    main()
