"""Firth's logistic regression: published analyses, a slow optimiser of the penalised likelihood, profile limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import FitError, PredictionError
from prognosis.logistic.estimate import LogisticEstimate
from prognosis.logistic.likelihood import FirthLikelihood, standardise
from prognosis.models import Logistic
from tests.prognosis import made_logistic as made
from tests.prognosis.slow import numerical_gradient

# What logistf reports, with the intercept first: coefficient, lower and upper 95 % profile limit.
SEX2 = [
    (0.12025405, -0.8185591, 1.07315122),
    (-1.10598131, -1.9737884, -0.30742514),
    (-0.06881673, -0.9414363, 0.78920202),
    (2.26887464, 1.2730216, 3.43543273),
    (-2.11140817, -3.2608611, -1.11773495),
    (-0.78831694, -1.6080879, 0.01518468),
    (3.09601166, 0.7745682, 8.03029352),
]
ENDOMETRIAL = [
    (3.77455951, 1.0825371, 7.20928050),
    (2.92927330, 0.6097244, 7.85463171),
    (-0.03475175, -0.1244587, 0.04045547),
    (-2.60416387, -4.3651832, -1.23272106),
]
CASES = {"sex2": (made.sex2, SEX2), "endometrial": (made.endometrial, ENDOMETRIAL)}


def firth(name="endometrial"):
    return Logistic("firth").fit(*CASES[name][0]())


@pytest.mark.parametrize("name", CASES)
def test_published_coefficients_and_profile_limits(name):
    """To the digits that were printed; logistf stops at 1e-5 of the log-likelihood."""
    summary = firth(name).estimate_.summary()
    expected = np.array(CASES[name][1])
    np.testing.assert_allclose(summary["coefficient"], expected[:, 0], atol=3e-7)
    np.testing.assert_allclose(np.log(summary[["lower", "upper"]]), expected[:, 1:], atol=2e-7)


def test_published_errors_tests_and_likelihood_ratio():
    """logistf 1.10: se and chi-squared of sex2, likelihood ratio 49.09064 on 6 degrees of freedom."""
    e = firth("sex2").estimate_
    summary = e.summary().set_index("term")
    np.testing.assert_allclose(summary.loc[["age", "dia"], "se"], [0.42366, 1.67501], atol=5e-6)
    chi_squared = summary["z"] ** 2
    np.testing.assert_allclose(chi_squared[["age", "vic", "dia"]], [7.50773, 22.93139, 7.89693], atol=5e-6)
    np.testing.assert_allclose(summary.loc[["age", "dia"], "p"], [0.006143472, 0.004951873], rtol=1e-5)
    assert 2 * (e.loglik[1] - e.loglik[0]) == pytest.approx(49.09064, abs=5e-6)


def test_published_errors_of_the_endometrial_data():
    """Of brglm2's mean bias reduction, which is the same estimate."""
    np.testing.assert_allclose(firth().estimate_.summary()["se"], [1.48869, 1.55076, 0.03958, 0.77602], atol=6e-6)


def test_a_slow_optimiser_of_the_penalised_likelihood_agrees():
    frame, y = made.endometrial()
    x = frame.to_numpy()
    e = firth().estimate_
    beta, value = made.maximum(lambda b: made.firth_likelihood(b, x, y), x)
    np.testing.assert_allclose(np.append(e.intercept_at_zero, e.coefficients), beta, rtol=1e-5)
    assert e.loglik[1] == pytest.approx(value, abs=1e-9)
    _, null = made.maximum(lambda b: made.firth_likelihood(b, x, y), x, {1: 0.0, 2: 0.0, 3: 0.0})
    assert e.loglik[0] == pytest.approx(null, abs=1e-9)


@pytest.mark.parametrize(("term", "side"), [(0, 1), (1, 2), (3, 1)])
def test_at_a_limit_the_slow_profile_has_dropped_by_half_the_quantile(term, side):
    frame, y = made.endometrial()
    x, e = frame.to_numpy(), firth().estimate_
    limit = np.log(e.summary().iloc[term][["lower", "upper"]].to_numpy(float))[side - 1]
    _, value = made.maximum(lambda b: made.firth_likelihood(b, x, y), x, {term: limit})
    assert 2 * (e.loglik[1] - value) == pytest.approx(3.841458820694124, abs=1e-7)


def test_weights_are_repeated_rows():
    patterns, y = made.sex2(repeated=False)
    weighted = Logistic("firth", weights="count").fit(patterns, y).estimate_
    repeated = firth("sex2").estimate_
    for part in ("coefficients", "joint_covariance", "loglik", "profile"):
        np.testing.assert_allclose(getattr(weighted, part), getattr(repeated, part), rtol=1e-8, atol=1e-9)


