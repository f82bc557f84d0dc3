"""From decision values to probabilities: Platt by hand, against scikit-learn, isotonic steps, pruning by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.calibration import _SigmoidCalibration
from sklearn.tree import DecisionTreeClassifier

from prognosis.classifiers.calibration import Calibration, calibrate, isotonic, platt, share_to_log_odds
from prognosis.classifiers.cross_fitting import divide, fewest
from prognosis.classifiers.machine import LabelledRows
from prognosis.classifiers.pruning import best_strength, closing_strengths, shares_by_strength, strengths_of
from prognosis.classifiers.trees import taken_over
from tests.prognosis.made_classes import frame_of


def rows_of(event, weight=None, together=None):
    event = np.asarray(event, bool)
    weight = np.ones(len(event)) if weight is None else np.asarray(weight, float)
    return LabelledRows(np.arange(len(event), dtype=float)[:, None], event, weight, together)


def test_platt_on_six_rows_by_hand():
    """Two decision values: each group gets the mean of its targets, .4 (of .2, .2, .8) and .6."""
    rows = rows_of([0, 0, 1, 0, 1, 1])
    assert rows.targets == pytest.approx((0.2, 0.8), abs=1e-15)
    found = platt(np.array([-1.0, -1, -1, 1, 1, 1]), rows)
    assert found.slope == pytest.approx(np.log(1.5), abs=1e-9)
    assert found.intercept == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(expit(found.log_odds(np.array([-1.0, 1.0]))), [0.4, 0.6], atol=1e-9)


def test_platt_stays_finite_where_decisions_separate_the_events():
    """Three against three: .2 and .8, Platt's targets, and nothing beyond them between the groups."""
    found = platt(np.array([-2.0, -2, -2, 2, 2, 2]), rows_of([0, 0, 0, 1, 1, 1]))
    np.testing.assert_allclose(expit(found.log_odds(np.array([-2.0, 2.0]))), [0.2, 0.8], atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_platt_is_scikit_learns_sigmoid(weighted):
    draw = np.random.default_rng(3)
    decision = draw.normal(size=300)
    event = draw.random(300) < expit(1.5 * decision - 0.7)
    weight = draw.integers(1, 4, 300).astype(float) if weighted else np.ones(300)
    found = platt(decision, rows_of(event, weight))
    theirs = _SigmoidCalibration().fit(decision, event.astype(float), sample_weight=weight)
    np.testing.assert_allclose(expit(found.log_odds(decision)), theirs.predict(decision), atol=1e-5)


def test_a_falling_sigmoid_is_level_at_the_observed_share():
    found = platt(np.array([3.0, 2, 1, 0, -1]), rows_of([0, 0, 0, 1, 1]))
    assert found.flat
    np.testing.assert_allclose(expit(found.log_odds(np.array([-5.0, 5.0]))), 0.4, atol=1e-15)


@pytest.mark.parametrize("kind", ["platt", "isotonic"])
def test_decision_values_that_do_not_differ_give_everybody_the_observed_share(kind):
    """The noise of a search, a millionth of its scale, is not taken for knowledge, in patients left out or in all."""
    rows, apart = rows_of([0, 0, 0, 1, 1]), np.arange(5.0)
    noise = -1 + 1e-6 * apart
    for decision, seen in ((noise, apart), (apart, noise), (np.ones(5), apart)):
        found = calibrate(kind, decision, seen, rows)
        assert found.flat
        np.testing.assert_allclose(expit(found.log_odds(np.array([-1.0, 0.0, 3.0]))), 0.4, atol=1e-15)
        assert Calibration.restore(found.to_dict(), found.arrays()).flat
    assert not calibrate(kind, apart, apart, rows).flat


def test_isotonic_steps_by_hand():
    """0 0 1 0 1 1: the middle two are pooled to 1/2; ends stop at Platt's targets .2 and .8."""
    found = isotonic(np.arange(6.0), rows_of([0, 0, 1, 0, 1, 1]))
    np.testing.assert_allclose(expit(found.log_odds(np.arange(6.0))), [0.2, 0.2, 0.5, 0.5, 0.8, 0.8], atol=1e-12)
    np.testing.assert_allclose(expit(found.log_odds(np.array([-9.0, 1.5, 9.0]))), [0.2, 0.35, 0.8], atol=1e-12)


def test_shares_of_a_leaf_are_not_believed_beyond_the_targets():
    np.testing.assert_allclose(share_to_log_odds(np.array([0.0, 0.5, 1.0]), (0.1, 0.8)), logit([0.1, 0.5, 0.8]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=4, max_size=40))
def test_risks_never_fall_with_the_decision_value_and_their_mean_is_that_of_the_outcomes(pairs):
    decision, event = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs])
    if not 0 < event.sum() < len(event):
        return
    rows, grid = rows_of(event), np.linspace(-6, 6, 50)
    for kind in ("platt", "isotonic"):
        risk = expit(calibrate(kind, decision, decision, rows).log_odds(grid))
        assert (np.diff(risk) >= -1e-12).all()
        assert ((risk > 0) & (risk < 1)).all()
    found = calibrate("platt", decision, decision, rows)
    low, high = rows.targets
    mean = event.mean() if found.flat else np.where(event, high, low).mean()
    assert expit(found.log_odds(decision)).mean() == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "guess"},
        {"slope": -1.0},
        {"slope": np.inf},
        {"intercept": np.nan},
        {"kind": "isotonic"},
    ],
)
def test_a_stored_calibration_that_cannot_be_is_refused(wrong):
    stored = Calibration("platt", 2.0, 0.5).to_dict()
    assert Calibration.restore(stored, {}).slope == 2.0
    with pytest.raises(ValueError, match="calibration"):
        Calibration.restore({**stored, **wrong}, {})


