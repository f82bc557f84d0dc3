"""Losses that are boosted: by hand, by differences, and the laws of weights and ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prognosis.boosting.losses import CoxLoss, LogisticLoss
from prognosis.outcome import SurvivalArrays


def cox(time, event, weight=None, efron=False, entry=None, cause=1):
    outcome = SurvivalArrays(np.array(time, float), np.array(event), None if entry is None else np.array(entry, float))
    return CoxLoss(outcome, cause, np.ones(len(time)) if weight is None else np.array(weight, float), efron)


def test_three_patients_by_hand():
    """Death at 1 of three at risk, death at 2 of two, the last censored; all margins 0."""
    loss = cox([1, 2, 3], [1, 1, 0])
    gradient, curvature = loss.derivatives(np.zeros(3))
    assert loss.value(np.zeros(3)) == pytest.approx(np.log(3) + np.log(2))
    np.testing.assert_allclose(gradient, [1 / 3 - 1, 1 / 3 + 1 / 2 - 1, 1 / 3 + 1 / 2])
    np.testing.assert_allclose(curvature, [2 / 9, 2 / 9 + 1 / 4, 2 / 9 + 1 / 4])


def test_tied_deaths_by_hand():
    """Two of four die at once: Breslow counts the four at risk twice, Efron four and then three."""
    breslow, efron = (cox([1, 1, 2, 2], [1, 1, 0, 0], efron=one) for one in (False, True))
    assert breslow.value(np.zeros(4)) == pytest.approx(2 * np.log(4))
    assert efron.value(np.zeros(4)) == pytest.approx(np.log(4) + np.log(3))
    np.testing.assert_allclose(breslow.derivatives(np.zeros(4))[0], [-1 / 2, -1 / 2, 1 / 2, 1 / 2])
    dying, living = 1 / 4 + (1 / 2) / 3 - 1, 1 / 4 + 1 / 3
    np.testing.assert_allclose(efron.derivatives(np.zeros(4))[0], [dying, dying, living, living])


def test_a_tied_censored_row_is_at_risk_at_that_time():
    """xgboost's own loss gives a censored row at the time of a death only the hazard of the deaths stored before it."""
    gradient = cox([1, 1, 2], [0, 1, 0]).derivatives(np.zeros(3))[0]
    np.testing.assert_allclose(gradient, [1 / 3, 1 / 3 - 1, 1 / 3])


@pytest.mark.parametrize("efron", [False, True])
def test_derivatives_are_those_of_the_value(efron):
    draw = np.random.default_rng(1)
    entry = draw.uniform(0, 1, 30)
    time = np.ceil(4 * (entry + draw.exponential(1, 30))) / 4 + 0.01
    loss = cox(time, draw.integers(0, 3, 30), draw.choice([0.5, 1.0], 30), efron, entry, cause=2)
    margin, size = draw.normal(size=30), 1e-5
    gradient, curvature = loss.derivatives(margin)
    for i, step in enumerate(size * np.eye(30)):
        up, down = margin + step, margin - step
        assert gradient[i] == pytest.approx((loss.value(up) - loss.value(down)) / (2 * size), abs=1e-7)
        slope = (loss.derivatives(up)[0][i] - loss.derivatives(down)[0][i]) / (2 * size)
        assert curvature[i] == pytest.approx(slope, abs=1e-7)


@pytest.mark.parametrize("efron", [False, True])
def test_the_value_is_the_partial_likelihood_term_by_term(efron):
    """Risk set by risk set: weights in the sums, the mean weight of the dead before each of Efron's terms."""
    draw = np.random.default_rng(2)
    entry, stay = draw.integers(0, 4, 40).astype(float), draw.integers(1, 9, 40)
    time, event, weight = entry + stay, draw.integers(0, 2, 40), draw.choice([0.7, 1.0, 2.5], 40)
    margin, value = draw.normal(size=40), 0.0
    ratio = weight * np.exp(margin)
    for t in np.unique(time[event == 1]):
        at_risk, dead = (entry < t) & (time >= t), (time == t) & (event == 1)
        value -= weight[dead] @ margin[dead]
        for place in range(dead.sum()):
            less = place / dead.sum() * ratio[dead].sum() if efron else 0.0
            value += weight[dead].mean() * np.log(ratio[at_risk].sum() - less)
    assert cox(time, event, weight, efron, entry).value(margin) == pytest.approx(value, rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 1), st.integers(1, 3)), min_size=3, max_size=12))
def test_a_weight_is_a_number_of_patients(rows):
    """Value, gradient and curvature of weighted rows are sums over the rows that the weights stand for."""
    time, event, weight = (np.array(column) for column in zip(*rows, strict=True))
    if not event.any():
        event[0] = 1
    margin = np.linspace(-1, 1, len(rows))
    copies = np.repeat(np.arange(len(rows)), weight)
    pairs = [
        (cox(time, event, weight), cox(time[copies], event[copies])),
        (LogisticLoss(event == 1, weight.astype(float)), LogisticLoss(event[copies] == 1, np.ones(len(copies)))),
    ]
    for weighted, repeated in pairs:
        assert weighted.value(margin) == pytest.approx(repeated.value(margin[copies]))
        together = zip(weighted.derivatives(margin), repeated.derivatives(margin[copies]), strict=True)
        for one, many in together:
            np.testing.assert_allclose(one, np.bincount(copies, many), atol=1e-12)


def test_a_weight_below_1_leaves_every_curvature_positive():
    loss = cox([1, 2, 3], [1, 1, 1], [0.01, 0.01, 0.01])
    assert (loss.derivatives(np.array([5.0, 0.0, -5.0]))[1] > 0).all()


def test_logistic_by_hand():
    loss = LogisticLoss(np.array([True, False, False, False]), np.array([1.0, 1.0, 2.0, 1.0]))
    assert loss.start == pytest.approx(np.log(1 / 4))
    gradient, curvature = loss.derivatives(np.zeros(4))
    np.testing.assert_allclose(gradient, [-0.5, 0.5, 1.0, 0.5])
    np.testing.assert_allclose(curvature, [0.25, 0.25, 0.5, 0.25])
    assert loss.value(np.zeros(4)) == pytest.approx(5 * np.log(2))
    assert np.isfinite(loss.value(np.array([-800.0, 800, 0, 0])))
