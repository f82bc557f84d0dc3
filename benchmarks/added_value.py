"""How often the added-value test of an image rejects, beside the likelihood-ratio test on out-of-fold scores.

Useless images: 150 patients, 25 pixels a film, of which some show the two clinical predictors (as a radiograph shows
age); the outcome depends on those predictors alone. A stub network (ridge regression on the pixels) is cross-fitted in
five folds; each permutation fits it five times. Then images that carry a part of the outcome of their own.
Writes benchmarks/results/added_value.json. About ten minutes of one core.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Binary, Codebook, Cohort, TimeToEvent, make_folds
from cohorts.version import __version__
from imaging_head.added_value import image_added_value
from imaging_head.radiographs import Squares
from prognosis import Study
from prognosis.added_value import AddedValue
from prognosis.models import Cox, Logistic
from tests.imaging_head.made_learners import Pixels

RESULT = Path(__file__).resolve().parent / "results" / "added_value.json"
PATIENTS, PIXELS, FOLDS, RIDGE = 150, 5, 5, 50.0
# With 19 (39) permutations a p-value of .05 is the largest (the second largest) of 20 (40): the level is exact.
FEW, SOME = 19, 39
LEVEL, TWO_SIDED, ONE_SIDED = 0.05, 1.959964, 1.644854
BOOK = Codebook.from_dict({"variables": {
    "pid": {"kind": "id"}, "age": {"kind": "numeric"}, "grade": {"kind": "numeric"},
    "months": {"kind": "time", "unit": "months"},
    "event": {"kind": "event", "values": {"censored": 0, "event": 1}},
}})  # fmt: skip
TIMED = TimeToEvent("metastasis", time="months", event="event", unit="months", origin="diagnosis")
BINARY = Binary("metastasis", event="event")
# Kind of endpoint, log hazard ratio of one standard deviation of what only the film shows, permutations, studies.
SCENARIOS = [("time_to_event", 0.0, FEW, 2000), ("time_to_event", 0.3, SOME, 100), ("time_to_event", 0.5, SOME, 100),
             ("time_to_event", 0.8, SOME, 100), ("binary", 0.0, FEW, 2000)]  # fmt: skip


def patients(seed: int, effect: float) -> tuple[Cohort, Squares]:
    """Draw patients and films: one pixel shows age, one grade and the tumour, one the tumour alone."""
    rng = np.random.default_rng([seed, 1])
    age, grade, tumour = rng.normal(size=(3, PATIENTS))
    pixels = rng.normal(size=(PATIENTS, PIXELS, PIXELS))
    pixels[:, 0, 0] += age
    pixels[:, 0, 1] += grade + tumour
    pixels[:, 1, 1] += tumour
    time_to = rng.exponential(np.exp(-(0.5 * age + 0.5 * grade + effect * tumour)))
    end = rng.uniform(0.3, 3, PATIENTS)
    ids = pd.Index([f"P{row}" for row in range(PATIENTS)], name="pid")
    columns = {"age": age, "grade": grade, "months": np.minimum(time_to, end) + 0.01}
    frame = pd.DataFrame({**columns, "event": (time_to <= end).astype(int)}, index=ids)
    return Cohort(frame, BOOK), Squares(pixels.astype(np.float32), tuple(ids))


def tested(seed: int, kind: str, effect: float, permutations: int) -> AddedValue:
    """Test one made-up study."""
    cohort, films = patients(seed, effect)
    endpoint = BINARY if kind == "binary" else TIMED
    study = Study(cohort, endpoint, ["age", "grade"], folds=make_folds(cohort, endpoint, FOLDS, seed), seed=seed)
    model = study.fit(Logistic() if kind == "binary" else Cox())
    return image_added_value(Pixels(RIDGE), films, study, model, permutations)


def share(rejected: np.ndarray) -> dict[str, float]:
    """Share of studies with its standard error."""
    mean = float(rejected.mean())
    return {"share": round(mean, 4), "standard_error": round(float(np.sqrt(mean * (1 - mean) / len(rejected))), 4)}


def scenario(kind: str, effect: float, permutations: int, studies: int) -> dict[str, Any]:
    """Repeat the test, and judge the same observed scores by likelihood-ratio tests."""
    started = time.process_time()
    found = [tested(seed, kind, effect, permutations) for seed in range(studies)]
    roots = np.array([each.statistic for each in found])
    return {
        "endpoint": kind,
        "log_hazard_ratio_of_the_image": effect,
        "studies": studies,
        "permutations": permutations,
        "permutation_test": share(np.array([each.p for each in found]) <= LEVEL),
        "likelihood_ratio_test": share(np.abs(roots) > TWO_SIDED),
        "likelihood_ratio_test_one_sided": share(roots > ONE_SIDED),
        "failed_permutations": sum(each.failed for each in found),
        "processor_s": round(time.process_time() - started, 1),
    }


def main() -> None:
    """Measure and write."""
    content = {"version": __version__, "patients": PATIENTS, "folds": FOLDS, "scenarios": []}
    for asked in SCENARIOS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content["scenarios"].append(scenario(*asked))
        sys.stdout.write(f"{json.dumps(content['scenarios'][-1])}\n")
        sys.stdout.flush()
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
