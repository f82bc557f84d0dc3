"""What every recipe in prognosis/models must keep; a new file is found by the walk and tested unasked."""

from __future__ import annotations

import functools
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline

import prognosis.models
from cohorts.errors import FitError, PredictionError, PrognosisWarning
from prognosis import load_model
from prognosis.metrics.discrimination import harrell_c
from prognosis.metrics.indexes.calibration import calibration_slope
from prognosis.models import Cox, recipes
from prognosis.recipe import Recipe
from tests.prognosis import made
from tests.prognosis.quick import quick

ANSWERS = [(recipe, kind) for recipe in recipes().values() for kind in recipe.endpoints]
TIMED = [pair for pair in ANSWERS if pair[1] != "binary"]
PREDICTORS = ["age", "albumin", "sex"]
every_answer = pytest.mark.parametrize(("recipe", "kind"), ANSWERS, ids=lambda value: getattr(value, "kind", value))
every_curve = pytest.mark.parametrize(("recipe", "kind"), TIMED, ids=lambda value: getattr(value, "kind", value))


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


@functools.cache
def fitted(recipe, kind):
    """The recipe, if need be in quick settings, fitted to 200 made-up patients; warnings are not the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.study(PREDICTORS, n=200, endpoint=made.ENDPOINTS[kind]).fit(quick(recipe))


@every_curve
def test_laws_of_a_risk_curve(recipe, kind, frame):
    """risk(0) = 0, non-decreasing, a probability inside its interval; higher where one linear predictor is higher."""
    model = fitted(recipe, kind)
    window = getattr(model.estimate, "window", None)  # of a model that answers at one time only
    times = np.linspace(0.01, model.max_follow_up, 60) if window is None else np.array([window])
    prediction = model.predict(frame[PREDICTORS], horizons=times)
    assert (np.diff(prediction.risk, axis=1) >= 0).all()
    assert ((prediction.risk >= 0) & (prediction.risk <= 1)).all()
    limits = np.isfinite(prediction.lower)
    assert (prediction.lower <= prediction.risk)[limits].all()
    assert (prediction.risk <= prediction.upper)[limits].all()
    order = np.argsort(prediction.linear_predictor)
    if hasattr(model.estimate, "risk_at"):
        assert (np.diff(prediction.risk[order], axis=0) >= -1e-12).all()


@every_curve
def test_direction_and_level(recipe, kind, frame):
    """High albumin lowers the risk, and the mean risk is the observed one."""
    model = fitted(recipe, kind)
    low, high = (model.predict({"age": 60.0, "albumin": value, "sex": "F"}, [24]).risk[0, 0] for value in (30.0, 45.0))
    assert low > high + 0.05
    mean = model.predict(frame[PREDICTORS], [24]).risk.mean()
    assert mean == pytest.approx(1 - model.follow_up.at(24), abs=0.04)


@every_curve
def test_nothing_is_known_beyond_the_follow_up(recipe, kind):
    model = fitted(recipe, kind)
    answer = model.predict({"age": 60.0, "albumin": 38.0, "sex": "F"}, [model.max_follow_up + 1])
    assert np.isnan(answer.risk).all()
    at_once = {"W08"} if hasattr(model.estimate, "window") else set()
    assert {remark.code for remark in answer.remarks} == {"P10", *at_once}


@pytest.mark.parametrize("recipe", [recipe for recipe, kind in ANSWERS if kind == "binary"])
def test_a_binary_endpoint_has_one_probability_a_patient_and_no_horizon(recipe, frame):
    model = fitted(recipe, "binary")
    answer = model.predict(frame[PREDICTORS])
    assert answer.risk.shape == (200, 1)
    assert np.isnan(answer.horizons).all()
    assert answer.risk.mean() == pytest.approx(frame["early"].mean(), abs=0.03)
    assert np.corrcoef(answer.risk[:, 0], frame["early"])[0, 1] > 0.2
    assert model.follow_up is None
    assert model.max_follow_up is None
    for asked in (lambda: model.predict(frame[PREDICTORS], [12]), lambda: model.curve(frame[PREDICTORS].iloc[:1])):
        with pytest.raises(PredictionError, match="a binary endpoint has no time") as caught:
            asked()
        assert caught.value.code == "P12"


@every_answer
def test_saved_and_loaded_it_answers_the_same(recipe, kind, frame, tmp_path):
    model = fitted(recipe, kind)
    rows = getattr(model.estimate, "holds_rows", False)
    loaded = load_model(model.save(tmp_path / "m.prognosis", store_reference=rows))
    ours, again = model.predict(frame[PREDICTORS]), loaded.predict(frame[PREDICTORS])
    for part in ("risk", "lower", "upper", "linear_predictor"):
        np.testing.assert_array_equal(getattr(ours, part), getattr(again, part))
    assert loaded.hash == model.hash
    assert loaded.summary.equals(model.summary)


@every_answer
def test_the_order_of_the_rows_does_not_matter(recipe, kind, frame):
    model = fitted(recipe, kind)
    shuffled = frame.sample(frac=1, random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        other = made.study(PREDICTORS, frame=shuffled, endpoint=made.ENDPOINTS[kind]).fit(quick(recipe))
    np.testing.assert_allclose(
        other.predict(frame[PREDICTORS]).risk, model.predict(frame[PREDICTORS]).risk, rtol=1e-7, atol=1e-9
    )


@every_answer
def test_its_discrimination_beats_chance_and_the_slope_is_that_of_its_own_likelihood(recipe, kind, frame):
    kept = fitted(recipe, kind).freshly_fitted()
    study = made.study(PREDICTORS, n=200, endpoint=made.ENDPOINTS[kind])
    seen = kept.evaluation(study.columns_of(kept), study.outcome.to_structured())
    assert 0.55 < harrell_c(seen) < 0.95
    assert calibration_slope(seen) > 0.9
    if not kept.held_out_only:
        assert calibration_slope(seen) == pytest.approx(1.0, abs=1e-4)


@every_answer
def test_another_endpoint_is_refused_with_the_way_out(recipe, kind):
    for other in set(made.ENDPOINTS) - set(recipe.endpoints):
        with pytest.raises(FitError, match=f"{recipe.__name__} cannot answer a {other} endpoint") as caught:
            made.study(PREDICTORS, n=200, endpoint=made.ENDPOINTS[other]).fit(recipe())
        assert caught.value.code == "T30"


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
