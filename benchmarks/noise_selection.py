"""What a sequential search outside the resamples does to noise; writes benchmarks/results/noise_selection.json.

62 patients, 17 with the event, 107 columns of noise, as many as in a published study. A forward search for ten columns
by the accuracy of a support vector machine in ten folds, once on all patients and anew in every outer fold.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from cohorts import Binary, Codebook, Cohort
from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from prognosis import Study
from prognosis.models import Selected, SupportVectorMachine
from prognosis.selection import Sequential
from prognosis.validation.plans import CrossValidation

RESULT = Path(__file__).resolve().parent / "results" / "noise_selection.json"
SEEDS, PATIENTS, EVENTS, COLUMNS, KEEP, FOLDS = 20, 62, 17, 107, 10, 10


def study_of(seed: int) -> Study:
    """Return a study of noise."""
    draw = np.random.default_rng([seed, COLUMNS])
    names = [f"g{j}" for j in range(COLUMNS)]
    ids = pd.Index([f"P{row:02d}" for row in range(PATIENTS)], name="pid")
    frame = pd.DataFrame(draw.normal(size=(PATIENTS, COLUMNS)), index=ids, columns=names)
    frame["event"] = draw.permutation(np.arange(PATIENTS) < EVENTS).astype(int)
    variables = {"pid": {"kind": "id"}, **{name: {"kind": "numeric"} for name in names}}
    variables["event"] = {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"}
    cohort = Cohort(frame, Codebook.from_dict({"variables": variables}))
    return Study(cohort, Binary("recurrence", event="event"), names, seed=seed)


def silent(done: int, total: int) -> None:
    """Show no bar."""


def measured(seed: int) -> dict[str, float]:
    """Return accuracy and AUC of the leaky and of the nested way in one cohort."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        study = study_of(seed)
        search = Sequential(keep=KEEP, score="accuracy", folds=FOLDS)
        model = study.fit(Selected(SupportVectorMachine(), search, inside=False, reproduce_published=True, seed=seed))
        plan = CrossValidation(folds=FOLDS, repeats=1)
        validation = study.validate(model, plan, metrics=["auc"], progress=silent)
    nested, leaky = validation.table["corrected"]
    # the published figure: the accuracy by which the columns were chosen, of the columns chosen by it
    own = float(model.selection.path.table["score"].iloc[-1])
    return {"leaky_accuracy": own, "leaky_auc": float(leaky), "nested_auc": float(nested)}


def summary(values: np.ndarray) -> dict[str, float]:
    """Mean over the cohorts with its standard error, and range."""
    error = float(values.std(ddof=1)) / len(values) ** 0.5
    numbers = {"mean": values.mean(), "standard_error": error, "smallest": values.min(), "largest": values.max()}
    return {name: round(float(number), 4) for name, number in numbers.items()}


def main() -> None:
    """Measure and write."""
    started = time.perf_counter()
    with ProcessPoolExecutor(1) as pool:
        found = pd.DataFrame(pool.map(measured, range(SEEDS)))
    content = {
        "version": __version__,
        "cohorts": SEEDS,
        "patients": PATIENTS,
        "events": EVENTS,
        "columns": COLUMNS,
        "kept": KEEP,
        "constant_accuracy": round(1 - EVENTS / PATIENTS, 4),
        **{name: summary(found[name].to_numpy()) for name in found},
        "minutes": round((time.perf_counter() - started) / 60, 1),
    }
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=2)}\n")


if __name__ == "__main__":
    main()
