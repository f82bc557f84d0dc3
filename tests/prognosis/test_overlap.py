"""Means over rounds that share patients: the published ten rounds again, and closed forms; the mean of ROC curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import PredictionError
from prognosis.metrics.classification import Proportion
from prognosis.metrics.roc import roc_auc, roc_curve
from prognosis.metrics.roc_mean import mean_roc
from prognosis.validation.overlap import overlap_corrected

# Prog Mod Biomed 2021;21(15):2843, Table 3: areas as printed; TP of 72 malignant, TN of 32 benign films by the rates.
AREAS = [0.63, 0.63, 0.58, 0.69, 0.55, 0.63, 0.54, 0.57, 0.73, 0.63]
RIGHT = [(72, 0), (67, 7), (71, 1), (51, 21), (68, 7), (63, 10), (70, 5), (70, 5), (65, 11), (65, 11)]


def test_the_published_rounds_do_not_tell_the_area_from_chance():
    found = overlap_corrected(AREAS, tested=104, trained=156, null=0.5, bounds=(0, 1))
    assert found.mean == pytest.approx(0.618, abs=1e-12)
    assert (round(found.lower, 3), round(found.upper, 3)) == (0.498, 0.738)
    assert found.p > 0.05


def test_the_published_accuracy_is_not_better_than_the_commoner_side():
    gains = [(tp + tn - 72) / 104 for tp, tn in RIGHT]
    found = overlap_corrected(gains, tested=104, trained=156)
    assert found.mean == pytest.approx((662 + 78 - 720) / 1040)
    assert found.p == pytest.approx(0.196, abs=0.001)
    assert found.lower < 0 < found.upper


def test_closed_form_of_three_rounds():
    found = overlap_corrected([0.5, 0.6, 0.7], tested=1, trained=2)
    error = 0.1 * np.sqrt(1 / 3 + 1 / 2)
    assert (found.mean, found.sd, found.std_err) == pytest.approx((0.6, 0.1, error))
    # t with 2 degrees of freedom at .975
    assert found.upper - found.mean == pytest.approx(4.302652729911275 * error)
    assert found.rounds == 3


def test_rounds_without_a_value_are_left_out_and_limits_are_cut():
    found = overlap_corrected([0.98, np.nan, 1.0, 0.97], tested=104, trained=416, bounds=(0, 1))
    assert (found.rounds, found.upper) == (3, 1.0)


@pytest.mark.parametrize("values", [[0.7], [0.7] * 5, [0.1 + 0.2, 0.3, 0.3], [np.nan, 0.4]])
def test_without_spread_there_is_no_interval_and_no_p(values):
    found = overlap_corrected(values, tested=1, trained=1)
    assert np.isnan([found.std_err, found.lower, found.upper, found.p]).all()
    assert found.mean == pytest.approx(np.nanmean(values))


def test_a_round_that_trains_on_nobody_is_refused():
    with pytest.raises(PredictionError, match="V01"):
        overlap_corrected([0.5, 0.6], tested=4, trained=0)


@given(st.integers(0, 40), st.integers(1, 40), st.integers(1, 6))
def test_decisions_that_repeat_make_no_limit_narrower(count, rest, times):
    once = Proportion(count, count + rest)
    assert Proportion(times * count, times * (count + rest)).limits(times=times) == pytest.approx(once.limits())


markers = st.lists(st.integers(0, 6), min_size=8, max_size=8)


@given(st.lists(markers, min_size=1, max_size=4))
def test_the_area_below_the_mean_curve_is_the_mean_area(rounds):
    event = np.array([1, 0, 1, 0, 0, 1, 1, 0])
    x, y = mean_roc([roc_curve(event, np.array(marker, float)) for marker in rounds])
    area = float(np.trapezoid(y, x))
    assert area == pytest.approx(np.mean([roc_auc(event, np.array(marker, float)).estimate[0] for marker in rounds]))
    assert (np.diff(x) >= 0).all()
    assert (np.diff(y) >= -1e-12).all()
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
