"""The ranking of models in identical resamples: order, differences, Holm, and what is refused."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cohorts.errors import PredictionError, PrognosisWarning
from prognosis.models import Cox, Logistic, RandomSurvivalForest
from prognosis.validation import Bootstrap, CrossValidation
from prognosis.validation.ranking import Asked, holm, rank_models
from reports.ranked import ranking_of
from tests.prognosis import made

PREDICTORS = ["age", "albumin", "sex"]


def validated(recipes, plan, kind="time_to_event", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        study = made.study([*PREDICTORS, "creat"], n=150, endpoint=made.ENDPOINTS[kind])
        return study.validate([study.fit(recipe, name) for name, recipe in recipes.items()], plan, **options)


@pytest.fixture(scope="module")
def crossed():
    recipes = {
        "cox": Cox(),
        "splines": Cox(splines={"creat": 3}),
        "forest": RandomSurvivalForest(trees=20, min_leaf=5),
        "ridge": Cox(ridge=1e9),
    }
    return validated(recipes, CrossValidation(5, 2))


def refused(code, words, build):
    with pytest.raises(PredictionError, match=words) as caught:
        build()
    assert caught.value.code == code


def test_holm_by_hand_and_as_statsmodels():
    """Of .01, .04, .03, .005: .005*4, .01*3, then .03*2 and .04*1 which may not be below it."""
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_array_equal(holm(np.array([0.6, np.nan, 0.9])), [1.0, np.nan, 1.0])
    assert not len(holm(np.array([])))


def test_models_stand_in_the_order_of_their_corrected_values(crossed):
    ranking = crossed.ranking()
    assert (ranking.metric, ranking.higher_is_better) == ("harrell_c", True)
    table = ranking.table
    assert list(table["rank"]) == [1, 2, 3, 4]
    assert (np.diff(table["estimate"]) <= 0).all()
    assert ranking.best == table["model"].iloc[0]
    assert table["best_difference"].iloc[0] == 0
    assert np.isnan(table["best_p"].iloc[0])
    lines = crossed.table[crossed.table["metric"] == "harrell_c"].set_index("model")
    for row in table.itertuples():
        assert row.estimate == lines.loc[row.model, "corrected"]
        assert row.lower == lines.loc[row.model, "lower"]
        assert row.best_difference == pytest.approx(row.estimate - table["estimate"].iloc[0], abs=1e-12)


def test_differences_are_those_of_nadeau_and_bengio_by_hand(crossed):
    ranking = crossed.ranking(reference="cox")
    raw = crossed.raw[crossed.raw["metric"] == "harrell_c"]
    one, two = (raw[raw["model"] == name].sort_values("resample") for name in ("forest", "cox"))
    d = one["held_out"].to_numpy() - two["held_out"].to_numpy()
    ratio = (one["tested"] / one["trained"]).mean()
    error = np.sqrt((1 / 10 + ratio) * d.var(ddof=1))
    line = ranking.table.set_index("model").loc["forest"]
    reach = stats.t.ppf(0.975, 9) * error
    assert line["reference_difference"] == pytest.approx(d.mean(), abs=1e-12)
    assert line["reference_lower"] == pytest.approx(d.mean() - reach, abs=1e-12)
    assert line["reference_p"] == pytest.approx(2 * stats.t.sf(abs(d.mean()) / error, 9), rel=1e-9)
    p = ranking.table["reference_p"].to_numpy()
    np.testing.assert_array_equal(ranking.table["reference_p_holm"], holm(p))
    assert "Nadeau and Bengio" in ranking.method
    assert "3 comparisons" in ranking.method


def test_a_metric_where_low_is_good_is_ranked_upwards(crossed):
    ranking = crossed.ranking("brier", 12)
    assert not ranking.higher_is_better
    assert ranking.horizon == 12
    assert (np.diff(ranking.table["estimate"]) >= 0).all()
    assert (ranking.table["best_difference"] >= 0).all()
    assert crossed.ranking("brier").horizon == 24  # at 48 too many folds have no value


@pytest.mark.parametrize("kind", ["competing", "binary"])
def test_other_endpoints(kind):
    made_by = Logistic if kind == "binary" else Cox
    recipes = {"all": made_by(), "spline": made_by(splines={"creat": 3})}
    ranking = validated(recipes, CrossValidation(3, 1), kind).ranking(reference="all")
    assert ranking.metric == ("auc" if kind == "binary" else "harrell_c")
    assert ranking.table["reference_p"].notna().sum() == 1


def test_the_bootstrap_ranks_by_its_own_differences():
    found = validated({"a": Cox(), "b": Cox(ridge=1e9)}, Bootstrap(10))
    ranking = found.ranking()
    worse = ranking.table["model"].iloc[1]
    gain = found.gain(worse, ranking.best)
    gain = gain[gain["metric"] == "harrell_c"].iloc[0]
    line = ranking.table.iloc[1]
    assert [line[f"best_{k}"] for k in ("difference", "lower", "p")] == [gain[k] for k in ("difference", "lower", "p")]
    assert ranking.method.startswith("bootstrap: normal interval")


def test_a_model_without_a_value_stands_last_without_a_rank():
    table = pd.DataFrame({"model": ["a", "b", "c"], "metric": "harrell_c", "corrected": [np.nan, 0.6, 0.7],
                          "lower": np.nan, "upper": np.nan, "horizon": np.nan, "threshold": np.nan})  # fmt: skip
    same = {"metric": "harrell_c", "horizon": np.nan, "threshold": np.nan, "trained": 80, "tested": 20}
    raw = pd.DataFrame(
        [{"model": m, "resample": r, "held_out": 0.6 + 0.01 * r, **same} for m in "abc" for r in range(5)]
    )
    found = rank_models(table, raw, "cross-validation", (), Asked()).table
    assert list(found["model"]) == ["c", "b", "a"]
    assert list(found["rank"].isna()) == [False, False, True]
    assert found.loc[2, ["best_difference", "best_p"]].isna().all()


def test_what_cannot_be_ranked_is_refused_with_the_way_out(crossed):
    refused("Y41", "calibration_slope.*harrell_c", lambda: crossed.ranking("calibration_slope"))
    refused("Y41", "uno_c.*harrell_c", lambda: crossed.ranking("uno_c"))
    refused("Y41", "not measured at horizon 13.*12, 24, 48", lambda: crossed.ranking("brier", 13))
    refused("V06", "nobody was not validated", lambda: crossed.ranking(reference="nobody"))


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
def test_models_with_other_clusters_have_other_folds_and_are_not_ranked():
    frame = made.patients(150).assign(ward=np.repeat(np.arange(75.0), 2))
    book = made.codebook(ward={"kind": "numeric"})
    study = made.study(PREDICTORS, frame=frame, book=book)
    models = [study.fit(Cox(), "rows"), study.fit(Cox(cluster="ward"), "wards")]
    found = study.validate(models, CrossValidation(3, 1), metrics=["harrell_c"])
    assert "Y40" in [finding.code for finding in found.warnings]
    refused("Y40", "wards and rows keep other clusters together", found.ranking)
    alone = study.validate(models[1:], CrossValidation(3, 1), metrics=["harrell_c"])
    assert "Y40" not in [finding.code for finding in alone.warnings]
    assert len(alone.ranking().table) == 1


@pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
@pytest.mark.parametrize("options", [{"weights": "weight"}, {"strata": ["ward"]}])
def test_models_with_other_weights_or_strata_are_not_ranked(options):
    frame = made.patients(150).assign(ward=np.arange(150) % 2, weight=np.arange(150) % 3 + 1.0)
    book = made.codebook(ward={"kind": "numeric"}, weight={"kind": "numeric"})
    study = made.study(PREDICTORS, frame=frame, book=book)
    models = [study.fit(Cox(), "plain"), study.fit(Cox(**options), "other"), study.fit(Cox(**options), "again")]
    found = study.validate(models, CrossValidation(3, 1), metrics=["harrell_c"])
    refused("Y40", "other, again and plain have other weights or strata", found.ranking)
    same = study.validate(models[1:], CrossValidation(3, 1), metrics=["harrell_c"])
    assert len(same.ranking().table) == 2
    single = [replace(m, validation=study.validate(m, CrossValidation(3, 1), metrics=["harrell_c"])) for m in models]
    assert ranking_of(single) is None
    assert len(ranking_of(single[1:]).table) == 2
