"""The score table: its numbers by hand, its reading error, and that the print holds what the object does."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from nomograms import Nomogram
from nomograms.caption import caption_of
from nomograms.example import example_of, one_decimal
from nomograms.reading import draw_patients
from nomograms.score_sheet import score_sheet
from nomograms.score_table import GRAINS, Scored
from tests.nomograms.hand_made import hand_made


def width(text):
    return 1.3 * len(text)


@pytest.fixture(scope="module")
def tabled():
    """Age 30 to 80 at 0.04 a year, women 0.5 below men; 50 points a unit; constant hazard of 0.01 a month."""
    return Nomogram(hand_made([0.04, 0.5]), score_table=True)


def test_the_table_by_hand(tabled):
    """A year is 2 points, a man 25; at the means the cumulative hazard by 60 months is 0.6."""
    age, sex = tabled.scores.scored["age"], tabled.scores.scored["sex"]
    assert dict(zip(age.values, age.points, strict=True)) == {30 + 5 * k: 10.0 * k for k in range(11)}
    assert dict(zip(sex.values, sex.points, strict=True)) == {"F": 0.0, "M": 25.0}
    totals = tabled.scores.totals
    assert totals[0] <= 0
    assert totals[-1] >= 120
    log_hazard = totals / 50 + 30 * 0.04 - (55 * 0.04 + 0.5 / 3)
    np.testing.assert_array_equal(tabled.scores.risks[1], np.round(1 - np.exp(-0.6 * np.exp(log_hazard)), 3))


def test_the_error_matches_reading_by_a_second_hand(tabled):
    """Proportions between printed points and risks, each to its last digit, against the model's own risk."""
    sample, (_, step, digits) = draw_patients(tabled.model, "centiles"), GRAINS[1]
    assert np.diff(tabled.scores.totals).max() == step
    man = sample["sex"] == "M"
    total = np.round(2 * (sample["age"] - 30), digits) + 25.0 * man
    centre = 55 * 0.04 + 0.5 / 3

    def risk(total):
        return 1 - np.exp(-0.6 * np.exp(total / 50 + 1.2 - centre))

    below = step * np.floor(total / step)
    ends = np.round(risk(below), 3), np.round(risk(below + step), 3)
    read = np.round(ends[0] + (total - below) / step * (ends[1] - ends[0]), 3)
    apart = np.abs(read - risk(2 * (sample["age"] - 30) + 25.0 * man))
    horizon, largest, mean = tabled.reading_error.by_horizon[1]
    assert (horizon, tabled.reading_error.by) == (60, "score table")
    # a proportion may fall on either side of a digit
    assert largest == pytest.approx(apart.max(), abs=1.01e-3)
    assert mean == pytest.approx(apart.mean(), abs=2e-5)


@pytest.mark.parametrize("fixture", ["mgus2_model", "gbsg_model", "crossed_model", "folded_model"])
def test_the_table_keeps_the_declared_bound_where_the_lines_do_not(fixture, request):
    nomogram = Nomogram(request.getfixturevalue(fixture), score_table=None if fixture != "gbsg_model" else True)
    assert (nomogram.reading_error_of_lines.largest > 0.005) == (fixture != "gbsg_model")
    assert nomogram.reading_error.by == "score table"
    assert nomogram.reading_error.largest <= 0.005
    assert nomogram.findings == ()
    for axis in nomogram.scale.axes:
        scored = nomogram.scores.scored[axis.name]
        read = scored.read(np.array(axis.fine, float) if not axis.discrete else axis.fine)
        assert np.abs(read - axis.fine_points).max() <= GRAINS[0][0] + 0.1
        assert set(scored.values) <= set(axis.fine)
        assert (scored.values[0], scored.values[-1]) == (axis.fine[0], axis.fine[-1])


def test_every_number_of_the_table_is_printed(crossed_model):
    """Also one axis a setting of an interaction, and each column under its head."""
    nomogram = Nomogram(crossed_model, score_table=True)
    printed = score_sheet(nomogram, width)
    assert len(printed.rules) == len(nomogram.scores.scored) + 1
    columns = {}
    for text in sorted(printed.texts, key=lambda each: each.y):
        columns.setdefault(round(text.x, 6), []).append(text.text)
    below = {pair for texts in columns.values() for pair in itertools.pairwise(texts)}
    for scored in nomogram.scores.scored.values():
        for value, points in zip(scored.values, scored.points, strict=True):
            head = value if isinstance(value, str) else f"{value:g}"
            assert (head, f"{points:.{scored.digits}f}") in below
    for total, risk in zip(nomogram.scores.totals, nomogram.scores.risks[0], strict=True):
        assert (f"{total:g}", f"{100 * risk:.1f}" if 0.0005 <= risk <= 0.9995 else ">99.9") in below


def test_a_missed_bound_is_never_silent(mgus2_model):
    """Without the table, and in one column where it is not printed unasked, the error of the lines is said."""
    for nomogram in (Nomogram(mgus2_model, score_table=False), Nomogram(mgus2_model, width=85)):
        assert nomogram.scores is None
        assert nomogram.reading_error is nomogram.reading_error_of_lines
        (finding,) = nomogram.findings
        assert finding.code == "G25"
        assert "score_table=True" in finding.way_out
        assert "more than the declared 0.5" in caption_of(nomogram, example_of(nomogram, None))[-1]
    printed = Nomogram(mgus2_model)
    caption = caption_of(printed, example_of(printed, None))
    assert "between two totals, take proportions" in caption[0]
    told = printed.to_dict()["reading_error"]
    assert (told["by"], told["of_lines"]["by"]) == ("score table", "lines")
    assert told["largest"] <= told["bound"] < told["of_lines"]["largest"]
    assert "In the table" not in caption[-1]
    assert (
        f"in the table, with proportions between its numbers: at most 0.{np.ceil(1000 * told['largest']):.0f}"
        in (caption[-1])
    )


def test_given_patients_are_read_in_the_table(mgus2, mgus2_model):
    nomogram = Nomogram(mgus2_model)
    assert nomogram.reading_error_in(mgus2).by == "score table"
    assert nomogram.reading_error_in(mgus2).mean < nomogram.reading_error_of_lines.mean


def test_reading_between_two_printed_values(simple):
    (axis, _) = simple.scale.axes
    scored = Scored(axis, (30.0, 40.0), np.array([0.0, 20.1]), 1)
    assert scored.read(np.array([33.0])).tolist() == [6.0]
    assert one_decimal(-0.04) == "0.0"