def test_inner_folds_have_equal_numbers_of_events_and_keep_clusters_together():
    event, together = np.tile([1, 0, 0], 20), np.repeat(np.arange(30), 2)
    parts = [out for out, _ in divide(rows_of(event), 5, 1, "")]
    assert [int(event[out].sum()) for out in parts] == [4] * 5
    assert (np.sum(parts, axis=0) == 1).all()
    rows = rows_of(event, together=together)
    for out, _ in divide(rows, 5, 1, ""):
        assert not set(together[out]) & set(together[~out])
    assert fewest(rows_of(event)) == 20
    assert fewest(rows) == 10


def grown_of(n=120, leaf=3):
    frame, event = frame_of(n, seed=8)
    tree = DecisionTreeClassifier(min_samples_leaf=leaf, random_state=0).fit(frame.to_numpy(), event)
    return tree, taken_over(tree.tree_), frame.to_numpy(), event


def test_the_strengths_of_pruning_are_scikit_learns():
    tree, grown, X, event = grown_of()
    path = tree.cost_complexity_pruning_path(X, event).ccp_alphas
    closing = closing_strengths(grown)
    np.testing.assert_allclose(np.unique(closing[grown.tree.feature >= 0].round(12)), np.unique(path[1:].round(12)))


def test_a_tree_pruned_at_every_strength_answers_as_one_that_was_grown_so():
    _, grown, X, event = grown_of()
    strengths = strengths_of(grown)
    shares = shares_by_strength(grown, X, strengths)
    for strength, share in zip(strengths, shares, strict=True):
        tree = DecisionTreeClassifier(min_samples_leaf=3, ccp_alpha=strength * (1 + 1e-9), random_state=0)
        np.testing.assert_array_equal(share, tree.fit(X, event).predict_proba(X)[:, 1])
    np.testing.assert_allclose(shares[-1], event.mean())


def test_the_best_strength_by_hand():
    """Losses .30, .20, .20, .26: the stronger of equals; .26 is within one error, the mean over 4 rows."""
    losses = [(np.array([[0.3, 0.3], [0.1, 0.3], [0.1, 0.3], [0.2, 0.32]]), np.ones(2)),
              (np.array([[0.3, 0.3], [0.0, 0.4], [0.0, 0.4], [0.2, 0.32]]), np.ones(2))]  # fmt: skip
    strengths = np.array([0.0, 1.0, 2.0, 3.0])
    assert best_strength(strengths, losses, one_error=False) == 2.0
    assert best_strength(strengths, losses, one_error=True) == 3.0
