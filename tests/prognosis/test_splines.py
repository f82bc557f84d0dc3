"""Restricted cubic splines against Hmisc: basis to 1e-12, default knots with their rules for ties and few rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.splines import default_knots, given_knots, spline_basis


@pytest.mark.parametrize("count", [3, 4, 5])
def test_knots_and_basis_equal_hmisc(golden, golden_data, count):
    r = golden(f"rcs_mgus2_age_{count}")
    age = golden_data("mgus2")["age"].dropna().to_numpy(float)
    np.testing.assert_allclose(default_knots(age, count), r["knots"], rtol=1e-12)
    basis = spline_basis(np.array(r["at"], float), np.array(r["knots"], float))
    np.testing.assert_allclose(basis, r["basis"], rtol=0, atol=1e-12)


# Computed with Hmisc::rcspline.eval(x, nk=, knots.only=TRUE), version 4.8.0, on the values as written here.
HMISC = [
    (np.arange(1.0, 31.0), 3, [5.0, 15.5, 26.0]),  # under 100 rows: fifth smallest and largest
    (np.arange(1.0, 201.0), 4, [10.95, 70.65, 130.35, 190.05]),
    (np.r_[np.zeros(30), np.arange(1.0, 171.0)], 4, [1.0, 10.4, 86.0, 161.6]),  # 15 % at the lower end
    (np.r_[np.zeros(30), np.arange(1.0, 171.0)], 3, [1.0, 86.0, 153.2]),
    (np.arange(1.0, 201.0), 6, [10.95, 46.77, 82.59, 118.41, 154.23, 190.05]),
    # more than six knots: the outer ones at 2.5 %
    (np.arange(1.0, 201.0), 7, [5.975, 37.48333333333333, 68.99166666666667, 100.5, 132.0083333333333,
                                163.5166666666667, 195.025]),
    (np.arange(1.0, 101.0), 4, [5.95, 35.65, 65.35, 95.05]),  # a hundred rows are enough for quantiles
    (np.arange(1.0, 100.0), 4, [5.0, 35.3, 64.7, 95.0]),
    # tied at both ends, with many rows and with few
    (np.r_[np.zeros(20), np.arange(1.0, 161.0), np.full(20, 161.0)], 3, [1.0, 80.5, 160.0]),
    (np.r_[np.zeros(20), np.arange(1.0, 161.0), np.full(20, 161.0)], 4, [1.0, 80.5, 151.15, 160.0]),
    (np.r_[np.zeros(20), np.arange(1.0, 161.0), np.full(20, 161.0)], 5, [1.0, 9.85, 80.5, 151.15, 160.0]),
    (np.r_[np.zeros(8), np.arange(1.0, 61.0), np.full(8, 61.0)], 5, [1.0, 4.85, 30.5, 56.15, 60.0]),
    # a tie in the middle switches the rule off
    (np.r_[np.zeros(20), np.full(20, 50.0), np.arange(1.0, 161.0)], 4, [0.0, 50.0, 90.35, 150.05]),
]  # fmt: skip


@pytest.mark.parametrize(("values", "count", "knots"), HMISC)
def test_default_places_follow_the_rules_of_hmisc(values, count, knots):
    found = default_knots(values, count)
    assert len(found) == count
    np.testing.assert_allclose(found, knots, rtol=1e-12)


def test_the_basis_by_hand_on_three_knots():
    """Knots 0, 1, 2: at 3 the cubes are 27, 8, 1; the bend is (27 - 2*8 + 1) / 4 = 3."""
    basis = spline_basis(np.array([-1.0, 0.5, 3.0]), np.array([0.0, 1.0, 2.0]))
    np.testing.assert_allclose(basis[:, 0], [-1.0, 0.5, 3.0])
    np.testing.assert_allclose(basis[:, 1], [0.0, 0.125 / 4, 3.0], atol=1e-15)


@given(st.floats(-50, 50), st.floats(0.1, 5), st.floats(0.1, 5), st.floats(0.1, 5))
def test_law_linear_beyond_the_outer_knots(start, a, b, c):
    knots = np.cumsum([start, a, b, c])
    for end in (np.array([-3.0, -2.0, -1.0]) + knots[0], knots[-1] + np.array([1.0, 2.0, 3.0])):
        basis = spline_basis(end, knots)
        np.testing.assert_allclose(np.diff(basis, n=2, axis=0), 0, atol=1e-8 * (1 + np.abs(basis).max()))


@given(st.floats(0.5, 20), st.floats(-100, 100))
def test_law_the_bends_scale_with_the_variable(scale, shift):
    x, knots = np.linspace(0, 10, 23), np.array([1.0, 4.0, 6.0, 9.0])
    moved = spline_basis(x * scale + shift, knots * scale + shift)
    np.testing.assert_allclose(moved[:, 1:], scale * spline_basis(x, knots)[:, 1:], atol=1e-7 * scale)


@pytest.mark.parametrize("order", [[1.6, 0.8, 1.1], (0.8, 1.1, 1.6), np.array([1.1, 0.8, 1.6])])
def test_knots_given_by_the_user_are_sorted(order):
    np.testing.assert_array_equal(given_knots(np.asarray(order, float)), [0.8, 1.1, 1.6])


@pytest.mark.parametrize(
    ("knots", "words"),
    [
        ([1.0, 2.0], "3 to 10 finite numbers"),
        ([1.0], "3 to 10 finite numbers"),
        (np.arange(11.0), "3 to 10 finite numbers"),
        ([1.0, np.nan, 3.0], "3 to 10 finite numbers"),
        ([1.0, np.inf, 3.0], "3 to 10 finite numbers"),
        (5.0, "3 to 10 finite numbers"),
        ([1.0, 1.0, 3.0], "a knot is given twice"),
    ],
)
def test_impossible_knots_are_refused(knots, words):
    """Two knots were once taken as a straight line, equal ones divided by zero."""
    with pytest.raises(FitError, match=words) as caught:
        given_knots(np.asarray(knots, float), "age")
    assert caught.value.code == "S10"
    assert caught.value.findings[0].column == "age"


@pytest.mark.parametrize("count", [0, 2, 11])
def test_impossible_numbers_of_knots_are_refused(count):
    with pytest.raises(FitError, match="3 to 10 knots"):
        default_knots(np.arange(100.0), count, "age")


def test_too_few_distinct_values_are_refused_by_name():
    with pytest.raises(FitError, match=r"column grade.*too few distinct values \(4\)") as caught:
        default_knots(np.tile([1.0, 2.0, 3.0, 4.0], 50), 3, "grade")
    assert caught.value.code == "S11"
