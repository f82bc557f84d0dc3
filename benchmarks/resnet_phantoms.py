"""ResNet34 from random weights on 120 phantoms of 64 pixels: benign from malignant, and shuffled labels.

Writes benchmarks/results/resnet_phantoms.json. Each network is trained on 120 phantoms and judged on 300 others. Where
the labels of all were shuffled beforehand, the mean area must be .5, or something of the truth leaks.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import datetime as dt
import json
import logging
from pathlib import Path

import numpy as np
import torch

from cohorts.outcome import Outcome
from imaging_head.cross_fit import told
from imaging_head.phantoms import simulate_knees
from imaging_head.radiographs import Squares
from imaging_head.resnet_head import ResNet34Head
from imaging_head.training import Schedule
from prognosis.metrics.binary_calibration import binary_calibration
from prognosis.metrics.roc import roc_auc

RESULT = Path(__file__).resolve().parent / "results" / "resnet_phantoms.json"
LEARNER = ResNet34Head(image_size=64, epochs=50, seed=5, schedule=Schedule(batch=16))
GROUPS, LEARN = {"benign": 210, "malignant": 210}, 120
SEEDS = (1, 2, 3)
logger = logging.getLogger("resnet_phantoms")


def areas(seed: int, shuffled: bool) -> tuple[float, float, float]:
    """Area, calibration slope and Brier score in phantoms that the network never saw."""
    made = simulate_knees(GROUPS, seed=seed, size=64)
    event = (made.table["group"] == "malignant").to_numpy(np.int64)
    if shuffled:
        event = np.random.default_rng(seed).permutation(event)
    ids = tuple(made.table.index)
    films, learn = Squares(made.pixels, ids), np.arange(len(ids)) < LEARN
    train = Outcome(ids[:LEARN], np.full(LEARN, np.nan), event[:LEARN])
    score = (
        LEARNER.with_task(seed, int(shuffled)).fit(films.of(train.ids), train).linear_predictor(films.of(ids[LEARN:]))
    )
    area = float(roc_auc(event[~learn], score.to_numpy()).estimate[0])
    found = (
        binary_calibration(event[~learn], 1 / (1 + np.exp(-score.to_numpy()))).table().set_index("metric")["estimate"]
    )
    logger.info("seed %d, shuffled %s: area %.3f", seed, shuffled, area)
    return area, float(found["calibration_slope"]), float(found["brier"])


def main() -> None:
    """Measure and write."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    told_apart, by_chance = (np.array([areas(seed, shuffled) for seed in SEEDS]) for shuffled in (False, True))
    result = {
        "date": dt.date.today().isoformat(), "command": "python benchmarks/resnet_phantoms.py",
        "phantoms_trained_on": LEARN, "tested_on": sum(GROUPS.values()) - LEARN, "pixels": 64, "weights": "random",
        "learner": told(LEARNER),
        "auc": {"each": told_apart[:, 0].round(4).tolist(), "mean": round(float(told_apart[:, 0].mean()), 4)},
        "calibration_slope": told_apart[:, 1].round(3).tolist(), "brier": told_apart[:, 2].round(4).tolist(),
        "auc_of_shuffled_labels": {"each": by_chance[:, 0].round(4).tolist(),
                                   "mean": round(float(by_chance[:, 0].mean()), 4)},
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
