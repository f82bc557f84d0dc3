"""High or low grade from radiomics: a forest's choice and AdaBoost in 58 patients, extra-trees at a second centre.

python -W ignore examples/radiomics_grading/grading.py [EFFECT]      log hazard ratio of one feature group; default 1
"""

import sys

import numpy as np
import pandas as pd

from imaging_head.simulated_radiomics import simulate_radiomics
from prognosis import Study
from prognosis.models import AdaBoost, ExtraTrees, Harmonised, Selected
from prognosis.selection import ForestRanked
from prognosis.validation.plans import CrossValidation


def graded(effect: float = 1.0, trees: int = 50, folds: int = 5) -> pd.DataFrame:
    """Return AUC and accuracy inside 58 patients, in 16 others, and at the other centre of 158."""
    asked: dict = {"metrics": ["auc", "accuracy"], "thresholds": [0.5]}
    small = simulate_radiomics(58, 2020, effect=effect, share=0.55)
    wrapper = Selected(AdaBoost(rounds=50), ForestRanked(drop=0.5, trees=trees, folds=3), seed=1)
    inner = Study(small.cohort(slice(0, 42)), small.binary, small.features, seed=1)
    model = inner.fit(wrapper, "42 patients, in folds")
    nested = inner.validate(model, CrossValidation(folds, 1), **asked).table
    held = model.validate(small.cohort(slice(42, 58)), **asked).table
    two = simulate_radiomics(158, 2022, effect=effect, share=0.55, scanners=2)
    centre = [np.flatnonzero(two.table["scanner"] == each) for each in "AB"]
    first = Study(two.cohort(centre[0]), two.binary, two.features, seed=1)
    other = first.fit(ExtraTrees(trees=trees), "A").validate(two.cohort(centre[1]), **asked)
    both = Study(two.cohort(), two.binary, two.features, seed=1)
    known = both.fit(Harmonised(ExtraTrees(trees=trees), batch="scanner"), "both centres, harmonised, in folds")
    joint = both.validate(known, CrossValidation(folds, 1), **asked).table
    named = held.assign(model="16 others"), other.table.assign(model="the other centre")
    tables = [each.rename(columns={"corrected": "estimate"}) for each in (nested, *named, joint)]
    return pd.concat(tables, ignore_index=True)[["model", "metric", "estimate", "lower", "upper"]]


if __name__ == "__main__":
    sys.stdout.write(graded(*map(float, sys.argv[1:])).round(3).to_string(index=False) + "\n")
