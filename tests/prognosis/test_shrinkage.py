"""Uniform shrinkage: the estimate by its definition, the level of the risks kept, the heuristic by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit, logit

from cohorts.errors import FitError
from prognosis.models import Cox, Logistic
from prognosis.shrinkage import heuristic_shrinkage, intercept_in_the_large, shrink_cox, shrink_logistic
from tests.prognosis import made, slow

PREDICTORS = ["age", "albumin", "sex"]


def fitted(recipe=None, entry=False, n=150, **changed):
    frame = made.patients(n, **changed)
    recipe = recipe or Cox()
    columns = [*PREDICTORS, *recipe.auxiliary]
    return recipe.fit(frame[columns], made.outcome_of(frame, entry)), frame


def shrunken(model, slope):
    kept = model.training_
    return shrink_cox(model.estimate_, slope, kept.design, kept.risk_sets, kept.special.offset)


RECIPES = {
    "plain": {},
    "breslow": {"ties": "breslow"},
    "weights": {"weights": "weight"},
    "strata": {"strata": ["centre"]},
    "offset": {"offset": "response"},
}


@pytest.mark.parametrize("options", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("entry", [False, True])
def test_a_slope_of_1_changes_nothing(options, entry):
    model, _ = fitted(Cox(**options), entry)
    before, after = model.estimate_, shrunken(model, 1.0)
    np.testing.assert_array_equal(after.coefficients, before.coefficients)
    np.testing.assert_array_equal(after.covariance, before.covariance)
    np.testing.assert_array_equal(after.baseline.time, before.baseline.time)
    for name in ("cumulative_hazard", "variance", "mean_hazard", "end"):
        wanted = getattr(before.baseline, name)
        np.testing.assert_allclose(getattr(after.baseline, name), wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(after.loglik, before.loglik, rtol=1e-12)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_coefficients_times_the_slope_and_the_baseline_by_its_definition(ties):
    model, frame = fitted(Cox(ties=ties), months=made.patients(150)["months"].round(0) + 1)
    before, after = model.estimate_, shrunken(model, 0.8)
    np.testing.assert_allclose(after.coefficients, 0.8 * before.coefficients, rtol=1e-14)
    np.testing.assert_allclose(after.summary()["se"], 0.8 * before.summary()["se"], rtol=1e-14)
    np.testing.assert_array_equal(after.means, before.means)
    rows = {
        "x": model.training_.design,
        "time": frame["months"].to_numpy(),
        "event": frame["event"].to_numpy() == 1,
    }
    times, hazard = slow.baseline_hazard(after.coefficients, rows, ties)
    np.testing.assert_array_equal(after.baseline.time, times)
    np.testing.assert_allclose(after.baseline.cumulative_hazard, hazard, rtol=1e-12)
    assert after.loglik[0] == before.loglik[0]
    assert after.loglik[1] == pytest.approx(slow.log_likelihood(after.coefficients, rows, ties), rel=1e-12)
    assert after.loglik[1] < before.loglik[1]


@pytest.mark.parametrize(
    "options", [{}, {"offset": "response"}, {"weights": "weight"}], ids=["plain", "offset", "weight"]
)
@pytest.mark.parametrize("slope", [0.9, 0.3])
def test_expected_events_equal_observed_ones(options, slope):
    """Calibration in the large: the sum of H(t_i | x_i), weighted, is the number of events (exact with Breslow)."""
    model, frame = fitted(Cox(ties="breslow", **options))
    after, special = shrunken(model, slope), model.training_.special
    time, event = frame["months"].to_numpy(), frame["event"].to_numpy() == 1
    eta = after.linear_predictor(model.training_.design + after.means, special.offset)
    hazard = np.concatenate([[0.0], after.baseline.cumulative_hazard])[after.baseline.position(time) + 1]
    expected = (special.weight * hazard * np.exp(eta)).sum()
    assert expected == pytest.approx(special.weight[event].sum(), rel=1e-10)


def test_risks_move_towards_the_mean_and_keep_their_level():
    model, _ = fitted()
    design = model.training_.design + model.estimate_.means
    before, after = (estimate.risk(design, np.array([24.0]))[0] for estimate in (model.estimate_, shrunken(model, 0.5)))
    assert after.std() < 0.7 * before.std()
    assert after.mean() == pytest.approx(before.mean(), abs=0.02)
    np.testing.assert_array_equal(np.argsort(after[:, 0]), np.argsort(before[:, 0]))


def test_strata_are_shrunken_each_with_its_own_baseline():
    model, frame = fitted(Cox(strata=["centre"]))
    after = shrunken(model, 0.7)
    for s, name in enumerate(["north", "south"]):
        part = (frame["centre"] == name).to_numpy()
        rows = {
            "x": model.training_.design[part],
            "time": frame["months"].to_numpy()[part],
            "event": frame["event"].to_numpy()[part] == 1,
        }
        lo, hi = after.baseline.edges[s : s + 2]
        hazard = slow.baseline_hazard(after.coefficients, rows)[1]
        np.testing.assert_allclose(after.baseline.cumulative_hazard[lo:hi], hazard, rtol=1e-12)


def test_the_shrunken_model_has_the_slope_it_was_given():
    """A Cox model of the shrunken linear predictor in the same rows has the coefficient 1 / slope."""
    model, frame = fitted()
    eta = shrunken(model, 0.8).linear_predictor(model.training_.design + model.estimate_.means)
    again = Cox().fit(frame.assign(eta=eta)[["eta"]], made.outcome_of(frame))
    assert again.estimate_.coefficients[0] == pytest.approx(1 / 0.8, rel=1e-8)


@pytest.mark.parametrize(("slope", "words"), [(0.0, "predicts nothing"), (-0.2, "0 or below"), (1.1, "as it is")])
def test_slopes_that_do_not_shrink_are_refused(slope, words):
    model, _ = fitted()
    with pytest.raises(FitError, match=words) as caught:
        shrunken(model, slope)
    assert caught.value.code == "Z04"


def test_not_a_number_is_no_slope():
    model, _ = fitted()
    with pytest.raises(FitError, match="slope nan"):
        shrunken(model, math.nan)


def test_the_heuristic_by_hand():
    """LR = 2 (-90 + 100) = 20 on 5 parameters: (20 - 5) / 20."""
    assert heuristic_shrinkage((-100.0, -90.0), 5) == 0.75
    assert heuristic_shrinkage((-100.0, -99.0), 5) == -1.5
    with pytest.raises(FitError, match="explain nothing") as caught:
        heuristic_shrinkage((-100.0, -100.0), 5)
    assert caught.value.code == "Z04"


def test_the_heuristic_foretells_the_slope_in_new_patients():
    """The mean over small cohorts of the heuristic is near that of the slope in one very large cohort."""
    new = made.patients(4000, seed=7)
    heuristic, slopes = [], []
    for seed in range(25):
        frame = made.patients(90, seed=seed)
        model = Cox().fit(frame[["age", "albumin", "creat", "sex", "relapse"]], made.outcome_of(frame))
        heuristic.append(heuristic_shrinkage(model.estimate_.loglik, 5))
        slopes.append(
            model.evaluation(
                new[["age", "albumin", "creat", "sex", "relapse"]], made.outcome_of(new)
            ).recalibration.slope
        )
    assert np.mean(heuristic) == pytest.approx(np.mean(slopes), abs=0.08)
    assert np.mean(heuristic) < 0.97


def test_an_intercept_without_predictors_is_the_log_odds():
    event = np.array([True, False, False, False])
    assert intercept_in_the_large(event, np.zeros(4)) == pytest.approx((logit(0.25), 1 / (4 * 0.25 * 0.75)))
    assert intercept_in_the_large(event, np.full(4, 3.0))[0] == pytest.approx(logit(0.25) - 3)


@given(st.integers(0, 10_000), st.integers(3, 60), st.floats(0.01, 12), st.booleans())
def test_the_mean_risk_is_the_share_of_events(seed, n, spread, weighted):
    draw = np.random.default_rng(seed)
    eta, event = spread * draw.normal(size=n), draw.random(n) < 0.4
    event[:2] = (True, False)
    weight = draw.uniform(0.2, 3, n) if weighted else np.ones(n)
    intercept, variance = intercept_in_the_large(event, eta, weight if weighted else None)
    risk = expit(intercept + eta)
    assert weight @ risk == pytest.approx(weight[event].sum(), rel=1e-7)
    slow_one = brentq(lambda a: weight @ expit(a + eta) - weight[event].sum(), -200, 200, xtol=1e-12)
    assert intercept == pytest.approx(slow_one, abs=1e-6)
    assert variance == pytest.approx(1 / (weight @ (risk * (1 - risk))))


def test_an_intercept_far_from_where_the_search_starts():
    """One very extreme patient: at the mean linear predictor nobody else has any risk; Newton's step is infinite."""
    eta = np.array([0.0, 0.0, 0.0, 3000.0])
    event = np.array([True, False, False, True])
    assert intercept_in_the_large(event, eta)[0] == pytest.approx(logit(1 / 3), rel=1e-9)


