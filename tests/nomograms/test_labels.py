"""Labels never touch one another, however wide they are; what cannot be left out is moved, then broken."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomograms.labels import GAP, Label, broken_to, level_labels, number_labels, roundness, spread, thinned

LOWER, UPPER = -4.0, 124.0


def measure(text):
    """Every character 1.5 mm wide."""
    return 1.5 * len(text)


def free_space(labels):
    """Smallest gap between neighbours on one side of the line."""
    gaps = [np.inf]
    for up in (False, True):
        boxes = sorted(
            (label.x, max(measure(line) for line in label.text.split("\n"))) for label in labels if label.up == up
        )
        gaps += [b[0] - b[1] / 2 - a[0] - a[1] / 2 for a, b in itertools.pairwise(boxes)]
    return min(gaps)


def numbers(values, x, main=None, up=None):
    values, x = np.asarray(values, float), np.asarray(x, float)
    main = np.ones(len(x), bool) if main is None else main
    return number_labels(values, x, main, np.zeros(len(x), bool) if up is None else up, measure)


def test_an_even_axis_with_room_gets_every_number():
    labels = numbers(range(0, 101, 10), np.linspace(0, 120, 11))
    assert [label.text for label in labels] == [str(value) for value in range(0, 101, 10)]
    assert all(label.x == label.anchor for label in labels)


@pytest.mark.parametrize(
    ("length", "expected"),
    [(60, list(range(5, 20))), (30, [6, 8, 10, 12, 14, 16, 18]), (12, [5, 10, 19]), (4, [5, 19])],
)
def test_an_even_axis_is_thinned_evenly_while_enough_is_left(length, expected):
    """5 to 19: every number, every second; with room for three or two, both ends and what is roundest."""
    labels = numbers(range(5, 20), np.linspace(0, length, 15))
    assert [float(label.text) for label in labels] == expected


def test_an_uneven_axis_keeps_both_ends_and_the_roundest():
    x = [0, 40, 50, 54, 56, 57, 57.5, 60]
    labels = numbers([0, 2, 4, 6, 8, 10, 12, 14], x)
    assert [label.text for label in labels] == ["0", "2", "4", "6", "14"]


def test_finer_values_are_written_where_the_grid_is_wide():
    values, x = [0, 0.5, 1, 1.5, 2, 4, 6], [0, 10, 20, 27, 34, 36.5, 39.5]
    labels = numbers(values, x, np.array([True, False, False, False, True, True, True]))
    assert [label.text for label in labels] == ["0", "0.5", "1", "1.5", "2", "4", "6"]


def test_two_sides_do_not_compete():
    x = np.array([0.0, 1.0, 2.0, 3.0])
    labels = numbers([10, 20, 30, 41], x * 4, up=np.array([False, True, False, True]))
    assert len(labels) == 4


def test_roundness_by_hand():
    """100 before 50, 20 and 10; zero is the roundest of all."""
    ranks = roundness(np.array([0.0, 5, 10, 20, 50, 100, 7]))
    assert ranks[0] <= ranks[5] < ranks[4] < ranks[3] < ranks[2] < ranks[1] < ranks[6]


def test_thinning_takes_low_ranks_first_and_negative_ones_never():
    x, widths = np.array([0.0, 2.0, 4.0, 30.0]), np.full(4, 3.0)
    kept = thinned(x, widths, np.array([1, 0, 1, -1]), np.zeros(4, bool))
    assert kept.tolist() == [1]


def test_levels_with_room_stand_below_their_ticks():
    labels = level_labels(["F", "M"], np.array([0.0, 12.0]), measure, LOWER, UPPER)
    assert labels == (Label("F", 0.0, 0.0), Label("M", 12.0, 12.0))
    assert not any(label.is_moved for label in labels)


def test_levels_that_are_close_are_written_by_turns_on_both_sides():
    labels = level_labels(["very good", "adequate", "very poor"], np.array([10.0, 18.0, 26.0]), measure, LOWER, UPPER)
    assert [label.up for label in labels] == [False, True, False]
    assert [label.x for label in labels] == [10.0, 18.0, 26.0]


def test_levels_that_coincide_are_moved_apart_with_leaders():
    names = ["upper limb", "lower limb", "pelvis", "spine", "skull", "ribs"]
    labels = level_labels(names, np.full(6, 50.0), measure, LOWER, UPPER)
    assert [label.text for label in labels] == names
    assert free_space(labels) >= GAP - 1e-9
    assert any(label.is_moved for label in labels)
    assert {label.anchor for label in labels} == {50.0}


def test_levels_too_long_for_their_share_are_broken():
    names = [f"a very long name of category number {place}" for place in range(8)]
    labels = level_labels(names, np.linspace(0, 10, 8), measure, LOWER, UPPER)
    assert all(label.lines > 1 for label in labels)
    assert [label.text.replace("\n", " ") for label in labels] == names
    assert free_space(labels) >= GAP - 1e-9


def test_levels_that_can_never_fit_say_so():
    with pytest.raises(ValueError, match="200 labels do not fit"):
        level_labels(["x"] * 200, np.linspace(0, 100, 200), measure, LOWER, UPPER)


names = st.lists(st.text("abcdefgh ", min_size=1, max_size=40), min_size=1, max_size=12)


@given(names, st.data())
def test_no_level_is_lost_and_none_touches_another(texts, data):
    x = np.array(data.draw(st.lists(st.floats(0, 120), min_size=len(texts), max_size=len(texts))))
    labels = level_labels(texts, x, measure, LOWER, UPPER)
    assert [label.anchor for label in labels] == x.tolist()
    assert ["".join(label.text.split()) for label in labels] == ["".join(text.split()) for text in texts]
    assert free_space(labels) >= GAP - 1e-9


@given(st.lists(st.floats(0, 120), min_size=2, max_size=30, unique=True))
def test_no_number_touches_another(x):
    labels = numbers(np.arange(len(x)), np.sort(x))
    assert len(labels) >= 1
    assert free_space(labels) >= GAP - 1e-9


def test_spreading_by_hand():
    """Two labels 4 mm wide on one spot move half of 4.9 mm each way; at the edge both move inwards."""
    width = np.full(2, 4.0)
    np.testing.assert_allclose(spread(np.array([50.0, 50.0]), width, 0, 100), [47.55, 52.45])
    np.testing.assert_allclose(spread(np.array([0.0, 0.0]), width, 0, 100), [2.0, 6.9])
    assert np.isnan(spread(np.array([0.0, 0.0]), width, 0, 8)).all()
    assert spread(np.array([]), np.array([]), 0, 1).size == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.5, 8)), min_size=1, max_size=10))
def test_spreading_keeps_order_and_bounds(items):
    x, widths = np.array(sorted(item[0] for item in items)), np.array([item[1] for item in items])
    moved = spread(x, widths, -50, 150)
    assert (np.diff(moved) >= (widths[:-1] + widths[1:]) / 2 + GAP - 1e-9).all()
    assert moved[0] - widths[0] / 2 >= -50 - 1e-9
    assert moved[-1] + widths[-1] / 2 <= 150 + 1e-9
    if (np.diff(x) >= (widths[:-1] + widths[1:]) / 2 + GAP).all():
        np.testing.assert_allclose(moved, x, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", 30, ["one two three"]),
        ("one two three", 11, ["one two", "three"]),
        ("incomprehensible", 9, ["incomp", "rehens", "ible"]),
        ("诊断年龄和性别", 6, ["诊断年龄", "和性别"]),
        ("甲，乙。", 3, ["甲，", "乙。"]),
        ("60\u00a0months, or more", 15, ["60\u00a0months,", "or more"]),
    ],
)
def test_breaking_lines(text, width, lines):
    assert broken_to(text, width, measure).split("\n") == lines


def test_a_letter_wider_than_the_column_still_ends():
    assert broken_to("ab", 1.0, measure) == "a\nb"


def test_no_value_is_written_past_a_rounder_one_that_had_no_room():
    """0.3 would touch 0.2; 0.34 would not, and says less."""
    x = np.array([0.0, 20.0, 24.0, 26.0, 60.0])
    widths = np.array([3.0, 4.5, 4.5, 5.5, 4.5])
    rank = np.array([0, 0, 1, 2, 0])
    assert thinned(x, widths, rank, np.zeros(5, bool)).tolist() == [0, 1, 4]
    assert thinned(x, np.where(rank == 2, 4.5, widths), rank, np.zeros(5, bool)).tolist() == [0, 1, 3, 4]
