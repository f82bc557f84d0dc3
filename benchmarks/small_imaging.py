"""What the small imaging examples say, and how far a tree's thresholds wander; benchmarks/results/small_imaging.json.

The two examples as they stand (examples/dce_kinetics, examples/delineation; the latter with the optimum contour, too),
and 100 cohorts of 61 and of 300 patients, in each of which the depth-2 tree chooses its variables and thresholds anew.
Arguments name parts to be measured again; the others stay as they are in the file.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts.version import __version__
from imaging_head.kinetics import hot_spot_curves, kinetics
from imaging_head.phantom_series import WASH_IN, WASH_OUT, simulate_series
from prognosis.classifiers.split_points import split_points
from prognosis.models import DecisionTree

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "benchmarks" / "results" / "small_imaging.json"
COHORTS = 100


def example(name: str) -> Any:
    """Load the script of an example."""
    spec = spec_from_file_location(name, next((ROOT / "examples" / name).glob("*.py")))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def thresholds(patients: int) -> dict[str, object]:
    """Grow the tree in many cohorts; say what it asks and where it cuts."""
    first, wash_out, wash_in = [], [], []
    for seed in range(COHORTS):
        made = simulate_series(patients, seed=10_000 + seed, size=16)
        table = kinetics(hot_spot_curves(made.series, made.lesions))
        outcome = np.array([(code,) for code in made.table["event"]], [("event", np.int64)])
        tree = DecisionTree(depth=2, min_leaf=5, pruning=0.0, calibration="none").fit(table, outcome)
        cuts = split_points(tree.estimate_)
        first.append(cuts["term"].iloc[0])
        wash_out += cuts.loc[cuts["term"] == "wash_out", "threshold"].tolist()[:1]
        wash_in += cuts.loc[cuts["term"] == "wash_in", "threshold"].tolist()[:1]
    return {
        "patients": patients,
        "first_question": {name: first.count(name) for name in sorted(set(first))},
        "wash_out": spread(wash_out, WASH_OUT),
        "wash_in": spread(wash_in, WASH_IN),
    }


def spread(found: list[float], truth: float) -> dict[str, float]:
    """Quantiles of a threshold over the cohorts that ask for its variable, and how often it is within two points."""
    values = np.array(found)
    low, middle, high = np.percentile(values, [2.5, 50, 97.5]).round(1).tolist()
    near = round(float((np.abs(values - truth) <= 2).mean()), 3)
    return {"truth": truth, "cohorts": len(values), "lower": low, "median": middle, "upper": high, "within_two": near}


def lines(table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return a frame as plain values."""
    named = ((name if isinstance(name, str) else ", ".join(name), row) for name, row in table.iterrows())
    return {name: {k: round(float(v), 4) for k, v in row.items()} for name, row in named}


PARTS: dict[str, Callable[[], object]] = {
    "delineation": lambda: lines(example("delineation").compared()),
    "delineation_optimum_contour_in_pet": lambda: lines(example("delineation").compared(edge_channel=0)),
    "thresholds_of_61_patients": lambda: thresholds(61),
    "thresholds_of_300_patients": lambda: thresholds(300),
    "dce_kinetics": lambda: lines(example("dce_kinetics").compared()),
}


def main(names: list[str]) -> None:
    """Measure all parts, or those named, and write each as it is done."""
    warnings.simplefilter("ignore")
    found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    for name in names or PARTS:
        began = time.process_time()
        content = PARTS[name]()
        found[name] = {"version": __version__, "processor_s": round(time.process_time() - began, 1), "found": content}
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
