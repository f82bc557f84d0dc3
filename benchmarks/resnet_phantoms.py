"""ResNet34 from random weights on 120 phantoms of 64 pixels: benign from malignant, and shuffled labels.

Writes benchmarks/results/resnet_phantoms.json. Every area is that of out-of-fold scores in five folds; shuffled labels
must give .5 on the mean of several shufflings, or something of the truth leaks. A quarter of an hour on one core.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import datetime as dt
import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from cohorts import Binary, Cohort, make_folds
from imaging_head.cross_fit import told
from imaging_head.phantoms import simulate_knees
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.training import Schedule
from prognosis.metrics.binary_calibration import binary_calibration
from prognosis.metrics.roc import roc_auc

RESULT = Path(__file__).resolve().parent / "results" / "resnet_phantoms.json"
LEARNER = ResNet34Head(image_size=64, epochs=12, seed=5, schedule=Schedule(batch=16))
GROUPS = {"benign": 60, "malignant": 60}
SHUFFLES = 3
logger = logging.getLogger("resnet_phantoms")


def out_of_fold(films: Squares, ids: list[str], event: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Log-odds of patients by networks that never saw them."""
    cohort = Cohort.from_frame(pd.DataFrame({"pid": ids, "malignant": event}), id="pid")
    endpoint = Binary("malignant", event="malignant")
    folds = make_folds(cohort, endpoint, 5, seed)
    score = replace(LEARNER, seed=seed).cross_fit(films, cohort, endpoint, folds, nested=False)
    return np.asarray(score.values, float)


def main() -> None:
    """Measure and write."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    made = simulate_knees(GROUPS, seed=11, size=64)
    ids = list(made.table.index)
    films = Squares(made.pixels, tuple(ids))
    event = (made.table["group"] == "malignant").to_numpy(np.int64)
    score = out_of_fold(films, ids, event, 5)
    area, calibration = roc_auc(event, score), binary_calibration(event, 1 / (1 + np.exp(-score))).table()
    logger.info("area %.3f", area.estimate[0])
    grey = roc_auc(event, made.pixels.mean(axis=(1, 2), dtype=float))
    shuffled = []
    for number in range(SHUFFLES):
        labels = np.random.default_rng(number).permutation(event)
        shuffled.append(float(roc_auc(labels, out_of_fold(films, ids, labels, 100 + number)).estimate[0]))
        logger.info("shuffled %.3f", shuffled[-1])
    limits = area.limits()
    result = {
        "date": dt.date.today().isoformat(), "command": "python benchmarks/resnet_phantoms.py",
        "phantoms": GROUPS, "pixels": 64, "folds": 5, "weights": "random", "learner": told(LEARNER),
        "auc": [round(float(v), 4) for v in (area.estimate[0], limits[0][0], limits[1][0])],
        "calibration": {name: round(float(value), 3) for name, value in zip(
            calibration["metric"], calibration["estimate"], strict=True)},
        "auc_of_mean_grey": round(float(grey.estimate[0]), 4),
        "auc_of_shuffled_labels": {"each": [round(value, 4) for value in shuffled],
                                   "mean": round(float(np.mean(shuffled)), 4)},
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
