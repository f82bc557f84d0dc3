"""The search for a maximum that all regressions share: where it ends, and what it says when it does not."""

from __future__ import annotations

import numpy as np
import pytest

from prognosis.newton import climb, inverse_of, vanished_direction


def newton(_, state):
    return state[1] / np.diag(state[2])


def sech(beta):
    """Value, score and curvature of -log cosh, from far away too flat for a whole Newton step."""
    x = float(beta[0])
    return -float(np.logaddexp(x, -x)), -np.tanh(beta), np.array([[1 / np.cosh(x) ** 2]])


def test_a_step_too_far_is_halved():
    found = climb(sech, np.array([2.0]), newton)
    assert found.converged
    assert found.beta[0] == pytest.approx(0.0, abs=1e-12)
    assert found.value == pytest.approx(-np.log(2), rel=1e-15)


def test_a_longest_step_is_kept():
    seen = []

    def told(beta):
        seen.append(float(beta[0]))
        return sech(beta)

    assert climb(told, np.array([2.0]), newton, longest=0.5).converged
    assert seen[:3] == [2.0, 1.5, 1.0]


def test_a_maximum_at_infinity_is_not_found_within_few_steps(monkeypatch):
    monkeypatch.setattr("prognosis.newton.MAX_ITERATIONS", 5)
    found = climb(
        lambda b: (-float(np.exp(-b[0])), np.exp(-b), np.array([[float(np.exp(-b[0]))]])), np.array([0.0]), newton
    )
    assert not found.converged
    assert found.beta[0] == pytest.approx(5.0)
    assert found.iterations == 5


@pytest.mark.parametrize("wall", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_never_accepted(wall):
    """Beyond 1 nothing can be computed, and the maximum lies there."""

    def objective(beta):
        x = float(beta[0])
        return (wall if x > 1 else -((x - 3) ** 2)), -2 * (beta - 3), np.array([[2.0]])

    found = climb(objective, np.array([1.0]), newton)
    assert not found.converged
    assert found.beta[0] == 1.0


def test_without_a_step_the_start_is_returned():
    found = climb(sech, np.array([2.0]), lambda beta, _: beta * np.nan)
    assert not found.converged
    assert found.beta[0] == 2.0


def test_inverse_of_what_has_none():
    assert np.isnan(inverse_of(np.zeros((2, 2)))).all()
    assert np.isnan(inverse_of(-np.eye(2))).all()
    np.testing.assert_array_equal(inverse_of(2 * np.eye(2)), np.eye(2) / 2)


def test_the_vanished_direction_is_told_from_a_collinear_one():
    collinear = np.array([[1.0, 1 - 1e-14], [1 - 1e-14, 1.0]])
    assert vanished_direction(collinear, 0.5 * collinear) is None
    gone = vanished_direction(np.eye(2), np.diag([0.3, 1e-9]))
    np.testing.assert_allclose(gone, [0.0, 1.0])
    assert vanished_direction(np.eye(2), np.diag([0.3, 1e-9]), limit=1e-10) is None
