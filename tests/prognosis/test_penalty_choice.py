"""Folds with events spread evenly, the cross-validated curve and its two rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.penalised.penalty_choice import PenaltyCurve, deal_folds, loss_curve


def some(n=103, share=0.3, seed=1):
    return np.random.default_rng(seed).random(n) < share


@given(seed=st.integers(0, 1000), n=st.integers(30, 120), folds=st.integers(3, 8))
def test_rows_and_events_are_spread_evenly(seed, n, folds):
    event = some(n, 0.5, seed)
    event[:folds] = True
    fold = deal_folds(event, folds, seed)
    for counts in (np.bincount(fold, minlength=folds), np.bincount(fold[event], minlength=folds)):
        assert np.ptp(counts) <= 1


def test_the_seed_decides():
    event = some()
    np.testing.assert_array_equal(deal_folds(event, 5, 7), deal_folds(event, 5, 7))
    assert (deal_folds(event, 5, 7) != deal_folds(event, 5, 8)).any()


def test_the_order_of_the_rows_has_no_say():
    event, values = some(), np.random.default_rng(2).normal(size=(103, 2))
    shuffle = np.random.default_rng(3).permutation(103)
    dealt = deal_folds(event, 5, 0, order_by=values)
    np.testing.assert_array_equal(dealt[shuffle], deal_folds(event[shuffle], 5, 0, order_by=values[shuffle]))
    assert (dealt != deal_folds(event, 5, 0)).any()


def test_rows_of_a_cluster_stay_together():
    event, cluster = some(), np.repeat(np.arange(35), 3)[:103]
    fold = deal_folds(event, 5, 0, cluster=cluster)
    assert all(len(set(fold[cluster == c])) == 1 for c in range(35))
    with_events = [fold[cluster == c][0] for c in range(35) if event[cluster == c].any()]
    assert np.ptp(np.bincount(with_events)) <= 1


def test_too_few_events_are_refused_with_the_way_out():
    event = np.zeros(50, bool)
    event[:4] = True
    with pytest.raises(FitError, match="4 events cannot be dealt into 5 folds") as caught:
        deal_folds(event, 5, 0)
    assert caught.value.code == "N21"
    assert "folds=4" in caught.value.findings[0].way_out
    with pytest.raises(FitError, match="1 clusters with events"):
        deal_folds(event, 3, 0, cluster=np.repeat(np.arange(10), 5))


def test_mean_and_standard_error_by_hand():
    """Losses 1, 2, 6 with weights 1, 1, 2: mean 15/4, variance (7.5625 + 3.0625 + 2 * 5.0625) / 4 over 2."""
    curve = loss_curve(np.array([0.5]), np.array([1]), np.array([[1.0], [2.0], [6.0]]), np.array([1.0, 1.0, 2.0]))
    assert curve.mean[0] == 3.75
    assert curve.se[0] == pytest.approx(np.sqrt(20.75 / 4 / 2), rel=1e-15)


def test_the_two_rules():
    curve = PenaltyCurve(
        np.array([1.0, 0.5, 0.25, 0.125]),
        np.arange(4),
        np.array([5.0, 4.2, 4.0, 4.1]),
        np.array([0.1, 0.1, 0.3, 0.1]),
    )
    assert curve.chosen("minimum") == 2
    assert curve.chosen("one-standard-error") == 1
    flat = PenaltyCurve(curve.penalty, curve.nonzero, np.full(4, 4.0), np.zeros(4))
    assert flat.chosen("minimum") == flat.chosen("one-standard-error") == 0
