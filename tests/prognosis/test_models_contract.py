"""What every recipe in prognosis/models must keep; a new file is found by the walk and tested unasked."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

import prognosis.models
from prognosis.models import Cox, recipes
from prognosis.recipe import Recipe
from tests.prognosis import made

SURVIVAL = [recipe for recipe in recipes().values() if "time_to_event" in recipe.endpoints]


@pytest.fixture(scope="module")
def frame():
    return made.patients(200)


def test_the_walk_finds_the_recipes_by_kind_and_name():
    assert recipes()["cox"] is Cox
    assert prognosis.models.Cox is Cox
    assert "Cox" in dir(prognosis.models)
    with pytest.raises(AttributeError, match="no recipe Oracle"):
        _ = prognosis.models.Oracle


@pytest.mark.parametrize("recipe", recipes().values(), ids=lambda recipe: recipe.kind)
def test_it_is_a_scikit_learn_estimator_of_plain_parameters(recipe):
    assert issubclass(recipe, Recipe)
    assert recipe.endpoints
    assert recipe.estimate_class is not None
    parameters = recipe().get_params()
    assert clone(recipe()).get_params() == parameters
    assert set(recipe.limits) <= set(parameters)


@pytest.mark.parametrize("recipe", SURVIVAL, ids=lambda recipe: recipe.kind)
def test_laws_of_a_risk_curve(recipe, frame):
    """risk(0) = 0, non-decreasing, a probability inside its interval, higher where the linear predictor is higher."""
    model = made.study(["age", "albumin", "sex"], frame=frame).fit(recipe())
    times = np.linspace(0.01, model.max_follow_up, 60)
    prediction = model.predict(frame[["age", "albumin", "sex"]], horizons=times)
    assert (np.diff(prediction.risk, axis=1) >= 0).all()
    assert ((prediction.risk >= 0) & (prediction.risk <= 1)).all()
    assert (prediction.lower <= prediction.risk).all()
    assert (prediction.risk <= prediction.upper).all()
    order = np.argsort(prediction.linear_predictor)
    assert (np.diff(prediction.risk[order], axis=0) >= -1e-12).all()


@pytest.mark.parametrize("recipe", SURVIVAL, ids=lambda recipe: recipe.kind)
def test_direction_and_level(recipe, frame):
    """High albumin lowers the risk, and the mean risk is that of Kaplan-Meier."""
    model = made.study(["age", "albumin", "sex"], frame=frame).fit(recipe())
    low, high = (model.predict({"age": 60.0, "albumin": value, "sex": "F"}, [24]).risk[0, 0] for value in (30.0, 45.0))
    assert low > high + 0.1
    mean = model.predict(frame[["age", "albumin", "sex"]], [24]).risk.mean()
    assert mean == pytest.approx(1 - model.follow_up.at(24), abs=0.04)


def test_a_grid_search_and_a_pipeline_take_it(frame):
    X, y = frame[["age", "albumin"]], made.outcome_of(frame)
    search = GridSearchCV(Cox(), {"ridge": [0.0, 10.0, 1e6]}, cv=KFold(3)).fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"][:2], search.best_score_, atol=0.05)
    assert 0.55 < search.best_score_ < 0.8
    piped = Pipeline([("cox", Cox())]).fit(X, y)
    np.testing.assert_array_equal(piped.predict(X), Cox().fit(X, y).predict(X))


def test_arrays_become_x0_x1(frame):
    X, y = frame[["age", "albumin"]].to_numpy(), made.outcome_of(frame)
    fitted = Cox().fit(X, y)
    assert fitted.estimate_.names == ("x0", "x1")
    np.testing.assert_array_equal(fitted.predict(X), Cox().fit(frame[["age", "albumin"]], y).predict(frame))


@pytest.mark.parametrize(
    ("options", "words"),
    [({"ties": "exact"}, "ties='exact'"), ({"ridge": -1.0}, "ridge=-1.0"), ({"ridge": "1"}, "ridge='1'")],
)
def test_parameters_outside_their_limits_are_refused(frame, options, words):
    with pytest.raises(Exception, match=words) as caught:
        Cox(**options).fit(frame[["age"]], made.outcome_of(frame))
    assert caught.value.code == "S14"
