"""Growth of one tree: by hand, against a slow log-rank statistic at every node, and against scikit-survival."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lifelines.statistics import logrank_test
from sksurv.ensemble import RandomSurvivalForest as Oracle

from cohorts.errors import FitError
from prognosis.forest.growing import forest_size, grow_forest, grow_one
from prognosis.forest.sampling import draw_from
from prognosis.forest.scikit_survival import grow_with_scikit_survival, tree_of
from prognosis.forest.trees import Forest
from prognosis.outcome import SurvivalArrays
from tests.prognosis import made_forest as made

SIX = SurvivalArrays(np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 1, 0, 1, 1, 0]))


def grown(drawn, leaf, draws=None, tree=0, causes=1):
    weight, seed = drawn.bag(tree)
    rule = made.rule(draws or drawn.X.shape[1], leaf, causes)
    return grow_one(drawn, weight, rule, seed), weight


def test_six_patients_by_hand():
    """Two on each side at least: x <= 2 is the best of three cuts, and then x <= 10 of the other four.

    Left of the first O - E is 2 - (2/6 + 1/5) and V is (2/6)(4/6) + (1/5)(4/5); of the second 1 - 1/3 and (1/3)(2/3).
    """
    X = np.array([[1.0], [2], [3], [10], [20], [30]])
    drawn = draw_from(X, SIX, np.ones(6), None, (0,))
    u, v = made.log_rank(X[:, 0] <= 2, SIX.time, SIX.event, np.ones(6))
    assert (u, v) == (pytest.approx(22 / 15), pytest.approx(86 / 225))
    tree = grow_one(drawn, np.ones(6), made.rule(1, 2), 1)
    assert tree.feature.tolist() == [0, -1, 0, -1, -1]
    assert tree.threshold.tolist() == [2.5, 0, 15, 0, 0]
    assert tree.child.tolist() == [1, 0, 3, 0, 0]
    # events at 1 and 2 of two patients; at 4 of the one left; at 5 of two
    assert tree.start.tolist() == [0, 0, 2, 2, 3, 4]
    assert drawn.event_times[tree.time].tolist() == [1, 2, 4, 5]
    assert tree.hazard[:, 0].tolist() == [1 / 2, 1, 1, 1 / 2]
    forest = Forest.of([tree], drawn.event_times, 6.0)
    risk = forest.risk(np.array([[2.5], [2.6], [15.1]]), np.array([0.5, 1, 2, 4, 5, 6, 7]))
    expected = [[0, 0.5, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0.5, 0.5]]
    np.testing.assert_array_equal(risk[:, :6], expected)
    assert np.isnan(risk[:, 6]).all()
    # cumulative hazards added up over the four event times
    assert forest.mortality(np.array([[0.0], [10], [99]])).tolist() == [5.0, 2.0, 0.5]


def test_the_slow_statistic_is_that_of_lifelines():
    X, outcome = made.rows(80, 3)
    for left in made.candidates(X[:, :2], 10):
        theirs = logrank_test(
            outcome.time[left], outcome.time[~left], outcome.event[left], outcome.event[~left]
        ).test_statistic
        assert made.statistic(left, outcome.time, outcome.event, np.ones(80)) == pytest.approx(theirs, rel=1e-10)


@pytest.mark.parametrize(("leaf", "causes"), [(15, 1), (3, 1), (8, 2)])
def test_no_candidate_of_a_node_is_better_than_its_split(leaf, causes):
    drawn = made.drawn(120, 4, seed=leaf, causes=causes)
    tree, weight = grown(drawn, leaf, causes=causes)
    event = drawn.sample.event
    for node, reached in made.nodes_of(tree, drawn.X):
        own = reached[weight[reached] > 0]
        X, time, happened, w = drawn.X[own], drawn.time[own], event[own], weight[own]
        if tree.feature[node] < 0:
            assert (
                len(own) < 2 * leaf
                or not happened.any()
                or not any(made.statistic(left, time, happened, w, causes) >= 0 for left in made.candidates(X, leaf))
            )
            continue
        left = X[:, tree.feature[node]] <= tree.threshold[node]
        assert min(left.sum(), (~left).sum()) >= leaf
        best = max(made.statistic(side, time, happened, w, causes) for side in made.candidates(X, leaf))
        assert made.statistic(left, time, happened, w, causes) == pytest.approx(best, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_trees_are_those_of_scikit_survival(seed):
    drawn = made.drawn(400, 6, seed)
    ours, weight = grown(drawn, 15)
    theirs = grow_with_scikit_survival(drawn, weight, made.rule(6, 15), 1)
    for name in ("feature", "child", "start", "time"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_allclose(ours.hazard, theirs.hazard, rtol=1e-12)
    bag = set(np.flatnonzero(weight))
    for (_, mine), (_, its) in zip(made.nodes_of(ours, drawn.X), made.nodes_of(theirs, drawn.X), strict=True):
        assert bag & set(mine) == bag & set(its)


def test_small_leaves_split_as_well_as_those_of_scikit_survival():
    """Where nodes are small many splits tie; followed node by node, neither tool finds a better one."""
    drawn = made.drawn(200, 5, seed=11)
    ours, weight = grown(drawn, 3)
    theirs = grow_with_scikit_survival(drawn, weight, made.rule(5, 3), 1)
    compared = 0
    reached = {frozenset(own[weight[own] > 0]): node for node, own in made.nodes_of(theirs, drawn.X)}
    for node, own in made.nodes_of(ours, drawn.X):
        own = own[weight[own] > 0]
        other = reached.get(frozenset(own))
        if other is None or min(ours.feature[node], theirs.feature[other]) < 0:
            assert other is None or ours.feature[node] == theirs.feature[other]
            continue
        mine, its = (
            made.statistic(
                drawn.X[own, tree.feature[at]] <= tree.threshold[at],
                drawn.time[own],
                drawn.sample.event[own],
                weight[own],
            )
            for tree, at in ((ours, node), (theirs, other))
        )
        assert mine == pytest.approx(its, rel=1e-9, abs=1e-12)
        compared += 1
    assert compared > 20


def test_a_converted_forest_of_scikit_survival_answers_as_it_does():
    X, outcome = made.rows(250, 5, seed=3)
    y = np.array(list(zip(outcome.event > 0, outcome.time, strict=True)), dtype=[("event", bool), ("time", float)])
    oracle = Oracle(n_estimators=8, min_samples_leaf=6, random_state=0).fit(X, y)
    times = np.unique(outcome.time[outcome.event > 0])
    forest = Forest.of([tree_of(tree, times) for tree in oracle.estimators_], times, outcome.time.max())
    curves = oracle.predict_survival_function(X, return_array=True)
    np.testing.assert_allclose(1 - forest.risk(X, oracle.unique_times_), curves, atol=1e-12)
    np.testing.assert_allclose(forest.mortality(X), oracle.predict(X), rtol=1e-12)


def same(one, other):
    return all((a == b).all() if a.shape == b.shape else False for a, b in zip(one, other, strict=True))


def arrays(forest):
    return list(forest.arrays().values())


def test_neither_the_order_of_rows_nor_a_monotone_scale_changes_a_tree():
    X, outcome = made.rows(200, 5)
    weight = np.random.default_rng(1).choice([0.5, 1.0, 2.0], 200)
    first = grow_forest(draw_from(X, outcome, weight, None, (5,)), made.rule(2, 5), 6)
    order = np.random.default_rng(0).permutation(200)
    shuffled = draw_from(X[order], outcome.take(order), weight[order], None, (5,))
    assert same(arrays(first), arrays(grow_forest(shuffled, made.rule(2, 5), 6)))
    bent = grow_forest(draw_from(np.exp(X), outcome, weight, None, (5,)), made.rule(2, 5), 6)
    for name in ("roots", "feature", "child", "start", "time", "hazard"):
        np.testing.assert_array_equal(getattr(first, name), getattr(bent, name))
    np.testing.assert_array_equal(first.leaves(X), bent.leaves(np.exp(X)))


def test_the_number_of_threads_changes_no_byte(monkeypatch):
    drawn = made.drawn(1100, 4)
    found = []
    for threads in (1, 2, 3):
        monkeypatch.setattr("prognosis.forest.trees.config.NUMBA_NUM_THREADS", threads)
        forest = grow_forest(drawn, made.rule(2, 15), 7)
        found.append([*arrays(forest), forest.risk(drawn.X, np.array([10.0, 50.0])), forest.mortality(drawn.X)])
    assert same(found[0], found[1])
    assert same(found[0], found[2])


def test_another_seed_grows_other_trees_and_a_longer_forest_begins_alike():
    one, other = (grow_forest(made.drawn(100, 3, seed), made.rule(1, 5), 4) for seed in (0, 1))
    assert not same(arrays(one), arrays(other))
    longer = grow_forest(made.drawn(100, 3), made.rule(1, 5), 6)
    assert (longer.feature[: len(one.feature)] == one.feature).all()


def test_no_bag_is_drawn_from_the_stream_of_a_resample():
    """SeedSequence([0, 3, 0]) is SeedSequence([0, 3]), from which validations draw the rows of resample 3."""
    X, outcome = made.rows(100, 3)
    drawn = draw_from(X, outcome, np.ones(100), None, (0, 3))
    of_resample = np.random.default_rng(np.random.SeedSequence([0, 3])).integers(0, 100, 100)
    times = np.bincount(of_resample, minlength=100)
    assert all((drawn.bag(tree)[0] != times).any() for tree in range(5))


def test_rows_of_one_unit_are_drawn_together():
    X, outcome = made.rows(90, 3)
    unit = np.repeat(np.arange(30), 3)
    drawn = draw_from(X, outcome, np.ones(90), unit, (0,))
    weight, _ = drawn.bag(0)
    back = np.empty(90)
    back[drawn.order] = weight
    assert (back.reshape(30, 3) == back.reshape(30, 3)[:, :1]).all()
    assert back.sum() == 90


def test_coarse_codes_cut_between_values_that_are_there():
    """Rows go the same way when they are grown and when they are asked, however values were grouped."""
    drawn = made.drawn(500, 3, most=7)
    assert (drawn.sample.codes <= 7).all()
    tree, weight = grown(drawn, 20)
    for node, own in made.nodes_of(tree, drawn.X):
        entries = slice(tree.start[node], tree.start[node + 1])
        died = weight[own] * (drawn.sample.event[own] > 0)
        if tree.feature[node] < 0:
            first = drawn.time[own][died > 0].min()
            assert drawn.event_times[tree.time[entries]][0] == first
            here = died[drawn.time[own] == first].sum() / weight[own][drawn.time[own] >= first].sum()
            assert tree.hazard[entries][0, 0] == pytest.approx(here, rel=1e-12)


def test_hundreds_of_codes_are_sorted_by_two_bytes():
    draw = np.random.default_rng(4)
    X, time = draw.permutation(1000).astype(float)[:, None], np.arange(1.0, 1001)
    outcome = SurvivalArrays(np.where(X[:, 0] > 613, time, time + 2000), np.ones(1000, np.int64))
    drawn = draw_from(X, outcome, np.ones(1000), None, (0,))
    assert grow_one(drawn, np.ones(1000), made.rule(1, 15), 0).threshold[0] == 613.5


def test_values_in_the_gap_of_a_split_go_half_each_way_by_rank():
    """Rows 0 1 2 | 9 10 11 are split; of the values 3, 4, 5, 6, 8 out of the bag 3 and 4 go left."""
    X = np.array([0.0, 1, 2, 9, 10, 11, 3, 4, 5, 6, 8])[:, None]
    outcome = SurvivalArrays(np.array([1.0, 2, 3, 7, 8, 9, 5, 5, 5, 5, 5]), np.ones(11, np.int64))
    drawn = draw_from(X, outcome, np.ones(11), None, (0,))
    bag = np.isin(drawn.X[:, 0], [0, 1, 2, 9, 10, 11]).astype(float)
    assert grow_one(drawn, bag, made.rule(1, 3), 0).threshold[0] == 4.5


def test_neighbours_without_a_number_between_them_are_kept_apart():
    X = np.repeat([1.0, np.nextafter(1.0, 2)], 5)[:, None]
    outcome = SurvivalArrays(np.arange(1.0, 11), np.ones(10, np.int64))
    drawn = draw_from(X, outcome, np.ones(10), None, (0,))
    tree = grow_one(drawn, np.ones(10), made.rule(1, 3), 0)
    assert (X[:, 0] <= tree.threshold[0]).tolist() == [True] * 5 + [False] * 5


def test_a_forest_that_would_not_fit_is_refused_before_it_grows(monkeypatch):
    drawn = made.drawn(300, 4)
    needed = forest_size(drawn, made.rule(2, 5), 40)
    grown = grow_forest(drawn, made.rule(2, 5), 40)
    kept = sum(values.nbytes for values in grown.arrays().values())
    assert kept < needed < 10 * kept
    monkeypatch.setattr("prognosis.memory.memory_budget", lambda: needed - 1)
    with pytest.raises(FitError, match=r"estimated GB .*time grid") as caught:
        grow_forest(drawn, made.rule(2, 5), 40)
    assert caught.value.code == "K11"


@settings(max_examples=25)
@given(n=st.integers(8, 80), p=st.integers(2, 5), leaf=st.integers(1, 9), causes=st.integers(1, 3), seed=st.integers(0))
def test_laws_of_any_forest(n, p, leaf, causes, seed):
    """Leaves hold enough different rows; risks are probabilities that never fall, and 0 at the start."""
    X, outcome = made.rows(n, p, seed % 10**6, causes)
    assume((outcome.event > 0).any())
    causes = int(outcome.event.max())
    drawn = draw_from(X, outcome, np.ones(n), None, (seed,))
    forest = grow_forest(drawn, made.rule(1, leaf, causes), 3)
    for tree in range(3):
        weight, _ = drawn.bag(tree)
        _, held = np.unique(forest.leaves(drawn.X[weight > 0])[tree], return_counts=True)
        assert held.min() >= leaf or len(held) == 1
    risk = forest.risk(X, np.concatenate([[0.0], np.sort(outcome.time)]))
    assert (np.diff(risk, axis=1) >= 0).all()
    assert ((risk >= 0) & (risk <= 1)).all()
    assert (risk[:, 0] == 0).all()
    Forest.restore(forest.arrays(), p)


def test_weights_count_as_patients():
    """A weight of 2 gives the hazards and splits of two patients, though it is one for the size of a leaf."""
    X, outcome = made.rows(100, 2)
    weight = np.random.default_rng(2).integers(1, 4, 100)
    heavy = draw_from(X, outcome, weight.astype(float), None, (0,))
    copies = np.repeat(np.arange(100), weight)
    many = draw_from(X[copies], outcome.take(copies), np.ones(len(copies)), None, (0,))
    one = grow_one(heavy, heavy.weight, made.rule(2, 1), 0)
    other = grow_one(many, many.weight, made.rule(2, 1), 0)
    assert one.feature[0] == other.feature[0]
    assert one.threshold[0] == other.threshold[0]
    lone = grow_one(heavy, heavy.weight, made.rule(2, 100), 0), grow_one(many, many.weight, made.rule(2, 300), 0)
    np.testing.assert_allclose(lone[0].hazard, lone[1].hazard, rtol=1e-12)
