"""Does a ConvLSTM tell the order of frames, which their mean does not show; writes benchmarks/results/dce_order.json.

Made-up dynamic series of 12 frames of 32 x 32 pixels. With the event they are played forwards, without it backwards
after the first frame: every mean over time is free of the outcome. Trained on 120, judged in 400 others, 3 cohorts.
Controls: wash-in and wash-out of the hot spot, which need no network; the mean-frame network where the mean does say
something (the lesion takes up twice as much with the event), so that it is seen to work; the ConvLSTM on frames in an
order drawn for each patient, which is no order. One thread.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cohorts.outcome import Outcome
from cohorts.version import __version__
from imaging_head.dynamic_series import DynamicSeries
from imaging_head.kinetics import hot_spot_curves, kinetics
from imaging_head.phantom_series import SeriesPhantoms, simulate_series
from imaging_head.series_learner import SeriesLearner
from prognosis.metrics.roc import roc_auc

RESULT = Path(__file__).resolve().parent / "results" / "dce_order.json"
TRAIN, TEST, COHORTS, EPOCHS = 120, 400, 3, 20


def outcome_of(made: SeriesPhantoms, event: NDArray[np.int64]) -> Outcome:
    """Return a binary outcome of the patients."""
    return Outcome(tuple(made.table.index), np.full(len(event), np.nan), event)


def area(event: NDArray[np.int64], marker: NDArray[np.float64]) -> dict[str, float]:
    """Return the AUC with DeLong's error."""
    found = roc_auc(event, marker)
    return {"auc": round(float(found.estimate[0]), 4), "std_err": round(float(found.std_err[0]), 4)}


def judged(learner: SeriesLearner, train: SeriesPhantoms, test: SeriesPhantoms, seed: int) -> dict[str, float]:
    """Train on one cohort, judge in the other; CPU seconds of the training."""
    events = [made.table["event"].to_numpy() for made in (train, test)]
    began = time.process_time()
    fitted = learner.with_task(seed).fit(train.series, outcome_of(train, events[0]))
    seconds = time.process_time() - began
    return {**area(events[1], fitted.linear_predictor(test.series).to_numpy()), "cpu_seconds": round(seconds, 1)}


def without_order(made: SeriesPhantoms, seed: int) -> SeriesPhantoms:
    """Put the frames after the first in an order drawn for each patient."""
    rng = np.random.default_rng([seed, 8])
    frames = made.series.frames.copy()
    for own in frames:
        own[1:] = own[1 + rng.permutation(len(own) - 1)]
    series = DynamicSeries(frames, made.series.seconds, made.series.patients)
    return SeriesPhantoms(series, made.lesions, made.table, made.truth)


def brighter(made: SeriesPhantoms) -> SeriesPhantoms:
    """Let lesions of patients with the event take up twice as much."""
    base = made.series.baseline[:, None]
    twice = (made.table["event"].to_numpy() == 1)[:, None, None, None] & made.lesions[:, None]
    frames = np.where(twice, np.maximum(base + 2 * (made.series.frames - base), 0), made.series.frames)
    series = DynamicSeries(frames, made.series.seconds, made.series.patients)
    return SeriesPhantoms(series, made.lesions, made.table, made.truth)


def cohort_of(seed: int) -> dict[str, object]:
    """Judge everything in one pair of cohorts."""
    train, test = (simulate_series(n, seed=2 * seed + k, order_only=True) for k, n in enumerate((TRAIN, TEST)))
    lstm, mean = SeriesLearner("conv_lstm", epochs=EPOCHS), SeriesLearner("mean_frame", epochs=EPOCHS)
    spot = kinetics(hot_spot_curves(test.series, test.lesions))
    found: dict[str, object] = {
        "conv_lstm": judged(lstm, train, test, seed),
        "mean_frame": judged(mean, train, test, seed),
        "wash_in_of_the_hot_spot": area(test.table["event"].to_numpy(), spot["wash_in"].to_numpy()),
        "wash_out_of_the_hot_spot": area(test.table["event"].to_numpy(), -spot["wash_out"].to_numpy()),
        "mean_frame_where_the_mean_tells": judged(mean, brighter(train), brighter(test), seed),
    }
    if seed == 0:
        found["conv_lstm_without_order"] = judged(lstm, without_order(train, 0), without_order(test, 1), seed)
    return found


if __name__ == "__main__":
    cohorts = [cohort_of(seed) for seed in range(COHORTS)]
    what = {"version": __version__, "train": TRAIN, "test": TEST, "epochs": EPOCHS, "cohorts": cohorts}
    RESULT.write_text(json.dumps(what, indent=1) + "\n", encoding="utf-8")
