"""Quantiles and areas of step curves: by hand, R's quantiles on every scale of limits, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from cohorts.errors import PredictionError
from prognosis.curves import kaplan_meier, quantile_of, restricted_mean_of
from tests.prognosis.curve_rows import SEEDS, coarse_rows

UNKNOWN = np.nan
# The same in R: t <- c(2,4,4,6,7,9,9,11,12,15); e <- c(1,1,0,1,0,1,1,0,1,0); w <- c(.5,1,1.5,2,.5,1,1,2,1.5,1)
ROWS = {"time": [2, 4, 4, 6, 7, 9, 9, 11, 12, 15], "event": [1, 1, 0, 1, 0, 1, 1, 0, 1, 0]}
WEIGHT = [0.5, 1, 1.5, 2, 0.5, 1, 1, 2, 1.5, 1]
SHARES = [0.1, 0.25, 0.5, 0.7, 0.9]


def test_quantiles_take_the_middle_of_a_flat_piece():
    assert quantile_of([1, 3, 8], [0.75, 0.5, 0.25], [0, 0.1, 0.5, 0.75, 0.8]).tolist()[:4] == [0, 1, 5.5, 8]
    assert np.isnan(quantile_of([1, 3, 8], [0.75, 0.5, 0.25], 0.8)[0])
    # Flat to the end: half way to the last time.
    assert quantile_of([1, 3, 8], [0.75, 0.5, 0.5], 0.5).tolist() == [5.5]


def test_quantiles_of_many_curves_are_those_of_each():
    curves = np.array([[0.9, 0.5, 0.2], [0.8, np.nan, 0.1], [1.0, 0.7, 0.8]])
    p = [0.2, 0.5, 0.9]
    together = quantile_of([1, 2, 4], curves, p)
    assert together.shape == (3, 3)
    for curve, found in zip(curves, together, strict=True):
        np.testing.assert_array_equal(found, quantile_of([1, 2, 4], curve, p))
    # A limit that is not monotone: R looks for the smallest value that reaches p.
    assert together[2, 0] == 4


@pytest.mark.parametrize(
    ("interval", "lower", "upper"),
    [
        # quantile(survfit(Surv(t, e) ~ 1, weights = w, conf.type = interval), SHARES)
        ("plain", [2, 4, 6, 9, 9], [9, 12, UNKNOWN, UNKNOWN, UNKNOWN]),
        ("log", [2, 4, 6, 9, 12], [UNKNOWN] * 5),
        ("log-log", [2, 2, 6, 6, 12], [9, 12, UNKNOWN, UNKNOWN, UNKNOWN]),
        ("logit", [2, 2, 6, 9, 12], [9, 12, UNKNOWN, UNKNOWN, UNKNOWN]),
        ("arcsin", [2, 4, 6, 9, 12], [9, 12, UNKNOWN, UNKNOWN, UNKNOWN]),
    ],
)
def test_weighted_quantiles_equal_r(interval, lower, upper):
    found = kaplan_meier(**ROWS, weight=WEIGHT).quantile(SHARES, interval=interval)
    np.testing.assert_array_equal(found, [[4, 6, 9, 12, UNKNOWN], lower, upper])


@pytest.mark.parametrize(
    ("interval", "lower", "upper"),
    [
        # quantile(survfit(Surv(t, e) ~ 1, conf.type = interval, conf.int = .8), SHARES)
        ("plain", [2, 4, 6, 9, 12], [6, 9, 12, UNKNOWN, UNKNOWN]),
        ("log", [2, 4, 9, 9, 12], [9, 9, UNKNOWN, UNKNOWN, UNKNOWN]),
    ],
)
def test_quantiles_at_another_level_equal_r(interval, lower, upper):
    found = kaplan_meier(**ROWS).quantile(SHARES, interval=interval, level=0.8)
    np.testing.assert_array_equal(found, [[3, 6, 9, 12, UNKNOWN], lower, upper])


def test_a_share_reached_but_for_rounding_is_reached():
    assert quantile_of([1, 3], [0.5 + 1e-12, 0.5 - 1e-12], 0.5).tolist() == [2]
    assert quantile_of([1, 3], [0.5 + 1e-6, 0.2], 0.5).tolist() == [3]


def test_a_quantile_outside_the_shares_is_refused():
    for p in (-0.1, 1.1, np.nan):
        with pytest.raises(PredictionError, match=r"\[Q04\].*outside 0 to 1"):
            quantile_of([1, 3], [0.5, 0.2], p)


def test_areas_by_hand():
    curves = np.array([[0.5, 0.25], [1.0, 0.0]])
    np.testing.assert_allclose(restricted_mean_of([1, 3], curves, 5), [1 + 1 + 0.5, 3])
    np.testing.assert_allclose(restricted_mean_of([1, 3], curves, 2), [1.5, 2])
    np.testing.assert_allclose(restricted_mean_of([1, 3], curves[0], 0.5), 0.5)
    np.testing.assert_allclose(restricted_mean_of([], np.empty((2, 0)), 4), [4, 4])


@given(SEEDS)
def test_quantiles_are_the_first_time_at_which_the_curve_has_fallen_enough(seed):
    curve = kaplan_meier(**coarse_rows(seed))
    shares = np.array([0.137, 0.419, 0.733])
    for share, found in zip(shares, curve.quantile(shares)[0], strict=True):
        reached = curve.time[curve.survival <= 1 - share]
        assert np.isnan(found) if not len(reached) else found == reached[0]


@given(SEEDS)
def test_the_area_of_a_mixture_is_the_mixture_of_areas(seed):
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.random(12))
    curves = np.sort(draw.random((3, 12)), axis=1)[:, ::-1]
    share = draw.dirichlet(np.ones(3))
    for tau in (0.01, times[5], times[-1] + 1):
        areas = restricted_mean_of(times, curves, tau)
        np.testing.assert_allclose(restricted_mean_of(times, share @ curves, tau), share @ areas, rtol=1e-12)
        assert (areas <= tau + 1e-12).all()
