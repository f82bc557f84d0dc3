"""Concordance (AUC of a binary outcome) of a simulated cohort's true predictor: about the most a model can reach.

python examples/truth.py FOLDER PREDICTOR EVENT [TIME]      a column of truth.csv and columns of cohort.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from prognosis.evaluation import Evaluation
from prognosis.metrics.discrimination import harrell_c
from prognosis.outcome import SurvivalArrays


def true_concordance(folder: Path, predictor: str, event: str, time: str | None = None) -> float:
    """Return Harrell's C of the true predictor in the cohort of a folder that `prognosis simulate` wrote."""
    truth = pd.read_csv(folder / "truth.csv", index_col="patient")
    cohort = pd.read_csv(folder / "cohort.csv", index_col="patient").loc[truth.index]
    months = np.full(len(cohort), np.nan) if time is None else cohort[time].to_numpy(float)
    outcome = SurvivalArrays(months, cohort[event].to_numpy(np.int64))
    return harrell_c(Evaluation(outcome, truth[predictor].to_numpy(float)))


if __name__ == "__main__":
    sys.stdout.write(f"{true_concordance(Path(sys.argv[1]), *sys.argv[2:]):.3f}\n")
