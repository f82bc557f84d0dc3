"""What a validation cannot do is said: models of other rows, arguments without use, rows that cannot be divided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts import make_folds
from cohorts.errors import DataContractError, FitError, PredictionError, PrognosisError
from prognosis.models import Cox, Logistic
from prognosis.validation import (
    Bootstrap,
    CrossValidation,
    GivenFolds,
    GroupCombinations,
    InternalExternal,
    Temporal,
)
from prognosis.validation.plans import PlanRows
from prognosis.validation.rows import plan_rows
from tests.prognosis import made

C = ["harrell_c"]


def study_of(frame=None, **options):
    options = {"seed": 11, "horizons": [12, 24], **options}
    return made.study(["age", "albumin"], n=120, frame=frame, **options)


@pytest.fixture(scope="module")
def study():
    return study_of()


@pytest.fixture(scope="module")
def model(study):
    return study.fit(Cox())


def refused(code, words, act, error=PrognosisError):
    with pytest.raises(error, match=words) as caught:
        act()
    assert caught.value.code == code


@pytest.mark.parametrize("act", ["validate", "instability", "calibration"])
@pytest.mark.parametrize("change", ["albumin", "months", "event"])
def test_v01_a_model_fitted_to_other_values_of_the_same_patients_is_refused(study, act, change):
    """Ids, endpoint and predictors agree; the apparent slope would be another than 1, and nobody would see it."""
    frame = made.patients(120)
    frame[change] = frame[change].to_numpy()[::-1]
    frame["start"] = np.minimum(frame["start"], frame["months"] / 2)
    other = study_of(frame).fit(Cox())
    refused("V01", "was not fitted by this study", lambda: getattr(study, act)(other, repeats=2), FitError)


@pytest.mark.parametrize("act", ["instability", "calibration"])
def test_v01_a_model_of_other_patients_is_refused(study, act):
    other = made.study(["age", "albumin"], n=90, seed=11, horizons=[12]).fit(Cox())
    refused("V01", "was not fitted by this study", lambda: getattr(study, act)(other, repeats=2), FitError)


def test_v01_other_weights_of_the_same_patients_are_another_fit(study):
    recipe = Cox(weights="weight")
    frame = made.patients(120)
    other = study_of(frame.assign(weight=frame["weight"].to_numpy()[::-1])).fit(recipe)
    refused("V01", "was not fitted by this study", lambda: study.validate(other, "bootstrap", 2, metrics=C))


def test_a_study_made_again_of_the_same_rows_is_the_same_study(study, model):
    again = study_of().validate(model, "bootstrap", 2, metrics=C).table
    pd.testing.assert_frame_equal(again, study.validate(model, "bootstrap", 2, metrics=C).table, check_exact=True)


@pytest.mark.parametrize(
    ("method", "repeats", "by", "words"),
    [
        (Bootstrap(5), 10, None, "repeats=10, where this bootstrap has 5"),
        ("internal-external", 10, "centre", "repeats=10, where this internal-external has 1"),
        ("bootstrap", 5, "centre", "by='centre', where this bootstrap divides by chance"),
        (None, None, "centre", "by='centre', where this bootstrap"),
        (InternalExternal("centre"), None, "grade", "by='grade', where this internal-external divides by centre"),
    ],
)
def test_v10_what_would_not_be_heard_is_refused(study, model, method, repeats, by, words):
    refused("V10", words, lambda: study.validate(model, method, repeats, by=by, metrics=C), FitError)


def test_v10_a_given_division_is_not_repeated(study):
    folds = make_folds(study.cohort, study.endpoint, 4, 3)
    own = study_of(folds=folds)
    model = own.fit(Cox())
    for method in (None, "cross-validation"):
        refused("V10", "repeats=10", lambda method=method: own.validate(model, method, 10, metrics=C), FitError)


def test_what_is_said_twice_is_heard(study, model):
    assert study.validate(model, Bootstrap(2), 2, metrics=C).repeats == 2
    assert len(study.validate(model, InternalExternal("centre"), by="centre", metrics=C).raw) == 2


def test_v01_no_repeats_is_no_default_number(study, model):
    refused("V01", "at least 2 resamples", lambda: study.validate(model, repeats=0, metrics=C), FitError)


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_v01_groups_left_out_together_are_a_whole_number(k):
    refused("V01", "at least one group is left out", lambda: GroupCombinations("grade", k), FitError)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (Temporal("grade", 60), "neither numbers nor dates"),
        (Temporal("age", None), "after=None is no date"),
        (Temporal("age", float("nan")), "0 of 120 patients are later"),
        (Temporal("creat", 1.0), "18 of 120 patients have no creat: before or after 1.0 is not known"),
    ],
)
def test_v04_patients_that_a_time_does_not_divide_are_refused_before_any_refit(plan, words):
    """A patient without a year was trained on without a word, and a failed division was counted as a failed refit."""
    frame = made.patients(120)
    frame["creat"] = frame["creat"].where(np.arange(120) % 7 > 0)
    study = study_of(frame)
    refused("V04", words, lambda: study.validate(study.fit(Cox()), plan, metrics=C), FitError)


def test_v04_a_date_that_is_not_known_is_neither_early_nor_late():
    frame = made.patients(120)
    seen = pd.Series(pd.date_range("2012-01-01", periods=120), frame.index)
    book = made.codebook(seen={"kind": "date", "date_format": "%Y-%m-%d"})
    study = study_of(frame.assign(seen=seen.mask(np.arange(120) == 3)), book=book)
    plan = Temporal("seen", "2012-03-01")
    refused("V04", "1 of 120 patients have no seen", lambda: study.validate(study.fit(Cox()), plan, metrics=C))
    rows = plan_rows(study, study.frame, Cox(), "seen")
    assert np.flatnonzero(np.isnan(rows.column)).tolist() == [3]


@pytest.mark.parametrize("fold", [(0, 1) * 59, (0, 2) * 60, (-1, 0) * 60, (0,) * 120])
def test_v09_given_folds_place_every_patient_and_none_is_empty(study, model, fold):
    refused("V09", "for 120 patients", lambda: study.validate(model, GivenFolds(fold), metrics=C), FitError)


def test_m15_no_metric_is_refused(study, model):
    refused("M15", "no metric is asked for", lambda: study.validate(model, "bootstrap", 2, metrics=[]), PredictionError)


def test_m10_tells_why_a_refit_failed(study):
    """Each centre left out is a stratum that the refit does not know; the count of a code says little."""
    model = study.fit(Cox(strata=["centre"]))
    words = r"2 of 2 failed.*P03 2; for example: .*unknown category: stratum centre=(north|south)"
    refused("M10", words, lambda: study.validate(model, "internal-external", by="centre", metrics=C), FitError)


@pytest.mark.parametrize(
    ("horizon", "code", "error"),
    [
        (1e6, "P10", DataContractError),
        (0, "P12", PredictionError),
        (-3, "P12", PredictionError),
        (float("nan"), "P12", PredictionError),
        ("12", "P12", PredictionError),
    ],
)
@pytest.mark.parametrize("act", ["instability", "calibration"])
def test_a_horizon_at_which_nothing_is_known_is_refused(study, model, act, horizon, code, error):
    """Beyond the follow-up every risk is unknown, and by time 0 it is 0: neither says anything of a model."""
    refused(code, "horizon", lambda: getattr(study, act)(model, horizon, repeats=2), error)


def test_v07_a_binary_outcome_has_no_horizon():
    study = made.study(["age"], n=120, endpoint=made.ENDPOINTS["binary"])
    refused("V07", "has no horizon", lambda: study.instability(study.fit(Logistic()), 12, repeats=2), FitError)


def test_the_last_horizon_is_the_latest_not_the_last_one_named():
    study = study_of(horizons=[24, 12])
    assert study.instability(study.fit(Cox()), repeats=2).horizon == 24


def test_horizons_and_thresholds_named_twice_count_once(study, model):
    """Lines that stand twice in the table could not be compared between models."""
    twice = study_of(horizons=[24, 12, 12.0])
    assert twice.horizons == (24.0, 12.0)
    both = [twice.fit(Cox()), twice.fit(Cox(splines={"age": 3}), name="spline")]
    validation = twice.validate(both, "bootstrap", 3, thresholds=[0.3, 0.3], metrics=["auc", "net_benefit"])
    assert not validation.table.duplicated(["model", "metric", "horizon", "threshold"]).any()
    assert len(validation.gain("spline", "cox")) == 4
    alone = study.validate(model, "bootstrap", 3, thresholds=0.3, metrics="net_benefit").table
    order = validation.of("cox").query("metric == 'net_benefit'").sort_values("horizon").reset_index(drop=True)
    pd.testing.assert_frame_equal(order, alone, check_exact=True)


def test_folds_of_a_plan_are_those_of_its_rows():
    task = GivenFolds((0, 1, 2, 1)).task(PlanRows(np.ones(4, np.int64), 0), 1)
    assert (task.train.tolist(), task.test.tolist()) == ([0, 2], [1, 3])
    assert replace(CrossValidation(folds=2), repeats=3).count(PlanRows(np.ones(4, np.int64), 0)) == 6
