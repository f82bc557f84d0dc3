"""Joint outliers: the Mahalanobis distance by hand and by the inverse covariance, collinear columns, the way back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import chi2

from prognosis.joint_distance import JointDistance, joint_remark
from prognosis.preparation import Preparation
from tests.prognosis import made


def drawn(n=300, seed=4):
    """Three correlated columns on very different scales."""
    draw = np.random.default_rng(seed)
    x = draw.multivariate_normal([0, 0, 0], [[1, 0.9, 0], [0.9, 1, 0.3], [0, 0.3, 1]], n)
    return x * [1.0, 1e6, 1e-4] + [60.0, -3e7, 2.0]


def test_by_hand():
    """Mean 0, variances 2/3 and 8/3, no covariance: (1, 2) lies at 1 / (2/3) + 4 / (8/3) = 3."""
    learnt = JointDistance.fit(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]]))
    np.testing.assert_allclose(learnt.squared(np.array([[1.0, 2.0], [0.0, 0.0]])), [3.0, 0.0], atol=1e-14)
    assert learnt.rank == 2
    assert learnt.limit == pytest.approx(1.5)


def test_it_is_the_distance_of_the_inverse_covariance():
    design, new = drawn(), drawn(20, seed=5)
    expected = cdist(new, design.mean(axis=0)[None], "mahalanobis", VI=np.linalg.inv(np.cov(design.T)))[:, 0] ** 2
    np.testing.assert_allclose(JointDistance.fit(design).squared(new), expected, rtol=1e-8)


def test_limits_are_the_99th_percentiles():
    design = drawn(2000)
    learnt = JointDistance.fit(design)
    assert learnt.limit == np.quantile(learnt.squared(design), 0.99)
    assert learnt.normal_limit == pytest.approx(chi2(3).ppf(0.99), rel=1e-12)
    assert learnt.limit == pytest.approx(learnt.normal_limit, rel=0.15)
    assert learnt.outlying(design).sum() == 20


def test_a_foreign_combination_of_usual_values_is_found():
    """Correlation 0.9: (1.5, 1.5) is usual, (1.5, -1.5) is not; each value is within its own range."""
    learnt = JointDistance.fit(drawn())
    usual, foreign = (np.array([[60 + 1.5, -3e7 + sign * 1.5e6, 2.0]]) for sign in (1, -1))
    assert not learnt.outlying(usual)[0]
    assert learnt.outlying(foreign)[0]
    low, high = drawn().min(axis=0), drawn().max(axis=0)
    assert ((low < foreign) & (foreign < high)).all()


def test_collinear_and_constant_columns_are_no_hindrance():
    design = drawn()
    wide = np.column_stack([design, design[:, 0] - 2 * design[:, 2], np.full(len(design), 7.0)])
    learnt, plain = JointDistance.fit(wide), JointDistance.fit(design)
    assert learnt.rank == 3
    np.testing.assert_allclose(learnt.squared(wide), plain.squared(design), rtol=1e-8)
    assert learnt.limit == pytest.approx(plain.limit)


@pytest.mark.parametrize(("column", "change"), [(3, 1.0), (4, 0.5)])
def test_who_breaks_a_relation_that_all_training_patients_keep_is_infinitely_far(column, change):
    design = drawn()
    wide = np.column_stack([design, design[:, 0] - 2 * design[:, 2], np.full(len(design), 7.0)])
    learnt, one = JointDistance.fit(wide), wide[:1].copy()
    one[0, column] += change
    assert learnt.squared(one)[0] == np.inf
    assert learnt.outlying(one)[0]
    assert not learnt.outlying(wide[:1])[0]


@given(st.integers(0, 1000), st.integers(3, 40))
def test_scale_origin_and_order_do_not_matter(seed, n):
    draw = np.random.default_rng(seed)
    design, new, turn = draw.normal(size=(n, 2)), draw.normal(size=(5, 2)), draw.normal(size=(2, 2)) + 3 * np.eye(2)
    shift, order = draw.normal(size=2) * 10, draw.permutation(n)
    there = JointDistance.fit((design @ turn + shift)[order])
    np.testing.assert_allclose(there.squared(new @ turn + shift), JointDistance.fit(design).squared(new), rtol=1e-6)


@given(st.integers(2, 60), st.integers(1, 6), st.integers(0, 1000))
def test_training_distances_sum_to_n_minus_1_times_rank(n, p, seed):
    """A trace identity that holds for any design, also with fewer rows than columns."""
    design = np.random.default_rng(seed).normal(size=(n, p))
    learnt = JointDistance.fit(design)
    assert learnt.rank == min(p, n - 1)
    assert learnt.squared(design).sum() == pytest.approx((n - 1) * learnt.rank, rel=1e-6)


def test_it_comes_back_from_plain_values_exactly():
    learnt, new = JointDistance.fit(drawn()), drawn(9, seed=8)
    back = JointDistance.restore(json.loads(json.dumps(learnt.to_dict())), learnt.arrays())
    np.testing.assert_array_equal(back.squared(new), learnt.squared(new))
    np.testing.assert_array_equal(back.outlying(new), learnt.outlying(new))


def test_p08_on_a_design_with_splines_and_categories():
    """A young patient with the lowest albumin, where albumin falls with age."""
    frame = made.patients(300)
    frame["albumin"] = 70 - 0.5 * frame["age"] + np.random.default_rng(1).normal(0, 1, 300)
    preparation = Preparation.fit(frame[["age", "albumin", "sex"]], splines={"age": 4})
    learnt = JointDistance.fit(preparation.design(frame))
    odd = frame.iloc[:1].assign(age=float(frame["age"].quantile(0.1)), albumin=float(frame["albumin"].quantile(0.1)))
    assert learnt.outlying(preparation.design(odd))[0]
    assert learnt.outlying(preparation.design(frame)).sum() <= 3


def test_p08_in_words():
    assert joint_remark(34.5678, 11.25) == (
        "the combination of the values is unusual in the training cohort (squared Mahalanobis distance 34.6; "
        "training 99th percentile 11.2), even if each value lies in its own range"
    )
    assert "breaks a relation" in joint_remark(np.inf, 11.25)
