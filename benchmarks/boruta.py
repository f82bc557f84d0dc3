"""Boruta on ten relevant and twenty noise columns, beside the boruta package; writes benchmarks/results/boruta.json.

300 patients; five relevant columns, five that repeat them with noise (correlation .96), twenty of noise alone. Both
programs with 50 trees, the best shadow as the bar, Bonferroni's correction, level .05 and 99 rounds at most.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from cohorts.errors import PrognosisWarning
from cohorts.version import __version__
from prognosis.models import Logistic, Selected
from prognosis.selection import Boruta
from tests.prognosis.made_selection import RELEVANT, redundant

RESULT = Path(__file__).resolve().parent / "results" / "boruta.json"
SEEDS, TREES, ROUNDS, ALPHA = 20, 50, 99, 0.05


def theirs(X: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """Return which columns the package confirms."""
    from boruta import BorutaPy
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_jobs=1)
    options = {"n_estimators": TREES, "perc": 100, "two_step": False, "alpha": ALPHA, "max_iter": ROUNDS + 1}
    return np.asarray(BorutaPy(forest, random_state=seed, **options).fit(X, y).support_)


def measured(seed: int) -> dict[str, float]:
    """Return what both confirm in one cohort."""
    X, y, _ = redundant(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        chosen = Selected(Logistic(), Boruta(rounds=ROUNDS, trees=TREES, alpha=ALPHA), seed=seed).choose(X, y)
    ours = np.isin(X.columns, chosen.kept)
    package = theirs(X.to_numpy(), y, seed)
    k = len(RELEVANT)
    return {
        "relevant_confirmed": float(ours[:k].sum()),
        "noise_confirmed": float(ours[k:].sum()),
        "package_relevant_confirmed": float(package[:k].sum()),
        "package_noise_confirmed": float(package[k:].sum()),
        "same_decision": float((ours == package).mean()),
    }


def main() -> None:
    """Measure and write."""
    started = time.process_time()
    found = pd.DataFrame([measured(seed) for seed in range(SEEDS)])
    good = (found["relevant_confirmed"] == len(RELEVANT)) & (found["noise_confirmed"] <= 1)
    content = {
        "version": __version__,
        "cohorts": SEEDS,
        "all_relevant_and_at_most_one_of_noise": round(float(good.mean()), 4),
        **{f"mean_{name}": round(float(found[name].mean()), 4) for name in found},
        "processor_s": round(time.process_time() - started, 1),
    }
    RESULT.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{json.dumps(content, indent=2)}\n")


if __name__ == "__main__":
    main()
