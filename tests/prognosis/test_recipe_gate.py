"""A recipe used on its own, as in GridSearchCV: what comes in by `X` and `y` is checked before any kernel runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from cohorts.errors import DataContractError, FitError, PredictionError
from prognosis.evaluation import Evaluation
from prognosis.limits import Bounds, Choice, Names
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays, read_outcome
from prognosis.recipe import as_frame
from tests.prognosis.made import outcome_of, patients, structured

PREDICTORS = ["age", "albumin"]


@pytest.fixture
def frame():
    return patients(80)


def refused(error, code, act, *words):
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value), str(caught.value)


# ---------------------------------------------------------------- the outcome


@pytest.mark.parametrize(
    ("code", "field", "value", "words"),
    [
        ("T01", "time", -2.0, "negative time"),
        ("T03", "time", np.nan, "time missing"),
        ("T04", "time", np.inf, "infinite time"),
        ("T10", "event", -1, "no whole number from 0"),
        ("T21", "entry", 1e6, "entry>=exit"),
        ("T21", "entry", np.nan, "entry missing"),
    ],
)
def test_an_impossible_outcome_is_refused_with_its_rows(frame, code, field, value, words):
    """Numba checks no bounds: a missing time would reach beyond the arrays."""
    y = outcome_of(frame, entry=True)
    y[field][7] = value
    refused(DataContractError, code, lambda: Cox().fit(frame[PREDICTORS], y), words, "row ids 7")


@pytest.mark.parametrize(
    ("code", "events"),
    [
        ("T10", np.where(np.arange(80) % 2, 0.5, 0.0)),
        ("T08", np.where(np.arange(80) == 3, np.nan, 1.0)),
        ("T07", np.where(np.arange(80) % 2, "1", "0")),
    ],
)
def test_event_codes_are_never_guessed(frame, code, events):
    y = np.empty(80, dtype=[("event", events.dtype), ("time", float)])
    y["event"], y["time"] = events, frame["months"]
    refused(DataContractError, code, lambda: Cox().fit(frame[PREDICTORS], y))


def test_booleans_are_events(frame):
    y = np.empty(80, dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = frame["event"], frame["months"]
    expected = Cox().fit(frame[PREDICTORS], outcome_of(frame)).estimate_.coefficients
    np.testing.assert_array_equal(Cox().fit(frame[PREDICTORS], y).estimate_.coefficients, expected)


@pytest.mark.parametrize("y", [np.arange(80.0), np.zeros(80, dtype=[("status", int), ("time", float)])])
def test_an_outcome_of_other_fields_is_refused(frame, y):
    refused(DataContractError, "S18", lambda: Cox().fit(frame[PREDICTORS], y), "event, time and optionally entry")


@pytest.mark.parametrize("rows", [79, 81, 1])
def test_x_and_y_have_one_length(frame, rows):
    """Once a hang, once a read beyond the arrays."""
    y = np.resize(outcome_of(frame), rows)
    refused(DataContractError, "S18", lambda: Cox().fit(frame[PREDICTORS], y), "X has 80 rows", f"y has {rows}")
    fitted = Cox().fit(frame[PREDICTORS], outcome_of(frame))
    refused(DataContractError, "S18", lambda: fitted.score(frame[PREDICTORS], y))


def test_all_faults_of_an_outcome_are_told_at_once(frame):
    y = outcome_of(frame, entry=True)
    y["time"][1], y["time"][2], y["event"][3], y["entry"][4] = np.nan, -1, -1, 1e9
    with pytest.raises(DataContractError) as caught:
        read_outcome(y)
    assert {finding.code for finding in caught.value.findings} == {"T01", "T03", "T10", "T21"}


def test_reading_an_outcome_copies_it():
    y = structured([1.0, 2.0], [1, 0])
    read = read_outcome(y)
    y["time"] = 9.0
    np.testing.assert_array_equal(read.time, [1, 2])
    assert read.entry is None


# ---------------------------------------------------------------- the predictors


def test_two_columns_of_one_name_are_refused(frame):
    twice = pd.concat([frame[PREDICTORS], frame[["age"]]], axis=1)
    refused(DataContractError, "C02", lambda: Cox().fit(twice, outcome_of(frame)), "columns age and age")
    numbers = frame[PREDICTORS].set_axis([1, "1"], axis=1)
    refused(DataContractError, "C02", lambda: as_frame(numbers))


def test_infinite_predictors_are_refused(frame):
    broken = frame[PREDICTORS].assign(age=np.where(np.arange(80) == 2, np.inf, frame["age"]))
    refused(DataContractError, "C27", lambda: Cox().fit(broken, outcome_of(frame)), "column age", "P002", "infinite")


@pytest.mark.parametrize("ridge", [0.0, 1.0])
def test_a_constant_column_is_refused_with_a_penalty_too(frame, ridge):
    fit = Cox(ridge=ridge).fit
    refused(FitError, "C01", lambda: fit(frame[PREDICTORS].assign(c=4.0), outcome_of(frame)), "column c is constant")


@pytest.mark.parametrize("others", [[], PREDICTORS])
def test_a_category_of_one_level_is_constant(frame, others):
    """It has no design column, so that nobody would miss it in the table."""
    only = frame[others].assign(site=pd.Categorical(["north"] * 80))
    refused(FitError, "C01", lambda: Cox().fit(only, outcome_of(frame)), "site is constant", "one category")


def test_a_level_that_nobody_has_is_named(frame):
    more = frame[PREDICTORS].assign(sex=frame["sex"].cat.add_categories(["unknown"]))
    refused(FitError, "C05", lambda: Cox().fit(more, outcome_of(frame)), "sex", "'unknown' has 0 rows")


def test_a_column_that_differs_between_strata_only_is_constant(frame):
    confounded = frame[[*PREDICTORS, "centre"]].assign(beds=np.where(frame["centre"] == "north", 0.3, 0.1 + 0.2))
    refused(
        FitError,
        "C01",
        lambda: Cox(strata=["centre"]).fit(confounded, outcome_of(frame)),
        "beds",
        "within every stratum",
    )


def test_columns_that_depend_on_each_other_within_strata_are_refused(frame):
    """x and x + centre: two different columns, one of them within every stratum."""
    shifted = frame[["age", "centre"]].assign(other=frame["age"] + 10.0 * (frame["centre"] == "north"))
    y = outcome_of(frame)
    assert Cox().fit(shifted[["age", "other"]], y).estimate_.names == ("age", "other")
    refused(FitError, "C03", lambda: Cox(strata=["centre"]).fit(shifted, y), "age, other", "rank 1 of 2")


@pytest.mark.parametrize(
    ("code", "frame_change", "words"),
    [
        ("P01", lambda new: new.drop(columns="albumin"), "albumin"),
        ("P02", lambda new: new.assign(albumin=np.nan), "albumin is missing for 3"),
        ("P02", lambda new: new.assign(sex=pd.Categorical([None] * 3, categories=["F", "M"])), "sex is missing for 3"),
        ("P03", lambda new: new.assign(sex="X"), "unknown category 'X'; known levels: F, M"),
    ],
)
def test_a_recipe_predicts_no_unknown_or_missing_value(frame, code, frame_change, words):
    """An unknown category must never get the reference level's risk."""
    cox = Cox().fit(frame[[*PREDICTORS, "sex"]], outcome_of(frame))
    refused(PredictionError, code, lambda: cox.predict(frame_change(frame[[*PREDICTORS, "sex"]].head(3))), words)


