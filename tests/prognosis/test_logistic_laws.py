"""Laws of logistic regression, a slow optimiser, and what the recipe owes to the package."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import DataContractError, FitError
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.logistic.likelihood import Likelihood, standardise
from prognosis.models import Logistic
from tests.prognosis import made_logistic as made
from tests.prognosis.slow import numerical_gradient

FITS = [(None, {}), ("firth", {}), ("ridge", {"strength": 3.0}), ("lasso", {"strength": 0.02})]
every_fit = pytest.mark.parametrize(("penalty", "options"), FITS, ids=["likelihood", "firth", "ridge", "lasso"])
NO_HORIZON = np.array([np.nan])


def fit(frame, y, penalty=None, **options):
    return Logistic(penalty, **options).fit(frame, y).estimate_


@pytest.fixture(scope="module")
def patients():
    frame, extra, y = made.bleeders(150)
    return frame, extra, y


def test_a_slow_optimiser_of_the_plain_likelihood_agrees(patients):
    frame, extra, y = patients
    x, weight, shift = frame.to_numpy(), extra["weight"].to_numpy(), extra["shift"].to_numpy()
    e = fit(frame.assign(w=weight, o=shift), y, weights="w", offset="o")
    beta, value = made.maximum(lambda b: made.log_likelihood(b, x, y, weight, shift), x)
    np.testing.assert_allclose(np.append(e.intercept_at_zero, e.coefficients), beta, rtol=2e-4)
    assert e.loglik[1] == pytest.approx(value, abs=1e-8)
    _, null = made.maximum(lambda b: made.log_likelihood(b, x, y, weight, shift), x, dict.fromkeys(range(1, 5), 0.0))
    assert e.loglik[0] == pytest.approx(null, abs=1e-8)


def test_score_and_information_are_derivatives(patients):
    frame, extra, y = patients
    rows = standardise(frame.to_numpy(), y == 1, tuple(frame), extra["weight"].to_numpy(), extra["shift"].to_numpy())
    objective, beta = Likelihood(rows, np.array([0, 1.0, 2, 3, 4])), np.array([0.2, -0.1, 0.5, 0.3, 0])
    _, score, information = objective(beta)
    np.testing.assert_allclose(score, numerical_gradient(lambda b: objective(b)[0], beta), atol=1e-6)
    slopes = [numerical_gradient(lambda b, place=place: objective(b)[1][place], beta) for place in range(5)]
    np.testing.assert_allclose(information, -np.array(slopes), atol=1e-5)


@every_fit
def test_the_order_of_the_rows_does_not_matter(patients, penalty, options):
    frame, _, y = patients
    at = np.random.default_rng(1).permutation(len(y))
    one, other = fit(frame, y, penalty, **options), fit(frame.iloc[at], y[at], penalty, **options)
    np.testing.assert_allclose(one.coefficients, other.coefficients, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(one.joint_covariance, other.joint_covariance, rtol=1e-8, atol=1e-12)


@every_fit
@settings(max_examples=15)
@given(scale=st.sampled_from([1e-9, 0.01, 7.0, 1e12]), shift=st.sampled_from([0.0, -40.0, 1e5]))
def test_units_of_a_predictor_do_not_matter(patients, penalty, options, scale, shift):
    frame, _, y = patients
    one = fit(frame, y, penalty, **options)
    other = fit(frame.assign(age=scale * (frame["age"] + shift)), y, penalty, **options)
    np.testing.assert_allclose(other.coefficients * [scale, 1, 1, 1], one.coefficients, rtol=1e-7, atol=1e-12)
    assert other.intercept == pytest.approx(one.intercept, rel=1e-8)
    # The determinant in Firth's penalty knows the unit, by a constant.
    constant = np.log(scale) if penalty == "firth" else 0.0
    assert other.loglik == pytest.approx(np.add(one.loglik, constant), rel=1e-9)


@every_fit
def test_events_and_the_others_change_sides(patients, penalty, options):
    frame, _, y = patients
    one, other = fit(frame, y, penalty, **options), fit(frame, 1 - y, penalty, **options)
    np.testing.assert_allclose(other.coefficients, -one.coefficients, rtol=1e-7, atol=1e-11)
    design = frame.to_numpy()
    np.testing.assert_allclose(one.risk(design, NO_HORIZON)[0] + other.risk(design, NO_HORIZON)[0], 1, rtol=1e-9)


@every_fit
def test_whole_weights_are_repeated_rows(patients, penalty, options):
    frame, extra, y = patients
    count = 1 + extra["centre"].to_numpy() % 3
    weighted = fit(frame.assign(count=count.astype(float)), y, penalty, weights="count", **options)
    at = np.repeat(np.arange(len(y)), count)
    repeated = fit(frame.iloc[at].reset_index(drop=True), y[at], penalty, **options)
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(weighted.joint_covariance, repeated.joint_covariance, rtol=1e-7, atol=1e-12)
    assert weighted.loglik == pytest.approx(repeated.loglik, rel=1e-10)


def test_the_mean_risk_is_the_share_of_events_and_so_in_every_category(patients):
    """The score equations of maximum likelihood; Firth's fit is pulled towards one half instead."""
    frame, _, y = patients
    design = frame.to_numpy()
    risk = fit(frame, y).risk(design, NO_HORIZON)[0][:, 0]
    assert risk.mean() == pytest.approx(y.mean(), rel=1e-10)
    marked = frame["margin"].to_numpy() == 1
    assert risk[marked].mean() == pytest.approx(y[marked].mean(), rel=1e-10)
    pulled = fit(frame, y, "firth").risk(design, NO_HORIZON)[0].mean()
    assert abs(pulled - 0.5) < abs(y.mean() - 0.5)


