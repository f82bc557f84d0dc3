"""Permutation importance in patients left out: against the same by hand, its laws, and what it refuses."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from cohorts.errors import FitError, PredictionError, PrognosisWarning
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, Logistic, RandomSurvivalForest, Screened
from prognosis.validation import CrossValidation
from prognosis.validation.importance import PERMUTING, permutation_importance
from prognosis.validation.resampling import dealt_folds
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex", "creat"]


def quietly(work):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return work()


@pytest.fixture(scope="module")
def study():
    return quietly(lambda: made.study(PREDICTORS, n=300, seed=5))


def test_it_is_the_fall_of_c_by_hand(study):
    model = study.fit(Cox())
    found = permutation_importance(study, model, plan=CrossValidation(folds=5, repeats=1), permutations=3)
    X, y = study.frame, study.outcome.to_structured()
    fold = dealt_folds(study.outcome.event, None, 5, 5, 0)
    falls = []
    for k in range(5):
        kept = Cox().fit(X[fold != k], y[fold != k])
        test, outcome = X[fold == k], y[fold == k]
        own, line = harrell_c(kept.evaluation(test, outcome)), []
        for place, term in enumerate(PREDICTORS):
            draw = np.random.default_rng(np.random.SeedSequence([5, k, PERMUTING, place]))
            orders = [draw.permutation(len(test)) for _ in range(3)]
            dealt = [test.assign(**{term: test[term].array[order]}) for order in orders]
            line.append(np.mean([own - harrell_c(kept.evaluation(rows, outcome)) for rows in dealt]))
        falls.append(line)
    np.testing.assert_allclose(found.falls, falls, atol=1e-12)
    table = found.table.set_index("term").loc[PREDICTORS]
    np.testing.assert_allclose(table["importance"], np.mean(falls, axis=0), atol=1e-12)
    np.testing.assert_allclose(table["sd"], np.std(falls, axis=0, ddof=1), atol=1e-12)
    reach = 2.7764451051977987 * np.sqrt((1 / 5 + 1 / 4) * np.var(falls, axis=0, ddof=1))
    np.testing.assert_allclose(table["upper"] - table["importance"], reach, rtol=1e-9)
    assert 0.5 < found.value < 0.8


def test_what_matters_comes_first_and_noise_is_near_zero(study):
    for recipe in (Cox(), RandomSurvivalForest(trees=50)):
        found = permutation_importance(study, quietly(lambda recipe=recipe: study.fit(recipe)), "brier")
        table = found.table.set_index("term")
        assert found.table["term"].iloc[0] in ("albumin", "age")
        assert table.loc["albumin", "importance"] > 0.005
        assert abs(table.loc["creat", "importance"]) < 0.01
        assert not found.higher_is_better


def test_a_predictor_that_the_model_does_not_ask_has_none(study):
    model = quietly(lambda: study.fit(Screened(keep=1)))
    found = quietly(lambda: permutation_importance(study, model, permutations=2))
    unused = found.falls[:, [found.terms.index(name) for name in ("creat", "sex")]]
    assert (unused == 0).all()
    assert found.table["importance"].iloc[0] > 0.02


def test_it_repeats_itself(study):
    model = study.fit(Cox())
    plan = CrossValidation(folds=3, repeats=2)
    one, other = (permutation_importance(study, model, "auc", 24, plan=plan, permutations=1) for _ in range(2))
    np.testing.assert_array_equal(one.falls, other.falls)
    assert one.falls.shape == (6, 4)
    assert one.horizon == 24


def test_a_binary_outcome_is_judged_by_its_roc_curve():
    study = made.study(["age", "albumin"], n=200, endpoint=made.ENDPOINTS["binary"])
    found = quietly(lambda: permutation_importance(study, study.fit(Logistic()), permutations=2))
    assert found.metric == "auc"
    assert np.isnan(found.horizon)
    assert found.table["importance"].max() > 0


def test_what_cannot_be_asked_is_refused(study):
    model = study.fit(Cox())
    with pytest.raises(PredictionError, match="no better end") as caught:
        permutation_importance(study, model, "oe_ratio")
    assert caught.value.code == "F31"
    with pytest.raises(FitError, match="has no horizon") as horizon:
        permutation_importance(study, model, horizon=24)
    assert horizon.value.code == "V07"
    with pytest.raises(FitError, match="permuted at least once"):
        permutation_importance(study, model, permutations=0)
    with pytest.raises(FitError, match="not fitted by this study"):
        permutation_importance(made.study(PREDICTORS, n=250), model)
