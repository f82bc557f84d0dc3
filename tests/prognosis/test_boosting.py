"""Gradient boosting as a model: what it answers, how far it may be believed, what it refuses, and its file."""

from __future__ import annotations

import functools
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError, FitError, PredictionError, PrognosisWarning
from nomograms import Nomogram
from prognosis import load_model
from prognosis.boosting.fitting import SLOPES, slope_of
from prognosis.boosting.losses import CoxLoss, LogisticLoss
from prognosis.cox.recalibration import recalibrate_cox
from prognosis.logistic.regression import fit_logistic
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, GradientBoosting, RandomSurvivalForest
from prognosis.outcome import SurvivalArrays
from prognosis.special_columns import SpecialColumns
from tests.prognosis import made

ROOT = Path(__file__).parents[2]
PREDICTORS = ["age", "albumin", "sex"]
# Few trees, nothing learnt in folds: for tests of other things.
QUICK = {"trees": 20, "learning_rate": 0.1, "early_stopping": None, "calibrate": False}


def fitted(recipe=None, predictors=PREDICTORS, n=200, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.fit(recipe or GradientBoosting(**QUICK), predictors, n, **options)


def fit(recipe, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return recipe.fit(X, y)


@functools.cache
def default(kind):
    return fitted(GradientBoosting(), n=250, endpoint=made.ENDPOINTS[kind])


def simulated(n, seed, p=10):
    """Return predictors, of which four count, and a third of the follow-up censored."""
    draw = np.random.default_rng([seed, n])
    X = draw.normal(size=(n, p))
    time = draw.exponential(2 * np.exp(-X[:, :4] @ [0.5, 0.4, -0.4, 0.2]))
    censored = draw.uniform(0, 4, n)
    return X, made.structured(np.minimum(time, censored), (time <= censored).astype(int))


def test_it_finds_what_no_line_describes():
    """Risk is high where exactly one of two abnormalities is there: Cox sees nothing, two splits see it."""
    draw = np.random.default_rng(0)
    X = pd.DataFrame(draw.integers(0, 2, (400, 3)).astype(float), columns=["a", "b", "c"])
    y = made.structured(draw.exponential(20 / np.exp(1.6 * (X["a"] != X["b"]))), np.ones(400, int))
    half = slice(0, 200), slice(200, 400)
    found = {}
    for recipe in (Cox(), GradientBoosting()):
        kept = fit(recipe, X.iloc[half[0]], y[half[0]])
        found[recipe.kind] = harrell_c(kept.evaluation(X.iloc[half[1]], y[half[1]]))
    assert found["gradient_boosting"] > found["cox"] + 0.1


def test_risks_of_new_patients_are_calibrated():
    """Slope of the linear predictor, and mean risk against Cox's (the truth is linear), in patients who had no part."""
    slopes, raw, level = [], [], []
    overfitted = GradientBoosting(**{**QUICK, "trees": 200})
    for seed in range(4):
        X, y = simulated(500, seed)
        new, then = simulated(4000, seed + 100_000)
        outcome, alike = SurvivalArrays(then["time"], then["event"]), SpecialColumns(np.ones(4000))
        model = fit(GradientBoosting(seed=seed), X, y)
        slopes.append(recalibrate_cox(outcome, model.predict(new), alike).slope)
        raw.append(recalibrate_cox(outcome, fit(overfitted, X, y).predict(new), alike).slope)
        risks = [one.answers(new, then, np.array([1.0])).risk.mean() for one in (model, fit(Cox(), X, y))]
        level.append(risks[0] / risks[1])
    assert np.mean(slopes) == pytest.approx(1.0, abs=0.12)
    assert np.mean(raw) < 0.6
    assert level == pytest.approx([1.0] * 4, abs=0.04)


def test_noise_moves_nobody_far_from_the_observed_risk():
    """Ten predictors that say nothing: risks stay near the cohort's instead of spreading."""
    draw = np.random.default_rng(5)
    X, y = draw.normal(size=(300, 10)), made.structured(draw.exponential(1, 300), np.ones(300, int))
    risk = fit(GradientBoosting(), X, y).answers(X, y, np.array([1.0])).risk
    assert risk.std() < 0.05
    assert risk.mean() == pytest.approx(1 - np.exp(-1), abs=0.06)
    wild = fit(GradientBoosting(**{**QUICK, "trees": 200}), X, y).answers(X, y, np.array([1.0])).risk
    assert wild.std() > 0.15


def test_the_slope_is_the_likelihood_s_within_its_limits():
    draw = np.random.default_rng(6)
    margin = draw.normal(size=200)
    outcome = SurvivalArrays(draw.exponential(np.exp(-0.7 * margin)), np.ones(200, np.int64))
    known = recalibrate_cox(outcome, margin, SpecialColumns(np.ones(200)), efron=False).slope
    assert slope_of(CoxLoss(outcome, 1, np.ones(200), False), margin) == pytest.approx(known, abs=1e-7)
    assert slope_of(CoxLoss(outcome, 1, np.ones(200), False), -margin) == SLOPES[0]
    assert slope_of(CoxLoss(outcome, 1, np.ones(200), False), np.zeros(200)) == 1.0
    event = draw.random(200) < 1 / (1 + np.exp(1 - 1.5 * margin))
    known = fit_logistic(margin[:, None], event, ("margin",)).coefficients[0]
    assert slope_of(LogisticLoss(event, np.ones(200)), margin) == pytest.approx(known, abs=1e-6)


def test_the_number_of_trees_is_the_best_in_patients_left_out():
    X, y = simulated(300, 1)
    kept = fit(GradientBoosting(), X, y)
    loss = kept.held_out_loss_[1]
    assert kept.estimate_.ensemble.trees == np.argmin(loss) + 1
    assert len(loss) >= kept.estimate_.ensemble.trees + 30
    assert fit(GradientBoosting(early_stopping=None, trees=25), X, y).estimate_.ensemble.trees == 25
    # those of all rows, grown beside the folds, are the ones that grow alone
    alone = fit(GradientBoosting(early_stopping=None, trees=kept.estimate_.ensemble.trees, calibrate=False), X, y)
    np.testing.assert_array_equal(kept.estimate_.ensemble.margin(X), alone.estimate_.ensemble.margin(X))
    few = fit(GradientBoosting(trees=5), X, y)
    assert "B06" in [finding.code for finding in few.warnings_]


def test_a_competing_cause_lowers_the_absolute_risk():
    """The other event removes patients; without it (all censored then) the risk is higher."""
    model = default("competing")
    patients = made.patients(50)[PREDICTORS]
    alone = fitted(GradientBoosting(), n=250, frame=made.patients(250).assign(event=lambda f: (f["first"] == 1) * 1))
    assert (model.predict(patients, [24]).risk < alone.predict(patients, [24]).risk.mean() + 0.5).all()
    assert model.predict(patients, [24]).risk.mean() < alone.predict(patients, [24]).risk.mean()
    assert list(model.summary.columns) == ["cause", "term", "splits", "gain", "cover"]
    assert set(model.summary["cause"]) == {1, 2}


@pytest.mark.parametrize("kind", made.ENDPOINTS)
def test_contributions_add_up_to_the_linear_predictor(kind):
    model = default(kind)
    design = model.preparation.design(made.patients(30)[PREDICTORS])
    values, base = model.estimate.linear_contributions(design)
    assert values.shape == design.shape
    np.testing.assert_allclose(base + values.sum(axis=1), model.estimate.linear_predictor(design), atol=1e-12)


def test_delayed_entry_counts_in_risk_sets_and_baseline():
    """Constant hazard, late entries: the risk is that of the hazard, where ignoring entry gives half of it."""
    draw = np.random.default_rng(8)
    time, entry = draw.exponential(1, 4000), draw.uniform(0, 2, 4000)
    seen = time > entry
    X = draw.normal(size=(int(seen.sum()), 2))
    y = made.structured(time[seen], np.ones(len(X), int), entry[seen])
    right = fit(GradientBoosting(**{**QUICK, "calibrate": True}), X, y).answers(X, y, np.array([1.0])).risk.mean()
    wrong_y = made.structured(time[seen], np.ones(len(X), int))
    wrong = fit(GradientBoosting(**{**QUICK, "calibrate": True}), X, wrong_y)
    assert right == pytest.approx(1 - np.exp(-1), abs=0.04)
    assert wrong.answers(X, wrong_y, np.array([1.0])).risk.mean() < 0.5


def test_copies_of_a_patient_stay_on_one_side_of_the_inner_folds():
    """Every patient three times: told who is who, the trees left out know nobody; untold, they seem far better."""
    X, y = simulated(60, 2)
    copies = np.repeat(np.arange(60), 3)
    untold = fit(GradientBoosting(depth=4, trees=200, min_child_weight=1.0), X[copies], y[copies])
    told = fit(GradientBoosting(depth=4, trees=200, min_child_weight=1.0).of_patients(copies), X[copies], y[copies])
    assert told.estimate_.ensemble.trees < untold.estimate_.ensemble.trees / 2
    frame = pd.DataFrame(X[copies]).add_prefix("x").assign(who=copies)
    clustered = fit(GradientBoosting(depth=4, trees=200, min_child_weight=1.0, cluster="who"), frame, y[copies])
    np.testing.assert_array_equal(clustered.held_out_loss_[1], told.held_out_loss_[1])


def test_the_seed_the_task_and_the_resample_draw_anew_and_threads_do_not():
    X, y = simulated(150, 3)
    one = fit(GradientBoosting(trees=30), X, y).predict(X)
    np.testing.assert_array_equal(fit(GradientBoosting(trees=30), X, y).predict(X), one)
    for changed in ({"seed": 1}, {"task": 1}):
        assert not np.array_equal(fit(GradientBoosting(trees=30, **changed), X, y).predict(X), one)
    with patch("prognosis.forest.trees.config.NUMBA_NUM_THREADS", 1):
        np.testing.assert_array_equal(fit(GradientBoosting(trees=30), X, y).predict(X), one)


def test_a_direction_holds_for_the_risk():
    model = fitted(GradientBoosting(**QUICK, monotone={"age": 1, "albumin": -1}))
    ages = pd.DataFrame({"age": np.arange(40.0, 85), "albumin": 36.0, "sex": "F"})
    assert (np.diff(model.predict(ages, [24]).risk[:, 0]) >= 0).all()
    for monotone, words in (({"height": 1}, "not a predictor"), ({"grade": 1}, "have no order")):
        with pytest.raises(FitError, match=words) as caught:
            fitted(GradientBoosting(**QUICK, monotone=monotone), [*PREDICTORS, "grade"])
        assert caught.value.code == "B05"


def test_an_ordinal_variable_is_one_feature():
    frame = made.patients(200)
    levels = ["low", "middle", "high"]
    grade = pd.Categorical(frame["grade"], categories=levels, ordered=True)
    y = made.outcome_of(frame)
    kept = fit(GradientBoosting(**QUICK, monotone={"grade": 1}), frame[["age"]].assign(grade=grade), y)
    assert kept.estimate_.asked.feature_names == ("age", "grade")
    graded = pd.DataFrame({"age": [60.0] * 3, "grade": pd.Categorical(levels, categories=levels, ordered=True)})
    assert (np.diff(kept.predict(graded)) >= 0).all()
    values, base = kept.estimate_.linear_contributions(kept.preparation_.design(graded))
    np.testing.assert_allclose(base + values.sum(axis=1), kept.predict(graded), atol=1e-12)


def test_the_summary_says_what_the_trees_ask():
    model = fitted(predictors=[*PREDICTORS, "creat"], n=400)
    table = model.summary.set_index("term")
    assert list(table.columns) == ["splits", "gain", "cover"]
    assert table["gain"].sum() == pytest.approx(1.0)
    assert table.loc["albumin", "gain"] > table.loc["creat", "gain"]
    assert table["splits"].sum() == model.estimate.ensemble.splits
    assert (np.diff(table["gain"]) <= 0).all()


def test_what_it_cannot_answer_is_said():
    frame, y = made.patients(120), made.outcome_of(made.patients(120))
    model = fitted()
    codes = [finding.code for finding in model.warnings]
    assert {"B01", "B07"} <= set(codes)
    answer = model.predict(frame[PREDICTORS], [12])
    assert np.isnan(answer.lower).all()
    assert np.isnan(answer.upper).all()
    with pytest.raises(DataContractError) as caught:
        fit(GradientBoosting(**QUICK), frame[["age", "albumin"]].assign(age=frame["age"].mask(frame["age"] > 80)), y)
    assert caught.value.code == "C16"
    with pytest.raises(FitError, match="constant") as caught:
        fit(GradientBoosting(**QUICK), frame[["age"]].assign(same=1.0), y)
    assert caught.value.code == "C01"
    with pytest.raises(FitError, match="cannot be dealt into 31 folds") as caught:
        fit(GradientBoosting(folds=31), frame[["age"]].iloc[:30], y[:30])
    assert caught.value.code == "B02"
    with pytest.raises(FitError, match="all of n=120 rows have the event") as caught:
        fit(GradientBoosting(**QUICK), frame[["age"]], np.ones(120, int))
    assert caught.value.code == "C31"
    same = fit(GradientBoosting(**{**QUICK, "min_child_weight": 1e6}), frame[["age"]], y)
    assert "B03" in [finding.code for finding in same.warnings_]
    assert np.ptp(same.predict(frame[["age"]])) == 0
    with pytest.raises(PredictionError, match="no nomogram of a model of kind gradient_boosting"):
        Nomogram(model)


def test_missing_values_have_a_side_of_their_own(tmp_path):
    """A value is missing where the risk is high: who lacks it gets a high risk, saved, loaded and explained."""
    frame = made.patients(400)
    lacking = (frame["albumin"] < 36) & (np.random.default_rng(1).random(400) < 0.7)
    frame = frame.assign(albumin=frame["albumin"].mask(lacking), grade=frame["grade"].mask(frame["age"] > 80))
    recipe = GradientBoosting(**QUICK, missing="own side")
    model = fitted(recipe, ["age", "albumin", "grade"], frame=frame, missing="own side")
    assert "F28" in [finding.code for finding in model.warnings]
    asked = pd.DataFrame({"age": [60.0] * 3, "albumin": [np.nan, 38.0, 42.0], "grade": ["low"] * 3})
    risk = model.predict(asked, [24]).risk[:, 0]
    assert risk[0] > risk[1] + 0.1
    again = load_model(model.save(tmp_path / "m.prognosis"))
    np.testing.assert_array_equal(
        again.predict(frame[["age", "albumin", "grade"]]).risk, model.predict(frame[["age", "albumin", "grade"]]).risk
    )
    design = model.preparation.design(frame[["age", "albumin", "grade"]].iloc[:50])
    values, base = model.estimate.linear_contributions(design)
    np.testing.assert_allclose(base + values.sum(axis=1), model.estimate.linear_predictor(design), atol=1e-12)
    with pytest.raises(DataContractError) as caught:
        fitted(GradientBoosting(**QUICK), ["age", "albumin"], frame=frame, missing="own side")
    assert caught.value.code == "C16"


def test_numbers_that_trees_cannot_hold_are_refused():
    draw = np.random.default_rng(0)
    y = made.structured(draw.exponential(1, 60), np.ones(60, int))
    days = 0.1 * np.arange(60)[:, None]
    two_origins = days + 1e9 * (np.arange(60) % 3 == 0)[:, None]
    for X in (two_origins, 1e40 * draw.normal(size=(60, 1))):
        with pytest.raises(FitError, match="trees") as caught:
            fit(GradientBoosting(**QUICK), X, y)
        assert caught.value.code == "B09"
    kept = fit(GradientBoosting(**QUICK), days, y)
    assert np.isfinite(kept.predict(np.array([[1e45], [-1e45]]))).all()


def test_margins_without_a_limit_are_refused():
    draw = np.random.default_rng(0)
    X = draw.normal(size=(60, 2))
    wild = GradientBoosting(400, 1.0, 6, 0.0, 1.0, 1.0, 0.0, early_stopping=None, calibrate=False)
    with pytest.raises(FitError, match="run away") as caught:
        fit(wild, X, made.structured(np.exp(3 * X[:, 0]), np.ones(60, int)))
    assert caught.value.code == "B08"


def test_a_scarce_cause_is_named():
    frame = made.patients(150)
    first = np.where(np.arange(150) < 2, 2, (frame["first"] == 1).astype(int))
    y = made.structured(frame["months"].to_numpy(), first)
    with pytest.raises(FitError, match="event 2: 2 patients") as caught:
        fit(GradientBoosting(), frame[["age", "albumin"]], y)
    assert caught.value.code == "B02"


def test_hostile_parameters_are_refused():
    frame, y = made.patients(60), made.outcome_of(made.patients(60))
    wrong = {"trees": 0, "learning_rate": 0.0, "depth": 13, "subsample": 1.5, "columns": 0, "ridge": -1, "folds": 1,
             "early_stopping": 0, "calibrate": 1, "ties": "exact", "monotone": {"age": 2}, "bins": 1, "seed": -1,
             "min_child_weight": float("nan")}  # fmt: skip
    for name, value in wrong.items():
        with pytest.raises(FitError, match=f"GradientBoosting: {name}=") as caught:
            GradientBoosting(**{name: value}).fit(frame[["age"]], y)
        assert caught.value.code == "S14"


def test_a_fresh_process_answers_bit_for_bit_and_needs_no_xgboost(tmp_path):
    new = made.patients(40)[PREDICTORS]
    new.to_parquet(tmp_path / "new.parquet")
    models = {kind: default(kind) for kind in made.ENDPOINTS} | {"forest": fitted(RandomSurvivalForest(trees=10))}
    for kind, model in models.items():
        model.save(tmp_path / f"{kind}.prognosis")
    code = (
        "import sys, numpy as np, pandas as pd; sys.modules['xgboost'] = None; from prognosis import load_model\n"
        "for kind in sys.argv[2:]:\n"
        "    p = load_model(f'{sys.argv[1]}/{kind}.prognosis').predict(pd.read_parquet(f'{sys.argv[1]}/new.parquet'))\n"
        "    np.savez(f'{sys.argv[1]}/{kind}.npz', r=p.risk, l=p.linear_predictor)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), *models], cwd=ROOT, check=True)
    for kind, model in models.items():
        answer = model.predict(new)
        with np.load(tmp_path / f"{kind}.npz") as theirs:
            np.testing.assert_array_equal(theirs["r"], answer.risk)
            np.testing.assert_array_equal(theirs["l"], answer.linear_predictor)


def test_a_fitted_recipe_loads_with_its_directions(tmp_path):
    model = fitted(GradientBoosting(**QUICK, monotone={"age": 1}))
    assert load_model(model.save(tmp_path / "m.prognosis")).recipe.get_params() == model.recipe.get_params()
