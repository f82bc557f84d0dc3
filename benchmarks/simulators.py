"""What the simulators give in 40,000 patients, and how long 1,000,000 take.

Writes benchmarks/results/simulators.json and the tables of docs/simulators.md.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import statsmodels.api as sm

from cohorts.simulation import SIMULATORS, Simulated
from cohorts.simulation.documented import effects_markdown
from prognosis.cox.regression import fit_cox
from prognosis.metrics.concordance import concordance
from prognosis.risk_sets import build_risk_sets

ROOT = Path(__file__).resolve().parents[1]
RESULT, DOCUMENT = ROOT / "benchmarks" / "results" / "simulators.json", ROOT / "docs" / "simulators.md"
N, MANY, SEED = 40_000, 1_000_000, 2
# Disease, outcome of the effects, endpoint and code that Cox models see; None: logistic on a column of 0 and 1.
REFITS: tuple[tuple[str, str, str, int | None], ...] = (
    ("myeloma", "pfs", "pfs", 1),
    ("myeloma", "os", "os", 1),
    ("chondrosarcoma", "metastasis_at_diagnosis", "metastasis_at_diagnosis", None),
    ("chondrosarcoma", "metastasis", "metastasis", 1),
    ("osteosarcoma", "metastasis_at_diagnosis", "metastasis_at_diagnosis", None),
    ("osteosarcoma", "metastasis", "metastasis", 1),
    ("giant_cell_tumour", "recurrence", "recurs", None),
    ("monoclonal_gammopathy", "progression", "progression", 1),
    ("monoclonal_gammopathy", "death", "progression", 2),
)
TIMED = """
import resource, time
from cohorts.simulation import SIMULATORS
wall, cpu = time.perf_counter(), time.process_time()
SIMULATORS["{}"]({}, 1)
print(time.perf_counter() - wall, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def refit(made: Simulated, outcome: str, seen: str, code: int | None) -> dict[str, Any]:
    """Return the declared effects beside their estimates, and how well the true predictor ranks."""
    effects = made.effects[made.effects["outcome"] == outcome]
    x = made.tables["complete"][effects["term"]].to_numpy(float)
    truth = made.truth[f"{outcome}_linear_predictor"].to_numpy()
    if code is None:
        event = (made.cohort.frame if seen in made.cohort.frame else made.truth)[seen].to_numpy(float)
        fit = sm.Logit(event, sm.add_constant(x)).fit(disp=0)
        estimate, error = fit.params[1:], fit.bse[1:]
        ranked = concordance(1 - event, event == 1, truth).concordance
    else:
        if "metastasis_at_diagnosis" in made.cohort.frame:
            free = (made.cohort.frame["metastasis_at_diagnosis"] == 0).to_numpy()
            made, x, truth = (
                made.without(made.cohort.frame.index[~free], "metastasis at diagnosis"),
                x[free],
                truth[free],
            )
        outcome_seen = made.endpoints[seen].outcome(made.cohort)
        event = outcome_seen.event == code
        cox = fit_cox(np.ascontiguousarray(x), build_risk_sets(outcome_seen.time, event), tuple(effects["term"]))
        estimate, error = cox.coefficients, np.sqrt(np.diag(cox.covariance))
        ranked = concordance(outcome_seen.time, event, truth).concordance
    distance = (estimate - effects["log_effect"].to_numpy()) / error
    terms = [
        {"term": term, "declared": declared, "estimate": float(found), "se": float(se)}
        for term, declared, found, se in zip(effects["term"], effects["log_effect"], estimate, error, strict=True)
    ]
    return {
        "events": float(event.mean()),
        "concordance_of_the_truth": float(ranked),
        "largest_distance_in_se": float(np.abs(distance).max()),
        "mean_squared_distance": float((distance**2).mean()),
        "terms": terms,
    }


def stages(made: Simulated) -> dict[str, list[float]]:
    """Return shares of ISS, R-ISS and R2-ISS, and median survival times, of simulated myeloma."""
    x = made.tables["complete"].astype(bool)
    third, second, ldh = x["iss=III"], x["iss=II"], x["ldh_high"]
    high = x["del17p"] | x["t_4_14"] | x["t_14_16"]
    first = ~third & ~second
    revised = np.select([first & ~high & ~ldh, third & (high | ldh)], [0, 2], 1)
    points = 1.5 * third + second + x["del17p"] + ldh + x["t_4_14"] + 0.5 * x["gain_1q21"]
    return {
        "iss": [float(each.mean()) for each in (first, second, third)],
        "r_iss": (np.bincount(revised) / len(x)).tolist(),
        "r2_iss": (np.bincount(np.digitize(points, [0.25, 1.25, 2.75])) / len(x)).tolist(),
        "median_months_pfs_os": made.truth[["pfs_months", "os_months"]].median().tolist(),
        "five_year_pfs_by_r_iss": [float((made.truth["pfs_months"] > 60)[revised == k].mean()) for k in (0, 1, 2)],
        "five_year_os_by_r_iss": [float((made.truth["os_months"] > 60)[revised == k].mean()) for k in (0, 1, 2)],
        "held": [float(made.truth["held"].mean())],
    }


def timing(disease: str) -> dict[str, float]:
    """Return seconds and memory of a million patients, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(disease, MANY)], capture_output=True, text=True, check=True
    )
    wall, cpu, memory = map(float, done.stdout.split())
    return {"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "memory_mb": round(memory)}


def tables(results: dict[str, Any]) -> str:
    """Return the tables of the documentation."""
    lines = [
        "| disease | outcome | events | C or AUC of the truth | largest distance of a refitted effect |",
        "|---|---|---|---|---|",
    ]
    for name, each in results["refits"].items():
        disease, outcome = name.split(": ")
        lines.append(
            f"| {disease} | {outcome} | {each['events']:.1%} | {each['concordance_of_the_truth']:.3f} "
            f"| {each['largest_distance_in_se']:.1f} standard errors of {len(each['terms'])} |"
        )
    shares = {
        name: " / ".join(f"{100 * share:.0f}" for share in results["myeloma"][name])
        for name in ("iss", "r_iss", "r2_iss")
    }
    five = [
        " / ".join(f"{100 * s:.0f}" for s in results["myeloma"][f"five_year_{name}_by_r_iss"]) for name in ("pfs", "os")
    ]
    pfs, os = results["myeloma"]["median_months_pfs_os"]
    lines += [
        "",
        f"Myeloma: ISS {shares['iss']} % (38 / 38 / 24 in trials), R-ISS {shares['r_iss']} % (28 / 62 / 10), R2-ISS "
        f"{shares['r2_iss']} % (19 / 31 / 41 / 9); median PFS {pfs:.0f}, OS {os:.0f} months; at five years by R-ISS "
        f"PFS {five[0]} % (55 / 36 / 24 published), OS {five[1]} % (82 / 62 / 40 published).",
        "",
        "| 1,000,000 patients | seconds | processor seconds | memory |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {t['wall_s']} | {t['cpu_s']} | {t['memory_mb']:,} MB |" for name, t in results["timing"].items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    made = {disease: simulate(N, SEED) for disease, simulate in SIMULATORS.items()}
    results: dict[str, Any] = {
        "machine": platform.platform(),
        "date": time.strftime("%Y-%m-%d"),
        "n": N,
        "seed": SEED,
        "refits": {
            f"{disease}: {outcome}": refit(made[disease], outcome, seen, code)
            for disease, outcome, seen, code in REFITS
        },
        "myeloma": stages(made["myeloma"]),
        "prevalences": {disease: each.tables["complete"].mean().to_dict() for disease, each in made.items()},
        "timing": {disease: timing(disease) for disease in SIMULATORS},
    }
    RESULT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, content in (("measured", tables(results)), ("effects", effects_markdown())):
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda m, c=content: f"{m[1]}\n{c}\n\n{m[2]}",
            text,
            count=1,
            flags=re.S,
        )
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
