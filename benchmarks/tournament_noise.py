"""What the best of 38 pipelines on noise seems worth, and is; writes benchmarks/results/tournament_noise.json.

120 patients, 16 columns that nothing connects with the outcome, 100 cohorts; a binary outcome (half of them) and a time
to event (about six in ten). Each of 38 pipelines fits three columns of its own by least squares, to the outcome or to
the martingale residuals without predictors (the first step to a Cox model), in the same five folds. Scores and
correction are those of `prognosis.tournament`; fits are formulas, so that many cohorts can be held.

Two designs were tried before this one, whose pipelines resembled each other more and whose winners stood out less: the
naive means are those of pipelines chosen to differ. The corrected ones do not depend on that choice.
`tournament_published_size.py` was fixed before its first run.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cohorts.version import __version__
from prognosis.outcome import SurvivalArrays
from prognosis.tournaments.correction import corrected_by_draws
from prognosis.tournaments.scores import WithinGroups
from prognosis.validation.resampling import dealt_folds

RESULT = Path(__file__).resolve().parent / "results" / "tournament_noise.json"
COHORTS, PATIENTS, COLUMNS, PIPELINES, OWN, FOLDS, DRAWS = 100, 120, 16, 38, 3, 5, 100
Floats = NDArray[np.float64]


def outcome_of(draw: np.random.Generator, *, timed: bool) -> SurvivalArrays:
    """Return an outcome that nothing predicts."""
    if not timed:
        return SurvivalArrays(np.full(PATIENTS, np.nan), np.arange(PATIENTS) % 2)
    return SurvivalArrays(draw.exponential(10, PATIENTS), (draw.random(PATIENTS) < 0.6).astype(np.int64))


def target_of(outcome: SurvivalArrays) -> Floats:
    """Return what least squares are fitted to: the outcome, or its martingale residuals without predictors."""
    if not outcome.timed:
        return outcome.event.astype(float)
    order = np.argsort(outcome.time)
    hazard = np.empty(len(order))
    hazard[order] = np.cumsum(outcome.event[order] / np.arange(len(order), 0, -1))
    return outcome.event - hazard


def left_out(draw: np.random.Generator, outcome: SurvivalArrays, fold: NDArray[np.int64]) -> Floats:
    """Return the markers of all pipelines for patients left out, (pipelines, 1, n)."""
    X = draw.normal(size=(PATIENTS, COLUMNS))
    own = [draw.choice(COLUMNS, OWN, replace=False) for _ in range(PIPELINES)]
    marker = np.empty((PIPELINES, 1, PATIENTS))
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        target = target_of(outcome.take(train))
        for pipeline, columns in enumerate(own):
            design = np.column_stack([np.ones(train.sum()), X[train][:, columns]])
            effect = np.linalg.lstsq(design, target)[0][1:]
            marker[pipeline, 0, test] = X[test][:, columns] @ effect
    return marker


def measured(*, timed: bool) -> dict[str, object]:
    """Hold a tournament in every cohort."""
    found = []
    for seed in range(COHORTS):
        draw = np.random.default_rng([seed, 9])
        outcome = outcome_of(draw, timed=timed)
        fold = dealt_folds(outcome.event.astype(np.int64), None, FOLDS, seed, 0)
        scores = WithinGroups(outcome, left_out(draw, outcome, fold), fold[None])
        everybody = np.ones((1, PATIENTS))
        naive = [scores.of(everybody, pipeline)[0] for pipeline in range(PIPELINES)]
        unit, contenders = np.arange(PATIENTS), np.arange(PIPELINES)
        corrected = corrected_by_draws(scores, everybody[0], unit, seed, DRAWS, contenders, upwards=True)
        holds = corrected.lower <= 0.5 <= corrected.upper
        found.append((max(naive), np.mean(naive), corrected.estimate, holds))
    best, mean, corrected_mean, holding = np.array(found, float).T
    return {
        "naive": summary(best),
        "mean_of_all_pipelines": summary(mean),
        "corrected": summary(corrected_mean),
        "intervals_that_hold_one_half": round(float(holding.mean()), 3),
    }


def summary(values: Floats) -> dict[str, float]:
    """Mean over the cohorts with its standard error, and range."""
    numbers = {
        "mean": values.mean(),
        "standard_error": values.std(ddof=1) / len(values) ** 0.5,
        "smallest": values.min(),
        "largest": values.max(),
    }
    return {name: round(float(number), 4) for name, number in numbers.items()}


def main() -> None:
    """Measure and write."""
    started = time.process_time()
    content = {
        "version": __version__,
        "cohorts": COHORTS,
        "patients": PATIENTS,
        "columns": COLUMNS,
        "pipelines": PIPELINES,
        "draws": DRAWS,
        "binary, auc": measured(timed=False),
        "time to event, harrell_c": measured(timed=True),
        "processor_s": round(time.process_time() - started, 1),
    }
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=2)}\n")


if __name__ == "__main__":
    main()
