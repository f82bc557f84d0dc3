"""What a forest says of predictors: their importance, and the error without them, for selectors that grow forests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from prognosis.models.forest import RandomSurvivalForest
from prognosis.selection.candidates import Candidates
from prognosis.selection.columns import owned_columns

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
# Columns of the frames that are handed to the survival forest beside its predictors.
WEIGHT, UNIT = "case weight", "drawn together"


def importances(rows: Candidates, predictors: pd.DataFrame, seed: int, trees: int, depth: int | None = None) -> Floats:
    """Grow a forest on some predictors, (n, k) raw, and return the importance of each, (k,).

    Notes
    -----
    Binary outcome: fall of the Gini impurity (scikit-learn's forest, all its columns of a predictor together). Time to
    event: fall of the out-of-bag C when the predictor is permuted, by this package's forest.
    """
    if rows.outcome.timed:
        table = survival_forest(rows, predictors, seed, trees).importance(repeats=1).set_index("term")["importance"]
        return np.asarray(table.loc[list(predictors.columns)], float)
    columns = owned_columns(None, predictors)
    forest = classifier(trees, seed, depth)
    forest.fit(columns.design, rows.outcome.event, sample_weight=rows.special.weight)
    found = np.bincount(columns.owner, forest.feature_importances_, minlength=len(columns.names))
    return np.asarray(found, float)


def survival_forest(rows: Candidates, predictors: pd.DataFrame, seed: int, trees: int) -> Any:
    """Grow this package's forest; copies of a patient are drawn together."""
    frame, special = predictors.set_axis(pd.RangeIndex(len(predictors)), axis="index"), rows.special
    cluster = None if special.together is None else UNIT
    if cluster:
        frame = frame.assign(**{UNIT: special.together})
    forest = RandomSurvivalForest(trees=trees, weights=WEIGHT, cluster=cluster, seed=seed)
    return forest.fit(frame.assign(**{WEIGHT: special.weight}), rows.y)


def classifier(trees: int, seed: int, depth: int | None = None) -> Any:
    """Return scikit-learn's forest, one thread: results do not depend on their number."""
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=trees, max_depth=depth, random_state=seed, n_jobs=1)


def brier_left_out(rows: Candidates, predictors: pd.DataFrame, fold: Integers, trees: int, seed: int) -> float:
    """Brier score of the forest's shares of votes in rows left out by fold."""
    columns, event, weight = owned_columns(None, predictors), rows.outcome.event, rows.special.weight
    share = np.empty(len(event))
    for k in range(int(fold.max()) + 1):
        out = fold == k
        forest = classifier(trees, seed).fit(columns.design[~out], event[~out], sample_weight=weight[~out])
        place = list(forest.classes_).index(1)
        share[out] = forest.predict_proba(columns.design[out])[:, place]
    return float(np.average((share - event) ** 2, weights=weight))
