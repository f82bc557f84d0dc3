"""Missing values with a side of their own: every split against a slow search, and what a study makes of them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import DataContractError, FitError, ModelFileError, PrognosisWarning
from prognosis import load_model
from prognosis.forest.growing import grow_forest, grow_one
from prognosis.forest.sampling import draw_from
from prognosis.forest.trees import Forest
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, RandomSurvivalForest
from prognosis.outcome import SurvivalArrays
from tests.prognosis import made
from tests.prognosis import made_forest as few

OWN = RandomSurvivalForest(trees=30, missing="own side")
PREDICTORS = ["age", "albumin", "sex"]


def with_gaps(n=150, p=4, seed=0, share=0.3):
    """Return made-up rows in whose first two features, one binary and one not, values are missing."""
    X, outcome = few.rows(n, p, seed)
    X[:, :2] = np.where(np.random.default_rng(seed + 1).random((n, 2)) < share, np.nan, X[:, :2])
    return X, outcome


def sides(X, leaf):
    """Yield every split of a node: each cut with the missing on either side, and the missing against the others."""
    for column in X.T:
        gap = np.isnan(column)
        for value in np.unique(column[~gap])[:-1]:
            for left in (column <= value, (column <= value) | gap):
                if min(left.sum(), (~left).sum()) >= leaf:
                    yield left
        if min(gap.sum(), (~gap).sum()) >= leaf:
            yield gap


def gone_left(tree, node, column):
    return np.where(np.isnan(column), tree.gap_left[node] == 1, column <= tree.threshold[node])


def test_five_patients_by_hand():
    """The two without a value die first: alone against the others, O - E is 2 - (2/5 + 1/4), V 6/25 + 3/16."""
    X = np.array([[np.nan], [np.nan], [1.0], [2.0], [3.0]])
    outcome = SurvivalArrays(np.arange(1.0, 6), np.ones(5, np.int64))
    drawn = draw_from(X, outcome, np.ones(5), None, (0,))
    u, v = few.log_rank(np.isnan(X[:, 0]), outcome.time, outcome.event, np.ones(5))
    assert (u, v) == (pytest.approx(27 / 20), pytest.approx(6 / 25 + 3 / 16))
    tree = grow_one(drawn, np.ones(5), few.rule(1, 2), 0, gaps=True)
    assert tree.feature.tolist() == [0, -1, -1]
    forest = Forest.of([tree], drawn.event_times, 5.0)
    risk = forest.risk(np.array([[np.nan], [-9.0], [2.0], [99.0]]), np.array([2.0, 3.0]))
    np.testing.assert_allclose(risk, [[1, 1], [0, 1 / 3], [0, 1 / 3], [0, 1 / 3]], rtol=1e-15)


@pytest.mark.parametrize(("leaf", "most"), [(5, None), (15, None), (3, 6)])
def test_no_side_of_the_missing_is_better_than_the_one_they_take(leaf, most):
    X, outcome = with_gaps(seed=leaf)
    drawn = draw_from(X, outcome, np.ones(len(X)), None, (leaf,), most)
    weight, seed = drawn.bag(0)
    tree = grow_one(drawn, weight, few.rule(4, leaf), seed, gaps=True)
    reach, asked = {0: np.arange(len(X))}, set()
    for node, feature in enumerate(tree.feature):
        everybody = reach[node]
        own = everybody[weight[everybody] > 0]
        if feature < 0:
            continue
        left = gone_left(tree, node, drawn.X[everybody, feature])
        reach[tree.child[node]], reach[tree.child[node] + 1] = everybody[left], everybody[~left]
        time, event, w = drawn.time[own], drawn.sample.event[own], weight[own]
        chosen = few.statistic(left[weight[everybody] > 0], time, event, w)
        if most is None:
            best = max(few.statistic(side, time, event, w) for side in sides(drawn.X[own], leaf))
            assert chosen == pytest.approx(best, rel=1e-9)
        lacking = np.isnan(drawn.X[own, feature])
        asked |= {(bool(lacking.any()), bool(tree.gap_left[node]))}
        if not lacking.any():
            heavier = w[left[weight[everybody] > 0]].sum() >= w.sum() / 2
            assert tree.gap_left[node] == heavier
    assert (True, True) in asked or (True, False) in asked


def test_without_gaps_the_rule_changes_no_split():
    drawn = few.drawn(300, 5)
    plain, own = (grow_forest(drawn, few.rule(2, 10), 5, gaps=gaps) for gaps in (False, True))
    assert plain.gap_left is None
    ours = own.arrays()
    assert set(ours.pop("gap_left").tolist()) == {0, 1}
    for name, values in plain.arrays().items():
        np.testing.assert_array_equal(values, ours[name])


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), leaf=st.integers(1, 12))
def test_order_of_rows_scale_and_threads_change_nothing(seed, leaf):
    X, outcome = with_gaps(80, 3, seed)
    first = grow_forest(draw_from(X, outcome, np.ones(80), None, (seed,)), few.rule(2, leaf), 3, gaps=True)
    order = np.random.default_rng(seed).permutation(80)
    shuffled = draw_from(X[order], outcome.take(order), np.ones(80), None, (seed,))
    other = grow_forest(shuffled, few.rule(2, leaf), 3, gaps=True)
    for name, values in first.arrays().items():
        np.testing.assert_array_equal(values, other.arrays()[name])
    bent = grow_forest(draw_from(np.exp(X), outcome, np.ones(80), None, (seed,)), few.rule(2, leaf), 3, gaps=True)
    np.testing.assert_array_equal(first.leaves(X), bent.leaves(np.exp(X)))
    Forest.restore(first.arrays(), 3)


def test_rows_of_a_large_cohort_are_copied_together_and_grow_the_same_tree():
    """3,000 patients in the bag, alone or among 40,000 of whom nobody else is drawn."""
    X, outcome = few.rows(40_000, 4, 2)
    X = X.round(1)
    X[:, 1] = np.where(X[:, 2] > 1, np.nan, X[:, 1])
    drawn = draw_from(X, outcome, np.ones(len(X)), None, (0,))
    inside = np.zeros(len(X))
    inside[np.random.default_rng(0).choice(len(X), 3000, replace=False)] = 1.0
    rows = inside > 0
    alone = draw_from(
        drawn.X[rows], SurvivalArrays(drawn.time[rows], drawn.sample.event[rows]), np.ones(3000), None, (0,)
    )
    large = grow_one(drawn, inside, few.rule(2, 20), 7, gaps=True)
    small = grow_one(alone, np.ones(3000), few.rule(2, 20), 7, gaps=True)
    for name in ("feature", "child", "gap_left", "start", "hazard", "cover"):
        np.testing.assert_array_equal(getattr(large, name), getattr(small, name))


def frame_with_gaps(n=220, share=0.25):
    frame = made.patients(n)
    lost = np.random.default_rng(3).random((n, 2)) < share
    frame["albumin"] = frame["albumin"].mask(lost[:, 0])
    frame["sex"] = frame["sex"].mask(lost[:, 1])
    return frame


def studied(frame, missing="own side"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.study(PREDICTORS, frame=frame, missing=missing)


def fitted(study, recipe=OWN):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return study.fit(recipe)


@pytest.fixture(scope="module")
def study():
    return studied(frame_with_gaps())


@pytest.fixture(scope="module")
def model(study):
    return fitted(study)


def test_a_study_keeps_everybody_and_says_so(study, model):
    lacking = int(frame_with_gaps()[PREDICTORS].isna().any(axis=1).sum())
    assert model.n == 220
    assert next(f.rule for f in study.warnings if f.code == "C16").startswith(f"{lacking} of 220 patients lack")
    assert next(f.rule for f in model.warnings if f.code == "F28").startswith(f"{lacking} of 220 patients lack")
    assert np.isfinite(model.estimate.means).all()


def test_models_without_the_rule_refuse_what_the_study_keeps(study):
    for recipe in (Cox(), RandomSurvivalForest(trees=5)):
        with pytest.raises(DataContractError, match="missing values without a declared strategy") as caught:
            fitted(study, recipe)
        assert caught.value.code == "C16"
    with pytest.raises(DataContractError) as caught:
        studied(frame_with_gaps(), missing=None)
    assert caught.value.code == "C16"
    with pytest.raises(FitError, match="another rule") as refused:
        fitted(study, RandomSurvivalForest(trees=5, missing="own side", grower="scikit-survival"))
    assert refused.value.code == "F30"


def test_a_patient_without_a_value_has_a_risk_and_a_remark_before_and_after_loading(model, tmp_path):
    patient = {"age": 60.0, "albumin": None, "sex": "F"}
    answer = model.predict(patient, [24])
    assert 0 < answer.risk[0, 0] < 1
    assert [(remark.code, remark.column) for remark in answer.remarks if remark.column] == [("F29", "albumin")]
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    assert loaded.preparation.gaps
    nobody = {"age": None, "albumin": np.nan, "sex": None}
    for asked in (patient, nobody):
        np.testing.assert_array_equal(loaded.predict(asked, [12, 24]).risk, model.predict(asked, [12, 24]).risk)


def test_patients_left_out_and_out_of_the_bag_are_answered(study, model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        found = study.validate([model], repeats=1, metrics=["harrell_c", "brier"])
    assert found.failed == 0
    assert found.table["corrected"].notna().all()
    assert 0.55 < harrell_c(model.out_of_bag()) < 0.9
    assert set(model.importance(2)["term"]) == set(PREDICTORS)


def test_a_value_missing_for_a_reason_predicts():
    """Whoever lacks the marker dies early; with complete rows only there would be nothing to learn."""
    draw = np.random.default_rng(0)
    lost = draw.random(300) < 0.4
    X = pd.DataFrame({"marker": np.where(lost, np.nan, draw.normal(size=300)), "noise": draw.normal(size=300)})
    y = made.structured(draw.exponential(20 / np.exp(1.5 * lost)), np.ones(300, int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        kept = RandomSurvivalForest(trees=50, missing="own side").fit(X[:200], y[:200])
    assert harrell_c(kept.evaluation(X[200:], y[200:])) > 0.62


def test_a_column_of_nothing_but_gaps_is_refused_and_one_of_one_value_is_not():
    frame = made.patients(100)
    y = made.outcome_of(frame)
    X = frame[["age"]].assign(empty=np.nan, flag=np.where(np.arange(100) % 3 == 0, np.nan, 1.0))
    with pytest.raises(FitError, match="empty is constant") as caught:
        RandomSurvivalForest(trees=5, missing="own side").fit(X, y)
    assert caught.value.code == "C01"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        kept = RandomSurvivalForest(trees=20, missing="own side").fit(X[["age", "flag"]], y)
    assert kept.estimate_.summary().set_index("term").loc["flag", "splits"] > 0


def test_sides_that_are_none_are_refused(model):
    grown = model.estimate.forest
    arrays = dict(grown.arrays())
    for spoilt, words in ((arrays["gap_left"] + 2, "sides"), (arrays["gap_left"] * 0.5, "no whole numbers")):
        with pytest.raises(ModelFileError, match=words) as caught:
            Forest.restore(arrays | {"gap_left": spoilt}, len(model.estimate.feature_names))
        assert caught.value.code == "L07"
