"""Screening as a part of a recipe: what is kept, what a fitted model asks and says, and what is refused."""

from __future__ import annotations

import json
import time
import warnings
import zipfile

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold

from cohorts.errors import DataContractError, FitError, ModelFileError, PrognosisWarning
from prognosis import Study, load_model
from prognosis.models import Cox, FineGray, Logistic, PenalisedCox, Screened, Tuned
from prognosis.persistence.content import hash_of
from prognosis.refits import RecipeRefits
from tests.prognosis import made, made_noise

CANDIDATES = ("age", "albumin", "creat", "sex", "grade", "relapse")
quiet = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def fit(recipe, predictors=CANDIDATES, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.fit(recipe, predictors, **options)


def refused(error, code, words, build):
    with pytest.raises(error, match=words) as caught:
        build()
    assert caught.value.code == code


def test_the_best_are_kept_and_the_model_is_that_of_the_kept():
    model = fit(Screened(keep=2))
    table = model.selection.table
    statistic = {name: fit(Cox(), [name]).estimate.score_test for name in CANDIDATES}
    assert dict(zip(table["predictor"], table["chisq"], strict=True)) == pytest.approx(statistic, rel=1e-10)
    assert table["p"].is_monotonic_increasing
    assert table["df"][table["predictor"] == "grade"].item() == 2
    assert set(table["predictor"][table["kept"]]) == set(table["predictor"][:2]) == set(model.predictors)
    plain = fit(Cox(), model.predictors)
    assert model.summary.equals(plain.summary)
    assert model.kind == "cox"
    assert model.candidates == CANDIDATES


def test_alpha_and_keep_are_both_limits_and_order_is_the_study_s():
    p = fit(Screened(keep=6)).selection.table.set_index("predictor")["p"]
    below = tuple(name for name in CANDIDATES if p[name] < 0.05)
    assert 2 < len(below) < 6
    assert fit(Screened(keep=None, alpha=0.05)).predictors == below
    assert fit(Screened(keep=2, alpha=0.05)).predictors == fit(Screened(keep=2)).predictors
    assert fit(Screened(keep=99)).predictors == CANDIDATES


def test_new_patients_are_asked_for_the_kept_predictors_only():
    model = fit(Screened(keep=2))
    frame = made.patients(20)
    needed = frame[list(model.predictors)]
    assert tuple(model.codebook) == tuple(model.profile) == model.predictors
    risk = model.predict(needed).risk
    with pytest.warns(PrognosisWarning, match="P06"):
        np.testing.assert_array_equal(model.predict(frame[list(CANDIDATES)]).risk, risk)


def test_what_is_declared_of_dropped_predictors_is_left_out_and_unknown_names_are_refused():
    recipe = Screened(
        Cox(splines={"creat": 3, "age": 3}, transforms={"albumin": "log"}, interactions=[("age", "creat")]), keep=2
    )
    model = fit(recipe)
    assert "creat" not in model.predictors
    assert [term.variable for term in model.preparation.terms if term.knots] == ["age"]
    assert model.preparation.interactions == ()
    table = model.selection.table.set_index("predictor")
    assert table["df"].to_dict() == {"age": 2, "albumin": 1, "creat": 2, "sex": 1, "grade": 2, "relapse": 1}
    assert table["chisq"]["age"] == pytest.approx(fit(Cox(splines={"age": 3}), ["age"]).estimate.score_test, rel=1e-9)
    for wrong in (Cox(splines={"weight": 3}), Cox(interactions=[("age", "weight")])):
        refused(FitError, "S12", "weight", lambda wrong=wrong: fit(Screened(wrong, keep=2)))


def test_strata_weights_offset_and_rows_of_weight_zero():
    frame = made.patients(300)
    frame["weight"] = np.where(np.arange(300) < 30, 0.0, frame["weight"])
    recipe = Cox(strata=["centre"], weights="weight")
    X, y = frame[["age", "albumin", "creat", "centre", "weight"]], made.outcome_of(frame)
    ours = Screened(recipe, keep=1).fit(X, y)
    best = ours.selection_.kept[0]
    alone = Cox(strata=["centre"], weights="weight").fit(X[[best, "centre", "weight"]], y)
    assert ours.selection_.values[:, 0].max() == pytest.approx(alone.estimate_.score_test, rel=1e-10)
    np.testing.assert_array_equal(ours.predict(X), alone.predict(X))
    assert "T23" in [finding.code for finding in ours.warnings_]


@pytest.mark.parametrize(
    ("inner", "kind"), [(PenalisedCox(), "time_to_event"), (FineGray(), "competing"), (Logistic(), "binary")]
)
@quiet
def test_it_serves_other_recipes(inner, kind):
    study = made.study(CANDIDATES, endpoint=made.ENDPOINTS[kind])
    model = study.fit(Screened(inner, keep=3))
    assert model.kind == inner.kind
    assert len(model.predictors) == 3
    plain = made.study(model.predictors, endpoint=made.ENDPOINTS[kind]).fit(inner)
    np.testing.assert_array_equal(model.estimate.coefficients, plain.estimate.coefficients)
    other = made.ENDPOINTS["binary" if kind != "binary" else "time_to_event"]
    refused(FitError, "T30", "cannot answer", lambda: made.study(CANDIDATES, endpoint=other).fit(Screened(inner)))


def test_a_refit_is_the_recipe_fitted_to_the_rows_of_the_resample():
    frame = made.patients(200)
    X, y = frame[list(CANDIDATES)], made.outcome_of(frame)
    horizons, train = np.array([12.0]), np.random.default_rng(1).integers(0, 200, 200)
    recipe = Screened(keep=1, alpha=0.5)
    answers = recipe.refits(X, y, horizons)(train, 1)
    again = Screened(keep=1, alpha=0.5).fit(X.iloc[train].reset_index(drop=True), y[train])
    np.testing.assert_array_equal(answers.linear_predictor, again.predict(X))
    chosen = {
        Screened(keep=1).fit(X.iloc[rows].reset_index(drop=True), y[rows]).selection_.kept
        for rows in np.random.default_rng(2).integers(0, 200, (20, 200))
    }
    assert len(chosen) > 1, "resamples choose for themselves"


def test_a_choice_outside_refits_what_it_chose_among_all():
    frame = made.patients(200)
    X, y = frame[list(CANDIDATES)], made.outcome_of(frame)
    train = np.random.default_rng(1).integers(0, 200, 200)
    kept = Screened(keep=2).fit(X, y).selection_.kept
    leaky = Screened(keep=2, inside=False).refits(X, y, np.array([12.0]))(train, 1)
    fixed = RecipeRefits(Cox(), X[list(kept)], y, np.array([12.0]))(train, 1)
    np.testing.assert_allclose(leaky.risk, fixed.risk, rtol=1e-9)


def test_the_choice_of_penalties_and_numbers_kept_by_cross_validation():
    frame = made.patients(200)
    X, y = frame[["age", "albumin", "creat", "relapse"]], made.outcome_of(frame)
    search = GridSearchCV(Screened(Cox()), {"keep": [1, 3], "recipe__ridge": [0.0, 5.0]}, cv=KFold(3)).fit(X, y)
    assert 0.55 < search.best_score_ < 0.8


@quiet
def test_diagnostics_are_those_of_the_kept_predictors():
    model = fit(Screened(keep=2))
    assert model.proportional_hazards().equals(fit(Cox(), model.predictors).proportional_hazards())
    assert len(model.residuals("martingale")) == 400


def test_saved_and_loaded_it_tells_how_it_was_chosen(tmp_path):
    model = fit(Screened(keep=2, alpha=0.9))
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    assert loaded.selection.table.equals(model.selection.table)
    kept = loaded.selection
    assert (kept.settings, kept.columns) == ({"keep": 2, "alpha": 0.9, "fdr": None}, 7)
    assert loaded.candidates == CANDIDATES
    assert "S21" in [finding.code for finding in loaded.warnings]


@pytest.mark.parametrize(
    "changed", [{"kept": ["age", "creat"]}, {"candidates": ["age", "albumin"]}, {"candidates": ["age"] * 6}]
)
def test_a_file_whose_selection_names_others_is_refused(tmp_path, changed):
    path = fit(Screened(keep=2)).save(tmp_path / "m.prognosis")
    with zipfile.ZipFile(path) as archive:
        document, packed = json.loads(archive.read("model.json")), archive.read("arrays.npz")
    (tmp_path / "arrays.npz").write_bytes(packed)
    document["content"]["selection"] |= changed
    with np.load(tmp_path / "arrays.npz") as arrays:
        document["sha256"] = hash_of(document["content"], dict(arrays))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.json", json.dumps(document))
        archive.writestr("arrays.npz", packed)
    refused(ModelFileError, "L07", "the selection names", lambda: load_model(path))


def test_s19_s20_s21_and_parameters():
    refused(FitError, "S19", "keep every predictor", lambda: fit(Screened(keep=None)))
    refused(FitError, "S20", "none of 2 predictors", lambda: fit(Screened(alpha=1e-9), ["creat", "relapse"]))
    with pytest.warns(PrognosisWarning, match="S21.*2 of 6 predictors were kept"):
        made.fit(Screened(keep=2), CANDIDATES)
    for words, wrong in {
        "keep=0": {"keep": 0},
        "keep=2.5": {"keep": 2.5},
        "alpha=0.0": {"alpha": 0.0},
        "alpha=1.5": {"alpha": 1.5},
        "inside=1": {"inside": 1},
        "recipe='cox'": {"recipe": "cox"},
        "recipe=Screened": {"recipe": Screened()},
        "ridge=-1.0": {"recipe": Cox(ridge=-1.0)},
    }.items():
        refused(FitError, "S14", words, lambda wrong=wrong: fit(Screened(**wrong)))


def test_missing_values_are_refused_by_all_candidates():
    frame = made.patients(400)
    frame.loc[frame.index[:3], "creat"] = np.nan
    refused(DataContractError, "C16", "creat 3", lambda: fit(Screened(keep=2), frame=frame))
    X, y = frame[["age", "creat"]], made.outcome_of(frame)
    refused(DataContractError, "C16", "creat 3", lambda: Screened(keep=1).fit(X, y))
    refused(FitError, "C34", "Screened", lambda: fit(Screened(keep=2), frame=frame, missing="chained"))
    assert fit(Screened(keep=2), frame=frame, missing="complete_cases").n == 397


def test_a_column_without_spread_is_never_kept():
    frame = made.patients(100).assign(creat=1.0)
    X, y = frame[["age", "creat"]], made.outcome_of(frame)
    assert Screened(keep=5).fit(X, y).selection_.kept == ("age",)
    refused(FitError, "S20", "none of 1 predictors differs", lambda: Screened(keep=5).fit(X[["creat"]], y))


@quiet
def test_a_thousand_predictors_in_milliseconds():
    """A fit takes about 25 ms and a refit 20 ms; per-column work of pandas would take a hundred times that."""
    study = Study(made_noise.cohort(0), made_noise.ENDPOINT, [f"g{j}" for j in range(1000)])
    study.fit(Screened(keep=5))
    started = time.process_time()
    model = study.fit(Screened(keep=5))
    assert time.process_time() - started < 0.25
    assert model.selection.columns == 1000
    assert "1000 parameters" in str(next(finding for finding in model.warnings if finding.code == "Z01"))


@pytest.mark.parametrize("options", [{"strata": ["sex"]}, {"weights": "weight"}, {"splines": {"age": 4}}])
def test_what_a_recipe_inside_a_tuned_one_declares_counts_for_the_choice(options):
    named = [*options.get("strata", ()), *([options["weights"]] if "weights" in options else ())]
    frame = made.patients(150).assign(weight=np.arange(150) % 3 + 1.0)
    X = frame[[*(name for name in CANDIDATES if name not in named), *named]]
    y, grid = made.outcome_of(frame), {"ridge": [1.0, 0.0]}
    plain, tuned = (Screened(one, keep=2).choose(X, y) for one in (Cox(**options), Tuned(Cox(**options), grid)))
    assert plain.candidates == tuned.candidates
    np.testing.assert_array_equal(plain.values, tuned.values)
    ignored = Screened(Cox(), keep=2).choose(X[list(plain.candidates)], y)
    assert np.abs(plain.values - ignored.values).max() > 1e-3


@quiet
def test_splines_of_dropped_predictors_leave_the_recipe_inside_a_tuned_one():
    frame = made.patients(150)
    recipe = Tuned(Cox(splines={"age": 4, "creat": 3}, interactions=[("age", "sex")]), {"ridge": [1.0, 0.0]}, folds=2)
    fitted = Screened(recipe, keep=1).fit(frame[list(CANDIDATES)], made.outcome_of(frame))
    (kept,) = fitted.selection_.kept
    assert {column.variables for column in fitted.preparation_.columns} == {(kept,)}
    assert recipe.recipe.splines == {"age": 4, "creat": 3}
