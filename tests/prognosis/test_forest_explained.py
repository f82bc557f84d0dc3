"""Exact Shapley values of forests against every coalition one by one, shap's own, and what must hold anyway."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PredictionError, PrognosisWarning
from prognosis import load_model
from prognosis.explaining.forest_values import nodes_of
from prognosis.kernels import forest_shap
from prognosis.models import RandomSurvivalForest
from tests.prognosis import made
from tests.prognosis.made_explained import along_paths, leaf_curve, shapley

TIMES = [6.0, 24.0, 12.0, 48.0]
PREDICTORS = ("age", "albumin", "creat", "sex", "grade")


def fitted(recipe=None, predictors=PREDICTORS, n=200, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.fit(recipe or RandomSurvivalForest(trees=12, min_leaf=8), predictors, n, **options)


@pytest.fixture(scope="module")
def forest():
    return fitted()


@pytest.fixture(scope="module")
def several():
    """Patients who were not in training."""
    return made.patients(4, seed=9)[list(PREDICTORS)]


def features_of(model, rows):
    return model.estimate.features(model.preparation.design(model.door.admit(rows).frame))


def test_a_tree_of_two_splits_by_hand():
    """Age decides first (6 of 10 rows go left), then albumin on the left (2 and 4); leaves .1, .4, .8 at one time."""
    model = fitted(RandomSurvivalForest(trees=1, min_leaf=40), ("age", "albumin"), 100)
    small = replace(
        model.estimate.forest,
        roots=np.array([0, 5]),
        feature=np.array([0, 1, -1, -1, -1], np.int32),
        threshold=np.array([60.0, 38, 0, 0, 0]),
        child=np.array([1, 3, 0, 0, 0], np.int32),
        start=np.array([0, 0, 0, 1, 2, 3]),
        time=np.zeros(3, np.int32),
        hazard=np.array([[0.8], [0.1], [0.4]]),
        cover=np.array([10.0, 6, 4, 2, 4]),
        event_times=np.array([5.0]),
        end=9.0,
    )
    asked = replace(model, estimate=replace(model.estimate, forest=small))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        found = asked.explain({"age": 50.0, "albumin": 35.0}, [5.0])
    nothing, age, albumin, both = 0.6 * (2 * 0.1 + 4 * 0.4) / 6 + 0.4 * 0.8, 0.3, 0.6 * 0.1 + 0.4 * 0.8, 0.1
    expected = [(age - nothing + both - albumin) / 2, (albumin - nothing + both - age) / 2]
    np.testing.assert_allclose(found.values[0, :, 0], expected, rtol=0, atol=1e-15)
    assert found.base[0, 0] == pytest.approx(nothing, abs=1e-15)
    assert found.prediction[0, 0] == pytest.approx(0.1, abs=1e-15)
    assert found.values[0, 0, 0] < 0  # a young patient: the risk is lower for it


def test_path_dependent_values_are_those_of_every_coalition(forest, several):
    found, X = forest.explain(several, TIMES), features_of(forest, several)
    assert found.method == "exact, path-dependent"
    for i, row in enumerate(X):
        brute = shapley(lambda known, row=row: along_paths(forest, row, known, sorted(TIMES)), len(PREDICTORS))
        np.testing.assert_allclose(found.values[i], brute[:, [0, 2, 1, 3]], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.base[0], along_paths(forest, X[0], set(), sorted(TIMES))[[0, 2, 1, 3]], atol=1e-12)


def test_interventional_values_are_those_of_every_coalition(forest, several):
    background = made.patients(25, seed=4)[list(PREDICTORS)]
    found = forest.explain(several, TIMES, background=background)
    assert found.method == "exact, interventional"
    assert found.reference == "25 patients given"
    for i in range(len(several)):

        def worth(known, i=i):
            mixed = background.copy()
            for place in known:
                name = PREDICTORS[place]
                own = pd.Series([several[name].iloc[i]] * 25, index=mixed.index)
                mixed[name] = own.astype(mixed[name].dtype)
            return forest.predict(mixed, TIMES).risk.mean(axis=0)

        np.testing.assert_allclose(found.values[i], shapley(worth, len(PREDICTORS)), rtol=0, atol=1e-12)


def test_all_coalitions_give_the_same_as_the_trees(forest, several):
    exact, asked = (forest.explain(several, TIMES, method=name) for name in ("interventional", "enumeration"))
    np.testing.assert_allclose(exact.values, asked.values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(exact.base, asked.base, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["path-dependent", "interventional"])
@pytest.mark.parametrize("grower", ["ours", "scikit-survival"])
def test_shap_finds_the_same(kind, grower):
    shap = pytest.importorskip("shap")
    numbers = ("age", "albumin", "creat", "relapse")
    recipe = RandomSurvivalForest(trees=8, min_leaf=5, grower=grower)
    model = fitted(recipe, numbers, 150)
    rows, others = made.patients(5, seed=9)[list(numbers)], made.patients(20, seed=4)[list(numbers)]
    nodes, h = nodes_of(model.estimate, model.predictors, np.sort(TIMES)), len(TIMES)
    trees = []
    for first, last in zip(nodes.roots[:-1], nodes.roots[1:], strict=True):
        part, leaf = slice(first, last), nodes.feature[first:last] < 0
        curves = [leaf_curve(nodes, node, h) if nodes.feature[node] < 0 else np.zeros(h) for node in range(first, last)]
        child = np.where(leaf, -1, nodes.child[part] - first)
        trees.append(
            {
                "children_left": child,
                "children_right": np.where(leaf, -1, child + 1),
                "children_default": np.where(leaf, -1, child + 1),
                "features": np.where(leaf, -2, nodes.feature[part]),
                "thresholds": nodes.threshold[part],
                "values": np.array(curves) / model.estimate.forest.trees,
                "node_sample_weight": nodes.cover[part],
            }
        )
    described = {"trees": trees, "internal_dtype": np.float64, "input_dtype": np.float64,
                 "tree_output": "raw_value", "objective": "squared_error"}  # fmt: skip
    perturbation = {"path-dependent": "tree_path_dependent"}.get(kind, kind)
    data = None if kind == "path-dependent" else features_of(model, others)
    explainer = shap.TreeExplainer(described, data=data, feature_perturbation=perturbation)
    theirs = explainer.shap_values(features_of(model, rows), check_additivity=False)
    ours = model.explain(rows, sorted(TIMES), background=None if kind == "path-dependent" else others)
    # shap divides by counts in floats of 32 bits where it has a background
    np.testing.assert_allclose(ours.values, theirs, rtol=0, atol=1e-12 if data is None else 2e-8)


def test_competing_risks_explain_the_incidence_of_the_event(several):
    model = fitted(endpoint=made.ENDPOINTS["competing"])
    found = model.explain(several, TIMES)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), model.predict(several, TIMES).risk, atol=1e-12)
    asked = model.explain(several, TIMES, method="enumeration")
    np.testing.assert_allclose(model.explain(several, TIMES, method="interventional").values, asked.values, atol=1e-12)


def test_the_mean_over_the_bags_is_the_base(forest):
    """Path-dependent values start from the mean over the bags, which is near that of the training patients."""
    risk = forest.predict(made.patients(200)[list(PREDICTORS)], TIMES).risk.mean(axis=0)
    np.testing.assert_allclose(forest.explain(made.patients(1)[list(PREDICTORS)], TIMES).base[0], risk, atol=0.03)


def test_old_age_raises_the_risk_and_albumin_lowers_it(forest):
    rows = made.patients(60, seed=2)[list(PREDICTORS)]
    found = forest.explain(rows, [24])
    for name, sign in (("age", 1), ("albumin", -1)):
        values = found.values[:, PREDICTORS.index(name), 0]
        assert np.corrcoef(rows[name], values)[0, 1] * sign > 0.7


def test_order_blocks_and_company_have_no_influence(forest):
    rows = made.patients(70, seed=2)[list(PREDICTORS)]
    whole = forest.explain(rows, [24]).values
    np.testing.assert_array_equal(forest.explain(rows.iloc[::-1], [24]).values, whole[::-1])
    np.testing.assert_array_equal(forest.explain(rows.iloc[40:41], [24]).values, whole[40:41])
    np.testing.assert_allclose(forest.explain(rows, [6, 24, 90]).values[:, :, 1], whole[:, :, 0], rtol=0, atol=1e-14)


def test_a_variable_that_no_tree_asks_adds_nothing(forest, several):
    grown = forest.estimate.forest
    blind = replace(grown, feature=np.where(grown.feature == 1, 0, grown.feature))
    asked = replace(forest, estimate=replace(forest.estimate, forest=blind))
    assert (asked.explain(several, TIMES).values[:, 1] == 0).all()


def test_beyond_the_follow_up_nothing_is_explained(forest, several):
    found = forest.explain(several, [24, 10_000])
    assert np.isfinite(found.values[:, :, 0]).all()
    assert np.isnan(found.values[:, :, 1]).all()
    assert np.isnan(found.base[:, 1]).all()
    assert any(remark.horizon == 10_000 for remark in found.remarks)


def test_a_loaded_forest_explains_the_same_to_the_last_bit(forest, several, tmp_path):
    loaded = load_model(forest.save(tmp_path / "f.prognosis"))
    np.testing.assert_array_equal(loaded.explain(several, TIMES).values, forest.explain(several, TIMES).values)
    with pytest.raises(PredictionError, match="a model file holds none") as caught:
        loaded.explain(several, TIMES, method="interventional")
    assert caught.value.code == "X02"


def test_deep_trees_and_no_trees(several):
    """Leaves of one patient ask every variable, some of them often; a root that is a leaf asks none."""
    deep = fitted(RandomSurvivalForest(trees=5, min_leaf=1))
    X = features_of(deep, several)
    brute = shapley(lambda known: along_paths(deep, X[0], known, [24.0]), len(PREDICTORS))
    np.testing.assert_allclose(deep.explain(several, [24]).values[0], brute, rtol=0, atol=1e-12)
    stump = fitted(RandomSurvivalForest(trees=3, min_leaf=100))
    for method in ("path-dependent", "interventional"):
        assert (stump.explain(several, TIMES, method=method).values == 0).all()
    assert deep.explain(several.iloc[:0], TIMES).values.shape == (0, len(PREDICTORS), 4)


def test_missing_values_go_to_their_side(several):
    """A value that is missing is a value: the patient's own, and one of the background's."""
    frame, draw = made.patients(200), np.random.default_rng(1)
    for name in ("albumin", "grade"):
        frame.loc[draw.random(200) < 0.3, name] = np.nan
    recipe = RandomSurvivalForest(trees=12, min_leaf=8, missing="own side")
    model = fitted(recipe, frame=frame, missing="own side")
    gaps = several.copy()
    gaps.loc[gaps.index[:2], "albumin"] = np.nan
    gaps.loc[gaps.index[1:3], "grade"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        X, found = features_of(model, gaps), model.explain(gaps, [24])
        exact, asked = (model.explain(gaps, [24], method=name) for name in ("interventional", "enumeration"))
    for i, row in enumerate(X):
        brute = shapley(lambda known, row=row: along_paths(model, row, known, [24.0]), len(PREDICTORS))
        np.testing.assert_allclose(found.values[i], brute, rtol=0, atol=1e-12)
    np.testing.assert_allclose(exact.values, asked.values, rtol=0, atol=1e-12)


def test_more_variables_than_the_arithmetic_tells_apart_are_refused(forest, several, monkeypatch):
    monkeypatch.setattr("prognosis.explaining.forest_values.MOST", 2)
    with pytest.raises(PredictionError, match="on the way to one leaf") as caught:
        forest.explain(several)
    assert caught.value.code == "X05"
    assert forest_shap.MOST == 62
