"""Boosted trees as arrays: grown by hand, against xgboost itself, and their contributions by brute force."""

from __future__ import annotations

import itertools
import math
import threading
from dataclasses import replace

import numpy as np
import pytest

from cohorts.errors import ModelFileError
from prognosis.boosting.ensemble import Ensemble
from prognosis.boosting.growing import Growth, grow, stages, trees_of
from prognosis.boosting.losses import CoxLoss, LogisticLoss
from prognosis.outcome import SurvivalArrays

PLAIN = Growth(0.1, 3, 1.0, 1.0, 1.0, 1.0, 256, (0, 0, 0, 0), (0, 0))


def made(n=300, p=4, seed=0):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(n, p))
    time = draw.exponential(np.exp(-X[:, 0] - 0.8 * X[:, 1] * X[:, 2]))
    return X, SurvivalArrays(time, draw.integers(0, 2, n))


def cox(outcome, weight=None):
    return CoxLoss(outcome, 1, np.ones(len(outcome.event)) if weight is None else weight, False)


def test_a_stump_on_six_rows_by_hand():
    """Six of margin 0 and log odds 0: leaves are -rate * sum of gradients over (sum of curvatures + ridge)."""
    X = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])
    loss = LogisticLoss(np.array([False, False, True, False, True, True]), np.ones(6))
    stump = grow(X, loss, replace(PLAIN, depth=1, min_child_weight=0.0, monotone=(0,)), np.arange(6), 1)
    # below 3 no event of two: gradient +1, curvature .5; from 3 on three events of four: -1 and 1
    low, high = -0.1 * 1.0 / 1.5, 0.1 * 1.0 / 2.0
    np.testing.assert_allclose(stump.margin(X), [low] * 2 + [high] * 4, rtol=1e-6)
    assert (stump.trees, stump.splits, stump.depth) == (1, 1, 1)
    assert stump.threshold[0] == 3.0
    # gain: squares of the gradients over curvature + ridge, less that of the root (0)
    assert stump.gain[0] == pytest.approx(1 / 1.5 + 1 / 2.0, rel=1e-5)


def test_margins_and_contributions_are_xgboost_s_own():
    """Without ties and weights its Cox loss is ours; and its logistic loss is, from the same start."""
    import xgboost

    X, outcome = made()
    died, growth = outcome.event == 1, PLAIN.settings() | {"max_depth": 3}
    labels = {"survival:cox": np.where(died, outcome.time, -outcome.time), "binary:logistic": died.astype(float)}
    starts = {"survival:cox": 1.0, "binary:logistic": float(died.mean())}
    losses = {"survival:cox": cox(outcome), "binary:logistic": LogisticLoss(died, np.ones(len(died)))}
    for objective, label in labels.items():
        rows = xgboost.DMatrix(X.astype(np.float32), label=label)
        theirs = xgboost.train(growth | {"objective": objective, "base_score": starts[objective]}, rows, 30)
        ours = grow(X, losses[objective], PLAIN, np.arange(len(X)), 30)
        margin = losses[objective].start + ours.margin(X)
        np.testing.assert_allclose(margin, theirs.predict(rows, output_margin=True), atol=2e-5)
        values, base = ours.contributions(X)
        known = theirs.predict(rows, pred_contribs=True)
        np.testing.assert_allclose(values, known[:, :-1], atol=2e-5)
        assert losses[objective].start + base == pytest.approx(known[0, -1], abs=2e-5)


def test_missing_values_go_where_xgboost_sends_them():
    """And a newcomer without a value that nobody lacked goes with the heavier side."""
    import xgboost

    X, outcome = made()
    X[np.random.default_rng(4).random(X.shape[0]) < 0.3, 0] = np.nan
    died = outcome.event == 1
    rows = xgboost.DMatrix(X.astype(np.float32), label=np.where(died, outcome.time, -outcome.time))
    theirs = xgboost.train(PLAIN.settings() | {"objective": "survival:cox", "base_score": 1.0}, rows, 30)
    ours = grow(X, cox(outcome), PLAIN, np.arange(300), 30)
    np.testing.assert_allclose(ours.margin(X), theirs.predict(rows, output_margin=True), atol=2e-5)
    np.testing.assert_allclose(ours.contributions(X)[0], theirs.predict(rows, pred_contribs=True)[:, :-1], atol=2e-5)
    of_known = (ours.feature > 0).nonzero()[0]
    heavier = ours.cover[ours.left[of_known]] >= ours.cover[ours.right[of_known]]
    np.testing.assert_array_equal(ours.gap_left[of_known], heavier)
    assert 0 < heavier.mean() < 1


def path_dependent(ensemble, x, known):
    """Expected margin when only some features are known: unknown splits share by cover; one tree after another."""

    def below(node):
        feature = ensemble.feature[node]
        if feature < 0:
            return float(ensemble.value[node])
        left, right = ensemble.left[node], ensemble.right[node]
        if feature in known:
            return below(left if np.float32(x[feature]) < ensemble.threshold[node] else right)
        whole = ensemble.cover[left] + ensemble.cover[right]
        return (ensemble.cover[left] * below(left) + ensemble.cover[right] * below(right)) / whole

    return sum(below(root) for root in ensemble.roots[:-1])


