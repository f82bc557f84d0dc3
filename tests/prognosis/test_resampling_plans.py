"""Plans of resampling: who is fitted and who judges, by counting."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.validation import (
    Bootstrap,
    Bootstrap632,
    CrossValidation,
    GroupCombinations,
    InternalExternal,
    Temporal,
)
from prognosis.validation.plans import PlanRows
from prognosis.validation.resampling import bootstrap_rows


def rows(n=60, events=25, seed=7, **more):
    event = np.zeros(n, np.int64)
    event[:events] = 1
    event[events : events + 5] = 2
    return PlanRows(event, seed, **more)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(20, 90), k=st.integers(2, 8), seed=st.integers(0, 10**6), repeat=st.integers(0, 5))
def test_folds_divide_the_patients_and_their_events(n, k, seed, repeat):
    """Everybody is left out once a repeat; sizes and events of two folds differ by one at most."""
    known = rows(n, events=max(8, n // 3), seed=seed)
    plan = CrossValidation(folds=k, repeats=repeat + 1)
    tasks = [plan.task(known, repeat * k + fold) for fold in range(k)]
    assert sorted(np.concatenate([task.test for task in tasks])) == list(range(n))
    assert all(sorted(np.concatenate([task.train, task.test])) == list(range(n)) for task in tasks)
    assert np.ptp([len(task.test) for task in tasks]) <= 1
    assert np.ptp([(known.event[task.test] == 1).sum() for task in tasks]) <= 1


def test_folds_depend_on_seed_and_repeat_only():
    plan, known = CrossValidation(folds=5, repeats=3), rows()
    first, again = plan.task(known, 7), CrossValidation(folds=5, repeats=9).task(known, 7)
    np.testing.assert_array_equal(first.test, again.test)
    assert first.label == "repeat 2, fold 3"
    assert plan.task(known, 2).test.tolist() != first.test.tolist()
    assert plan.task(rows(seed=8), 7).test.tolist() != first.test.tolist()


def test_ten_folds_where_each_has_ten_events_else_five():
    assert CrossValidation().count(rows(400, events=100)) == 100
    assert CrossValidation().count(rows(400, events=99)) == 50


def test_a_cluster_is_never_on_both_sides():
    cluster = np.repeat(np.arange(20), 3)
    known = rows(60, events=30, cluster=cluster)
    for plan in (CrossValidation(folds=4, repeats=2), Bootstrap632(8)):
        for index in range(8):
            task = plan.task(known, index)
            assert not set(cluster[task.train]) & set(cluster[task.test])


def test_the_bootstrap_judges_by_all_and_632_by_those_not_drawn():
    known = rows()
    drawn = bootstrap_rows(60, 7, 3)
    inside, outside = Bootstrap(5).task(known, 3), Bootstrap632(5).task(known, 3)
    np.testing.assert_array_equal(inside.train, drawn)
    np.testing.assert_array_equal(outside.train, drawn)
    assert inside.test.tolist() == list(range(60))
    assert outside.test.tolist() == sorted(set(range(60)) - set(drawn))


def test_centres_and_their_combinations_are_left_out_in_turn():
    group = np.arange(60) % 4
    known = rows(group=group, levels=("a", "b", "c", "d"))
    plan = InternalExternal("site")
    assert [plan.task(known, place).label for place in range(plan.count(known))] == [f"site={x}" for x in "abcd"]
    assert set(group[plan.task(known, 2).test]) == {2}
    assert set(group[plan.task(known, 2).train]) == {0, 1, 3}
    pairs = GroupCombinations("site", k=2)
    found = [tuple(np.unique(group[pairs.task(known, place).test])) for place in range(pairs.count(known))]
    assert found == list(combinations(range(4), 2))
    assert pairs.task(known, 0).label == "site=a, site=b"


def test_a_split_in_time():
    year = np.repeat([2010.0, 2012.0, 2015.0], 20)
    known = rows(column=year)
    task = Temporal("year", after=2012).task(known, 0)
    assert set(year[task.train]) == {2010, 2012}
    assert set(year[task.test]) == {2015}
    seconds = np.array(["2010-05-01", "2015-07-01"], "datetime64[s]").astype(np.int64).astype(float)
    task = Temporal("seen", after="2012-01-31").task(PlanRows(np.ones(2, np.int64), 1, column=seconds), 0)
    assert (task.train.tolist(), task.test.tolist()) == ([0], [1])


@pytest.mark.parametrize(
    ("plan", "known", "words"),
    [
        (Temporal("year", after=2020), rows(column=np.full(60, 2011.0)), "0 of 60 patients are later"),
        (Temporal("year", after="soon"), rows(column=np.full(60, 2011.0)), "no date"),
        (InternalExternal("site"), rows(group=np.zeros(60, np.int64), levels=("a",)), "1 groups with patients"),
        (InternalExternal("site"), rows(group=np.full(60, -1), levels=("a", "b")), "patients without a group"),
        (GroupCombinations("site", 2), rows(group=np.arange(60) % 2, levels=("a", "b")), "at least 3 are needed"),
        (CrossValidation(folds=30), rows(events=25), "30 folds cannot be made of 25 events"),
    ],
)
def test_impossible_divisions_are_refused(plan, known, words):
    with pytest.raises(FitError, match=words):
        plan.task(known, 0) if isinstance(plan, Temporal) else plan.count(known)


@pytest.mark.parametrize("make", [lambda: Bootstrap(1), lambda: CrossValidation(folds=1), lambda: Bootstrap632(True)])
def test_impossible_numbers_are_refused(make):
    with pytest.raises(FitError) as caught:
        make()
    assert caught.value.code == "V01"
