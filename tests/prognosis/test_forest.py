"""The random survival forest as a model: what it answers, what it refuses, and what its file may hold."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import (
    DataContractError,
    FitError,
    ModelFileError,
    PredictionError,
    PrognosisError,
    PrognosisWarning,
)
from nomograms import Nomogram
from prognosis.forest.estimate import Features, features_of
from prognosis.forest.trees import Forest
from prognosis.metrics.discrimination import harrell_c
from prognosis.models import Cox, RandomSurvivalForest
from prognosis.preparation import Preparation
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex"]


def fitted(recipe=None, predictors=PREDICTORS, n=200, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return made.fit(recipe or RandomSurvivalForest(trees=50), predictors, n, **options)


@pytest.fixture(scope="module")
def forest():
    return fitted()


def test_it_finds_what_no_line_describes():
    """Risk is high where exactly one of two abnormalities is there: Cox sees nothing, the forest nearly all."""
    draw = np.random.default_rng(0)
    X = pd.DataFrame(draw.integers(0, 2, (400, 3)).astype(float), columns=["a", "b", "c"])
    time = draw.exponential(20 / np.exp(1.6 * (X["a"] != X["b"])))
    y = made.structured(time, np.ones(400, int))
    half = slice(0, 200), slice(200, 400)
    found = {}
    for recipe in (Cox(), RandomSurvivalForest(trees=100, features=2)):
        kept = recipe.fit(X.iloc[half[0]], y[half[0]])
        found[recipe.kind] = harrell_c(kept.evaluation(X.iloc[half[1]], y[half[1]]))
    assert found["random_survival_forest"] > found["cox"] + 0.1


def test_risks_come_without_limits_and_the_model_says_so(forest):
    answer = forest.predict(made.patients(5)[PREDICTORS], [12, 24])
    assert np.isfinite(answer.risk).all()
    assert np.isnan(answer.lower).all()
    assert np.isnan(answer.upper).all()
    assert "F23" in [finding.code for finding in forest.warnings]


def test_it_is_judged_by_patients_left_out():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        study = made.study(PREDICTORS, n=120)
        model = study.fit(RandomSurvivalForest(trees=20))
        found = study.validate([model], repeats=1, metrics=["harrell_c", "brier"])
    assert found.method == "cross-validation"
    row = found.table[found.table["metric"] == "harrell_c"].iloc[0]
    assert 0.5 < row["corrected"] < row["apparent"]


def test_the_summary_says_which_variables_are_asked(forest):
    table = fitted(RandomSurvivalForest(trees=100, min_leaf=10), [*PREDICTORS, "creat"], 400).summary.set_index("term")
    assert list(table.columns) == ["splits", "unused", "minimal_depth"]
    assert table.loc["albumin", "minimal_depth"] < table.loc["creat", "minimal_depth"]
    assert ((table["unused"] >= 0) & (table["unused"] <= 1)).all()
    assert forest.summary["splits"].sum() == (forest.estimate.forest.feature >= 0).sum()


def test_an_ordered_category_is_one_feature_and_others_are_dummies():
    frame = pd.DataFrame(
        {
            "age": [50.0, 60, 70],
            "stage": pd.Categorical(["I", "III", "II"], categories=["I", "II", "III"], ordered=True),
            "site": pd.Categorical(["arm", "leg", "hip"], categories=["arm", "hip", "leg"]),
        }
    )
    preparation = Preparation.fit(frame)
    features = Features.of(preparation, ("stage",))
    assert features.names == ("age", "stage", "site=hip", "site=leg")
    assert features.variables == ("age", "stage", "site", "site")
    X = features_of(preparation.design(frame), features.feature, features.step)
    assert X.tolist() == [[50, 0, 0, 0], [60, 2, 0, 1], [70, 1, 1, 0]]


def test_an_ordinal_variable_of_the_codebook_is_ordered():
    book = made.codebook(grade={"kind": "ordinal", "levels": ["low", "middle", "high"]})
    frame = made.patients(150)
    frame["grade"] = frame["grade"].cat.as_ordered()
    model = fitted(predictors=["age", "grade"], frame=frame, book=book)
    assert model.estimate.feature_names == ("age", "grade")
    assert fitted(predictors=["age", "grade"]).estimate.feature_names == ("age", "grade=middle", "grade=high")


def test_weights_and_clusters_are_columns_and_no_predictors():
    model = fitted(RandomSurvivalForest(trees=20, weights="weight", cluster="centre"), [*PREDICTORS])
    assert model.predictors == tuple(PREDICTORS)
    plain = fitted(RandomSurvivalForest(trees=20))
    rows = made.patients(20)[PREDICTORS]
    assert (model.predict(rows, [24]).risk != plain.predict(rows, [24]).risk).any()


def test_a_resample_has_a_stream_of_its_own():
    frame = made.patients(100)
    X, y = frame[["age", "albumin"]], made.outcome_of(frame)
    one, again, other = (RandomSurvivalForest(trees=5, task=task).fit(X, y).predict(X) for task in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_one_grower_is_checked_by_the_other(forest):
    """The same bags: risks differ by the draws of features and by thresholds within a gap alone."""
    other = fitted(RandomSurvivalForest(trees=50, grower="scikit-survival"))
    rows = made.patients(200)[PREDICTORS]
    ours, theirs = (model.predict(rows, [24]).risk[:, 0] for model in (forest, other))
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"trees": 0}, "S14"),
        ({"min_leaf": 1.5}, "S14"),
        ({"features": "log"}, "S14"),
        ({"thresholds": 1}, "S14"),
        ({"grower": "ranger"}, "S14"),
        ({"features": 4}, "F21"),
    ],
)
def test_impossible_parameters_are_refused(options, code):
    frame = made.patients(60)
    with pytest.raises(FitError) as caught:
        RandomSurvivalForest(**{"trees": 2, **options}).fit(frame[["age", "albumin"]], made.outcome_of(frame))
    assert caught.value.code == code


def test_delayed_entry_and_missing_values_are_refused():
    frame = made.patients(60)
    with pytest.raises(FitError, match="delayed entry") as caught:
        RandomSurvivalForest(trees=2).fit(frame[["age"]], made.outcome_of(frame, entry=True))
    assert caught.value.code == "F22"
    with pytest.raises(DataContractError) as caught:
        RandomSurvivalForest(trees=2).fit(frame[["age"]].mask(frame["age"] > 80), made.outcome_of(frame))
    assert caught.value.code == "C16"


def test_a_forest_without_a_split_says_so():
    model = fitted(RandomSurvivalForest(trees=3, min_leaf=90))
    assert "F24" in [finding.code for finding in model.warnings]
    risk = model.predict(made.patients(9)[PREDICTORS], [24]).risk
    assert (risk == risk[0]).all()


@pytest.mark.parametrize(
    "ask",
    [
        lambda model, rows: model.contributions(rows),
        lambda model, rows: model.anova(),
        lambda model, rows: model.shrunken(),
        lambda model, rows: model.survival_time(rows),
        lambda model, rows: model.restricted_mean(rows, 24),
        lambda model, rows: model.proportional_hazards(),
        lambda model, rows: Nomogram(model),
        lambda model, rows: model.updated(made.cohort(frame=made.patients(100, seed=5)), "slope"),
    ],
)
def test_what_only_regressions_have_is_refused(forest, ask):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        with pytest.raises(PrognosisError) as caught:
            ask(forest, made.patients(2)[PREDICTORS])
    assert caught.value.code in ("N03", "G04", "E07")


def test_an_updated_forest_is_grown_anew_on_the_same_columns(forest):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        other = forest.updated(made.cohort(frame=made.patients(150, seed=5)), "refit")
    assert other.n == 150
    assert other.predict(made.patients(5)[PREDICTORS], [24]).risk.shape == (5, 1)


def test_no_event_in_any_bag_is_refused():
    frame = made.patients(60).assign(event=0)
    frame.iloc[0, frame.columns.get_loc("event")] = 1
    codes = set()
    for seed in range(6):
        recipe = RandomSurvivalForest(trees=1, seed=seed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", PrognosisWarning)
                recipe.fit(frame[["age", "albumin"]], made.outcome_of(frame))
        except FitError as error:
            codes.add(error.code)
    assert codes == {"F27"}


def test_a_model_that_no_one_could_open_is_not_written(forest, tmp_path, monkeypatch):
    monkeypatch.setattr("prognosis.persistence.writing.SIZE_LIMIT", 1000)
    with pytest.raises(ModelFileError, match="no one could open it"):
        forest.save(tmp_path / "m.prognosis")
    assert list(tmp_path.iterdir()) == []


def spoilt(forest, name, change):
    arrays = {key: value.copy() for key, value in forest.arrays().items()}
    arrays[name] = change(arrays[name])
    return arrays


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("child", lambda x: np.where(x > 0, x - 1, x) * 0, "children lie outside their tree"),
        ("child", lambda x: x + len(x), "children lie outside their tree"),
        ("feature", lambda x: x + 1, "features are unknown"),
        ("feature", lambda x: x * 0 + 0.5, "holds no whole numbers"),
        ("roots", lambda x: x[::-1], "roots do not cut the nodes"),
        ("start", lambda x: x[::-1], "curves do not fit the leaves"),
        ("time", lambda x: x + 10**6, "event times are unknown"),
        ("time", lambda x: x * 0, "times of a leaf do not increase"),
        ("hazard", lambda x: x + 1, "hazards are no probabilities"),
        ("cover", lambda x: x * 0, "covers do not add up"),
        ("cover", lambda x: x + 1, "covers do not add up"),
        ("event_times", lambda x: x[::-1], "event times do not increase"),
        ("last", lambda x: x * 0, "event times do not increase"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(forest, name, change, words):
    """A wrong number here would read foreign memory."""
    grown = forest.estimate.forest
    assert Forest.restore(dict(grown.arrays()), 3).trees == 50
    with pytest.raises(ModelFileError, match=words) as caught:
        Forest.restore(spoilt(grown, name, change), 3)
    assert caught.value.code == "L07"


def test_values_that_merge_in_floats_of_32_bits_are_kept_apart_or_refused():
    frame = made.patients(100)
    X, y = frame[["age", "albumin"]], made.outcome_of(frame)
    far = X.assign(age=X["age"] + 1e9)
    near, shifted = (RandomSurvivalForest(trees=5).fit(rows, y).predict(rows) for rows in (X, far))
    np.testing.assert_array_equal(near, shifted)
    with pytest.raises(FitError, match="values of age are one") as caught:
        RandomSurvivalForest(trees=5, grower="scikit-survival").fit(far, y)
    assert caught.value.code == "F25"


def test_values_beyond_belief_are_refused(forest):
    with pytest.raises(PredictionError):
        forest.predict(made.patients(5)[PREDICTORS].assign(albumin=1e300), [24])
