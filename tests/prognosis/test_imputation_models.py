"""Draws of one predictor given the others: against plain optimisers, and where nothing can be estimated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from prognosis.imputation.conditional_models import DONORS, Directions, draw_category, draw_number
from prognosis.imputation.multinomial import APART, RIDGE, chosen, class_shares, fit_multinomial

generator = np.random.default_rng


def rows(n=200, q=2, seed=3):
    return generator(seed).normal(size=(n, q))


def plain_objective(beta, scores, codes, classes):
    """The penalised log-likelihood with its pseudo-observations, written out."""
    q = scores.shape[1]
    beta = beta.reshape(classes - 1, q + 1)

    def loglik(row, code):
        odds = np.concatenate([[0.0], beta[:, 0] + beta[:, 1:] @ row])
        return odds[code] - np.log(np.exp(odds).sum())

    total = sum(loglik(row, code) for row, code in zip(scores, codes, strict=True))
    weight = (q + 1) / (2 * q * classes)
    for column in range(q):
        for code in range(classes):
            for sign in (APART, -APART):
                total += weight * loglik(sign * np.eye(q)[column], code)
    return -total + 0.5 * RIDGE * (beta**2).sum()


@pytest.mark.parametrize("classes", [2, 3])
def test_multinomial_maximises_the_plain_objective(classes):
    scores = rows(60)
    codes = generator(4).integers(0, classes, 60)
    model = fit_multinomial(scores, codes, classes)
    start = np.zeros(len(model.coefficients))
    slow = minimize(plain_objective, start, (scores, codes, classes), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(model.coefficients, slow.x, atol=1e-6)
    step, information = 1e-4, np.empty((len(start), len(start)))
    for i, a in enumerate(np.eye(len(start)) * step):
        for j, b in enumerate(np.eye(len(start)) * step):
            corners = [plain_objective(model.coefficients + s * a + t * b, scores, codes, classes)
                       for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))]  # fmt: skip
            information[i, j] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * step**2)
    np.testing.assert_allclose(model.root @ model.root.T, information, rtol=1e-3, atol=1e-2)


def test_drawn_coefficients_have_the_mean_and_the_covariance_of_their_posterior():
    scores = rows(100)
    model = fit_multinomial(scores, generator(1).integers(0, 2, 100), 2)
    draws = np.array([model.drawn(generator(seed)) for seed in range(4000)])
    covariance = np.linalg.inv(model.root @ model.root.T)
    np.testing.assert_allclose(draws.mean(axis=0), model.coefficients, atol=4 * np.sqrt(covariance.max() / 4000))
    np.testing.assert_allclose(np.cov(draws.T), covariance, atol=0.1 * covariance.max())


def test_perfect_separation_keeps_coefficients_finite_and_draws_right():
    scores = np.linspace(-1, 1, 80)[:, None]
    codes = (scores[:, 0] > 0).astype(float)
    drawn = draw_category(codes, scores, np.array([[-1.0]] * 200 + [[1.0]] * 200), generator(0))
    assert drawn[:200].mean() < 0.1
    assert drawn[200:].mean() > 0.9


def test_shares_and_choice_by_hand():
    np.testing.assert_allclose(class_shares(np.log([[2.0, 5.0]])), [[1 / 8, 2 / 8, 5 / 8]])
    shares = np.broadcast_to([0.25, 0.25, 0.5], (4, 3))
    assert chosen(shares, np.array([0.2, 0.3, 0.6, 0.999])).tolist() == [0, 1, 2, 2]


def test_directions_have_unit_variance_and_leave_out_constant_and_dependent_columns():
    x = rows(50, 3)
    wide = np.column_stack([x, x[:, 0] + x[:, 1], np.full(50, 7.0), 1e9 + 1e-3 * x[:, 2]])
    scores = Directions.of(wide).scores(wide)
    assert scores.shape == (50, 3)
    np.testing.assert_allclose(scores.T @ scores / 50, np.eye(3), atol=1e-6)


def test_directions_of_nothing_are_none():
    assert Directions.of(np.full((5, 2), 3.0)).scores(np.ones((4, 2))).shape == (4, 0)
    assert Directions.of(np.empty((5, 0))).scores(np.empty((4, 0))).shape == (4, 0)


def test_matched_numbers_are_observed_ones_from_the_neighbourhood():
    x = np.linspace(0, 100, 201)[:, None]
    y = np.round(x[:, 0])
    drawn = draw_number(y, x, np.array([[20.0], [80.0]] * 50), generator(2))
    assert set(drawn) <= set(y)
    # five donors of a perfect line lie within two and a half units on either side
    assert np.abs(drawn.reshape(50, 2) - [20, 80]).max() <= 3
    assert len(np.unique(drawn.reshape(50, 2)[:, 0])) > 2


def test_matching_without_covariates_draws_from_all_observed():
    y = np.arange(100.0)
    drawn = draw_number(y, np.empty((100, 0)), np.empty((2000, 0)), generator(5))
    assert len(np.unique(drawn)) > 90
    assert drawn.mean() == pytest.approx(49.5, abs=3)


def test_matching_uses_all_equally_near_donors():
    # one yes-no covariate: two fitted values, fifty donors each
    x = np.repeat([0.0, 1.0], 50)[:, None]
    y = np.arange(100.0)
    drawn = draw_number(y, x, np.zeros((1000, 1)), generator(6))
    assert drawn.max() < 50
    assert len(np.unique(drawn)) > 40


@pytest.mark.parametrize("n", [1, 2, DONORS, DONORS + 1])
def test_few_donors_suffice(n):
    y = np.arange(float(n))
    drawn = draw_number(y, rows(n, 3), rows(7, 3, seed=9), generator(0))
    assert drawn.shape == (7,)
    assert set(drawn) <= set(y)


def test_more_covariates_than_rows_and_constant_numbers_do_not_crash():
    drawn = draw_number(np.arange(8.0), rows(8, 30), rows(4, 30, seed=8), generator(0))
    assert set(drawn) <= set(range(8))
    assert draw_number(np.full(20, 3.0), rows(20), rows(4), generator(0)).tolist() == [3, 3, 3, 3]


def test_a_category_with_one_level_observed_is_that_level():
    assert draw_category(np.full(10, 2.0), rows(10), rows(3), generator(0)).tolist() == [2, 2, 2]


def test_a_level_never_observed_is_never_drawn_and_shares_follow_the_covariate():
    x = rows(600, 1)
    codes = np.where(x[:, 0] + 0.5 * generator(1).normal(size=600) > 0, 3.0, 0.0)
    drawn = draw_category(codes, x, np.repeat([[-1.0], [1.0]], 300, axis=0), generator(2))
    assert set(drawn) == {0.0, 3.0}
    expected = [(codes[np.abs(x[:, 0] - at) < 0.3] == 3).mean() for at in (-1, 1)]
    np.testing.assert_allclose([(drawn[:300] == 3).mean(), (drawn[300:] == 3).mean()], expected, atol=0.08)


def test_the_neighbourhood_moves_by_the_error_of_the_predicted_mean():
    # proper imputation: donors of one patient lie where the drawn, not the estimated, line puts him
    x = np.linspace(0, 1, 400)
    y = 3 * x + generator(3).normal(size=400)
    place = dict(zip(y, x, strict=True))
    donors = [place[draw_number(y, x[:, None], np.array([[0.5]]), generator(seed))[0]] for seed in range(400)]
    slope = np.polyfit(x, y, 1)[0]
    error = np.std(y - np.polyval(np.polyfit(x, y, 1), x)) / np.sqrt(400) / slope
    assert np.std(donors) == pytest.approx(error, rel=0.15)
