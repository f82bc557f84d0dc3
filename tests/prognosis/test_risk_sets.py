"""Risk sets as index ranges: who is at risk when, ties by rounding, strata and delayed entry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import DataContractError
from prognosis.kernels.cox_likelihood import event_sums, over_risk_time
from prognosis.risk_sets import TIE_TOLERANCE, build_risk_sets, merge_close_times

TRUE = np.array([True])


def draw_rows(seed, n, *, entry, strata):
    """Times on a coarse grid, so that all kinds of ties occur."""
    draw = np.random.default_rng(seed)
    time = draw.integers(1, 9, n).astype(float)
    event = draw.random(n) < 0.6
    event[0] = True
    return {
        "time": time,
        "event": event,
        "entry": (draw.integers(0, 8, n) % time).astype(float) if entry else None,
        "stratum": draw.permutation(np.arange(n) % 3) if strata else None,
        "weight": draw.choice([0.5, 1.0, 2.0], n),
    }


rows = st.builds(draw_rows, st.integers(0, 10_000), st.integers(3, 40), entry=st.booleans(), strata=st.booleans())


@given(rows)
def test_index_ranges_say_who_is_at_risk(drawn):
    sets = build_risk_sets(**drawn)
    n = len(drawn["time"])
    entry = drawn["entry"] if drawn["entry"] is not None else np.zeros(n) - 1
    stratum = drawn["stratum"] if drawn["stratum"] is not None else np.zeros(n)
    for g, (t, s) in enumerate(zip(sets.time, sets.stratum, strict=True)):
        by_range = (sets.first <= g) & (g < sets.last)
        np.testing.assert_array_equal(by_range, (stratum == s) & (entry < t) & (drawn["time"] >= t))
        dead = (stratum == s) & drawn["event"] & (drawn["time"] == t)
        np.testing.assert_array_equal(sets.death == g, dead)
        assert sets.events[g] == dead.sum()
        assert sets.death_weight[g] == drawn["weight"][dead].sum()


@given(rows)
def test_event_times_are_sorted_and_distinct_within_strata(drawn):
    sets = build_risk_sets(**drawn)
    assert sets.opens[0]
    assert sets.opens.sum() == len(np.unique(sets.stratum))
    np.testing.assert_array_equal(np.diff(sets.stratum) > 0, sets.opens[1:])
    assert ((np.diff(sets.time) > 0) | sets.opens[1:]).all()
    assert ((sets.death >= 0) == drawn["event"]).all()


@given(rows, st.integers(0, 10_000))
def test_sums_over_risk_sets_are_sums(drawn, seed):
    sets = build_risk_sets(**drawn)
    n = len(drawn["time"])
    draw = np.random.default_rng(seed)
    design, eta = draw.normal(size=(n, 2)), draw.normal(size=n)
    risk = drawn["weight"] * np.exp(eta)
    s0, s1, d0, d1, _ = event_sums(design, eta, sets, True)
    at_risk = (sets.first[:, None] <= np.arange(len(s0))) & (np.arange(len(s0)) < sets.last[:, None])
    dead = sets.death[:, None] == np.arange(len(s0))
    np.testing.assert_allclose(s0, risk @ at_risk, rtol=1e-12)
    np.testing.assert_allclose(s1, at_risk.T @ (risk[:, None] * design), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(d0, risk @ dead, rtol=1e-12)
    np.testing.assert_allclose(d1, dead.T @ (risk[:, None] * design), rtol=1e-11, atol=1e-12)
    values = draw.normal(size=(len(s0), 3))
    np.testing.assert_allclose(over_risk_time(values, sets), at_risk @ values, rtol=1e-11, atol=1e-12)


def test_nobody_is_subtracted():
    """One late entrant of enormous risk leaves no trace outside of the time it was under observation."""
    time, event = np.arange(1.0, 41), np.ones(40, bool)
    entry, eta = np.zeros(40), np.zeros(40)
    entry[30], eta[30] = 20.0, 80.0
    sets = build_risk_sets(time, event, entry)
    assert sets.delayed
    s0 = event_sums(np.zeros((40, 1)), eta, sets, True)[0]
    np.testing.assert_array_equal(s0[:20], 40 - np.arange(20) - 1)
    np.testing.assert_array_equal(s0[31:], 9 - np.arange(9))
    assert (s0[20:31] >= np.exp(80.0)).all()


def test_entry_before_the_first_event_is_no_delay():
    sets = build_risk_sets(np.array([3.0, 5, 4]), np.array([True, True, False]), np.array([1.0, 2, 0]))
    assert not sets.delayed
    np.testing.assert_array_equal(sets.first, 0)


def test_a_censoring_at_the_time_of_an_event_is_still_at_risk():
    sets = build_risk_sets(np.array([2.0, 2.0]), np.array([True, False]))
    np.testing.assert_array_equal(sets.last, [1, 1])


def test_a_row_that_sees_no_event_is_in_no_risk_set():
    sets = build_risk_sets(np.array([5.0, 1.0]), np.array([True, False]))
    assert sets.first[1] == sets.last[1] == 0


# Times that differ by rounding: R's aeqSurv


def test_times_that_differ_by_rounding_are_one_time():
    (time,) = merge_close_times(np.array([0.3, 0.1 + 0.2, 1.0]))
    np.testing.assert_array_equal(time, [0.3, 0.3, 1.0])
    sets = build_risk_sets(np.array([0.3, 0.1 + 0.2, 1.0]), np.array([True, True, True]))
    np.testing.assert_array_equal(sets.events, [2, 1])


def test_the_smallest_of_a_run_stands_for_all():
    near = 5 + 0.9 * TIE_TOLERANCE * np.arange(4)
    (time,) = merge_close_times(near[::-1])
    np.testing.assert_array_equal(time, near[0])


@pytest.mark.parametrize(("gap", "merged"), [(0.5 * TIE_TOLERANCE, True), (3e-8, False)])
def test_the_absolute_tolerance_is_the_root_of_epsilon(gap, merged):
    (time,) = merge_close_times(np.array([0.5, 0.5 + gap]))
    assert (time[0] == time[1]) == merged


def test_the_tolerance_grows_with_the_mean_time():
    (time,) = merge_close_times(np.array([1e6, 1e6 + 1e-3, 2e6]))
    assert time[0] == time[1]
    (days,) = merge_close_times(np.array([1.0, 2.0, 1e5]))
    assert len(np.unique(days)) == 3


def test_entry_and_exit_are_merged_together():
    entry_near_exit = np.array([0.0, 0.1 + 0.2])
    time, entry = merge_close_times(np.array([0.3, 1.0]), entry_near_exit)
    assert entry[1] == time[0] == 0.3
    sets = build_risk_sets(np.array([0.3, 1.0]), np.array([True, True]), entry_near_exit)
    np.testing.assert_array_equal(sets.first, [0, 1])  # not yet at risk at .3


def test_t21_entry_equal_to_exit_but_for_rounding():
    with pytest.raises(DataContractError, match="entry>=exit in 1 rows") as caught:
        build_risk_sets(np.array([2.0, 0.3]), np.array([True, True]), np.array([0.0, 0.3 - 1e-12]))
    assert caught.value.code == "T21"
    assert caught.value.findings[0].rows == ("1",)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_merging_never_reorders(values):
    before = np.array(values)
    (after,) = merge_close_times(before)
    order = np.argsort(before, kind="stable")
    assert (np.diff(after[order]) >= 0).all()
    assert (after <= before).all()


def test_many_rows_at_few_times_are_those_of_one_stratum():
    """Above 10,000 rows times that repeat are told apart by hashing; rounding still makes no time of its own."""
    draw = np.random.default_rng(4)
    n = 10_500
    time = draw.integers(1, 60, n) + 1e-12 * draw.random(n).round()
    event, weight = draw.random(n) < 0.3, draw.choice([0.5, 1.0, 3.0], n)
    event[time > 50] = False
    found = build_risk_sets(time, event, None, None, weight)
    one_stratum = build_risk_sets(time, event, None, np.zeros(n, np.int64), weight)
    assert len(found.time) == 50
    for name, value in found._asdict().items():
        np.testing.assert_allclose(value, getattr(one_stratum, name), rtol=1e-13, err_msg=name)