def test_levels_are_found_by_their_text(frame):
    cox = Cox().fit(frame[["age", "sex"]], outcome_of(frame))
    new = frame[["age", "sex"]].head(6)
    turned = new.assign(sex=pd.Categorical(new["sex"].astype(str), categories=["M", "other", "F"]))
    as_text = new.assign(sex=new["sex"].astype(str))
    np.testing.assert_array_equal(cox.predict(turned), cox.predict(new))
    np.testing.assert_array_equal(cox.predict(as_text), cox.predict(new))


def test_predict_before_fit(frame):
    with pytest.raises(NotFittedError):
        Cox().predict(frame[PREDICTORS])


# ---------------------------------------------------------------- strata, weights, offset


@pytest.mark.parametrize("option", ["weights", "offset"])
def test_auxiliary_numbers_are_numbers(frame, option):
    recipe = Cox(**{option: "w"})
    refused(
        DataContractError, "C10", lambda: recipe.fit(frame[PREDICTORS].assign(w="1"), outcome_of(frame)), "column w"
    )
    infinite = frame[PREDICTORS].assign(w=np.where(np.arange(80) == 5, np.inf, 1.0))
    code = "T23" if option == "weights" else "C27"
    refused(DataContractError, code, lambda: recipe.fit(infinite, outcome_of(frame)), "column w", "P005")


@pytest.mark.parametrize("options", [{"strata": ["w"]}, {"weights": "w"}, {"cluster": "w"}, {"offset": "w"}])
def test_an_absent_auxiliary_column_is_named(frame, options):
    refused(
        DataContractError,
        "P01",
        lambda: Cox(**options).fit(frame[PREDICTORS], outcome_of(frame)),
        "column w is not in X",
    )


@pytest.mark.parametrize("option", ["strata", "cluster", "offset"])
def test_missing_auxiliary_values_are_refused(frame, option):
    gap = frame[PREDICTORS].assign(w=np.where(np.arange(80) < 2, np.nan, 1.0))
    recipe = Cox(**{option: ["w"] if option == "strata" else "w"})
    refused(DataContractError, "C16", lambda: recipe.fit(gap, outcome_of(frame)), "column w", "P000, P001")


