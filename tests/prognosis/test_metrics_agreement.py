"""McNemar, Cochran's Q and Cohen's kappa: textbook tables, R's numbers, slow definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm

from cohorts.errors import DataContractError
from prognosis.metrics.agreement import cochran_q, cohen_kappa, mcnemar

# Agresti (1990), p. 350: approval of the British prime minister at two surveys.
APPROVAL = np.array([[794, 150], [86, 570]])
# Agresti (1990), p. 365: how often sex is fun, by husband and wife of 91 couples.
COUPLES = np.array([[7, 7, 2, 3], [2, 8, 3, 7], [1, 5, 4, 9], [2, 8, 9, 14]])


def ratings(table):
    """Two ratings a person from their cross table."""
    first, second = np.indices(table.shape)
    return np.repeat(first.ravel(), table.ravel()), np.repeat(second.ravel(), table.ravel())


def test_mcnemar_of_the_textbook():
    """R's mcnemar.test: 16.818 with the correction; (150 - 86)^2 / 236 without."""
    first, second = ratings(APPROVAL)
    found = mcnemar(1 - first, 1 - second)
    assert (found.only_first, found.only_second, found.n) == (150, 86, 1600)
    assert found.chi_squared() == pytest.approx((16.81779661017, 4.11456228135e-05), rel=1e-11)
    assert found.chi_squared(continuity=False) == pytest.approx((64**2 / 236, 3.09929344105e-05), rel=1e-11)
    assert found.exact_p == pytest.approx(binomtest(86, 236).pvalue, rel=1e-10)
    assert found.difference == pytest.approx(0.04)
    assert found.std_err == pytest.approx(0.0095, abs=5e-5)


def test_exact_mcnemar_by_hand():
    """2 against 8: twice (1 + 10 + 45) / 1024."""
    first, second = np.repeat([1, 0, 1], [2, 8, 5]), np.repeat([0, 1, 1], [2, 8, 5])
    assert mcnemar(first, second).exact_p == pytest.approx(112 / 1024, rel=1e-14)


def test_mcnemar_without_a_difference():
    even = mcnemar(np.array([1, 0]), np.array([0, 1]))
    assert (even.exact_p, even.chi_squared()[0], even.chi_squared()[1]) == (1.0, 0.0, 1.0)
    never = mcnemar(np.array([1, 0]), np.array([1, 0]))
    assert never.exact_p == 1.0
    assert np.isnan(never.chi_squared()).all()


