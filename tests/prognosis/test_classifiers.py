"""Classifiers: machines as scikit-learn's, probabilities learnt out of fold, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, ExtraTreesClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from cohorts.errors import DataContractError, FitError
from prognosis.classifiers.cross_fitting import divide, seed_of
from prognosis.classifiers.machine import LabelledRows, train
from prognosis.logistic.regression import fit_logistic
from prognosis.models import AdaBoost, DecisionTree, EarlyRelapse, ExtraTrees, NeuralNetwork, SupportVectorMachine
from tests.prognosis.made_classes import SMALL, fit, frame_of, labelled, risk_of

every_machine = pytest.mark.parametrize("name", SMALL)


@pytest.fixture(autouse=True)
def one_thread():
    """As in every fit: small products are slower on several threads."""
    with threadpool_limits(1):
        yield


def scaled(rows):
    """Standardise rows in the order in which machines see them."""
    ordered = rows.in_order()
    return np.round((ordered.design - ordered.design.mean(axis=0)) / ordered.design.std(axis=0), 10), ordered.event


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_a_support_vector_machine_decides_as_scikit_learns(kernel):
    rows, (new, _) = labelled(), frame_of(50, seed=9)
    ours = train(rows, SupportVectorMachine(kernel=kernel, C=2.0).learn_machine, 1.0, 5)
    z, event = scaled(rows)
    theirs = SVC(C=2.0, kernel=kernel, gamma="scale", tol=1e-6).fit(z, event)
    answers = theirs.decision_function(ours.scale.standardised(new.to_numpy()))
    np.testing.assert_allclose(ours.decision(new.to_numpy()), answers, atol=1e-12)


def test_a_net_decides_as_scikit_learns():
    rows, (new, _) = labelled(), frame_of(50, seed=9)
    ours = train(rows, NeuralNetwork(hidden=(4, 3), nets=2).learn_machine, 1.0, 5)
    z, event = scaled(rows)
    at = ours.scale.standardised(new.to_numpy())
    options = {"activation": "tanh", "solver": "lbfgs", "alpha": 1.0, "max_iter": 2000, "max_fun": 40_000, "tol": 1e-6}
    nets = [MLPClassifier((4, 3), **options, random_state=seed_of(5, net)).fit(z, event) for net in range(2)]
    odds = [np.log(p[:, 1] / p[:, 0]) for p in (net.predict_proba(at) for net in nets)]
    np.testing.assert_allclose(ours.decision(new.to_numpy()), np.mean(odds, axis=0), atol=1e-12)


def test_extra_trees_are_scikit_learns():
    rows, (new, _) = labelled(), frame_of(200, seed=9)
    ours = train(rows, ExtraTrees(trees=30).learn_machine, 1.0, 5)
    z, event = scaled(rows)
    theirs = ExtraTreesClassifier(30, min_samples_leaf=5, random_state=5).fit(z, event)
    at = ours.scale.standardised(new.to_numpy())
    np.testing.assert_allclose(ours.machine.share(at), theirs.predict_proba(at)[:, 1], rtol=0, atol=1e-15)


@pytest.mark.parametrize("depth", [1, 3])
def test_ada_boost_decides_as_scikit_learns(depth):
    rows, (new, _) = labelled(), frame_of(200, seed=9)
    ours = train(rows, AdaBoost(rounds=25, depth=depth, learning_rate=0.5).learn_machine, 1.0, 5)
    z, event = scaled(rows)
    stump = DecisionTreeClassifier(max_depth=depth)
    theirs = AdaBoostClassifier(stump, n_estimators=25, learning_rate=0.5, random_state=5).fit(z, event)
    at = ours.scale.standardised(new.to_numpy())
    np.testing.assert_allclose(ours.decision(new.to_numpy()), theirs.decision_function(at), atol=1e-12)
    np.testing.assert_allclose(
        1 / (1 + np.exp(-ours.decision(new.to_numpy()))), theirs.predict_proba(at)[:, 1], atol=1e-12
    )


@pytest.mark.parametrize("strength", [0.0, 0.002, 0.01, 0.05, 1.0])
def test_a_pruned_tree_is_scikit_learns(strength):
    rows, (new, _) = labelled(400), frame_of(200, seed=9)
    ours = train(rows, DecisionTree(min_leaf=3, pruning=strength).learn_machine, 1.0, 5)
    z, event = scaled(rows)
    theirs = DecisionTreeClassifier(min_samples_leaf=3, ccp_alpha=strength, random_state=5).fit(z, event)
    at = ours.scale.standardised(new.to_numpy())
    assert len(ours.machine.trees.feature) == theirs.tree_.node_count
    np.testing.assert_array_equal(ours.machine.share(at), theirs.predict_proba(at)[:, 1])


def test_balanced_weights_are_those_of_scikit_learn():
    rows = labelled()
    ours = train(rows, SupportVectorMachine().learn_machine, "balanced", 0)
    z, event = scaled(rows)
    theirs = SVC(class_weight="balanced", tol=1e-6).fit(z, event)
    np.testing.assert_allclose(ours.machine.decision(z), theirs.decision_function(z), atol=1e-12)


def test_probabilities_are_those_of_scikit_learn_cross_fitted_in_the_same_folds():
    """CalibratedClassifierCV without an ensemble: out-of-fold decisions of all rows, one machine on all rows."""
    frame, event = frame_of(300)
    rows = LabelledRows(frame.to_numpy(), event == 1, np.ones(300)).in_order()
    folds = [(np.flatnonzero(~out), np.flatnonzero(out)) for out, _ in divide(rows, 5, seed_of(4, 0, 1), "")]
    machine = make_pipeline(
        StandardScaler(),
        FunctionTransformer(np.round, kw_args={"decimals": 10}),
        # "scale" of standardised columns
        SVC(tol=1e-6, class_weight="balanced", gamma=1 / frame.shape[1]),
    )
    theirs = CalibratedClassifierCV(machine, cv=folds, ensemble=False).fit(rows.design, rows.event)
    ours = fit(SupportVectorMachine(seed=4), frame, event)
    np.testing.assert_allclose(risk_of(ours, frame), theirs.predict_proba(frame.to_numpy())[:, 1], atol=1e-5)
    low, high = rows.targets
    left_out = cross_val_predict(machine, rows.design, rows.event, cv=folds, method="decision_function")
    steps = IsotonicRegression(y_min=low, y_max=high, out_of_bounds="clip").fit(left_out, rows.event)
    expected = steps.predict(machine.fit(rows.design, rows.event).decision_function(frame.to_numpy()))
    stepped = fit(SupportVectorMachine(seed=4, calibration="isotonic"), frame, event)
    np.testing.assert_allclose(risk_of(stepped, frame), expected, atol=1e-9)
    assert "B26" in [finding.code for finding in stepped.warnings_]


@every_machine
def test_calibrated_risks_hold_in_new_patients(name):
    """Level and slope in 4,000 new patients of a machine that 800 trained."""
    (frame, event), (new, happened) = frame_of(800, seed=2), frame_of(4000, seed=3)
    fitted = fit(clone(SMALL[name]), frame, event)
    risk = risk_of(fitted, new)
    assert risk.mean() == pytest.approx(happened.mean(), abs=0.04)
    slope = fit_logistic(fitted.predict(new)[:, None], happened == 1, ("log odds",)).coefficients[0]
    assert slope == pytest.approx(1.0, abs=0.25)
    assert risk[happened == 1].mean() > risk[happened == 0].mean() + 0.1


def test_without_a_calibration_boosting_gives_everybody_a_risk_near_one_half():
    (frame, event), (new, happened) = frame_of(800, seed=2), frame_of(4000, seed=3)
    own = fit(AdaBoost(calibration="none"), frame, event)
    assert fit_logistic(own.predict(new)[:, None], happened == 1, ("log odds",)).coefficients[0] > 2
    calibrated = fit(AdaBoost(rounds=20), frame, event)
    assert "B30" in [finding.code for finding in own.warnings_]
    assert "B30" not in [finding.code for finding in calibrated.warnings_]
    spread = [np.ptp(np.quantile(risk_of(fitted, new), [0.1, 0.9])) for fitted in (own, calibrated)]
    assert spread[0] < 0.6 * spread[1]


@every_machine
def test_the_unit_of_a_column_does_not_matter(name):
    frame, event = frame_of()
    other = frame.assign(x0=10 * frame["x0"] + 3)
    ours, theirs = fit(clone(SMALL[name]), frame, event), fit(clone(SMALL[name]), other, event)
    np.testing.assert_allclose(risk_of(theirs, other), risk_of(ours, frame), atol=1e-4 if name == "net" else 1e-7)


@every_machine
def test_the_order_of_the_rows_does_not_matter_to_the_last_bit(name):
    frame, event = frame_of()
    place = np.random.default_rng(0).permutation(len(frame))
    ours = fit(clone(SMALL[name]), frame, event)
    theirs = fit(clone(SMALL[name]), frame.iloc[place], event[place])
    np.testing.assert_array_equal(risk_of(theirs, frame), risk_of(ours, frame))


@pytest.mark.parametrize("name", ["rbf", "linear", "tree", "net", "ada"])
def test_a_weight_of_two_counts_as_two_patients(name):
    rows, weight = labelled(120), np.random.default_rng(1).integers(1, 3, 120)
    recipe = clone(SMALL[name]).set_params(**({"min_leaf": 1, "pruning": 0.02} if name == "tree" else {}))
    twice = train(rows.take(np.repeat(np.arange(120), weight)), recipe.learn_machine, 1.0, 3)
    weighted = train(labelled(120, weight=weight.astype(float)), recipe.learn_machine, 1.0, 3)
    limit = {"net": 1e-3, "tree": 1e-12, "ada": 1e-9}.get(name, 1e-5)
    np.testing.assert_allclose(weighted.decision(rows.design), twice.decision(rows.design), atol=limit)


@every_machine
def test_the_task_of_a_resample_has_a_stream_of_its_own(name):
    frame, event = frame_of()
    first, again, other = (fit(clone(SMALL[name]).set_params(task=task), frame, event) for task in (1, 1, 2))
    np.testing.assert_array_equal(risk_of(first, frame), risk_of(again, frame))
    assert (risk_of(first, frame) != risk_of(other, frame)).any()


def test_copies_of_a_patient_stay_on_one_side_of_the_inner_folds():
    """A machine that knows its rows by heart: copies in other folds would make noise look like knowledge."""
    draw = np.random.default_rng(2)
    drawn = draw.integers(0, 100, 100)
    frame, event = pd.DataFrame(draw.normal(size=(100, 4)), columns=list("abcd")), draw.integers(0, 2, 100)
    copies, happened, byheart = frame.iloc[drawn].reset_index(drop=True), event[drawn], {"gamma": 1.0, "C": 10.0}
    naive = fit(SupportVectorMachine(**byheart), copies, happened)
    honest = fit(SupportVectorMachine(**byheart).of_patients(drawn), copies, happened)
    clustered = fit(SupportVectorMachine(**byheart, cluster="who"), copies.assign(who=drawn), happened)
    assert naive.estimate_.calibration.slope > 1
    assert honest.estimate_.calibration.slope < 0.2
    assert clustered.estimate_.calibration.slope < 0.2


def test_a_level_weight_is_undone_by_the_calibration():
    frame, event = frame_of(600, seed=4)
    risk = [
        risk_of(fit(SupportVectorMachine(event_weight=w), frame, event), frame).mean() for w in (1.0, "balanced", 9)
    ]
    np.testing.assert_allclose(risk, event.mean(), atol=0.03)


@pytest.mark.parametrize(("seed", "flat"), [(0, False), (2, True)])
def test_a_machine_that_learnt_nothing_gives_everybody_the_observed_share_and_says_so(seed, flat):
    """Noise whose decision values run against the events in patients left out is not turned upside down."""
    draw = np.random.default_rng(seed)
    frame, event = pd.DataFrame(draw.normal(size=(60, 2)), columns=["a", "b"]), np.repeat([0, 1, 0], 20)
    fitted = fit(SupportVectorMachine(), frame, event)
    assert ("B25" in [finding.code for finding in fitted.warnings_]) == flat
    assert (np.ptp(risk_of(fitted, frame)) == 0) == flat
    assert risk_of(fitted, frame).mean() == pytest.approx(1 / 3, abs=1e-12 if flat else 0.05)


def refused(code, recipe, frame, event, words, family=FitError):
    with pytest.raises(family, match=words) as caught:
        recipe.fit(frame, event)
    assert code in [finding.code for finding in caught.value.findings]


def test_what_cannot_be_fitted_is_refused_with_the_way_out():
    frame, event = frame_of(40)
    few = np.zeros(40, int)
    few[:3] = 1
    refused(
        "B20",
        SupportVectorMachine(),
        frame,
        few,
        "3 patients .or clusters. with the event.*choose folds=3 at most, or Logistic",
    )
    refused("B20", DecisionTree(), frame, 1 - few, 'choose folds=3 at most, or calibration="none"')
    refused("B22", SupportVectorMachine(calibration="none"), frame, event, "no probabilities of its own")
    refused("B23", DecisionTree(calibration="none", event_weight=2.0), frame, event, "moves the level of every risk")
    refused("C31", ExtraTrees(), frame, np.ones(40, int), "all of n=40 rows have the event")
    refused("T11", ExtraTrees(), frame, np.zeros(40, int), "0 events")
    refused("C01", NeuralNetwork(), frame.assign(x1=1.0), event, "x1 is constant")
    refused("C16", AdaBoost(), frame.assign(x1=np.nan), event, "missing", DataContractError)
    refused("S14", AdaBoost(learning_rate=0.0), frame, event, "above 0 and at most 1")
    refused("S14", NeuralNetwork(hidden=[]), frame, event, "one to five")
    refused("S14", DecisionTree(pruning="best"), frame, event, "minimum")
    two = np.repeat([0, 1], 20)
    clusters = frame.assign(centre=np.where(np.arange(40) % 20 < 19, two, 1 - two))
    refused("B20", SupportVectorMachine(cluster="centre"), clusters, two, "2 patients .or clusters. with the event")


def test_no_stump_better_than_chance_is_refused():
    frame = pd.DataFrame({"a": [0.0, 0, 1, 1] * 10, "b": [0.0, 1, 0, 1] * 10})
    refused("B29", AdaBoost(), frame, np.array([0, 1, 1, 0] * 10), "better than chance")


@every_machine
def test_the_answer_of_a_patient_does_not_depend_on_the_others_nor_on_impossible_values(name):
    frame, event = frame_of()
    estimate = fit(clone(SMALL[name]), frame, event).estimate_
    design = frame.to_numpy()
    alone = np.concatenate([estimate.decision(design[[place]]) for place in range(20)])
    np.testing.assert_array_equal(alone, estimate.decision(design)[:20])
    far = estimate.risk(np.full((1, 3), 1e49), np.array([np.nan]))[0]
    assert 0 <= far[0, 0] <= 1


def test_a_search_that_was_stopped_is_named(monkeypatch):
    frame, event = frame_of()
    monkeypatch.setattr("prognosis.models.support_vector.STEPS", 5)
    for recipe in (SupportVectorMachine(), SupportVectorMachine(kernel="linear"), NeuralNetwork(steps=2, nets=1)):
        assert "B28" in [finding.code for finding in fit(recipe, frame, event).warnings_]
    monkeypatch.undo()
    assert "B28" not in [finding.code for finding in fit(SupportVectorMachine(), frame, event).warnings_]


@pytest.mark.parametrize(
    ("recipe", "name"),
    [
        (ExtraTrees(features=np.array([1, 2])), "features"),
        (ExtraTrees(event_weight=np.array([1.0, 2.0])), "event_weight"),
        (SupportVectorMachine(gamma=np.array([0.1, 0.2])), "gamma"),
        (SupportVectorMachine(kernel=np.array(["rbf", "linear"])), "kernel"),
        (EarlyRelapse(task=True), "task"),
    ],
)
def test_a_parameter_that_is_many_values_or_a_truth_value_is_refused_by_its_name(recipe, name):
    with pytest.raises(FitError, match=name) as caught:
        recipe.check_parameters()
    assert caught.value.code == "S14"