@pytest.mark.parametrize("kind", [int, float, bool])
def test_a_numbered_stratum_is_found_again_whatever_its_dtype(frame, kind):
    cox = Cox(strata=["relapse"]).fit(frame[[*PREDICTORS, "relapse"]].astype({"relapse": kind}), outcome_of(frame))
    assert cox.estimate_.stratum_names == ("relapse=0", "relapse=1")


def test_strata_of_two_columns_are_their_combinations():
    frame = patients(300)
    cox = Cox(strata=["sex", "centre"]).fit(frame[["age", "sex", "centre"]], outcome_of(frame))
    assert cox.estimate_.stratum_names == (
        "sex=F, centre=north",
        "sex=F, centre=south",
        "sex=M, centre=north",
        "sex=M, centre=south",
    )


# ---------------------------------------------------------------- fits that would give no usable number


@pytest.mark.parametrize("groups", [1, 2])
def test_c29_robust_errors_need_more_clusters_than_parameters(frame, groups):
    """With one cluster the scores sum to zero: an error of zero, and every effect significant."""
    clustered = frame[PREDICTORS].assign(c=np.arange(80) % groups)
    refused(FitError, "C29", lambda: Cox(cluster="c").fit(clustered, outcome_of(frame)), f"{groups} clusters for 2")


def test_n04_values_beyond_the_arithmetic_are_named(frame):
    """A thousand units of log hazard: exp() would overflow in the baseline, and the risk would be missing."""
    wrong = frame[PREDICTORS].assign(tumour=np.log(frame["months"]) + np.tile([0.0, 1.0, 0.5, 2.0], 20))
    wrong.loc["P003", "tumour"] = 5e3
    long = frame.assign(event=np.where(frame.index == "P003", 0, frame["event"]))
    long.loc["P003", "months"] = 90.0
    refused(FitError, "N04", lambda: Cox().fit(wrong, outcome_of(long)), "extreme values", "most of it from tumour")


def test_n05_the_test_of_proportional_hazards_of_dependent_columns(frame):
    """A penalty fits both of two equal columns; the test cannot tell them apart."""
    twins = frame[PREDICTORS].assign(again=frame["age"])
    cox = Cox(ridge=1.0).fit(twins, outcome_of(frame))
    assert cox.estimate_.coefficients[0] == pytest.approx(cox.estimate_.coefficients[2], rel=1e-8)
    refused(FitError, "N05", cox.proportional_hazards, "columns depend on each other")


def test_n02_transforms_of_time_are_a_closed_list(frame):
    cox = Cox().fit(frame[PREDICTORS], outcome_of(frame))
    refused(FitError, "N02", lambda: cox.proportional_hazards("sqrt"), "one of km, rank, identity, log")


def test_c04_no_coefficient_of_ten_thousand_standard_deviations(frame):
    """Dependent in the risk sets, though not in all rows: the odd patient leaves before the first event."""
    rows = frame.assign(months=frame["months"] + 1, event=frame["event"])
    rows.loc["P000", ["months", "event"]] = [0.5, 0]
    noise = np.random.default_rng(4).normal(size=80)
    near = rows[["age"]].assign(twin=rows["age"] + 1e-6 * noise)
    near.loc["P000", "twin"] += 20.0
    refused(FitError, "C04", lambda: Cox().fit(near, outcome_of(rows)), "age, twin", "nearly dependent", "condition")


# ---------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    "options",
    [
        {"strata": "centre"},
        {"interactions": ("age", "albumin")},
        {"interactions": [("age", "albumin", "sex")]},
        {"ties": "exact"},
        {"ridge": -0.1},
        {"ridge": float("nan")},
        {"ridge": float("inf")},
        {"ridge": True},
    ],
)
def test_parameters_out_of_their_limits_are_refused(frame, options):
    refused(FitError, "S14", lambda: Cox(**options).fit(frame[PREDICTORS], outcome_of(frame)), next(iter(options)))


def test_all_parameters_out_of_their_limits_are_told_at_once():
    with pytest.raises(FitError) as caught:
        Cox(ties="exact", ridge=-1, strata="x").check_parameters()
    assert len(caught.value.findings) == 3


def test_limits_say_what_they_allow():
    assert str(Bounds(0.0)) == "a number of at least 0"
    assert str(Choice(("a", "b"))) == "one of a, b"
    assert str(Names()) == "a list of column names"
    assert str(Names(2)) == "a list of groups of 2 column names"
    assert Bounds(0.0).allows(np.float32(1))
    assert Bounds(0.0, 2.0).allows(np.int64(2))
    assert not Bounds(0.0, 2.0).allows(3)
    assert not Names().allows([1])


@pytest.mark.parametrize("unusable", [np.nan, np.inf])
def test_m01_a_missing_score_is_no_score(unusable):
    """M01: a missing linear predictor would be ranked as the highest."""
    with pytest.raises(DataContractError, match="score is missing or infinite for 1 of 2") as caught:
        Evaluation(SurvivalArrays(np.ones(2), np.ones(2, np.int64)), np.array([0.0, unusable]))
    assert caught.value.code == "M01"
