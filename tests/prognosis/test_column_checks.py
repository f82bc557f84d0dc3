"""Can it be estimated at all? Rows and events, levels, rank and condition, leaks: each rule at its edge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.column_checks import CONDITION_LIMIT, check_columns, check_leaks, check_levels, check_rows

DRAW = np.random.default_rng(4)
X = DRAW.normal(size=(500, 3))
NAMES = ("a", "b", "c")


def codes(findings):
    return [(finding.code, finding.severity) for finding in findings]


# ---------------------------------------------------------------- rows and events


@pytest.mark.parametrize(
    ("n", "p", "events", "penalised", "expected"),
    [
        (2, 1, 2, False, [("C18", "error")]),
        (0, 1, 0, True, [("C18", "error")]),
        (50, 2, 0, True, [("T11", "error")]),
        (5, 5, 5, False, [("C17", "error")]),
        (5, 5, 5, True, [("T12", "warning")]),
        (50, 4, 3, False, [("T12", "error")]),
        (50, 4, 4, False, [("T12", "warning")]),
        (50, 4, 3, True, [("T12", "warning")]),
        (50, 4, 39, False, [("T12", "warning")]),
        (50, 4, 40, False, []),
    ],
)
def test_rows_and_events_at_their_edges(n, p, events, penalised, expected):
    assert codes(check_rows(n, p, events, penalised=penalised)) == expected


# ---------------------------------------------------------------- levels


def levels(counts, died):
    """A category with some rows a level, of which some died."""
    values = np.repeat([*counts], list(counts.values()))
    event = np.concatenate([np.arange(n) < died[level] for level, n in counts.items()])
    return pd.DataFrame({"g": pd.Categorical(values, categories=[*counts])}), event


def test_a_level_without_events_is_an_error_that_a_penalty_heals():
    frame, event = levels({"a": 30, "b": 20}, {"a": 12, "b": 0})
    assert codes(check_levels(frame, event, penalised=False)) == [("C05", "error")]
    assert codes(check_levels(frame, event, penalised=True)) == []


@pytest.mark.parametrize(("n", "expected"), [(9, [("C22", "warning")]), (10, [])])
def test_a_level_is_rare_below_ten(n, expected):
    frame, event = levels({"a": 30, "b": n}, {"a": 12, "b": 5})
    assert codes(check_levels(frame, event, penalised=False)) == expected


def test_numbers_of_two_values_are_levels_too():
    frame = pd.DataFrame({"mark": [1.0] * 4 + [0.0] * 40, "count": np.arange(44.0), "flag": [True] * 30 + [False] * 14})
    event = np.arange(44) >= 10
    found = check_levels(frame, event, penalised=False)
    assert [(finding.code, finding.column) for finding in found] == [("C05", "mark")]


def test_a_number_that_is_always_one_is_no_category_without_events():
    """It is constant, which another check says; its missing level 0 is nobody's fault."""
    assert codes(check_levels(pd.DataFrame({"x": [1.0] * 20}), np.ones(20, bool), penalised=False)) == []


# ---------------------------------------------------------------- rank and condition


def test_independent_columns_pass():
    assert check_columns(X, NAMES, penalised=False) == []


@pytest.mark.parametrize("factor", [2.0, -1.0, 1e-9])
def test_a_multiple_of_a_column_is_a_dependency(factor):
    design = np.column_stack([X[:, 0], X[:, 1], factor * X[:, 0]])
    (finding,) = check_columns(design, NAMES, penalised=False)
    assert (finding.code, finding.column) == ("C03", "a, c")
    assert "rank 2 of 3" in finding.rule
    assert check_columns(design, NAMES, penalised=True) == []


def test_two_dependencies_name_all_their_columns():
    design = np.column_stack([X, X[:, 0] + X[:, 1], X[:, 2] - 3])
    (finding,) = check_columns(design, (*NAMES, "d", "e"), penalised=False)
    assert finding.code == "C03"
    assert set(finding.column.split(", ")) == {*NAMES, "d", "e"}
    assert "rank 3 of 5" in finding.rule


@pytest.mark.parametrize(("noise", "expected"), [(1e-4, []), (4e-6, ["C04"]), (4e-8, ["C04"]), (1e-11, ["C03"])])
def test_the_condition_number_decides_between_near_and_exact(noise, expected):
    """Columns a and a + noise: the condition number of their correlation is about (2 / noise)^2."""
    design = np.column_stack([X[:, 0], X[:, 0] + noise * X[:, 1], X[:, 2]])
    found = check_columns(design, NAMES, penalised=False)
    assert [finding.code for finding in found] == expected
    for finding in found:
        assert finding.column == "a, b"
    if expected == ["C04"]:
        assert f"above {CONDITION_LIMIT:.0e}" in found[0].rule


def test_equal_columns_are_told_as_such():
    (finding,) = check_columns(np.column_stack([X[:, 0], X[:, 1], X[:, 0]]), NAMES, penalised=False)
    assert finding.code == "C02"
    assert "columns a and c hold the same values" in finding.rule


@settings(max_examples=30)
@given(st.lists(st.integers(-14, 14), min_size=3, max_size=3), st.lists(st.integers(-100, 100), min_size=3, max_size=3))
def test_units_and_origins_do_not_matter(exponents, shifts):
    moved = (X + np.array(shifts)) * 10.0 ** np.array(exponents)
    assert check_columns(moved, NAMES, penalised=False) == []


def test_constant_is_exactly_constant():
    almost = np.column_stack([X[:, 0], np.r_[np.full(499, 5.0), 5.0000001]])
    assert check_columns(almost, ("a", "b"), penalised=False) == []
    (finding,) = check_columns(np.column_stack([X[:, 0], np.full(500, 0.1)]), ("a", "b"), penalised=True)
    assert finding.code == "C01"


def test_strata_take_away_what_differs_between_them():
    stratum = np.repeat([0, 1], 250)
    site = stratum * 2.0 + 1
    assert check_columns(np.column_stack([X[:, 0], site]), ("a", "b"), penalised=False) == []
    (finding,) = check_columns(np.column_stack([X[:, 0], site]), ("a", "b"), stratum, penalised=False)
    assert "column b is constant within every stratum" in finding.rule
    half = np.where(stratum == 0, X[:, 1], 7.0)
    assert check_columns(np.column_stack([X[:, 0], half]), ("a", "b"), stratum, penalised=False) == []


# ---------------------------------------------------------------- leaks


@pytest.mark.parametrize("sign", [1, -1])
def test_a_leak_is_found_in_either_direction(sign):
    time, event = DRAW.exponential(size=200), np.ones(200, bool)
    noisy = sign * (time + 0.01 * DRAW.normal(size=200))
    frame = pd.DataFrame({"leak": noisy, "honest": DRAW.normal(size=200), "g": pd.Categorical(["a", "b"] * 100)})
    (finding,) = check_leaks(frame, time, event)
    assert (finding.code, finding.column, finding.severity) == ("C08", "leak", "warning")


def test_a_good_predictor_is_no_leak():
    x = DRAW.normal(size=400)
    assert check_leaks(pd.DataFrame({"x": x}), DRAW.exponential(np.exp(-2 * x)), np.ones(400, bool)) == []


def test_without_comparable_pairs_there_is_no_leak():
    assert check_leaks(pd.DataFrame({"x": [1.0, 2.0]}), np.array([1.0, 1.0]), np.ones(2, bool)) == []
