"""The statistics of rms::lrm: by hand, by looking at every pair, and their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from prognosis.logistic.statistics import count_pairs, gini_mean_difference, logistic_statistics
from prognosis.models import Logistic
from tests.prognosis import made_logistic as made

EVENT = np.array([True, True, True, False, False, False, False])
MARKER = np.array([3.0, 2.0, 1.0, 2.0, 1.0, 0.0, 0.0])
ONE = np.ones(7)


def test_pairs_counted_by_hand():
    """3 above 2, 1, 0, 0; 2 above 1, 0, 0 and tied with 2; 1 above 0, 0, tied with 1 and below 2."""
    assert count_pairs(EVENT, MARKER, ONE) == (9, 1, 2)


def test_rank_statistics_of_these_pairs():
    found = logistic_statistics(EVENT, MARKER, (-4.8, -3.0), 1, bins=None)
    assert found["C"] == pytest.approx(10 / 12, rel=1e-14)
    assert found["Dxy"] == pytest.approx(8 / 12, rel=1e-14)
    assert found["Gamma"] == pytest.approx(8 / 10, rel=1e-14)
    assert found["Tau-a"] == pytest.approx(8 / 21, rel=1e-14)


def test_likelihood_ratio_and_every_r2_written_out():
    null = 3 * math.log(3 / 7) + 4 * math.log(4 / 7)
    found = logistic_statistics(EVENT, MARKER, (null, -3.0), 1)
    ratio, effective = 2 * (-3.0 - null), 7 * (1 - (3 / 7) ** 3 - (4 / 7) ** 3)
    assert found["Model L.R."] == pytest.approx(ratio, rel=1e-14)
    assert found["P"] == pytest.approx(math.erfc(math.sqrt(ratio / 2)), rel=1e-12)
    assert found["R2(7)"] == pytest.approx(1 - math.exp(-ratio / 7), rel=1e-13)
    assert found["R2(1,7)"] == pytest.approx(1 - math.exp(-(ratio - 1) / 7), rel=1e-13)
    assert found["R2"] == pytest.approx((1 - math.exp(-ratio / 7)) / (1 - math.exp(2 * null / 7)), rel=1e-13)
    assert found["R2(5.1)"] == pytest.approx(1 - math.exp(-ratio / effective), rel=1e-13)
    assert found["R2(1,5.1)"] == pytest.approx(1 - math.exp(-(ratio - 1) / effective), rel=1e-13)


def test_brier_and_gini_written_out():
    found = logistic_statistics(EVENT, MARKER, (-4.8, -3.0), 1)
    risk = expit(MARKER)
    assert found["Brier"] == pytest.approx(((risk - EVENT) ** 2).mean(), rel=1e-14)
    every_pair = np.abs(MARKER[:, None] - MARKER).sum() / 42
    assert found["g"] == pytest.approx(every_pair, rel=1e-13)
    assert found["gr"] == pytest.approx(math.exp(every_pair), rel=1e-13)
    assert found["gp"] == pytest.approx(np.abs(risk[:, None] - risk).sum() / 42, rel=1e-13)


def test_lrm_ties_probabilities_of_one_bin():
    event, log_odds = np.array([True, False]), np.array([0.10001, 0.10000])
    assert logistic_statistics(event, log_odds, (-1.4, -1.3), 1)["C"] == 0.5
    assert logistic_statistics(event, log_odds, (-1.4, -1.3), 1, bins=None)["C"] == 1.0


def test_the_exact_c_is_the_score_of_the_recipe():
    frame, _, y = made.bleeders(200)
    logistic = Logistic().fit(frame, y)
    exact = logistic.statistics(bins=None)["C"]
    assert exact == pytest.approx(logistic.score(frame, y), rel=1e-13)
    assert 0 < abs(exact - logistic.statistics()["C"]) < 1e-3


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(1, 4)), min_size=2, max_size=30))
def test_every_pair_looked_at(rows):
    event, marker, weight = (np.array(part) for part in zip(*rows, strict=True))
    pairs = np.outer(weight * event, weight * ~event)
    above = marker[:, None] - marker
    expected = [pairs[above > 0].sum(), pairs[above < 0].sum(), pairs[above == 0].sum()]
    assert count_pairs(event, marker.astype(float), weight.astype(float)) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 4)), min_size=2, max_size=20))
def test_weights_of_gini_are_repeated_rows(rows):
    values, weight = (np.array(part) for part in zip(*rows, strict=True))
    repeated = np.repeat(values, weight).astype(float)
    n = len(repeated)
    expected = np.abs(repeated[:, None] - repeated).sum() / (n * (n - 1))
    assert gini_mean_difference(values.astype(float), weight.astype(float)) == pytest.approx(expected, abs=1e-12)


def test_weights_are_repeated_rows_in_every_statistic():
    frame, extra, y = made.bleeders(150)
    count = 1 + extra["centre"].to_numpy() % 3
    weighted = Logistic(weights="count").fit(frame.assign(count=count.astype(float)), y).statistics()
    at = np.repeat(np.arange(len(y)), count)
    repeated = Logistic().fit(frame.iloc[at].reset_index(drop=True), y[at]).statistics()
    assert weighted.pop("Obs") == 150
    assert repeated.pop("Obs") == count.sum()
    assert weighted == pytest.approx(repeated, rel=1e-9)


def test_a_model_of_nothing_has_nothing():
    frame, _, y = made.bleeders(100)
    found = Logistic("lasso", strength=5.0).fit(frame, y).statistics()
    assert (found["C"], found["Dxy"], found["Gamma"], found["d.f."], found["P"]) == (0.5, 0, 0, 0, 1)
    assert found["R2"] == pytest.approx(0, abs=1e-12)
    assert found["g"] == pytest.approx(0, abs=1e-12)
