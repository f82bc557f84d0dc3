"""What selection outside the resamples does to noise; writes benchmarks/results/selection_leak.json.

100 patients, about 60 events, 1000 columns that nothing connects with the outcome; the five with the smallest score
tests enter a Cox model, judged by five-fold cross-validation. The five are chosen anew in every fold, or once on all.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from cohorts.version import __version__
from tests.prognosis.made_noise import codebook, honest_and_leaky_c

RESULT = Path(__file__).resolve().parent / "results" / "selection_leak.json"
SEEDS = 100
COLUMNS = 1000


def summary(found: np.ndarray) -> dict[str, float]:
    """Mean over the cohorts with its standard error, spread and range of Harrell's C."""
    spread = float(found.std(ddof=1))
    numbers = {
        "mean_c": float(found.mean()),
        "standard_error": spread / len(found) ** 0.5,
        "standard_deviation": spread,
        "smallest": float(found.min()),
        "largest": float(found.max()),
    }
    return {name: round(number, 4) for name, number in numbers.items()}


def main() -> None:
    """Measure and write."""
    started, book = time.process_time(), codebook(COLUMNS)
    found = np.array([honest_and_leaky_c(seed, COLUMNS, book) for seed in range(SEEDS)])
    content = {
        "version": __version__,
        "cohorts": SEEDS,
        "patients": 100,
        "columns": COLUMNS,
        "selected_in_every_fold": summary(found[:, 0]),
        "selected_once_on_all": summary(found[:, 1]),
        "processor_s": round(time.process_time() - started, 1),
    }
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=2)}\n")


if __name__ == "__main__":
    main()
