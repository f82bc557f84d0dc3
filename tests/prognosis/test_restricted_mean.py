"""Restricted mean survival: by hand, R's numbers, the jackknife's definition, contrasts, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from cohorts.errors import FitError, PredictionError
from prognosis.curves import (
    RestrictedMean,
    compare_restricted_means,
    kaplan_meier,
    restricted_mean,
)
from tests.prognosis.curve_rows import SEEDS, TINY, coarse_rows, jackknife_by_differences, late_mgus2

ARGUMENTS = {"time": TINY["time"], "event": TINY["status"]}


def test_six_rows_by_hand():
    found = restricted_mean(**ARGUMENTS, tau=9)
    np.testing.assert_allclose(found.mean, 1 + 5 * 5 / 6 + 3 * 5 / 12, rtol=1e-15)
    np.testing.assert_allclose(found.std_err**2, (65 / 12) ** 2 / 30 + (5 / 4) ** 2 / 4, rtol=1e-14)
    low, high = found.limits(0.9)
    np.testing.assert_allclose([low, high], found.mean + np.array([-1, 1]) * 1.6448536269514722 * found.std_err)
    # Between two events, and where the curve is still 1.
    np.testing.assert_allclose(restricted_mean(**ARGUMENTS, tau=3).mean, 1 + 2 * 5 / 6, rtol=1e-15)
    assert restricted_mean(**ARGUMENTS, tau=0.5) == RestrictedMean(0.5, 0.0, 0.5)


def test_a_curve_that_reached_zero_has_a_mean_up_to_any_time():
    assert restricted_mean(**ARGUMENTS, tau=50).mean == restricted_mean(**ARGUMENTS, tau=9).mean


def test_weights_and_delayed_entry_equal_r():
    # f <- survfit(Surv(late, etime, e) ~ 1, m, weights = w); summary(f, rmean = 120)$table[5:6]
    m = late_mgus2()
    rows = {"time": m["etime"], "event": m["e"], "entry": m["late"], "weight": m["w"], "tau": 120}
    found = restricted_mean(**rows)
    np.testing.assert_allclose([found.mean, found.std_err], [71.6502273279529, 1.6745428374782], rtol=1e-13)
    # In R: r <- residuals(f, times = 120, type = "rmst", weighted = TRUE); sqrt(sum(r^2))
    np.testing.assert_allclose(restricted_mean(**rows, robust=True).std_err, 1.5988503761105, rtol=1e-12)


def test_robust_error_is_the_slope_in_the_weights():
    rows = coarse_rows(8)

    def mean(weight):
        return restricted_mean(**{**rows, "weight": weight}, tau=7).mean

    ours = restricted_mean(**rows, tau=7, robust=True).std_err
    np.testing.assert_allclose(ours, jackknife_by_differences(mean, rows["weight"]), rtol=1e-8)


def test_without_censoring_it_is_a_plain_mean():
    time = np.random.default_rng(1).integers(1, 30, 80).astype(float)
    found = restricted_mean(time, np.ones(80), 20, robust=True)
    capped = np.minimum(time, 20)
    np.testing.assert_allclose([found.mean, found.std_err], [capped.mean(), capped.std() / np.sqrt(80)], rtol=1e-12)


@given(SEEDS)
def test_it_is_the_area_of_the_curve(seed):
    rows = coarse_rows(seed)
    curve, fine = kaplan_meier(**rows), np.arange(0, 8, 0.25)
    np.testing.assert_allclose(restricted_mean(**rows, tau=8).mean, curve.at(fine).sum() * 0.25, rtol=1e-12)
    means = [restricted_mean(**rows, tau=tau) for tau in (2, 4, 8)]
    assert means[0].mean < means[1].mean < means[2].mean
    assert means[0].std_err <= means[1].std_err <= means[2].std_err


def test_contrast_of_the_sexes_in_lung(golden_data):
    # summary(survfit(Surv(time, dead) ~ sex, lung), rmean = 730)$table: 311.1178 (19.3017), 434.7052 (27.2476)
    lung = golden_data("lung")
    means = restricted_mean(lung["time"], lung["dead"], 730, group=lung["sex"])
    contrast = compare_restricted_means(means[2], means[1])
    one, two, z = (434.70520802665, 27.247595321865), (311.11776589901, 19.301718793631), 1.959963984540054
    spread = np.hypot(one[1], two[1])
    np.testing.assert_allclose(contrast.difference, one[0] - two[0], rtol=1e-12)
    np.testing.assert_allclose(contrast.difference_limits, one[0] - two[0] + z * spread * np.array([-1, 1]))
    np.testing.assert_allclose(contrast.difference_p, math.erfc((one[0] - two[0]) / spread / math.sqrt(2)), rtol=1e-9)
    log_spread = np.hypot(one[1] / one[0], two[1] / two[0])
    np.testing.assert_allclose(contrast.std_err_log_ratio, log_spread, rtol=1e-11)
    np.testing.assert_allclose(contrast.ratio_limits, one[0] / two[0] * np.exp(z * log_spread * np.array([-1, 1])))
    assert contrast.ratio > 1
    assert 0 < contrast.ratio_p < 0.001
    swapped = compare_restricted_means(means[1], means[2])
    np.testing.assert_allclose([swapped.difference, swapped.ratio], [-contrast.difference, 1 / contrast.ratio])
    np.testing.assert_allclose(swapped.difference_p, contrast.difference_p)


@pytest.mark.parametrize("tau", [0, -1, np.nan, 11])
def test_a_tau_outside_the_follow_up_is_refused(tau):
    with pytest.raises(PredictionError, match=r"\[Q05\].*not within the follow-up, which ends at 10 \(b\).*\(0, 10\]"):
        restricted_mean([3, 4, 10, 12], [1, 1, 0, 1], tau, group=["b", "b", "b", "c"])


def test_contrasts_that_are_refused():
    with pytest.raises(FitError, match=r"\[Q05\].*up to 5 and 6"):
        compare_restricted_means(RestrictedMean(4, 1, 5), RestrictedMean(4, 1, 6))
    with pytest.raises(FitError, match=r"\[Q07\].*no event in either group by 5"):
        compare_restricted_means(RestrictedMean(5, 0, 5), RestrictedMean(5, 0, 5))
    with pytest.raises(FitError, match=r"\[Q04\].*level=2"):
        compare_restricted_means(RestrictedMean(4, 1, 5), RestrictedMean(4, 1, 5), level=2)
