"""The elastic-net penalised quadratic: closed forms, and the optimality conditions as a law."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prognosis.kernels.elastic_net import minimise, violation_of

NONE = np.zeros(3)
GRADIENT = np.array([3.0, -0.5, -2.0])


def test_independent_columns_are_thresholded_one_by_one():
    """With H = I: b = sign(g) max(|g| - l1, 0) / (1 + l2)."""
    b, violation = minimise(np.eye(3), GRADIENT, np.full(3, 1.0), np.full(3, 0.5), NONE, 1e-14)
    np.testing.assert_allclose(b, [2 / 1.5, 0.0, -1 / 1.5], rtol=1e-14)
    assert b[1] == 0.0
    assert violation <= 1e-14


def test_without_l1_it_is_a_linear_system():
    a = np.random.default_rng(1).normal(size=(9, 3))
    hessian, l2 = a.T @ a, np.array([0.0, 1.0, 2.0])
    b, _ = minimise(hessian, GRADIENT, NONE, l2, NONE, 1e-13)
    np.testing.assert_allclose(b, np.linalg.solve(hessian + np.diag(l2), GRADIENT), rtol=1e-10)


def test_a_column_without_penalty_always_enters():
    """As an intercept: the other two stay out, it is free."""
    b, _ = minimise(np.eye(3), GRADIENT, np.array([0.0, 10.0, 10.0]), NONE, NONE, 1e-14)
    np.testing.assert_array_equal(b, [3.0, 0.0, 0.0])


def test_a_column_of_zeros_stays_at_zero():
    hessian = np.diag([1.0, 0.0, 1.0])
    b, violation = minimise(hessian, np.array([3.0, 0.0, -2.0]), np.full(3, 0.1), NONE, NONE, 1e-14)
    np.testing.assert_allclose(b, [2.9, 0.0, -1.9], rtol=1e-14)
    assert violation <= 1e-14


def test_two_equal_columns_share_by_l2_and_fit_the_same_by_l1():
    hessian = np.ones((2, 2))
    gradient = np.array([1.0, 1.0])
    shared, _ = minimise(hessian, gradient, np.full(2, 0.1), np.full(2, 0.3), np.zeros(2), 1e-13)
    np.testing.assert_allclose(shared, [0.9 / 2.3] * 2, rtol=1e-10)
    lasso, violation = minimise(hessian, gradient, np.full(2, 0.1), np.zeros(2), np.zeros(2), 1e-13)
    assert lasso.sum() == pytest.approx(0.9, rel=1e-12)
    assert violation <= 1e-13


def test_the_violation_is_counted_by_hand():
    b = np.array([1.0, -1.0, 0.0])
    residual = np.array([0.7, -0.9, 0.6])
    assert violation_of(residual, b, np.full(3, 0.5), np.full(3, 0.2)) == pytest.approx(0.2)
    assert violation_of(residual, b, np.full(3, 0.5), np.zeros(3)) == pytest.approx(0.4)


@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(2, 30), st.integers(1, 25)),
    penalty=st.floats(1e-3, 1.0),
    alpha=st.floats(0.05, 1.0),
    shared=st.floats(0.0, 0.95),
)
def test_the_optimum_is_met_from_any_start(seed, size, penalty, alpha, shared):
    """More columns than rows, correlated columns: the conditions hold to 1e-10 and a neighbour is never better."""
    draw = np.random.default_rng(seed)
    n, p = size
    x = np.sqrt(shared) * draw.normal(size=(n, 1)) + np.sqrt(1 - shared) * draw.normal(size=(n, p))
    hessian, gradient = x.T @ x / n, x.T @ draw.normal(size=n) / n
    l1, l2 = np.full(p, penalty * alpha), np.full(p, penalty * (1 - alpha))
    found, violation = minimise(hessian, gradient, l1, l2, draw.normal(size=p), 1e-10)
    assert violation <= 1e-10
    assert violation_of(gradient - hessian @ found, found, l1, l2) <= 1.1e-10

    def cost(b):
        return b @ hessian @ b / 2 - gradient @ b + l1 @ np.abs(b) + l2 @ b**2 / 2

    assert cost(found) <= min(cost(found + 1e-3 * draw.normal(size=p)) for _ in range(5)) + 1e-12
    again, _ = minimise(hessian, gradient, l1, l2, np.zeros(p), 1e-10)
    assert cost(again) == pytest.approx(cost(found), abs=1e-9)
