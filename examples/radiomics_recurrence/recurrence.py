"""Recurrence from 107 features of 62 patients: the published way beside the honest one, and as a time to recurrence.

python examples/radiomics_recurrence/recurrence.py [EFFECT]      log hazard ratio of one feature group; default 0: noise
"""

import sys
import warnings

import pandas as pd

from cohorts.errors import PrognosisWarning
from imaging_head.simulated_radiomics import simulate_radiomics
from prognosis import Study
from prognosis.models import Cox, Harmonised, Selected, SupportVectorMachine
from prognosis.selection import Sequential, Univariable
from prognosis.validation.plans import CrossValidation

SEED = 81  # 17 recurrences, with an effect and without


def compared(effect: float = 0.0, keep: int = 10, folds: int = 10) -> pd.DataFrame:
    """Return AUC and accuracy of the search outside and inside the folds, and C of an honest model of the time."""
    made = simulate_radiomics(62, SEED, effect=effect, scanners=2)
    plan = CrossValidation(folds, 1)
    study = Study(made.cohort(), made.binary, made.features, seed=SEED)
    search = Sequential(keep=keep, score="accuracy", folds=folds)
    searched = Selected(SupportVectorMachine(), search, inside=False, reproduce_published=True, seed=SEED)
    published = study.fit(searched, "search and SVM")
    best = float(published.selection.path.table["score"].iloc[-1])
    own = pd.DataFrame([{"model": "the search's own folds", "metric": "accuracy", "corrected": best}])
    found = study.validate(published, plan, metrics=["auc", "accuracy"], thresholds=[0.5]).table
    timed = Study(made.cohort(), made.timed, made.features, seed=SEED)
    few = Harmonised(Selected(Cox(ridge=10.0), Univariable(keep=3)), batch="scanner")
    survival = timed.validate(timed.fit(few, "Cox, 3 features"), plan, metrics=["harrell_c"]).table
    return pd.concat([own, found, survival], ignore_index=True)[["model", "metric", "corrected", "lower", "upper"]]


if __name__ == "__main__":
    warnings.simplefilter("ignore", PrognosisWarning)
    sys.stdout.write(compared(*map(float, sys.argv[1:])).round(3).to_string(index=False) + "\n")
