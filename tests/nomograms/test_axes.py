"""Layout of axes: which ticks are drawn, where curves fold, how short axes and rulers look."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from nomograms import Nomogram
from nomograms.axes import (
    HALVED,
    LONG,
    marks,
    place,
    predictor_strips,
    risk_marks,
    risk_strip,
    ruler_strip,
    turning_points,
)
from nomograms.layout import CLOSEST, LENGTH
from nomograms.points import Axis, points_of
from tests.nomograms.hand_made import hand_made

BETWEEN = "{first} to {last}"


def measure(text):
    return 1.5 * len(text)


def axis_of(shape, values=range(0, 101, 10), fine=range(101)):
    """A continuous axis with given points along its values."""
    points = np.array([shape(float(v)) for v in values])
    return Axis("x", (), tuple(map(float, values)), points, tuple(map(float, fine)),
                np.array([shape(float(v)) for v in fine]), discrete=False)  # fmt: skip


def test_points_in_millimetres():
    assert place(0.0) == 0
    assert place(100.0) == LENGTH
    assert place(np.array([50.0])).tolist() == [LENGTH / 2]


def test_a_wide_axis_gets_all_finer_ticks():
    values, x, main = marks(axis_of(lambda v: v))
    assert len(values) == 101
    assert main.sum() == 11
    assert np.diff(x).min() >= CLOSEST


@pytest.mark.parametrize(("top", "step"), [(100, 1), (50, 2), (20, 5), (5, 10)])
def test_finer_ticks_are_round_parts_that_can_be_told_apart(top, step):
    values, x, _ = marks(axis_of(lambda v: v * top / 100))
    np.testing.assert_allclose(np.diff(values), step)
    assert np.diff(x).min() >= HALVED * CLOSEST


def test_ticks_that_crowd_together_are_left_out_but_not_the_ends():
    values, x, _ = marks(axis_of(lambda v: v * 1.5 / 100))
    assert (values[0], values[-1]) == (0, 100)
    assert 2 <= len(values) < 11
    assert np.diff(x).min() >= HALVED * CLOSEST


def test_the_turn_of_a_curve_has_a_tick():
    """A reader could not find values near 43 by proportion between 40 and 50."""
    values, x, main = marks(axis_of(lambda v: abs(v - 43)))
    turn = values.index(43.0)
    assert x[turn] == 0
    assert main[turn]


def test_a_tick_after_a_turn_does_not_compete_with_one_before_it():
    """45 and 55 stand at the same place, one below the line and one above."""
    values, _, _ = marks(axis_of(lambda v: abs(v - 50)))
    assert {40.0, 45.0, 55.0, 60.0} < set(values)


def test_a_stretched_part_gets_finer_ticks_than_the_rest():
    values, x, _ = marks(axis_of(lambda v: 80 * min(v, 10) / 10 + 20 * max(v - 10, 0) / 90))
    steps = dict(zip(values[:-1], np.diff(values), strict=True))
    assert steps[0.0] == 1
    assert steps[50.0] >= 5
    assert np.diff(x).min() >= HALVED * CLOSEST


def test_a_bend_inside_an_interval_gets_single_ticks():
    """From 10 to 20 nearly all of the way is made before 14: no even division can be told apart, 12 can."""
    values, _, _ = marks(axis_of(lambda v: np.interp(v, [0, 10, 14, 20, 100], [0, 5, 15, 15.2, 40])))
    assert [value for value in values if 10 <= value <= 20] == [10, 11, 12, 13, 20]


def test_half_an_interval_is_marked_where_a_curve_bends():
    """80 to 100: 90 stands half a millimetre before the end, and 10 mm after the start."""
    values, _, _ = marks(
        axis_of(lambda v: np.interp(v, [0, 80, 90, 100], [0, 20, 28.4, 28.85]), range(0, 101, 20), range(0, 101, 10))
    )
    assert 90.0 in values


def test_turning_points_ignore_waves_that_cannot_be_seen():
    assert turning_points(np.array([0.0, 5, 10])) == []
    assert turning_points(np.array([0.0, 5, 4.8, 10])) == []
    assert turning_points(np.array([0.0, 5, 2, 10])) == [1, 2]
    assert turning_points(np.array([0.0, 0.1, 0, -5, 1])) == [3]
    assert turning_points(np.array([3.0, 3, 3])) == []


def test_a_fold_is_written_above_the_line_and_a_second_one_gets_a_line():
    once = predictor_strips(axis_of(lambda v: abs(v - 40)), measure, BETWEEN)
    assert len(once) == 1
    assert {label.text for label in once[0].labels if not label.up} >= {"0", "20"}
    assert {label.text for label in once[0].labels if label.up} >= {"60", "100"}
    twice = predictor_strips(axis_of(lambda v: 50 + 50 * np.cos(v / 100 * 3 * np.pi)), measure, BETWEEN)
    assert len(twice) == 2
    assert twice[0].last == pytest.approx(67, abs=1)
    assert not any(tick.up for tick in twice[1].ticks)
    assert {label.text for label in twice[1].labels} >= {"67", "100"}


def test_an_axis_too_short_to_read_names_its_range():
    (strip,) = predictor_strips(axis_of(lambda v: v * 0.06 / 100), measure, BETWEEN)
    assert [label.text for label in strip.labels] == ["0 to 100"]
    assert strip.end - strip.start < 0.1


def test_levels_are_never_left_out(simple):
    (strip,) = predictor_strips(simple.scale.axes[1], measure, BETWEEN)
    assert [label.text for label in strip.labels] == ["F", "M"]
    assert (strip.start, strip.end) == (0.0, pytest.approx(LENGTH / 4))


def test_discrete_numbers_are_levels():
    frame = pd.DataFrame({"sites": np.resize(np.arange(5.0), 60)})
    (axis,) = points_of(hand_made([0.2], frame, {"sites": {"kind": "numeric"}})).axes
    (strip,) = predictor_strips(axis, measure, BETWEEN)
    assert [label.text for label in strip.labels] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(("largest", "smallest_step"), [(100, 1), (120, 1), (140, 1), (200, 2), (350, 5), (1000, 10)])
def test_rulers_are_divided_into_round_parts(largest, smallest_step):
    strip = ruler_strip(float(largest), measure, up=False)
    values = np.array([tick.x for tick in strip.ticks]) * largest / LENGTH
    np.testing.assert_allclose(np.diff(values), smallest_step, atol=1e-9)
    assert (strip.start, strip.end) == (0.0, LENGTH)
    assert [strip.labels[0].text, strip.labels[-1].text] == ["0", str(largest)]
    assert all(tick.x in [label.x for label in strip.labels] for tick in strip.ticks if tick.length == LONG)


def test_the_points_ruler_is_written_above():
    strip = ruler_strip(100.0, measure, up=True)
    assert all(label.up for label in strip.labels)
    assert all(tick.up for tick in strip.ticks)


def test_risk_ticks_can_be_told_apart_and_labels_do_not_touch(mgus2_model):
    nomogram = Nomogram(mgus2_model)
    end = nomogram.total_ticks[-1]
    for outcome in nomogram.outcomes:
        kept = risk_marks(outcome, end)
        assert np.diff(outcome.total_points[kept] * LENGTH / end).min() >= CLOSEST
        labels = risk_strip(outcome, end, measure).labels
        gaps = [b.x - a.x - (measure(a.text) + measure(b.text)) / 2 for a, b in itertools.pairwise(labels)]
        assert min(gaps) > 0
        assert len(labels) >= 8


def test_most_patients_have_ticks_on_both_sides(mgus2_model, mgus2):
    """rms's default starts at survival 0.9, so that many patients had no tick to read by."""
    nomogram = Nomogram(mgus2_model)
    centre = float(mgus2_model.estimate.means @ mgus2_model.estimate.coefficients)
    fitted = mgus2_model.estimate.linear_predictor(mgus2_model.preparation.design(mgus2.frame)) + centre
    for outcome in nomogram.outcomes:
        risk = mgus2_model.estimate.risk_at(fitted, [outcome.horizon])[:, 0]
        drawn = outcome.risks[risk_marks(outcome, nomogram.total_ticks[-1])]
        assert ((risk >= drawn.min()) & (risk <= drawn.max())).mean() > 0.99
