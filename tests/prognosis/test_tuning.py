"""Tuning inside the fit: candidates, budget, folds, the choice, what is kept, and that nothing leaks."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, FitError, ModelFileError, PredictionError, PrognosisWarning
from prognosis import load_model
from prognosis.evaluation import Evaluation
from prognosis.metrics.discrimination import harrell_c
from prognosis.metrics.indexes.log_loss import LOG_LOSS
from prognosis.models import Cox, DecisionTree, EarlyRelapse, Logistic, RandomSurvivalForest, Screened, Tuned
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.tuning.candidates import draw_candidates
from prognosis.tuning.inner_folds import Dealing, inner_folds
from prognosis.tuning.search import Scores, choose
from prognosis.validation import CrossValidation
from tests.prognosis import made

quiet = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
RIDGES = {"ridge": [100.0, 10.0, 0.0]}


@pytest.fixture(scope="module")
def frame():
    return made.patients(160)


def columns(frame):
    return frame[["age", "albumin", "sex"]], made.outcome_of(frame)


def refused(code, words, build, family=FitError):
    with pytest.raises(family, match=words) as caught:
        build()
    assert caught.value.code == code


# Candidates --------------------------------------------------------------------------------------------------------


def test_candidates_come_in_the_order_of_simplicity():
    """Two lists of 2 and 3 values: the sum of places first, then the order of the lists."""
    found = draw_candidates({"a": [1, 2], "b": ["x", "y", "z"]}, 50, 0, 0)
    assert found.settings == ((1, "x"), (1, "y"), (2, "x"), (1, "z"), (2, "y"), (2, "z"))
    assert found.of(3) == {"a": 1, "b": "z"}
    assert found.size == 6


def test_a_budget_draws_without_replacement_by_seed_and_task():
    grid = {"a": list(range(30)), "b": list(range(40))}
    drawn = draw_candidates(grid, 25, 7, 0)
    assert len(set(drawn.settings)) == 25
    assert drawn.size == 1200
    assert draw_candidates(grid, 25, 7, 0) == drawn
    assert draw_candidates(grid, 25, 7, 1).settings != drawn.settings
    places = np.array(drawn.settings).sum(axis=1)
    assert (np.diff(places) >= 0).all()


# The choice, by hand -----------------------------------------------------------------------------------------------


def scores(*rows):
    return Scores(np.array(rows, float), tuple("R no" if np.isnan(row).any() else "" for row in rows))


def test_the_best_mean_wins_in_the_direction_of_the_metric():
    table = scores([0.6, 0.6], [0.7, 0.7], [0.5, 0.9])
    up = choose(table, 2, higher_is_better=True, one_standard_error=False)
    assert up.chosen == 1  # .7 twice: the simpler of the equals
    assert up.mean == pytest.approx([0.6, 0.7, 0.7])
    assert up.se == pytest.approx([0.0, 0.0, 0.4 / np.sqrt(2) / np.sqrt(2)])
    assert choose(table, 2, higher_is_better=False, one_standard_error=False).chosen == 0


def test_one_standard_error_takes_the_simplest_within_it():
    """Best: mean .70, standard deviation .1414, error .1: everything from .60 on is within it."""
    table = scores([0.59, 0.59], [0.61, 0.61], [0.60, 0.80])
    assert choose(table, 2, higher_is_better=True, one_standard_error=True).chosen == 1
    assert choose(table, 2, higher_is_better=True, one_standard_error=False).chosen == 2


def test_repeats_do_not_make_the_standard_error_smaller():
    once, thrice = scores([0.5, 0.7]), scores([0.5, 0.7] * 3)
    errors = [choose(s, 2, higher_is_better=True, one_standard_error=False).se[0] for s in (once, thrice)]
    assert errors == pytest.approx([0.1, np.std([0.5, 0.7] * 3, ddof=1) / np.sqrt(2)])


def test_a_candidate_without_a_fold_is_out_and_a_fold_without_candidates_too():
    nan = np.nan
    found = choose(scores([0.9, nan, nan], [0.6, 0.6, nan], [0.5, 0.5, nan]), 3, higher_is_better=True,
                   one_standard_error=False)  # fmt: skip
    assert (found.chosen, found.used) == (1, 2)
    assert np.isnan(found.mean[0])
    apart = scores([nan, 1.0], [1.0, nan])
    nobody = "none of 2 candidates.*R no"
    refused("Y33", nobody, lambda: choose(apart, 2, higher_is_better=True, one_standard_error=False))


# Inner folds -------------------------------------------------------------------------------------------------------


def dealt(frame, together=None, folds=4):
    X, y = columns(frame)
    return inner_folds(X, read_outcome(y), together, Dealing(folds, 2, 3, 0))


def test_inner_folds_are_balanced_by_event_and_cover_everybody_once_a_repeat(frame):
    event = frame["event"].to_numpy()
    folds = dealt(frame)
    assert len(folds) == 8
    for repeat in (folds[:4], folds[4:]):
        assert sorted(np.concatenate([fold.test for fold in repeat])) == list(range(160))
        assert np.ptp([event[fold.test].sum() for fold in repeat]) <= 1
    assert not np.array_equal(folds[0].test, folds[4].test)
    for fold in folds:
        assert not set(fold.train) & set(fold.test)


def test_copies_of_a_patient_and_clusters_stay_on_one_side(frame):
    drawn = np.random.default_rng(1).integers(0, 160, 160)
    for fold in dealt(frame.iloc[drawn].reset_index(drop=True), drawn):
        assert not set(drawn[fold.train]) & set(drawn[fold.test])


def test_the_order_of_the_rows_does_not_move_patients_between_folds(frame):
    shuffled = frame.sample(frac=1, random_state=2)
    ours, theirs = (
        [frozenset(rows.index[fold.test]) for fold in dealt(rows)] for rows in (frame, shuffled)
    )  # fmt: skip
    assert ours == theirs


def test_more_folds_than_patients_with_the_event_are_refused(frame):
    few = frame.assign(event=np.r_[np.ones(3, int), np.zeros(157, int)])
    refused("V01", "4 inner folds cannot be made of 3", lambda: dealt(few))


# The recipe --------------------------------------------------------------------------------------------------------


@quiet
def test_a_score_is_the_mean_of_harrell_c_within_the_inner_folds(frame):
    """An explicit loop over the same folds."""
    X, y = columns(frame)
    fitted = Tuned(Cox(), grid=RIDGES, folds=4, repeats=2, seed=3).fit(X, y)
    for place, ridge in enumerate(RIDGES["ridge"]):
        by_hand = []
        for train, test in dealt(frame):
            model = Cox(ridge=ridge).fit(X.iloc[train], y[train])
            by_hand.append(harrell_c(model.evaluation(X.iloc[test], y[test])))
        assert fitted.tuning_.mean[place] == pytest.approx(np.mean(by_hand), abs=1e-12)
    best = fitted.tuning_.best
    np.testing.assert_array_equal(fitted.predict(X), Cox(**best).fit(X, y).predict(X))
    assert fitted.answering_recipe.ridge == best["ridge"]


@quiet
def test_log_loss_chooses_for_a_binary_outcome_and_brier_reads_the_last_horizon(frame):
    X, early = frame[["age", "albumin"]], frame["early"].to_numpy()
    fitted = Tuned(Logistic(penalty="ridge"), grid={"strength": [1000.0, 1.0]}, folds=3).fit(X, early)
    assert (fitted.tuning_.metric, fitted.tuning_.higher_is_better) == ("log_loss", False)
    judged = []
    for fold in inner_folds(X, read_outcome(early, False), None, Dealing(3, 1, 0, 0)):
        model = Logistic(penalty="ridge", strength=1.0).fit(X.iloc[fold.train], early[fold.train])
        risk = 1 / (1 + np.exp(-model.estimate_.linear_predictor(model.preparation_.design(X.iloc[fold.test]), None)))
        probability = model.answers(X.iloc[fold.test], early[fold.test], np.array([np.nan])).risk[:, 0]
        assert np.corrcoef(risk, probability)[0, 1] > 0.99
        event = early[fold.test]
        judged.append(-np.mean(event * np.log(probability) + (1 - event) * np.log(1 - probability)))
    assert fitted.tuning_.mean[1] == pytest.approx(np.mean(judged), rel=1e-12)
    model = made.study(n=160).fit(Tuned(Cox(), grid=RIDGES, metric="brier", folds=3))
    assert (model.tuning.metric, model.tuning.horizon) == ("brier", 48.0)


@quiet
def test_it_finds_what_helps(frame):
    """A forest whose leaves hold everybody cannot tell patients apart: the other candidate wins, and is the simpler."""
    X, y = columns(frame)
    grid = {"min_leaf": [150, 10]}
    fitted = Tuned(RandomSurvivalForest(trees=10), grid=grid, folds=3).fit(X, y)
    assert fitted.tuning_.best == {"min_leaf": 10}
    assert fitted.tuning_.mean[0] == 0.5


@quiet
def test_nested_parameters_and_a_recipe_around_another(frame):
    model = made.study(n=160).fit(
        Tuned(Screened(Cox()), grid={"keep": [1, 3], "recipe__ridge": [10.0, 0.0]}, folds=3), name="m"
    )
    assert model.kind == "cox"
    assert len(model.selection.kept) == model.tuning.best["keep"]
    assert model.recipe.ridge == model.tuning.best["recipe__ridge"]
    assert model.candidates == ("age", "albumin", "sex", "grade")
    validation = made.study(n=160).validate(model, CrossValidation(folds=3, repeats=1), metrics=["harrell_c"])
    assert validation.failed == 0


@quiet
def test_a_failed_candidate_is_named_and_all_failing_raises(frame):
    X, y = columns(frame)
    fitted = Tuned(RandomSurvivalForest(trees=3), grid={"features": [1, 40]}, folds=3).fit(X, y)
    assert fitted.tuning_.best == {"features": 1}
    assert "F21" in fitted.tuning_.table["failed"].iloc[1]
    assert "Y36" in [finding.code for finding in fitted.warnings_]
    refused("F21", "features=40", lambda: Tuned(RandomSurvivalForest(trees=3), grid={"features": [40]}).fit(X, y))


@quiet
def test_missing_values_are_refused_in_the_words_of_the_recipe(frame):
    X, y = columns(frame.assign(age=frame["age"].where(frame["age"] > 45)))
    refused("C16", "missing", lambda: Tuned().fit(X, y), DataContractError)


def test_the_budget_and_the_choice_are_said(frame):
    X, y = columns(frame)
    fitted = Tuned(Cox(), grid={"ridge": [100.0, 30.0, 10.0, 3.0, 1.0, 0.0]}, budget=2, folds=3).fit(X, y)
    said = {finding.code: finding.rule for finding in fitted.warnings_}
    assert "6 settings, the budget is 2: 2 drawn at random" in said["Y34"]
    assert "among 2 candidates by harrell_c in 3 inner folds (7 fits)" in said["Y35"]
    assert (fitted.tuning_.size, fitted.tuning_.fits) == (6, 7)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"recipe": Cox()}, "S14", "grid=None is not allowed"),
        ({"grid": RIDGES}, "S14", "a grid without the recipe"),
        ({"recipe": Cox(), "grid": {"ridge": []}}, "S14", "grid="),
        ({"recipe": Cox(), "grid": {"ridge": "01"}}, "S14", "grid="),
        ({"recipe": Cox(), "grid": {"ridge": [1.0, 1.0]}}, "S14", "listed twice"),
        ({"recipe": Cox(), "grid": {"ridge": [1.0, -1.0]}}, "S14", r"Cox: ridge=-1.0"),
        ({"recipe": Screened(Cox()), "grid": {"recipe__ridge": [-1.0]}}, "S14", r"Cox: ridge=-1.0"),
        ({"recipe": Cox(), "grid": {"rigde": [1.0]}}, "Y30", "no parameter rigde.*ridge"),
        ({"recipe": RandomSurvivalForest(), "grid": {"seed": [1, 2]}}, "Y31", "seed is never tuned"),
        ({"recipe": Cox(), "grid": {"strata": [[], ["sex"]]}}, "Y31", "strata is never tuned"),
        ({"recipe": Screened(Cox(), inside=False), "grid": {"keep": [1]}}, "L12", "inside=True"),
        ({"recipe": Tuned(), "grid": {"folds": [3]}}, "S14", "not tuned already"),
        ({"folds": 1}, "S14", "folds=1"),
        ({"budget": 0}, "S14", "budget=0"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_the_first_fit(frame, options, code, words):
    refused(code, words, lambda: Tuned(**options).fit(*columns(frame)))


@quiet
def test_metrics_that_cannot_choose_are_refused(frame):
    X, y = columns(frame)
    refused("Y37", "calibration_slope cannot choose", lambda: Tuned(metric="calibration_slope").fit(X, y))
    refused("M12", "at which time", lambda: Tuned(metric="brier").fit(X, y), PredictionError)
    refused("M12", "no metric log_loss", lambda: Tuned(metric="log_loss").fit(X, y), PredictionError)


# Leaks -------------------------------------------------------------------------------------------------------------


@quiet
def test_tuning_is_repeated_in_every_resample_from_its_training_rows_alone(frame):
    """Outcomes of the patients left out, turned round, change neither the winner nor any prediction."""
    X, y = columns(frame)
    recipe = Tuned(RandomSurvivalForest(trees=5), grid={"min_leaf": [40, 20, 5]}, folds=3)
    train = np.arange(0, 160, 2)
    other = y.copy()
    outside = np.setdiff1d(np.arange(160), train)
    other["time"][outside] = other["time"][outside][::-1]
    other["event"][outside] = 1 - other["event"][outside]
    ours, theirs = (recipe.refits(X, outcome, np.array([24.0]))(train, 1) for outcome in (y, other))
    np.testing.assert_array_equal(ours.risk, theirs.risk)
    other_task = recipe.refits(X, y, np.array([24.0]))(train, 2)
    assert not np.array_equal(ours.risk, other_task.risk)


@quiet
def test_copies_in_a_bootstrap_do_not_flatter_deep_candidates():
    """Noise: were copies divided between inner folds, the forest of tiny leaves would seem to know everybody."""
    draw = np.random.default_rng(5)
    X = pd.DataFrame(draw.normal(size=(80, 4)), columns=list("abcd"))
    y = made.structured(draw.exponential(10, 80) + 0.1, np.ones(80, int))
    train = draw.integers(0, 80, 160)
    copies, outcome = X.iloc[train].reset_index(drop=True), y[train]
    recipe = Tuned(RandomSurvivalForest(trees=20), grid={"min_leaf": [1]}, folds=4)
    apart = recipe.of_patients(train).fit(copies, outcome).tuning_.mean[0]
    mixed = Tuned(RandomSurvivalForest(trees=20), grid={"min_leaf": [1]}, folds=4).fit(copies, outcome).tuning_.mean[0]
    assert apart < 0.62
    assert mixed > 0.8


@quiet
def test_noise_tuned_over_many_candidates_is_judged_as_noise():
    """The tuned models of noise are judged by patients who had no part in the tuning."""
    found = []
    for seed in range(4):
        draw = np.random.default_rng(seed)
        noise = made.patients(100, seed=seed).assign(age=draw.normal(60, 9, 100), albumin=draw.normal(38, 4, 100))
        study = made.study(["age", "albumin"], frame=noise.assign(months=draw.permutation(noise["months"])))
        model = study.fit(Tuned(Cox(), grid={"ridge": [1000.0, 30.0, 1.0, 0.0]}, folds=3))
        found.append(study.validate(model, CrossValidation(5, 1), metrics=["harrell_c"]).table["corrected"][0])
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)


# The model file ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.study(n=160).fit(Tuned(Cox(), grid={**RIDGES, "ties": ["efron", "breslow"]}, folds=3), name="m")


def test_the_search_is_kept_in_the_model_file(model, tmp_path):
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    assert loaded.tuning == model.tuning
    assert loaded.tuning.table.equals(model.tuning.table)
    assert list(model.tuning.table["chosen"]).count(True) == 1
    assert loaded.hash == model.hash
    frame = made.patients(160)[["age", "albumin", "sex", "grade"]]
    np.testing.assert_array_equal(loaded.predict(frame).risk, model.predict(frame).risk)


@pytest.mark.parametrize("change", [{"chosen": 9}, {"chosen": -1}, {"mean": [0.5]}, {"names": ["ridge"]}])
def test_a_search_that_does_not_fit_itself_is_refused(model, change, tmp_path):
    stored = json.loads(json.dumps(model.tuning.to_dict()))
    broken = replace(model, tuning=type(model.tuning).restore({**stored, **change}, {}))
    path = broken.save(tmp_path / "m.prognosis")
    with pytest.raises(ModelFileError, match="tuning names other candidates") as caught:
        load_model(path)
    assert caught.value.code == "L07"


def test_diagnostics_reach_the_winner(model):
    assert model.proportional_hazards().iloc[-1, 0] == "GLOBAL"


def test_log_loss_counts_case_weights_as_copies():
    draw = np.random.default_rng(8)
    event, risk, weight = draw.integers(0, 2, 30), draw.uniform(0.05, 0.95, (30, 1)), draw.integers(1, 4, 30)
    at = np.array([np.nan])
    whole = SurvivalArrays(np.full(30, np.nan), event)
    weighted = LOG_LOSS.values(Evaluation(whole, risk[:, 0], horizons=at, risks=risk, weight=weight.astype(float)))
    rows = np.repeat(np.arange(30), weight)
    copies = LOG_LOSS.values(Evaluation(whole.take(rows), risk[rows, 0], horizons=at, risks=risk[rows]))
    assert weighted == pytest.approx(copies, rel=1e-14)
    loss = -np.log(np.where(event == 1, risk[:, 0], 1 - risk[:, 0]))
    assert weighted[0] == pytest.approx(np.average(loss, weights=weight))


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_the_event_within_a_window_is_tuned_with_its_weights_for_censoring():
    """No candidate is judged without the weights: a patient censored early says nothing, the others count for more."""
    recipe = EarlyRelapse(Tuned(DecisionTree(), grid={"min_leaf": [5, 40]}, folds=3), window=12.0)
    model = made.study(["age", "albumin", "sex"], n=300, horizons=[12]).fit(recipe)
    risk = model.predict(made.patients(50, seed=3)[["age", "albumin", "sex"]]).risk[:, 0]
    assert np.corrcoef(risk, made.patients(50, seed=3)["albumin"])[0, 1] < 0