def test_limits_contain_the_risk_and_grow_with_the_level(patients):
    frame, _, y = patients
    e, design = fit(frame, y), frame.to_numpy()
    risk, lower, upper = e.risk(design, NO_HORIZON)
    _, low, high = e.risk(design, NO_HORIZON, level=0.5)
    assert ((lower > 0) & (lower < low) & (low < risk) & (risk < high) & (high < upper) & (upper < 1)).all()
    assert risk.shape == (150, 1)


def test_an_offset_is_a_coefficient_of_one(patients):
    frame, extra, y = patients
    shifted = frame.assign(shift=extra["shift"] + 0.01 * frame["age"])
    moved, plain = fit(shifted, y, offset="shift"), fit(frame.assign(shift=extra["shift"]), y, offset="shift")
    np.testing.assert_allclose(moved.coefficients - plain.coefficients, [-0.01, 0, 0, 0], atol=1e-11)
    at, design = np.array([0.7]), frame.to_numpy()[:1]
    gained = moved.risk(design, NO_HORIZON, offset=at)[0] > moved.risk(design, NO_HORIZON)[0]
    assert gained.all()


@every_fit
def test_saved_and_restored_it_is_the_same(patients, penalty, options):
    frame, _, y = patients
    e = fit(frame, y, penalty, **options)
    again = LogisticEstimate.restore(e.to_dict(), e.arrays())
    assert again.to_dict() == e.to_dict()
    assert all(np.isfinite(values).all() for values in e.arrays().values())
    assert again.summary().equals(e.summary())
    for ours, theirs in zip(
        e.risk(frame.to_numpy(), NO_HORIZON), again.risk(frame.to_numpy(), NO_HORIZON), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert e.event_times.size == 0


def test_the_slope_of_its_own_linear_predictor_is_one(patients):
    frame, _, y = patients
    logistic = Logistic().fit(frame, y)
    seen = logistic.evaluation(frame, y)
    assert seen.recalibration.slope == pytest.approx(1, abs=1e-9)
    shrunk = Logistic("ridge", strength=50.0).fit(frame, y)
    assert shrunk.evaluation(frame, y).recalibration.slope > 1.2


def test_profile_limits_lie_around_walds(patients):
    frame, extra, y = patients
    logistic = Logistic().fit(frame, y)
    profile, wald = logistic.profile_limits(), np.log(logistic.estimate_.summary()[["lower", "upper"]])
    np.testing.assert_allclose(profile[["lower", "upper"]], wald, atol=0.3 * np.ptp(wald.to_numpy(), axis=1).max())
    assert not np.allclose(profile["lower"], wald["lower"], rtol=1e-4)
    with pytest.raises(FitError, match="no profile likelihood") as caught:
        Logistic("ridge", strength=1.0).fit(frame, y).profile_limits()
    assert caught.value.code == "C33"
    with pytest.raises(FitError, match="independent patients") as caught:
        Logistic(cluster="c").fit(frame.assign(c=extra["centre"]), y).profile_limits()
    assert caught.value.code == "C32"


def test_splines_interactions_and_categories_enter(patients):
    frame, _, y = patients
    mixed = frame.assign(grade=pd.Categorical(frame["grade"].map({1.0: "low", 2.0: "middle", 3.0: "high"}),
                                              categories=["low", "middle", "high"]))  # fmt: skip
    logistic = Logistic(splines={"age": 4}, interactions=[("size", "margin")], transforms={"size": "log1p"}).fit(
        mixed, y
    )
    names = logistic.estimate_.names
    assert names == (
        "age",
        "age'",
        "age''",
        "log1p(size)",
        "grade=middle",
        "grade=high",
        "margin",
        "log1p(size) * margin",
    )
    assert logistic.estimate_.loglik[1] > fit(frame, y).loglik[1] - 2


def test_rubins_rules_by_hand(patients):
    frame, extra, y = patients
    copies = [frame.assign(size=frame["size"] + 0.3 * k * extra["shift"]) for k in range(3)]
    fits = [Logistic().fit(copy, y) for copy in copies]
    estimate, pooled = fits[0].pool(fits)
    at_zero = np.array([np.append(one.estimate_.intercept_at_zero, one.estimate_.coefficients) for one in fits])
    within = np.mean([one.estimate_.covariance_at_zero for one in fits], axis=0)
    total = within + 4 / 3 * np.cov(at_zero.T)
    np.testing.assert_allclose(
        np.append(estimate.intercept_at_zero, estimate.coefficients), at_zero.mean(axis=0), rtol=1e-10
    )
    np.testing.assert_allclose(estimate.covariance_at_zero, total, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(estimate.means, np.mean([copy.mean() for copy in copies], axis=0), rtol=1e-12)
    assert pooled.names[0] == "Intercept"
    assert (pooled.complete_freedom == 150 - 5).all()
    table = pooled.with_t(estimate.summary())
    assert table["df"].notna().all()
    lasso = [Logistic("lasso", strength=0.02).fit(copy, y) for copy in copies]
    with pytest.raises(FitError, match="cannot be pooled"):
        lasso[0].pool(lasso)


def test_an_outcome_that_is_not_binary_is_refused(patients):
    frame, _, y = patients
    with pytest.raises(DataContractError, match="a binary outcome is 0 or 1") as caught:
        Logistic().fit(frame, y + 1)
    assert caught.value.code == "T10"