def test_contributions_are_shapley_values_by_brute_force():
    X, outcome = made(200)
    ensemble = grow(X, cox(outcome), replace(PLAIN, depth=4), np.arange(200), 10)
    values, base = ensemble.contributions(X[:5])
    p = X.shape[1]
    for x, row in zip(X[:5], values, strict=True):
        for j in range(p):
            others = [k for k in range(p) if k != j]
            shapley = sum(
                (path_dependent(ensemble, x, {*some, j}) - path_dependent(ensemble, x, set(some)))
                / (p * math.comb(p - 1, size))
                for size in range(p)
                for some in itertools.combinations(others, size)
            )
            assert row[j] == pytest.approx(shapley, abs=1e-10)
    np.testing.assert_allclose(base + values.sum(axis=1), ensemble.margin(X[:5]), atol=1e-12)
    assert base == pytest.approx(path_dependent(ensemble, X[0], set()), abs=1e-12)


def test_a_weight_is_a_number_of_patients():
    """A weight of 2 is the row twice: the same trees, with ties too."""
    X, outcome = made(120)
    outcome = SurvivalArrays(np.ceil(outcome.time * 4), outcome.event)
    weight = np.random.default_rng(3).integers(1, 4, 120)
    copies = np.repeat(np.arange(120), weight)
    died = outcome.event == 1
    pairs = [
        (cox(outcome, weight.astype(float)), cox(outcome.take(copies))),
        (LogisticLoss(died, weight.astype(float)), LogisticLoss(died[copies], np.ones(len(copies)))),
    ]
    for loss, many in pairs:
        one = grow(X, loss, PLAIN, np.arange(120), 20)
        other = grow(X[copies], many, PLAIN, np.arange(len(copies)), 20)
        np.testing.assert_allclose(one.margin(X), other.margin(X), atol=1e-5)


def test_a_draw_depends_on_nothing_but_its_seed():
    """Not on other boosters grown in between, nor on the thread; another seed is another draw."""
    X, outcome = made()
    drawn = replace(PLAIN, subsample=0.7, columns=0.5)
    alone = grow(X, cox(outcome), drawn, np.arange(300), 8)
    one, other = (stages(X, cox(outcome), growth, np.arange(300)) for growth in (drawn, replace(drawn, seed=(9, 0))))
    between = [(next(one), next(other)) for _ in range(8)][-1]
    found = []
    thread = threading.Thread(target=lambda: found.append(grow(X, cox(outcome), drawn, np.arange(300), 8)))
    thread.start()
    thread.join()
    for same in (trees_of(between[0].booster, X), found[0]):
        np.testing.assert_array_equal(same.value, alone.value)
        np.testing.assert_array_equal(same.feature, alone.feature)
    assert not np.array_equal(trees_of(between[1].booster, X).margin(X), alone.margin(X))


def test_rows_of_one_unit_are_drawn_together():
    """All rows of half the units have no part in the first tree: their sizes add up to the cover of the root."""
    X, outcome = made(300)
    unit = np.arange(300) // 30
    loss = LogisticLoss(outcome.event == 1, np.ones(300))
    tree = grow(X, loss, replace(PLAIN, subsample=0.5), unit, 1)
    share = outcome.event.mean()
    assert tree.cover[0] == pytest.approx(150 * share * (1 - share), rel=1e-5)


def test_directions_are_kept():
    X, outcome = made()
    rising = grow(X, cox(outcome), replace(PLAIN, monotone=(-1, 0, 0, 0)), np.arange(300), 30)
    along = np.repeat(X[:20], 50, axis=0)
    along[:, 0] = np.tile(np.linspace(-3, 3, 50), 20)
    assert (np.diff(rising.margin(along).reshape(20, 50), axis=1) <= 1e-6).all()


@pytest.mark.parametrize(
    ("field", "change", "words"),
    [
        ("feature", lambda x: x + 10, "unknown"),
        ("feature", lambda x: x + 0.5, "no whole numbers"),
        ("left", lambda x: np.where(x > 0, 10**6, x), "children"),
        ("right", lambda x: np.where(x > 0, 0, x), "children"),
        ("left", lambda x: np.where(x > 0, x.max(), x), "children"),
        ("roots", lambda x: x[::-1], "roots"),
        ("roots", lambda x: x[:1], "roots"),
        ("cover", lambda x: 0 * x, "cover"),
        ("value", lambda x: x.astype(float), "32 bits"),
    ],
)
def test_arrays_that_are_no_trees_are_refused(field, change, words):
    X, outcome = made()
    arrays = grow(X, cox(outcome), PLAIN, np.arange(300), 5).arrays()
    assert np.array_equal(Ensemble.restore(arrays, 4).margin(X), Ensemble(**arrays).margin(X))
    with pytest.raises(ModelFileError, match=words) as caught:
        Ensemble.restore({**arrays, field: change(arrays[field])}, 4)
    assert caught.value.code == "L07"