def test_an_offset_enters_the_penalised_likelihood():
    frame, y = made.endometrial()
    x, shift = frame.to_numpy(), 0.05 * frame["PI"].to_numpy()
    e = Logistic("firth", offset="shift").fit(frame.assign(shift=shift), y).estimate_
    plain = firth().estimate_
    np.testing.assert_allclose(e.coefficients - plain.coefficients, [0, -0.05, 0], atol=1e-8)
    beta = np.append(e.intercept_at_zero, e.coefficients)
    assert e.loglik[1] == pytest.approx(made.firth_likelihood(beta, x, y, offset=shift), abs=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
def test_score_and_curvature_are_derivatives_of_the_penalised_likelihood(weighted):
    frame, extra, y = made.bleeders(60)
    names = tuple(frame)
    rows = standardise(frame.to_numpy(), y == 1, names, extra["weight"].to_numpy() if weighted else None)
    objective, beta = FirthLikelihood(rows), np.array([-0.5, 0.3, 0.4, 0.1, -0.6])
    _, score, curvature = objective(beta)
    np.testing.assert_allclose(score, numerical_gradient(lambda b: objective(b)[0], beta), atol=1e-7)
    slopes = [numerical_gradient(lambda b, place=place: objective(b)[1][place], beta) for place in range(5)]
    np.testing.assert_allclose(curvature, -np.array(slopes), atol=1e-6)


def test_with_many_patients_the_information_leads_to_the_same_estimate(monkeypatch):
    frame, _, y = made.bleeders(600)
    from prognosis.logistic import likelihood as logistic_likelihood

    quick = Logistic("firth").fit(frame, y).estimate_
    monkeypatch.setattr(logistic_likelihood, "SMALL_LEVERAGE", 0.0)
    exact = Logistic("firth").fit(frame, y).estimate_
    assert quick.coefficients.tolist() != exact.coefficients.tolist()
    np.testing.assert_allclose(quick.coefficients, exact.coefficients, rtol=1e-9)
    np.testing.assert_allclose(quick.profile, exact.profile, rtol=1e-8)


def test_it_shrinks_and_loses_its_bias_with_the_number_of_patients():
    plain, penalised = (Logistic(kind).fit(*made.bleeders(300)[::2]).estimate_ for kind in (None, "firth"))
    assert (np.abs(penalised.coefficients) < np.abs(plain.coefficients)).all()
    np.testing.assert_allclose(penalised.coefficients, plain.coefficients, rtol=0.05)


def test_profile_limits_of_other_levels_while_the_rows_are_there():
    logistic = firth()
    narrow, wide = logistic.profile_limits(0.5), logistic.profile_limits(0.99)
    assert (narrow["lower"] > wide["lower"]).all()
    assert (narrow["upper"] < wide["upper"]).all()
    summary = logistic.estimate_.summary(0.99)
    np.testing.assert_allclose(np.log(summary["upper"]), wide["upper"], rtol=1e-9)
    np.testing.assert_allclose(wide["coefficient"], summary["coefficient"], rtol=1e-13)


def test_a_saved_fit_keeps_the_limits_of_95_percent_only():
    e = firth().estimate_
    restored = LogisticEstimate.restore(e.to_dict(), e.arrays())
    assert restored.summary().equals(e.summary())
    with pytest.raises(PredictionError, match=r"level 0.95 only, not 0.9") as caught:
        restored.summary(0.9)
    assert caught.value.code == "C33"


@pytest.mark.parametrize("options", [{"cluster": "centre"}, {"weights": "weight"}])
def test_robust_errors_have_no_profile(options):
    frame, extra, y = made.bleeders(80)
    name = next(iter(options.values()))
    with pytest.raises(FitError, match="takes the rows for independent patients") as caught:
        Logistic("firth", **options).fit(frame.assign(**{name: extra[name]}), y)
    assert caught.value.code == "C32"


@pytest.mark.parametrize("cases", range(1, 6))
def test_rare_events_have_estimates_and_limits(cases):
    """A few events among 25 patients with two predictors: mostly separated, and where Newton's steps need care."""
    for seed in range(8):
        draw = np.random.default_rng([cases, seed])
        frame = pd.DataFrame({"x": draw.normal(size=25), "z": draw.integers(0, 3, 25).astype(float)})
        y = draw.permutation(np.arange(25) < cases).astype(int)
        e = Logistic("firth").fit(frame, y).estimate_
        at_zero = np.append(e.intercept_at_zero, e.coefficients)
        assert ((e.profile[:, 0] < at_zero) & (at_zero < e.profile[:, 1])).all()
        assert e.loglik[1] >= e.loglik[0]


def test_with_a_second_maximum_the_limit_lies_beyond_it():
    """One patient far out on the side of the events: the likelihood rises again, so nothing contradicts the values."""
    x = np.array([0.31, 0.54, 0.75, 0.91, 1.27, 1.34, 1.52, 1.53, 2.03, 4.47, 10.96])[:, None]
    y = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1])
    e = Logistic("firth").fit(pd.DataFrame(x, columns=["x"]), y).estimate_
    lower, upper, _ = e.profile[1]

    def highest(value):
        return max(made.firth_likelihood(np.array([a - 0.83 * value, value]), x, y) for a in np.linspace(-3, 5, 4001))

    assert 2 * (e.loglik[1] - highest(upper)) == pytest.approx(3.841458820694124, abs=1e-4)
    assert highest(5.0) > e.loglik[1] + 1 > e.loglik[1] > highest(0.6)
    assert lower < e.coefficients[0] < 5 < upper


def test_n15_and_n16_when_the_steps_come_to_no_end(monkeypatch):
    from prognosis import newton

    frame, _, y = made.bleeders(60)
    monkeypatch.setattr(newton, "MAX_ITERATIONS", 1)
    for penalty, code, words in ((None, "N15", "likelihood was not max"), ("firth", "N16", "penalised likelihood was")):
        with pytest.raises(FitError, match=words) as caught:
            Logistic(penalty).fit(frame, y)
        assert caught.value.code == code


def test_dependent_columns_have_no_firth_estimate():
    frame, _, y = made.bleeders(80)
    with pytest.raises(FitError, match="depend on each other exactly") as caught:
        Logistic("firth").fit(frame.assign(sum=frame["age"] + frame["size"]), y)
    assert caught.value.code == "C03"
