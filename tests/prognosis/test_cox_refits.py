"""Refits of a Cox model by counts: the numbers and the refusals of a fit to copies of the rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cohorts.errors import PrognosisError
from prognosis.cox.counted_rows import counted_rows
from prognosis.cox.recalibration import recalibrate_cox
from prognosis.cox.refits import CoxRefits
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from prognosis.refits import RecipeRefits
from prognosis.risk_sets import build_risk_sets
from prognosis.special_columns import SpecialColumns
from tests.prognosis.made import structured

HORIZONS = np.array([0.5, 2.0, 4.0, 1e6])
RECIPES = {
    "plain": {},
    "breslow": {"ties": "breslow"},
    "splines": {"splines": {"age": 4, "dose": 3}},
    "given knots": {"splines": {"age": [45.0, 60.0, 75.0]}, "ties": "breslow"},
    "transforms": {"transforms": {"dose": "log1p", "age": "scaled"}, "splines": {"age": 3}},
    "interactions": {"interactions": [("age", "grade"), ("sex", "dose")], "splines": {"age": 4}},
}


def cohort(n=240, seed=1, step=0.25):
    """Patients with a category, a 0/1 column and two numbers; times on a grid, so that many tie."""
    draw = np.random.default_rng(seed)
    age, sex = draw.normal(60, 10, n).round(1), draw.integers(0, 2, n)
    dose = draw.exponential(2, n).round(2)
    grade = pd.Categorical.from_codes(draw.integers(0, 3, n), ["low", "middle", "high"])
    eta = 0.03 * (age - 60) + 0.4 * sex + 0.2 * (grade.codes == 2)
    failure, censored = draw.exponential(4 * np.exp(-eta)), draw.uniform(1, 8, n)
    time = np.maximum(np.ceil(np.minimum(failure, censored) / step) * step, step)
    frame = pd.DataFrame({"age": age, "sex": sex, "grade": grade, "dose": dose})
    return frame, structured(time, (failure <= censored).astype(int))


def both(recipe, X, y, horizons=HORIZONS):
    counted = recipe.refits(X, y, horizons)
    assert isinstance(counted, CoxRefits)
    return counted, RecipeRefits(recipe, X, y, horizons)


def resample(n, seed):
    return np.random.default_rng([7, seed]).integers(0, n, n)


@pytest.mark.parametrize("given_recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("fitted", [True, False])
def test_same_numbers_as_copies_of_the_rows(given_recipe, fitted):
    X, y = cohort()
    recipe = Cox(**given_recipe)
    counted, general = both(recipe.fit(X, y) if fitted else recipe, X, y)
    for seed in range(3):
        train = resample(len(X), seed)
        fast, slow = counted._counted(train), general(train, 1)
        np.testing.assert_allclose(fast.marker, slow.marker, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(fast.linear_predictor, slow.linear_predictor, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(fast.risk, slow.risk, rtol=1e-9, atol=1e-10)
        for rows in (train, np.arange(len(X)), np.arange(0, len(X), 3)):
            np.testing.assert_allclose(fast.recalibrate(rows), slow.recalibrate(rows), rtol=1e-9, atol=1e-9)


def efron_by_loops(time, event, eta):
    """Log partial likelihood and the steps of the baseline hazard (time, size), one event after the other."""
    loglik, steps = 0.0, []
    for t in np.unique(time[event]):
        dead, at_risk = event & (time == t), time >= t
        for tied in range(dead.sum()):
            left = np.exp(eta[at_risk]).sum() - tied / dead.sum() * np.exp(eta[dead]).sum()
            loglik -= np.log(left)
            steps.append((t, 1 / left))
        loglik += eta[dead].sum()
    return loglik, np.array(steps)


def test_against_loops_over_copied_rows():
    """Maximum of the likelihood, risks and the three likelihoods of the slope, by explicit loops."""
    X, y = cohort(n=60)
    X = X[["age", "sex"]]
    train = resample(60, 3)
    answers = Cox().refits(X, y, HORIZONS)._counted(train)
    time, event = y["time"][train], y["event"][train] == 1
    eta = answers.linear_predictor
    best, steps = efron_by_loops(time, event, eta[train])
    for column in X.to_numpy(float).T:
        tilted = eta[train] + 1e-4 * (column - column.mean())[train]
        assert efron_by_loops(time, event, tilted)[0] < best
        opposite = eta[train] - 1e-4 * (column - column.mean())[train]
        assert efron_by_loops(time, event, opposite)[0] < best
    assert eta[train].mean() == pytest.approx(0, abs=1e-12)
    for place, horizon in enumerate(HORIZONS[:3]):
        hazard = steps[steps[:, 0] <= horizon, 1].sum()
        np.testing.assert_allclose(answers.risk[:, place], 1 - np.exp(-np.exp(eta) * hazard), rtol=1e-12)
    assert np.isnan(answers.risk[:, 3]).all()
    again = answers.recalibrate(train)
    assert again.slope == pytest.approx(1, abs=1e-10)
    assert (again.given, again.refitted) == pytest.approx((best, best), rel=1e-12)
    everybody = answers.recalibrate(np.arange(60))
    y_event = y["event"] == 1
    expected = [efron_by_loops(y["time"], y_event, b * eta)[0] for b in (0.0, 1.0, everybody.slope)]
    assert [everybody.null, everybody.given, everybody.refitted] == pytest.approx(expected, rel=1e-12)


def refused(refits, train):
    """Code of the refusal, or what it answers."""
    try:
        return refits(train, 1).marker.tolist()
    except PrognosisError as error:
        return [finding.code for finding in error.findings]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda X, y: y["event"].__setitem__(X["grade"] == "high", 0), "C05"),
        (lambda X, y: X.__setitem__("sex", np.where(np.arange(len(X)) < 200, 1, 0)), "C01"),
        (lambda X, y: X.__setitem__("dose", X["age"] + np.where(np.arange(len(X)) < 200, 0, 1.0)), "C02"),
        (lambda X, y: X.__setitem__("dose", X["age"] * 2 + np.where(np.arange(len(X)) < 200, 3, 9.0)), "C03"),
        (lambda X, y: X.__setitem__("dose", X["age"] + 1e-6 * X["dose"]), "C04"),
        (lambda X, y: X.__setitem__("dose", -y["time"] * np.where(np.arange(len(X)) < 200, 1.0, -1)), "C05"),
        (lambda X, y: X.__setitem__("dose", 1e60 * X["dose"]), "C27"),
        (lambda X, y: y["event"].__setitem__(np.arange(len(X)) < 200, 0), "T11"),
    ],
)
def test_refusals_have_the_codes_of_the_general_way(spoil, code):
    """Among the first 200 rows only; the whole study could be fitted."""
    X, y = cohort()
    spoil(X, y)
    recipe = Cox()
    train = np.random.default_rng(5).integers(0, 200, 240)
    found, expected = (
        refused(recipe.refits(X, y, HORIZONS), train),
        refused(RecipeRefits(recipe, X, y, HORIZONS), train),
    )
    assert found == expected
    assert code in found


@pytest.mark.parametrize("rows", [2, 4, 5, 8])
def test_too_few_rows_are_refused_alike(rows):
    X, y = cohort()
    counted, general = both(Cox(), X, y)
    train = np.flatnonzero(y["event"] == 1)[:rows]
    assert refused(counted, train) == refused(general, train)


def test_a_number_of_which_only_0_and_1_were_drawn_is_judged_as_categories():
    X, y = cohort()
    X["dose"] = np.where(np.arange(240) < 200, np.arange(240) % 2, 3.0)
    y["event"][(X["dose"] == 1) & (np.arange(240) < 200)] = 0
    counted, general = both(Cox(), X, y)
    train = np.arange(200)
    assert refused(counted, train) == refused(general, train) == ["C05"]
    assert len(refused(counted, np.arange(240))) == 240


@pytest.mark.parametrize("efron", [True, False])
def test_the_slope_is_that_of_a_fit_of_one_column(efron):
    """A stratum of all rows takes the way of every Cox model."""
    X, y = cohort()
    outcome, eta = SurvivalArrays(y["time"], y["event"]), 0.7 * X["sex"].to_numpy() + 0.02 * X["age"].to_numpy()
    fast = recalibrate_cox(outcome, eta, SpecialColumns(np.ones(240)), efron=efron)
    slow = recalibrate_cox(outcome, eta, SpecialColumns(np.ones(240), np.zeros(240, np.int64)), efron=efron)
    np.testing.assert_allclose(fast, slow, rtol=1e-10)


def test_a_slope_that_cannot_be_estimated_is_refused():
    X, y = cohort()
    answers = Cox().refits(X, y, HORIZONS)._counted(resample(240, 0))
    one = np.flatnonzero(y["event"] == 1)[:1]
    with pytest.raises(PrognosisError, match="constant"):
        answers.recalibrate(np.repeat(one, 5))


def test_times_that_differ_by_rounding_are_merged_as_in_the_copies():
    """Whether three times in a row are one depends on whether the middle one was drawn."""
    X, y = cohort()
    between = np.arange(240) % 3
    y["time"] += 3e-8 * between
    counted, general = both(Cox(), X, y, np.array([2.1]))
    assert counted.rows.unsure
    everybody, ends = np.arange(240), np.flatnonzero(between != 1)
    assert counted.rows.draw(everybody) is not None
    assert counted.rows.draw(ends) is None
    for train in (everybody, ends, resample(240, 1)):
        fast, slow = counted(train, 1), general(train, 1)
        np.testing.assert_allclose(fast.risk, slow.risk, rtol=1e-9)
        np.testing.assert_allclose(fast.recalibrate(ends), slow.recalibrate(ends), rtol=1e-9)


def test_what_counts_do_not_serve_goes_the_general_way():
    X, y = cohort()
    centre = np.arange(240) % 2
    recipes = [
        Cox(strata=("centre",)),
        Cox(weights="centre"),
        Cox(offset="centre"),
        Cox(cluster="centre"),
        Cox(ridge=1.0),
        Cox(penalty="firth"),
    ]
    for recipe in recipes:
        with_centre = X.assign(centre=centre) if recipe.auxiliary else X
        assert isinstance(recipe.refits(with_centre, y, HORIZONS), RecipeRefits)
    competing = y.copy()
    competing["event"][:5] = 2
    late = structured(y["time"], y["event"], np.zeros(240))
    missing = X.assign(age=X["age"].where(X["age"] > 50))
    for frame, outcome in ((X, competing), (X, late), (missing, y)):
        assert isinstance(Cox().refits(frame, outcome, HORIZONS), RecipeRefits)


def test_a_horizon_between_merged_times_goes_the_general_way():
    X, y = cohort()
    y["time"][0] = 2.0 + 1e-8
    assert (y["time"] == 2.0).any()
    assert isinstance(Cox().refits(X, y, np.array([2.0 + 5e-9])), RecipeRefits)
    assert isinstance(Cox().refits(X, y, np.array([2.0 - 5e-9])), CoxRefits)


@given(st.integers(0, 10_000), st.integers(2, 50))
@settings(max_examples=50)
def test_counts_have_the_risk_sets_of_the_copies(seed, n):
    rng = np.random.default_rng(seed)
    time, died = rng.integers(1, 12, n).astype(float), rng.random(n) < 0.6
    train = rng.integers(0, n, n)
    died[train[0]] = True
    rows = counted_rows(time, died, np.array([3.0, 20.0]))
    drawn = rows.draw(train)
    copies = build_risk_sets(time[train], died[train])
    np.testing.assert_array_equal(np.sort(np.repeat(drawn.rows, drawn.copies.astype(int))), np.sort(train))
    assert (np.diff(time[drawn.rows]) >= 0).all()
    np.testing.assert_array_equal(drawn.events, copies.events)
    np.testing.assert_array_equal(rows.starts[drawn.at], copies.time)
    last = dict(zip(train, copies.last, strict=True))
    np.testing.assert_array_equal(drawn.leaves + 1, [last[row] for row in drawn.rows])
    np.testing.assert_array_equal(drawn.own, died[drawn.rows])
    np.testing.assert_array_equal(rows.number_by(drawn, np.array([3.0])), (copies.time <= 3).sum())
    assert rows.end(drawn, time) == time[train].max()