def test_an_intercept_that_nothing_determines():
    """Each risk is 0 or 1 for a whole range of intercepts: the mean risk is right, the variance infinite."""
    eta = np.array([-3000.0, 3000.0])
    found, variance = intercept_in_the_large(np.array([True, False]), eta)
    assert expit(found + eta).sum() == 1
    assert variance == math.inf


def test_whole_weights_are_repeated_rows():
    event, eta = np.array([True, False, True, False]), np.array([0.3, -1.0, 2.0, 0.1])
    weight = np.array([1.0, 3.0, 2.0, 1.0])
    rows = np.repeat(np.arange(4), weight.astype(int))
    assert intercept_in_the_large(event, eta, weight) == pytest.approx(intercept_in_the_large(event[rows], eta[rows]))


@pytest.mark.parametrize("event", [np.zeros(5, bool), np.ones(5, bool)])
def test_no_intercept_without_both_outcomes(event):
    with pytest.raises(FitError, match="no intercept fits") as caught:
        intercept_in_the_large(event, np.zeros(5))
    assert caught.value.code == "Z05"


def binary(**options):
    frame = made.patients(200)
    recipe = Logistic(**options)
    return recipe.fit(frame[[*PREDICTORS, *recipe.auxiliary]], frame["event"].to_numpy())


