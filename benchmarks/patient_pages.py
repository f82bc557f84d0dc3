"""Pages on patients by the batch, the model of the embedded study: writes benchmarks/results/patient_pages.json.

Both forms of every page with curve, nomogram, explanation and bands of risk. A processor's seconds a page say how long
9,267 take; the first pages, for which a process starts and draws what all share, are not counted.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
import warnings
from pathlib import Path

import pandas as pd

from cohorts.datasets import load_mgus2, mgus2_progression_free
from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from prognosis import FittedModel, Study, load_model
from prognosis.models import Cox
from reports.batch import write_patient

RESULT = Path(__file__).resolve().parent / "results" / "patient_pages.json"
PREDICTORS = ("age", "sex", "hgb", "creat", "mspike")
COUNTED, PATIENTS, CORES = 100, 9_267, 2


def model_file(folder: Path) -> tuple[FittedModel, pd.DataFrame]:
    """Fit, validate and save the model of the embedded study; return it as loaded, and its patients."""
    cohort = load_mgus2()
    study = Study(cohort, mgus2_progression_free(), PREDICTORS, seed=2026, missing="complete_cases")
    cox = study.fit(Cox(splines={"creat": 3}), name="cox")
    cox = cox.with_validation(study.validate(cox, method="bootstrap", repeats=20))
    return load_model(cox.save(folder / "cox.prognosis")), cohort.frame[list(PREDICTORS)].dropna()


def main() -> None:
    """Write pages in this process, and say what each takes."""
    warnings.simplefilter("ignore", PrognosisWarning)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model, rows = model_file(folder)
        for place_of in range(3):
            write_patient(model, rows.iloc[[place_of]], "en", folder, "centiles")
        wall, processor = time.perf_counter(), time.process_time()
        for place_of in range(3, 3 + COUNTED):
            write_patient(model, rows.iloc[[place_of]], "en", folder, "centiles")
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    found = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "version": __version__,
        "pages_counted": COUNTED,
        "processor_s_a_page": round(processor / COUNTED, 4),
        "wall_s_a_page": round(wall / COUNTED, 4),
        f"minutes_for_{PATIENTS}_on_{CORES}_cores": round(processor / COUNTED * PATIENTS / CORES / 60, 1),
    }
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {RESULT}\n")


if __name__ == "__main__":
    main()
