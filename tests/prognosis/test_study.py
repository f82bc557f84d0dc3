"""The study: one set of rows for all models, every row accounted for, leaks and gaps refused."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts import Binary, make_folds
from cohorts.errors import DataContractError, FitError, PrognosisWarning
from prognosis import Study
from prognosis.models import Cox
from tests.prognosis import made


def gaps(n=200):
    frame = made.patients(n)
    albumin = frame["albumin"].to_numpy().copy()
    albumin[:7] = np.nan
    return frame.assign(albumin=albumin)


def test_missing_predictors_need_a_declared_strategy():
    with pytest.raises(DataContractError, match=r"albumin 7 \(3.5 percent\) of 200 rows") as caught:
        made.study(["age", "albumin"], frame=gaps())
    assert caught.value.code == "C16"


def test_complete_cases_are_counted_in_the_flow():
    study = made.study(["age", "albumin"], frame=gaps(), missing="complete_cases")
    steps = dict(study.flow.itertuples(index=False))
    assert steps["rows read"] == 200
    assert steps["rows kept"] == len(study.frame) == len(study.outcome.ids) == 193
    assert [n for step, n in steps.items() if "albumin 7" in step] == [7]
    assert "C16" in {finding.code for finding in study.warnings}


def test_a_gap_in_another_column_leaves_nobody_out():
    assert len(made.study(["age", "sex"], frame=gaps()).frame) == 200


def test_rows_of_the_declared_policy_for_time_zero_leave_predictors_and_outcome_together():
    frame = made.patients(100)
    months = frame["months"].to_numpy().copy()
    months[5] = 0.0
    frame = frame.assign(months=months, event=1)
    endpoint = made.TimeToEvent(
        "efs", time="months", event="event", unit="months", origin="registration", zero_time="drop"
    )
    with pytest.warns(PrognosisWarning):
        study = made.study(["age"], frame=frame, endpoint=endpoint)
    assert study.frame.index.tolist() == list(study.outcome.ids)
    assert "P005" not in study.outcome.ids
    assert len(study.frame) == 99


def test_horizons_default_to_those_of_the_endpoint_and_may_be_replaced():
    assert made.study(["age"]).horizons == (12.0, 24.0, 48.0)
    assert made.study(["age"], horizons=[6]).horizons == (6.0,)
    with pytest.raises(DataContractError, match="max follow-up") as caught:
        made.study(["age"], horizons=[6, 9999])
    assert caught.value.code == "P10"


@pytest.mark.parametrize(
    ("predictors", "code", "words"),
    [
        ([], "S15", "no predictor"),
        (["age", "age"], "C02", "named twice"),
        (["haemoglobin"], "S01", "no such column"),
        (["event"], "C08", "outcome list"),
        (["months"], "C08", "outcome list"),
        (["response"], "L11", "post-baseline"),
    ],
)
def test_predictors_that_are_none_are_refused(predictors, code, words):
    with pytest.raises(DataContractError, match=words) as caught:
        made.study(predictors)
    assert caught.value.code == code


def test_a_post_baseline_predictor_runs_only_by_an_override_that_is_shown():
    with pytest.warns(PrognosisWarning, match="used all the same"):
        study = made.study(["age", "response"], allow_post_baseline=["response"])
    assert "L11" in {finding.code for finding in study.fit(Cox()).warnings}


def test_unknown_strategies_are_refused():
    with pytest.raises(DataContractError, match="unknown strategy"):
        made.study(["age"], missing="mean")


def test_a_model_that_cannot_answer_the_endpoint_is_refused():
    study = Study(made.cohort(), Binary("relapse", event="event"), ["age"])
    with pytest.raises(FitError, match="Cox cannot answer a binary endpoint") as caught:
        study.fit(Cox())
    assert caught.value.code == "T30"


def test_a_column_is_a_predictor_or_a_stratum_not_both():
    with pytest.raises(FitError, match="centre cannot be a predictor and a stratum"):
        made.study(["age", "centre"]).fit(Cox(strata=["centre"]))


def test_all_fits_share_the_rows():
    study = made.study(["age", "albumin"], frame=gaps(), missing="complete_cases")
    first, second = study.fit(Cox(), name="a"), study.fit(Cox(splines={"age": 3}), name="b")
    assert first.training.ids == second.training.ids == study.outcome.ids
    assert (first.n, first.events) == (second.n, second.events)


def test_the_recipe_given_is_not_changed():
    recipe = Cox(splines={"age": 3})
    made.study(["age", "albumin"]).fit(recipe)
    assert not hasattr(recipe, "estimate_")


def test_folds_must_place_every_patient():
    cohort = made.cohort(60)
    folds = make_folds(cohort, made.ENDPOINT, k=3, seed=1)
    assert Study(cohort, made.ENDPOINT, ["age"], folds=folds, horizons=[6]).folds is folds
    with pytest.raises(DataContractError, match="do not place 340 of the patients") as caught:
        Study(made.cohort(400), made.ENDPOINT, ["age"], folds=folds)
    assert caught.value.code == "V02"


def test_what_a_study_is_can_be_read():
    assert "400 patients" in repr(made.study(["age"]))


@pytest.mark.parametrize(
    ("options", "code"),
    [({"strata": ["event"]}, "C08"), ({"weights": "months"}, "C08"), ({"offset": "response"}, "L11")],
)
def test_the_outcome_and_the_future_do_not_enter_as_strata_weights_or_offset(options, code):
    with pytest.raises(DataContractError) as caught:
        made.study(["age", "albumin"]).fit(Cox(**options))
    assert caught.value.code == code


def test_horizons_given_as_text_are_refused():
    with pytest.raises(DataContractError, match="no list of numbers"):
        made.study(["age"], horizons="12")


@pytest.mark.parametrize("seed", [-1, 1.5, "7", None, True])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(DataContractError, match="whole number from 0") as caught:
        made.study(["age"], n=100, seed=seed)
    assert caught.value.code == "S14"


def test_a_horizon_that_hardly_anybody_was_followed_to_is_flagged_at_once():
    rows = made.patients(100)
    left = int((rows["months"] >= 48).sum())
    assert left < 10
    with pytest.warns(PrognosisWarning, match=f"horizon 48: only n at risk = {left}, below 10"):
        study = made.study(["age"], frame=rows)
    assert [finding.code for finding in study.warnings if "48" in finding.rule] == ["P11"]
    assert "P11" not in [finding.code for finding in made.study(["age"], frame=rows, horizons=[12]).warnings]


def test_a_cohort_that_is_too_small_for_its_model_is_warned_of_and_the_model_keeps_it():
    """Z01 is shown, recorded and says both numbers; a large cohort hears nothing."""
    with pytest.warns(PrognosisWarning, match=r"\[Z01\] 120 patients with \d+ events are fewer than Riley") as caught:
        model = made.study(["age", "albumin", "sex", "grade"], n=120, horizons=[12]).fit(Cox())
    assert sum("[Z01]" in str(one.message) for one in caught) == 1
    assert [finding.code for finding in model.warnings] == ["Z01"]
    large = made.study(["age"], n=2000, horizons=[12]).fit(Cox())
    assert "Z01" not in [finding.code for finding in large.warnings]
