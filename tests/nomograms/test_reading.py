"""The reading error: its rule by hand, its sample, and that it is what a reader of the ticks would get."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nomograms import Nomogram
from nomograms.axes import marks, risk_marks
from nomograms.layout import LENGTH
from nomograms.outcomes import OutcomeAxis
from nomograms.reading import COMBINATIONS, STEP, draw_patients, read_points, read_risk, to_step
from tests.nomograms.hand_made import hand_made


def test_positions_are_taken_to_half_a_millimetre():
    assert to_step(np.array([0.0, 0.24, 0.26, 10.74, 10.8])).tolist() == [0, 0, 0.5, 10.5, 11.0]


def test_points_are_read_between_ticks_by_hand(simple):
    """Age 61.3 of 30 to 80 lies at 62.6 points or 75.12 mm, read as 75.0 mm: 62.5 points. A man: 25 points, 30 mm."""
    age, sex = simple.scale.groups
    sample = {"age": np.full(COMBINATIONS, 61.3), "sex": np.full(COMBINATIONS, "M", object)}
    assert read_points(age, sample)[0] == pytest.approx(62.5)
    assert read_points(sex, sample)[0] == pytest.approx(25.0)


def test_risk_is_read_between_ticks_by_hand():
    """Ticks of 10 % at 40 and 20 % at 60 points of 120: 55 points are 55 mm, three quarters of the way."""
    outcome = OutcomeAxis(60.0, np.array([0.1, 0.2]), np.array([40.0, 60.0]), np.array([0, 0]))
    read = read_risk(outcome, np.array([55.0, 55.2, 40.0, 200.0]), 120.0)
    np.testing.assert_allclose(read, [0.175, 0.175, 0.1, 0.2])


def test_the_sample_is_a_latin_hypercube_of_the_profile():
    """Each twentieth of the distribution is drawn equally often; levels in their shares; the same every time."""
    model = hand_made([0.04, 0.5])
    sample = draw_patients(model, "rms")
    counts, _ = np.histogram(sample["age"], bins=model.profile["age"].edges)
    np.testing.assert_allclose(counts / COMBINATIONS, model.profile["age"].density, atol=1 / COMBINATIONS)
    assert (sample["sex"] == "M").mean() == pytest.approx(1 / 3, abs=1 / COMBINATIONS)
    again = draw_patients(model, "rms")
    assert all((sample[name] == again[name]).all() for name in sample)
    assert abs(np.corrcoef(sample["age"], sample["sex"] == "M")[0, 1]) < 0.1


def test_the_sample_stays_on_the_drawn_axes_and_on_existing_values():
    frame = pd.DataFrame(
        {"creat": np.concatenate([np.linspace(0.5, 2.5, 99), [22.0]]), "sites": np.resize(np.arange(4.0), 100)}
    )
    model = hand_made([1.0, 0.2], frame, {"creat": {"kind": "numeric"}, "sites": {"kind": "numeric"}})
    sample = draw_patients(model, "centiles")
    assert sample["creat"].max() <= 3
    assert set(sample["sites"]) == {0.0, 1.0, 2.0, 3.0}
    assert draw_patients(model, "rms")["creat"].max() > 20


@pytest.mark.parametrize("fixture", ["mgus2_model", "gbsg_model", "crossed_model", "folded_model"])
def test_reading_each_axis_is_within_half_a_step_and_the_bend_between_ticks(fixture, request):
    """Points are off by at most a quarter of a millimetre plus what a curve bends between two drawn ticks."""
    model = request.getfixturevalue(fixture)
    nomogram = Nomogram(model)
    for axis in nomogram.scale.axes:
        if not axis.discrete:
            values, x, _ = marks(axis)
            exact = np.array(axis.fine_points) * LENGTH / 100
            read = to_step(np.interp(np.array(axis.fine, float), np.array(values, float), x))
            bend = np.abs(np.interp(np.array(axis.fine, float), np.array(values, float), x) - exact).max()
            assert np.abs(read - exact).max() <= STEP / 2 + bend + 1e-9
            assert bend < 1


def test_the_error_of_a_straight_model_is_that_of_the_eye(simple):
    """Two predictors, a total and a risk, each read to a quarter of a millimetre: far below one percentage point."""
    error = simple.reading_error
    assert 0 < error.mean < error.largest < 0.015
    assert [row[0] for row in error.by_horizon] == [12.0, 60.0]
    assert error.largest == max(row[1] for row in error.by_horizon)
    assert error.mean == pytest.approx(np.mean([row[2] for row in error.by_horizon]))


def test_the_error_matches_reading_by_a_second_hand(simple):
    """The whole rule in closed form: a year is 2 points or 2.4 mm, a man 30 mm; constant hazard of 0.01 a month."""
    sample = draw_patients(simple.model, "rms")
    man = sample["sex"] == "M"
    linear_predictor = 0.04 * sample["age"] + 0.5 * man - (55 * 0.04 + 0.5 / 3)
    exact = 1 - np.exp(-0.6 * np.exp(linear_predictor))
    millimetres = np.round(2 * 2.4 * (sample["age"] - 30)) / 2 + 30.0 * man
    end, outcome = simple.total_ticks[-1], simple.outcomes[1]
    down = np.round(2 * millimetres * 100 / end) / 2
    drawn = risk_marks(outcome, end)
    read = np.interp(down, outcome.total_points[drawn] * LENGTH / end, outcome.risks[drawn])
    horizon, largest, mean = simple.reading_error.by_horizon[1]
    assert horizon == 60
    assert largest == pytest.approx(np.abs(read - exact).max(), abs=1e-9)
    assert mean == pytest.approx(np.abs(read - exact).mean(), abs=1e-5)


def test_a_coarser_figure_reads_worse(mgus2_model):
    """Full ranges squeeze the axes of most patients; the 1st to 99th centile reads better."""
    usual, full = Nomogram(mgus2_model), Nomogram(mgus2_model, limits="rms")
    assert usual.reading_error_of_lines.mean < full.reading_error_of_lines.mean


def test_plain_values(simple):
    told = simple.reading_error.to_dict()
    assert told["combinations"] == 2000
    assert told["step_mm"] == 0.5
    assert [row["horizon"] for row in told["by_horizon"]] == [12.0, 60.0]
