"""Aggregates of the training cohort: quantiles as R's type 7, Kaplan-Meier as survfit, medians at exactly one half."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis.curves.observed import observe
from prognosis.profile import LevelProfile, NumericProfile, profile_from_dict, profile_of, profile_to_dict


def test_numbers_and_levels():
    frame = pd.DataFrame(
        {"x": np.arange(1.0, 102.0), "few": np.tile([0.0, 1.0, 2.0], 34)[:101],
         "g": pd.Categorical(["b"] * 60 + ["a"] * 41, categories=["a", "b"])}
    )  # fmt: skip
    profile = profile_of(frame)
    x, few, g = profile["x"], profile["few"], profile["g"]
    assert isinstance(x, NumericProfile)
    assert (x.minimum, x.p1, x.p25, x.median, x.p99, x.maximum) == (1.0, 2.0, 26.0, 51.0, 100.0, 101.0)
    assert x.values == ()
    assert sum(x.density) == pytest.approx(1.0)
    assert len(x.edges) == len(x.density) + 1
    assert isinstance(few, NumericProfile)
    assert few.values == (0.0, 1.0, 2.0)
    assert isinstance(g, LevelProfile)
    assert (g.levels, g.mode) == (("a", "b"), "b")
    assert g.shares == pytest.approx((41 / 101, 60 / 101))


def test_stored_and_restored():
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0], "g": pd.Categorical(["a", "b", "a"], categories=["a", "b"])})
    profile = profile_of(frame)
    assert profile_from_dict(json.loads(json.dumps(profile_to_dict(profile)))) == profile


@pytest.mark.parametrize(("name", "entry"), [("km_lung_all", None), ("km_heart_lefttrunc", "start")])
def test_kaplan_meier_equals_survfit(golden, golden_data, name, entry):
    r = golden(name)
    data = golden_data("lung" if "lung" in name else "heart")
    rows = [data] if entry is None else [data[data["transplant"].astype(str) == level] for level in ("0", "1")]
    offset = 0
    for part in rows:
        time = part["time" if entry is None else "stop"].to_numpy(float)
        event = part["dead" if entry is None else "event"].to_numpy() == 1
        curve = observe(time, event, None if entry is None else part[entry].to_numpy(float))
        size = len(curve.time)
        expected = {key: np.array(r["curve"][key][offset : offset + size]) for key in ("time", "surv", "n_risk")}
        np.testing.assert_allclose(curve.time, expected["time"])
        np.testing.assert_allclose(curve.survival, expected["surv"], atol=1e-12)
        np.testing.assert_allclose(curve.at_risk, expected["n_risk"])
        offset += size
    assert offset == len(r["curve"]["time"])


def test_by_hand():
    curve = observe(np.array([1.0, 2.0, 2.0, 3.0, 5.0]), np.array([True, True, False, False, True]))
    np.testing.assert_allclose(curve.survival, [0.8, 0.6, 0.6, 0.0])
    np.testing.assert_allclose(curve.at_risk, [5, 4, 2, 1])
    assert [curve.at(t) for t in (0.5, 1.0, 4.9, 5.0, 9.0)] == pytest.approx([1.0, 0.8, 0.6, 0.0, 0.0])
    assert [curve.number_at_risk(t) for t in (0.0, 2.0, 4.0, 6.0)] == [5, 4, 1, 0]


def test_the_median_at_exactly_one_half_is_the_midpoint_as_survfit_prints_it():
    """R: survfit(Surv(1:4, rep(1, 4)) ~ 1) has the median 2.5."""
    assert observe(np.arange(1.0, 5.0), np.ones(4, bool)).median == 2.5
    assert observe(np.arange(1.0, 4.0), np.ones(3, bool)).median == 2.0
    assert observe(np.arange(1.0, 4.0), np.array([True, False, False])).median is None


def test_median_follow_up_is_the_reverse_curve_with_events_leaving_first():
    """Event and censoring tied at 2: the event leaves first, so one of the three left is censored."""
    curve = observe(np.array([2.0, 2.0, 3.0, 4.0]), np.array([True, False, False, False]))
    assert curve.median_follow_up == 3.0
    assert observe(np.array([1.0, 2.0]), np.ones(2, bool)).median_follow_up is None


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=40))
def test_law_a_curve_falls_from_one_and_stays_a_probability(rows):
    time, event = (np.array(column) for column in zip(*rows, strict=True))
    curve = observe(time.astype(float), event)
    assert (np.diff(np.concatenate([[1.0], curve.survival])) <= 1e-15).all()
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
    assert (np.diff(curve.at_risk) < 0).all()


def test_case_weights_equal_survfit(golden, golden_data):
    r, data = golden("km_gbsg_grade_weighted"), golden_data("gbsg")
    offset = 0
    for grade in ("1", "2", "3"):
        part = data[data["gradef"].astype(str) == grade]
        curve = observe(
            part["rfstime"].to_numpy(float), part["status"].to_numpy() == 1, weight=part["wt"].to_numpy(float)
        )
        expected = r["curve"]["surv"][offset : offset + len(curve.time)]
        np.testing.assert_allclose(curve.survival, expected, atol=1e-12)
        assert curve.at_risk[0] == len(part)  # patients are counted, not weights
        offset += len(curve.time)
    assert offset == len(r["curve"]["time"])