def shrunken_binary(model, slope):
    kept = model.training_
    rows = (kept.design, kept.outcome.event == 1, kept.special.weight, kept.special.offset)
    return shrink_logistic(model.estimate_, slope, *rows)


LOGISTIC = {
    "plain": {},
    "offset": {"offset": "response"},
    "weights": {"weights": "weight"},
    "cluster": {"cluster": "start"},
    "ridge": {"penalty": "ridge", "strength": 5.0},
}


@pytest.mark.parametrize("options", LOGISTIC.values(), ids=LOGISTIC)
def test_a_logistic_model_with_slope_1_stays(options):
    model = binary(**options)
    before, after = model.estimate_, shrunken_binary(model, 1.0)
    np.testing.assert_array_equal(after.coefficients, before.coefficients)
    assert after.intercept == pytest.approx(before.intercept, abs=1e-9)
    np.testing.assert_allclose(after.joint_covariance, before.joint_covariance, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(after.naive_covariance, before.naive_covariance, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(after.loglik, before.loglik, rtol=1e-10)


@pytest.mark.parametrize("options", LOGISTIC.values(), ids=LOGISTIC)
def test_a_shrunken_logistic_model_is_calibrated_in_the_large(options):
    model = binary(**options)
    before, after, kept = model.estimate_, shrunken_binary(model, 0.6), model.training_
    np.testing.assert_allclose(after.coefficients, 0.6 * before.coefficients, rtol=1e-14)
    np.testing.assert_allclose(after.covariance, 0.36 * before.covariance, rtol=1e-10)
    risk = after.risk(kept.design + after.means, np.array([np.nan]), offset=kept.special.offset)[0][:, 0]
    weight, event = kept.special.weight, kept.outcome.event == 1
    assert weight @ risk == pytest.approx(weight[event].sum(), rel=1e-9)
    log_odds = logit(risk)
    plain = weight @ np.where(event, -np.log1p(np.exp(-log_odds)), -np.log1p(np.exp(log_odds)))
    assert after.loglik == pytest.approx((before.loglik[0], plain))


def test_the_new_intercept_has_the_error_of_its_definition():
    """Delta method by differences: the intercept as a function of the coefficients, plus its own variance."""
    model = binary()
    before, after, kept = model.estimate_, shrunken_binary(model, 0.6), model.training_
    event = kept.outcome.event == 1

    def intercept(beta):
        return intercept_in_the_large(event, kept.design @ beta)[0]

    gradient = slow.numerical_gradient(intercept, after.coefficients)
    own = intercept_in_the_large(event, kept.design @ after.coefficients)[1]
    spread = 0.36 * before.covariance
    assert after.joint_covariance[0, 0] == pytest.approx(own + gradient @ spread @ gradient, rel=1e-6)
    np.testing.assert_allclose(after.joint_covariance[0, 1:], spread @ gradient, rtol=1e-4)


def test_firth_is_not_shrunken_twice():
    with pytest.raises(FitError, match="Firth's fit is shrunken already") as caught:
        shrunken_binary(binary(penalty="firth"), 0.9)
    assert caught.value.code == "Z04"
    with pytest.raises(FitError, match="slope 2"):
        shrunken_binary(binary(), 2.0)
