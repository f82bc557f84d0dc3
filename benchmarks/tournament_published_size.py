"""38 whole pipelines on noise of a published size; writes benchmarks/results/tournament_published_size.json.

62 patients, 17 with the event, 107 columns that nothing connects with it: the size of a published radiomics study. Each
pipeline screens (1 to 15 columns by score tests, or all of them) and fits a regression, machine or tree; all of them on
the same five folds by `prognosis.tournament`. Corrected by draws of the patients in every cohort, and by nested folds
in the first few. Cohorts, pipelines and seeds were fixed before the first run.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.noise_selection import EVENTS, PATIENTS, study_of
from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from prognosis import tournament
from prognosis.models import DecisionTree, Logistic, Screened, SupportVectorMachine
from prognosis.recipe import Recipe
from prognosis.tournaments.correction import Nested
from prognosis.validation.plans import CrossValidation

RESULT = Path(__file__).resolve().parent / "results" / "tournament_published_size.json"
COHORTS, NESTED_COHORTS, FOLDS, SEED = 40, 6, 5, 500
KEPT = (1, 2, 3, 4, 6, 10, 15)


def pipelines() -> dict[str, Recipe]:
    """Return 35 screened pipelines and three on all columns."""
    machines: dict[str, Recipe] = {
        "ridge 1": Logistic(penalty="ridge", strength=1.0),
        "ridge 10": Logistic(penalty="ridge", strength=10.0),
        "linear machine": SupportVectorMachine(kernel="linear", folds=3),
        "radial machine": SupportVectorMachine(folds=3),
        "tree": DecisionTree(pruning=0.01, calibration="none"),
    }
    found: dict[str, Recipe] = {
        f"{name}, {keep} kept": Screened(machine, keep=keep) for keep in KEPT for name, machine in machines.items()
    }
    return found | {name: machines[name] for name in ("ridge 10", "linear machine", "radial machine")}


def held(seed: int, correction: Nested | None) -> tuple[float, float, float]:
    """Hold one tournament; return the winner's naive and corrected area, and the mean area of all pipelines."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        found = tournament(study_of(seed), pipelines(), plan=CrossValidation(FOLDS, 1), correction=correction)
    return float(found.naive), float(found.corrected), float(found.table["naive"].mean())


def summary(values: np.ndarray) -> dict[str, float]:
    """Return mean, its standard error, and the ends."""
    return {"mean": float(values.mean()), "standard_error": float(values.std(ddof=1) / np.sqrt(len(values))),
            "lowest": float(values.min()), "highest": float(values.max())}  # fmt: skip


def main() -> None:
    """Measure and write."""
    started = time.process_time()
    drawn = np.array([held(SEED + seed, None) for seed in range(COHORTS)])
    nested = np.array([held(SEED + seed, Nested()) for seed in range(NESTED_COHORTS)])
    names = ("naive", "corrected", "mean_of_all_pipelines")
    content = {
        "version": __version__,
        "patients": PATIENTS,
        "events": EVENTS,
        "pipelines": len(pipelines()),
        "by_draws": {"cohorts": COHORTS, **{name: summary(drawn[:, k]) for k, name in enumerate(names)}},
        "nested": {"cohorts": NESTED_COHORTS, **{name: summary(nested[:, k]) for k, name in enumerate(names[:2])}},
        "cpu_seconds": round(time.process_time() - started),
    }
    RESULT.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
