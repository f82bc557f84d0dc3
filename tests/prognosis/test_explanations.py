"""Explanations of every model: what adds up, what every coalition says, what is sampled, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import PredictionError
from prognosis import load_model
from prognosis.explaining.enumeration import coalitions, shapley_matrix
from prognosis.explaining.explanation import Explanation
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic, PenalisedCox, RandomSurvivalForest
from tests.prognosis import made
from tests.prognosis.made_explained import shapley
from tests.prognosis.new_cohorts import quiet
from tests.prognosis.test_models_contract import ANSWERS
from tests.prognosis.test_models_contract import PREDICTORS as OF_ALL
from tests.prognosis.test_models_contract import fitted as fitted_of_all

PREDICTORS = ("age", "albumin", "sex", "grade")
TIMES = [12.0, 48.0]
CURVED = {"splines": {"age": 4}, "interactions": [("age", "sex"), ("grade", "albumin")]}


def fitted(recipe=None, predictors=PREDICTORS, n=150, **options):
    with quiet():
        return made.fit(recipe or Cox(**CURVED), predictors, n, **options)


def asked(model, rows, *arguments, **options):
    with quiet():
        return model.explain(rows, *arguments, **options)


@pytest.fixture(scope="module")
def cox():
    return fitted()


@pytest.fixture(scope="module")
def rows():
    """Patients who were not in training."""
    return made.patients(6, seed=9)


@pytest.fixture(scope="module")
def others():
    """Patients of a background."""
    return made.patients(15, seed=4)


def mixed(others, own, known):
    """Return the background with the known values of one patient in every row."""
    out = others.copy()
    for name in known:
        out[name] = pd.Series([own[name]] * len(out), index=out.index).astype(out[name].dtype)
    return out


def by_every_coalition(predict, predictors, own, others, kept=()):
    """Return Shapley values by the definition; `kept` : columns that stay those of the patient."""

    def worth(known):
        with quiet():
            return predict(mixed(others, own, [*(predictors[place] for place in known), *kept])).mean(axis=0)

    return shapley(worth, len(predictors))


@pytest.mark.parametrize(
    ("recipe", "options", "kept"),
    [
        (Cox(**CURVED), {}, ()),
        (Cox(strata=["centre"]), {}, ("centre",)),
        (Cox(offset="creat"), {}, ("creat",)),
        (Cox(), {"endpoint": made.ENDPOINTS["competing"]}, ()),
        (FineGray(), {"endpoint": made.ENDPOINTS["competing"]}, ()),
        (PenalisedCox(alpha=0.0, penalty=0.1), {}, ()),
        (AcceleratedFailureTime(), {}, ()),
        (Logistic(**CURVED), {"endpoint": made.ENDPOINTS["binary"]}, ()),
    ],
    ids=["cox", "strata", "offset", "cause-specific", "fine-gray", "ridge", "aft", "logistic"],
)
def test_risks_of_regressions_are_explained_as_every_coalition_says(recipe, options, kept, rows, others):
    model = fitted(recipe, **options)
    times = None if isinstance(recipe, Logistic) else TIMES
    found = asked(model, rows, times, background=others)
    assert found.method == "exact, all coalitions of variables over a background"
    brute = by_every_coalition(lambda x: model.predict(x, times).risk, PREDICTORS, rows.iloc[3], others, kept)
    np.testing.assert_allclose(found.values[3], brute, rtol=0, atol=1e-12)


def test_two_variables_by_hand():
    """Risks .1 with neither, .3 with a, .2 with b, .5 with both: a adds .5 (.2 + .3), b adds .5 (.1 + .2)."""
    known = coalitions(2)
    worth = np.array([0.1, 0.3, 0.2, 0.5])
    assert known.tolist() == [[False, False], [True, False], [False, True], [True, True]]
    np.testing.assert_allclose(shapley_matrix(known) @ worth, [0.25, 0.15], atol=1e-15)


def test_shap_explains_a_linear_predictor_the_same(rows):
    shap = pytest.importorskip("shap")
    numbers = ("age", "albumin", "creat", "relapse")
    model = fitted(Cox(), numbers)
    train = made.patients(150)[list(numbers)].to_numpy(float)
    masker = shap.maskers.Independent(train, max_samples=len(train))
    explainer = shap.LinearExplainer((model.estimate.coefficients, 0.0), masker)
    ours = asked(model, rows, scale="linear_predictor")
    assert ours.method.startswith("exact on the linear predictor")
    theirs = explainer.shap_values(rows[list(numbers)].to_numpy(float))
    np.testing.assert_allclose(ours.values[:, :, 0], theirs, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.base, 0, atol=0)


def test_the_linear_predictor_is_summed_into_variables(cox, rows):
    found = asked(cox, rows, scale="linear_predictor")
    with quiet():
        table = cox.contributions(rows)
        eta = cox.linear_predictor(rows)
    np.testing.assert_allclose(found.values[:, :, 0], table.to_numpy(), rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.values.sum(axis=(1, 2)), eta, rtol=0, atol=1e-12)
    assert found.variables == PREDICTORS
    assert np.isnan(found.horizons).all()


def test_an_offset_is_what_the_linear_predictor_starts_from(rows):
    model = fitted(Cox(offset="creat"))
    found = asked(model, rows, scale="linear_predictor")
    np.testing.assert_array_equal(found.base[:, 0], rows["creat"])


def test_an_accelerated_model_counts_upwards_with_the_risk(rows):
    found = asked(fitted(AcceleratedFailureTime()), rows, scale="linear_predictor")
    order = np.argsort(rows["albumin"])
    assert (np.diff(found.values[order, PREDICTORS.index("albumin"), 0]) <= 0).all()


def test_random_orders_find_the_same_within_their_error(cox, others):
    """Errors of 40 patients and 4 variables: z-scores of a size that chance gives, and not of a smaller one."""
    rows = made.patients(40, seed=2)
    exact, sampled = (asked(cox, rows, [24], background=others, method=m) for m in ("enumeration", "permutation"))
    assert exact.error is None
    assert sampled.method.startswith("sampled")
    np.testing.assert_allclose(sampled.values, exact.values, atol=0.01)
    varied = sampled.error > 1e-9
    z = (sampled.values - exact.values)[varied] / sampled.error[varied]
    assert varied.mean() > 0.9
    assert 0.3 < np.sqrt((z**2).mean()) < 2
    np.testing.assert_array_equal(
        sampled.values, asked(cox, rows, [24], background=others, method="permutation").values
    )
    assert (sampled.values != asked(cox, rows, [24], background=others, method="permutation", seed=1).values).any()


def test_without_interplay_random_orders_are_exact(rows, others):
    model = fitted(Cox())
    found = asked(model, rows, background=others, scale="linear_predictor", method="permutation")
    exact = asked(model, rows, background=others, scale="linear_predictor", method="enumeration")
    np.testing.assert_allclose(found.values, exact.values, rtol=0, atol=1e-12)
    assert (found.error < 1e-12).all()


def test_many_variables_are_sampled_unless_all_coalitions_are_wanted():
    frame = made.patients(150)
    draw = np.random.default_rng(3)
    names = [f"x{j:02d}" for j in range(13)]
    frame = frame.assign(**{name: draw.normal(size=150) for name in names})
    book = made.codebook(**{name: {"kind": "numeric"} for name in names})
    model = fitted(Cox(), ("age", *names), frame=frame, book=book)
    found = asked(model, frame.iloc[:2], [24], background=frame.iloc[:10])
    assert found.error.shape == found.values.shape == (2, 14, 1)
    exact = asked(model, frame.iloc[:1], [24], background=frame.iloc[:5], method="enumeration")
    assert exact.values.shape == (1, 14, 1)
    more = fitted(Cox(), (*PREDICTORS, *names), frame=frame, book=book)
    with pytest.raises(PredictionError, match="17 variables have 131072 coalitions") as caught:
        asked(more, frame.iloc[:1], method="enumeration")
    assert caught.value.code == "X06"


@pytest.mark.parametrize(("recipe", "kind"), ANSWERS, ids=lambda value: getattr(value, "kind", value))
def test_every_model_explains_itself(recipe, kind):
    """Low albumin raises every model's risk; the contributions start from the background's mean risk."""
    model, rows = fitted_of_all(recipe, kind), made.patients(12, seed=9)[OF_ALL]
    others = made.patients(20, seed=4)[OF_ALL]
    found = asked(model, rows, background=others)
    with quiet():
        risk, mean = model.predict(rows).risk, model.predict(others).risk.mean(axis=0)
    np.testing.assert_allclose(found.base + found.values.sum(axis=1), risk, rtol=0, atol=1e-8)
    np.testing.assert_allclose(found.base, np.tile(mean, (12, 1)), rtol=0, atol=1e-10)
    known = np.flatnonzero(np.isfinite(found.base[0]))
    albumin = found.values[:, OF_ALL.index("albumin"), known[-1]]
    unasked = recipe.kind == "decision_tree" and (albumin == 0).all()
    assert unasked or np.corrcoef(rows["albumin"], albumin)[0, 1] < -0.5
    by_itself = asked(model, rows)
    np.testing.assert_allclose(by_itself.base, found.base, atol=0.15)
    for options in ({}, {"background": others}):
        eta = asked(model, rows, scale="linear_predictor", **options)
        with quiet():
            np.testing.assert_array_equal(eta.prediction[:, 0], model.linear_predictor(rows))


def test_the_training_rows_stand_in_where_no_background_is_given(cox, rows):
    few = fitted(n=90)
    found = asked(few, rows, TIMES)
    assert found.reference == "90 training patients"
    with quiet():
        mean = few.predict(made.patients(90), TIMES).risk.mean(axis=0)
    np.testing.assert_allclose(found.base[0], mean, rtol=0, atol=1e-12)
    assert asked(cox, rows, TIMES).reference == "100 of 150 training patients, drawn at random"
    assert (asked(cox, rows, TIMES, seed=1).base != asked(cox, rows, TIMES).base).any()


def test_case_weights_count_in_the_background(rows):
    model = fitted(Cox(weights="weight"), n=90)
    frame = made.patients(90)
    with quiet():
        risk = model.predict(frame, TIMES).risk
    np.testing.assert_allclose(
        asked(model, rows, TIMES).base[0], np.average(risk, axis=0, weights=frame["weight"]), rtol=0, atol=1e-12
    )


def test_missing_values_are_averaged_over_the_draws(rows, others):
    frame = made.patients(150).copy()
    frame.loc[frame.index[::7], "albumin"] = np.nan
    model = fitted(Cox(), frame=frame, missing="chained")
    gaps = rows.copy()
    gaps.loc[gaps.index[:2], "albumin"] = np.nan
    found, whole = asked(model, gaps, TIMES, background=others), asked(model, rows, TIMES, background=others)
    with quiet():
        np.testing.assert_allclose(found.prediction, model.predict(gaps, TIMES).risk, atol=0)
    np.testing.assert_allclose(found.values[2:], whole.values[2:], rtol=0, atol=1e-13)
    assert (found.values[:2] != whole.values[:2]).all()
    asked(model, gaps, TIMES)
    linear = asked(model, gaps, scale="linear_predictor")
    with quiet():
        np.testing.assert_allclose(linear.prediction[:, 0], model.linear_predictor(gaps), atol=0)


def test_a_loaded_regression_needs_a_background(cox, rows, others, tmp_path):
    loaded = load_model(cox.save(tmp_path / "m.prognosis"))
    with pytest.raises(PredictionError, match="a model file holds none") as caught:
        asked(loaded, rows, TIMES)
    assert caught.value.code == "X02"
    again, first = (asked(model, rows, TIMES, background=others) for model in (loaded, cox))
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(
        asked(loaded, rows, scale="linear_predictor").values, asked(cox, rows, scale="linear_predictor").values
    )


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"scale": "hazard"}, "S14", "scale='hazard' is not allowed"),
        ({"method": "kernel"}, "S14", "method='kernel' is not allowed"),
        ({"method": "path-dependent"}, "X03", "does not explain cox models"),
        ({"method": "linear"}, "X03", 'scale="risk"'),
        ({"scale": "linear_predictor", "horizons": [12]}, "P12", "the linear predictor has no time"),
        ({"horizons": [-1]}, "P12", "horizon"),
        ({"background": made.patients(0)}, "X04", "holds no patient"),
        ({"background": made.patients(3).drop(columns="age")}, "P01", "age"),
        ({"scale": "linear_predictor", "method": "linear", "background": made.patients(3)}, "X03", "no use for"),
    ],
)
def test_what_cannot_be_explained_is_refused(cox, rows, options, code, words):
    with pytest.raises(PredictionError, match=words) as caught:
        asked(cox, rows, **options)
    assert caught.value.code == code


def test_a_background_with_gaps_is_refused(rows):
    frame = made.patients(150).copy()
    frame.loc[frame.index[::7], "albumin"] = np.nan
    model = fitted(Cox(), frame=frame, missing="chained")
    with pytest.raises(PredictionError, match="the background has missing values") as caught:
        asked(model, rows, background=frame)
    assert caught.value.code == "X04"


def test_contributions_that_do_not_add_up_are_never_shown(cox, rows, others):
    found = asked(cox, rows, TIMES, background=others)
    parts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    Explanation(**parts)
    for wrong in (found.values + 1e-6, np.where(np.arange(2) == 1, np.nan, found.values)):
        with pytest.raises(PredictionError, match="do not add up") as caught:
            Explanation(**(parts | {"values": wrong}))
        assert caught.value.code == "X01"
    # a model that answers otherwise than it is asked
    other = replace(cox, estimate=replace(cox.estimate, coefficients=cox.estimate.coefficients * 1.1))
    assert np.abs(asked(other, rows, TIMES, background=others).values - found.values).max() > 1e-4


def test_table_and_importance(cox, rows, others):
    found = asked(cox, rows, TIMES, background=others)
    table = found.table
    assert list(table.columns) == ["id", "horizon", "variable", "value", "contribution", "error", "base", "prediction"]
    assert len(table) == 6 * 2 * 4
    whole = table.groupby(["id", "horizon"])["contribution"].sum() + table.groupby(["id", "horizon"])["base"].first()
    np.testing.assert_allclose(whole, table.groupby(["id", "horizon"])["prediction"].first(), atol=1e-12)
    line = table[(table["id"] == found.ids[2]) & (table["horizon"] == 48) & (table["variable"] == "sex")].iloc[0]
    assert line["contribution"] == found.values[2, 2, 1]
    assert line["value"] == rows["sex"].iloc[2]
    importance = found.global_importance
    at = importance[importance["horizon"] == 48]
    assert at["importance"].is_monotonic_decreasing
    np.testing.assert_allclose(
        at.set_index("variable").loc["age", "importance"], np.abs(found.values[:, 0, 1]).mean(), atol=1e-15
    )


def test_horizons_may_be_given_as_for_a_prediction(cox, rows, others):
    whole = asked(cox, rows, TIMES, background=others).values
    for given in (48.0, (48.0,), np.array([48.0])):
        one = asked(cox, rows, given, background=others).values
        np.testing.assert_allclose(one, whole[:, :, 1:], rtol=0, atol=1e-13)
    assert asked(cox, rows, background=others).horizons.tolist() == list(cox.horizons)


def test_progress_is_told(cox, rows, others):
    told = []
    asked(cox, rows, TIMES, background=others, progress=lambda done, whole: told.append((done, whole)))
    assert told == [(place, 6) for place in range(1, 7)]


def test_what_competes_is_explained_at_its_risk():
    """With competing events the hazard of the event has one explanation, its risk another."""
    model = fitted(Cox(), endpoint=made.ENDPOINTS["competing"])
    rows = made.patients(5, seed=9)
    risk, eta = asked(model, rows, [24]), asked(model, rows, scale="linear_predictor")
    with quiet():
        np.testing.assert_allclose(risk.prediction, model.predict(rows, [24]).risk, atol=0)
        np.testing.assert_allclose(eta.prediction[:, 0], model.linear_predictor(rows), atol=0)


def test_a_forest_has_a_linear_predictor_too(rows, others):
    model = fitted(RandomSurvivalForest(trees=10))
    found = asked(model, rows, scale="linear_predictor", background=others)
    assert found.method.startswith("exact, all coalitions")
    with pytest.raises(PredictionError, match="does not explain random_survival_forest models") as caught:
        asked(model, rows, scale="linear_predictor", method="linear")
    assert caught.value.code == "X03"
