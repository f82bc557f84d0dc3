"""R's pretty(): values printed by R 4.2.2, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nomograms.pretty import multiples, pretty, pretty_unit

BY_R = [
    (24, 96, 10, [20, 30, 40, 50, 60, 70, 80, 90, 100]),
    (5.7, 18.9, 10, list(range(5, 20))),
    (0.4, 22, 10, list(range(0, 23, 2))),
    (0, 3, 10, [0, 0.5, 1, 1.5, 2, 2.5, 3]),
    (0, 160, 10, list(range(0, 161, 20))),
    (0, 182, 10, list(range(0, 201, 20))),
    (-2.9, 2.31, 10, [-3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5]),
    (0.11, 0.12, 10, [0.11, 0.111, 0.112, 0.113, 0.114, 0.115, 0.116, 0.117, 0.118, 0.119, 0.12]),
    (1, 1, 10, [0.6, 0.8, 1, 1.2]),
    (0, 0, 10, [-0.4, -0.2, 0, 0.2]),
    (-3, -1, 10, [-3, -2.8, -2.6, -2.4, -2.2, -2, -1.8, -1.6, -1.4, -1.2, -1]),
    (1e-12, 2e-12, 5, [1e-12, 1.2e-12, 1.4e-12, 1.6e-12, 1.8e-12, 2e-12]),
    (1e6, 1e6 + 1, 10, [1e6 + tenth / 10 for tenth in range(11)]),
    (21, 80, 10, list(range(20, 81, 5))),
    (0.2, 0.967, 10, [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    (1234.5, 98765.4, 7, [10000.0 * step for step in range(11)]),
    (-1e-3, 1e-3, 4, [-1e-3, -5e-4, 0, 5e-4, 1e-3]),
    (100, 100, 5, [80, 100]),
    (-5, 5, 3, [-5, 0, 5]),
    (0, 1, 1, [0, 1]),
]


@pytest.mark.parametrize(("lower", "upper", "n", "expected"), BY_R)
def test_values_of_r(lower, upper, n, expected):
    np.testing.assert_allclose(pretty(lower, upper, n), expected, rtol=1e-13, atol=1e-300)


def test_ticks_are_the_floats_nearest_to_the_decimals():
    assert pretty(0.2, 0.967).tolist() == [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_the_unit_is_one_two_or_five():
    assert pretty_unit(0, 98) == (1, 1, 0, 10)
    assert pretty_unit(0, 182) == (2, 1, 0, 10)
    assert pretty_unit(21, 80) == (5, 0, 4, 16)


def test_multiples_on_both_sides_of_one():
    assert multiples(range(-1, 3), 3, -1).tolist() == [-0.3, 0.0, 0.3, 0.6]
    assert multiples(range(2), 2, 2).tolist() == [0.0, 200.0]


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 40))
def test_covers_the_range_evenly_with_about_n_intervals(lower, width, n):
    values = pretty(lower, lower + width, n)
    step = values[1] - values[0]
    slack = 1e-9 * max(step, abs(lower))
    assert values[0] <= lower + slack
    assert values[-1] >= lower + width - slack
    np.testing.assert_allclose(np.diff(values), step, atol=slack)
    assert n // 3 <= len(values) - 1 <= 2.5 * n + 2