def test_cochran_of_the_textbook():
    """Siegel (1956): yes to three interviewers by 18 housewives each, Q = 16.7 with 2 degrees of freedom."""
    answers = np.array([[1, 1, 1]] * 3 + [[1, 1, 0]] * 8 + [[1, 0, 0]] * 2 + [[0, 1, 0]] * 2 + [[0, 0, 0]] * 3)
    assert answers.sum(axis=0).tolist() == [13, 13, 3]
    found = cochran_q(*answers.T)
    assert (found.statistic, found.freedom) == pytest.approx((50 / 3, 2), rel=1e-14)
    assert found.p == pytest.approx(np.exp(-25 / 3), rel=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
def test_cochran_of_two_is_mcnemar(pairs):
    first, second = np.array(pairs, int).T
    found, expected = cochran_q(first, second), mcnemar(first, second).chi_squared(continuity=False)
    assert (found.statistic, found.p) == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_kappa_by_hand():
    """Of 50 applications two readers judge 35 alike, chance would give 25: (.7 - .5) / (1 - .5)."""
    found = cohen_kappa(*ratings(np.array([[20, 5], [10, 15]])))
    assert found.estimate[0] == pytest.approx(0.4, rel=1e-14)
    assert (found.observed, found.expected) == pytest.approx((0.7, 0.5), rel=1e-14)


def test_kappa_of_the_textbook():
    """Agresti: .129 with error .0686; vcd::Kappa: linear weights .2374 with error .0783."""
    found = cohen_kappa(*ratings(COUPLES))
    assert (found.estimate[0], found.std_err[0]) == pytest.approx((0.1293, 0.0686), abs=5e-5)
    linear = cohen_kappa(*ratings(COUPLES), weights="linear")
    assert (linear.estimate[0], linear.std_err[0]) == pytest.approx((0.2374, 0.0783), abs=5e-5)
    lower, upper = linear.limits()
    assert lower[0] < linear.estimate[0] < upper[0]


@pytest.mark.parametrize("weights", ["equal", "linear", "quadratic"])
def test_kappa_s_errors_by_the_published_sums(weights):
    """Fleiss, Cohen and Everitt (1969), equations 13 and 9, as double sums."""
    found = cohen_kappa(*ratings(COUPLES), weights=weights)
    p, n, k = COUPLES / COUPLES.sum(), COUPLES.sum(), 4
    w = np.array([[1.0 - {"equal": i != j, "linear": abs(i - j) / 3, "quadratic": (i - j) ** 2 / 9}[weights]
                   for j in range(k)] for i in range(k)])  # fmt: skip
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = (w * p).sum(), (w * np.outer(rows, columns)).sum()
    by_row, by_column = w @ columns, rows @ w
    total = null = 0.0
    for i in range(k):
        for j in range(k):
            both = by_row[i] + by_column[j]
            total += p[i, j] * (w[i, j] * (1 - expected) - both * (1 - observed)) ** 2
            null += rows[i] * columns[j] * (w[i, j] - both) ** 2
    variance = (total - (observed * expected - 2 * expected + observed) ** 2) / (n * (1 - expected) ** 4)
    assert found.std_err[0] ** 2 == pytest.approx(variance, rel=1e-12)
    assert found.null_std_err**2 == pytest.approx((null - expected**2) / (n * (1 - expected) ** 2), rel=1e-12)
    assert found.p[0] == pytest.approx(2 * norm.sf(found.estimate[0] / found.null_std_err), rel=1e-10)


def test_kappa_of_words_in_a_given_order():
    first = np.array(["low", "middle", "high", "high", "low"])
    second = np.array(["low", "high", "high", "middle", "middle"])
    order = ("low", "middle", "high", "very high")
    codes = {word: place for place, word in enumerate(order)}
    by_code = cohen_kappa(
        np.vectorize(codes.get)(first), np.vectorize(codes.get)(second), categories=(0, 1, 2, 3), weights="linear"
    )
    assert cohen_kappa(first, second, categories=order, weights="linear").estimate == by_code.estimate
    assert cohen_kappa(first, second, weights="linear").estimate != by_code.estimate


def test_kappa_of_one_category_is_unknown():
    found = cohen_kappa(np.ones(5, int), np.ones(5, int), categories=(0, 1))
    assert np.isnan(found.estimate[0])
    assert found.observed == 1.0


def test_two_readers_against_a_third():
    """Kappas that share their patients are compared by the difference of their influences."""
    draw = np.random.default_rng(3)
    truth = draw.integers(0, 2, 300)
    good, poor = (np.where(draw.random(300) < wrong, 1 - truth, truth) for wrong in (0.1, 0.3))
    gain = cohen_kappa(good, truth).minus(cohen_kappa(poor, truth))
    assert gain.estimate[0] > 0.2
    assert gain.p[0] < 1e-4


@pytest.mark.parametrize(
    ("function", "arguments", "code", "word"),
    [
        (mcnemar, ([0, 1], [0, 1, 1]), "V20", "shapes"),
        (mcnemar, ([0, 2], [0, 1]), "V28", "0 and 1"),
        (mcnemar, ([], []), "V28", "0 patients"),
        (cochran_q, ([0, 1],), "V28", "single judgement"),
        (cohen_kappa, ([1.0, np.nan], [1.0, 2.0]), "V28", "missing"),
        (cohen_kappa, (["low", None], ["low", "high"]), "V28", "missing"),
    ],
)
def test_refused(function, arguments, code, word):
    with pytest.raises(DataContractError, match=word) as caught:
        function(*(np.array(part) for part in arguments))
    assert caught.value.code == code


def test_an_unnamed_category_is_refused():
    with pytest.raises(DataContractError, match="none of the categories"):
        cohen_kappa(np.array([0, 3]), np.array([0, 1]), categories=(0, 1))


def test_unknown_weights_are_refused():
    with pytest.raises(DataContractError, match="one of equal, linear, quadratic"):
        cohen_kappa(np.array([0, 1]), np.array([0, 1]), weights="cubic")
