"""Patients left out in whom little can be measured: a value is missing with its reason, and nothing stops the rest."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from cohorts.errors import FitError, PredictionError, PrognosisWarning
from prognosis.evaluation import Evaluation, Recalibration
from prognosis.metrics.indexes import indexes
from prognosis.models import AcceleratedFailureTime, Cox, FineGray, Logistic
from prognosis.outcome import SurvivalArrays
from prognosis.validation import CrossValidation, Temporal
from tests.prognosis import made

AFTER = Temporal("age", 76)
LATE = ("harrell_c", "auc", "brier")


def judged_late(kind, recipe, change, metrics="all", **options):
    """Fit to patients up to 76 years, judge in the others, whose outcome is changed."""
    frame = made.patients(200)
    late = (frame["age"] > 76).to_numpy()
    frame = change(frame, late)
    options = {} if kind == "binary" else {"horizons": [12, 24], **options}
    study = made.study(["albumin", "creat"], frame=frame, seed=1, endpoint=made.ENDPOINTS[kind], **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        model = study.fit(recipe)
    with pytest.warns(PrognosisWarning, match="V05"):
        return study.validate(model, AFTER, metrics=metrics, thresholds=[0.3])


def only(name, value):
    return lambda frame, late: frame.assign(**{name: np.where(late, value, frame[name])})


def one(frame, late):
    """Keep one of the late patients."""
    return frame[~late | (np.cumsum(late) == 1)]


@pytest.mark.parametrize(("value", "reason"), [(1, "M16 all .* patients had the event"), (0, "M03 0 events")])
def test_binary_outcomes_that_are_all_alike(value, reason):
    """A division by zero ended the validation of all centres."""
    validation = judged_late("binary", Logistic(), only("early", value))
    table = validation.table.set_index("metric")["corrected"]
    assert np.isnan(table[["auc", "harrell_c", "ipa", "calibration_slope", "r2", "d_index"]].to_numpy(float)).all()
    assert np.isfinite(table["brier"])
    assert re.search(reason, " ".join(finding.rule for finding in validation.warnings))


@pytest.mark.parametrize(
    ("kind", "recipe"),
    [
        ("time_to_event", Cox()),
        ("time_to_event", AcceleratedFailureTime()),
        ("competing", Cox()),
        ("competing", FineGray()),
        ("binary", Logistic()),
    ],
)
def test_one_patient_left_out_tells_nothing_and_stops_nothing(kind, recipe):
    validation = judged_late(kind, recipe, one)
    assert validation.table.set_index("metric")["corrected"][["harrell_c", "g_index"]].isna().all()
    assert validation.failed == 0


@pytest.mark.parametrize("value", [0, 2])
def test_patients_without_the_event_of_interest(value):
    for recipe in (Cox(), FineGray()):
        validation = judged_late("competing", recipe, only("first", value), metrics=LATE)
        assert validation.table["corrected"].isna().all()
        assert ["no two to compare" in f.rule or "M03 0 events" in f.rule for f in validation.warnings] == [True, True]


def test_m19_patients_of_weight_0_judge_nothing():
    metrics = ["harrell_c", "calibration_slope"]
    validation = judged_late("time_to_event", Cox(weights="weight"), only("weight", 0.0), metrics=metrics)
    assert validation.table["corrected"].isna().all()
    assert "M19 nobody to judge: all these patients have weight 0" in validation.warnings[0].rule


def test_delayed_entry_takes_the_values_away_that_need_weights_whatever_the_method():
    """The value without information needs the weights too: .632+ refused all metrics, where the others gave some."""
    endpoint = made.TimeToEvent(
        "efs", time="months", event="event", entry="start", unit="months", origin="start", horizons=(12,)
    )
    study = made.study(["age", "albumin"], n=150, endpoint=endpoint, seed=2)
    with pytest.warns(PrognosisWarning, match="V05.*brier.*N29"):
        table = study.validate(study.fit(Cox()), "632+", 3, metrics=["harrell_c", "brier"]).table
    assert table["corrected"].notna().tolist() == [True, False]


def test_m10_names_no_row_of_a_resample_as_a_patient():
    """Rows 0, 1, 2 of the rows drawn are not the patients 0, 1, 2."""
    frame = made.patients(120)
    study = made.study(["age"], frame=frame.assign(weight=(frame["age"] > 76) * 1.0), seed=1, horizons=[12])
    with pytest.warns(PrognosisWarning, match="T23"):
        model = study.fit(Cox(weights="weight"))
    with pytest.raises(FitError, match=r"for example: \[T23\] column weight: all weights are zero") as caught:
        study.validate(model, AFTER, metrics=["harrell_c"])
    assert caught.value.code == "M10"


@pytest.mark.parametrize(
    ("name", "code"), [("r2", "M17"), ("d_index", "M17"), ("u_index", "M17"), ("q_index", "M17"), ("g_index", "M18")]
)
def test_indexes_of_a_single_patient(name, code):
    """At a single event with one patient at risk the partial likelihood is 1, whatever the model."""
    outcome = SurvivalArrays(np.array([3.0]), np.array([1]))
    certain = Evaluation(outcome, np.zeros(1), recalibrate=lambda: Recalibration(1.0, 0.0, 0.0, 0.0))
    with pytest.raises(PredictionError) as caught:
        indexes()[name].measure(certain, False)
    assert caught.value.code == code


def test_folds_with_few_of_them_lose_only_what_they_cannot_say():
    """Five non-events in five folds: one each, or the AUC is missing with its reason; the Brier score never is."""
    frame = made.patients(100)
    early = np.ones(100, int)
    early[:5] = 0
    study = made.study(["age"], frame=frame.assign(early=early), endpoint=made.ENDPOINTS["binary"])
    with pytest.warns(PrognosisWarning, match="T12"):
        model = study.fit(Logistic())
    table = study.validate(model, CrossValidation(5, 2), metrics=["auc", "brier"]).table
    assert table["corrected"].notna().all()
