"""Rows answered by the trees that did not see them: an honest error, permutation importance and minimal depth."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest

from cohorts.errors import FitError, PrognosisWarning
from prognosis import load_model
from prognosis.forest.importance import depths, splits_of
from prognosis.forest.trees import Forest, Tree
from prognosis.metrics.accuracy import brier
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, RandomSurvivalForest
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex", "creat"]


@functools.cache
def fitted(n=300, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.fit(RandomSurvivalForest(**{"trees": 150, **options}), PREDICTORS, n)


def test_a_row_is_answered_by_the_trees_that_did_not_see_it():
    """Three trees one by one, averaged by hand."""
    kept = fitted(60, trees=3, min_leaf=5).freshly_fitted()
    drawn, forest = kept.drawn_, kept.estimate_.forest
    leaves = forest.leaves(drawn.X)
    seen = kept.out_of_bag([24])
    out = np.stack([drawn.bag(tree)[0] == 0 for tree in range(3)])
    rows = np.flatnonzero(out.any(axis=0))
    assert 0 < len(rows) < 60
    for place, row in enumerate(rows):
        risks = []
        for tree in np.flatnonzero(out[:, row]):
            entries = slice(*forest.start[[leaves[tree, row], leaves[tree, row] + 1]])
            early = forest.event_times[forest.time[entries]] <= 24
            risks.append(1 - np.prod(1 - forest.hazard[entries, 0][early]))
        assert seen.risk[place, 0] == pytest.approx(np.mean(risks), abs=1e-12)
        assert seen.outcome.time[place] == drawn.time[row]


def test_it_is_nearer_to_new_patients_than_the_training_is():
    model = fitted()
    fresh = made.patients(1500, seed=99)
    kept = model.freshly_fitted()
    new = harrell_c(kept.evaluation(fresh[PREDICTORS], made.outcome_of(fresh)))
    old = made.patients(300)
    apparent = harrell_c(kept.evaluation(old[PREDICTORS], made.outcome_of(old)))
    seen = model.out_of_bag([24])
    assert apparent > new + 0.05
    assert harrell_c(seen) == pytest.approx(new, abs=0.04)
    score = brier(seen.outcome, seen.risk, seen.horizons).estimate[0]
    assert 0.1 < score < 0.25


def test_importance_and_depth_find_what_matters():
    table = fitted().importance(5).set_index("term")
    assert list(table.index) == PREDICTORS
    assert table.loc["albumin", "importance"] > 0.02
    assert abs(table.loc["creat", "importance"]) < 0.02
    assert table["importance"].idxmax() in ("age", "albumin")
    assert (table["se"] > 0).all()
    assert fitted().importance(5).equals(table.reset_index())
    assert np.isnan(fitted().importance(1)["se"]).all()


def test_columns_of_one_category_move_together():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        model = made.fit(RandomSurvivalForest(trees=30), ["age", "grade"], 200)
    assert list(model.importance(2)["term"]) == ["age", "grade"]
    assert list(model.summary["term"]) == ["age", "grade"]


def test_minimal_depth_by_hand():
    """Tree 1 asks a, then b on the left, then a again; tree 2 never asks."""
    leaf = np.zeros(0, np.int32), np.zeros((0, 1))
    first = Tree(
        np.array([0, 1, -1, -1, 0, -1, -1], np.int32),
        np.zeros(7),
        np.array([1, 3, 0, 0, 5, 0, 0], np.int32),
        np.zeros(8, np.int64),
        *leaf,
        np.array([8.0, 5, 3, 2, 3, 1, 2]),
    )
    second = Tree(
        np.array([-1], np.int32), np.zeros(1), np.zeros(1, np.int32), np.zeros(2, np.int64), *leaf, np.ones(1)
    )
    forest = Forest.of([first, second], np.array([1.0]), 1.0)
    assert depths(forest).tolist() == [0, 1, 1, 2, 2, 3, 3, 0]
    table = splits_of(forest, ["a", "b", "c"])
    assert table["splits"].tolist() == [2, 1, 0]
    assert table["unused"].tolist() == [0.5, 0.5, 1.0]
    assert table["minimal_depth"].tolist() == [0.0, 0.5, 1.5]


def test_what_cannot_be_asked_is_refused(tmp_path):
    with pytest.raises(FitError, match="all rows are in the bags") as caught:
        _in_every_bag().out_of_bag()
    assert caught.value.code == "F26"
    for repeats in (0, 1.5, True):
        with pytest.raises(FitError) as caught:
            fitted().importance(repeats)
        assert caught.value.code == "S14"
    with pytest.raises(FitError, match="cox models have no importance"):
        made.fit(Cox(), PREDICTORS).importance()
    loaded = load_model(fitted().save(tmp_path / "m.prognosis"))
    with pytest.raises(FitError) as caught:
        loaded.importance()
    assert caught.value.code == "N03"


def _in_every_bag():
    """One unit only: every tree sees all rows."""
    frame = made.patients(60).assign(all=1.0)
    X = frame[["age", "albumin", "all"]]
    return RandomSurvivalForest(trees=2, cluster="all").fit(X, made.outcome_of(frame))
